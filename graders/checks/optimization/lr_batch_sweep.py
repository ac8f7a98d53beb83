"""Learning rate and batch size, compared fairly."""

import collections
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders.checking import At, Changes, Returned, Under, Uses, check, fail, probe
from graders.toolkit import reproductions as paste
from graders.toolkit.softmax_regression import accuracy, nearest_mean, train
from graders.toolkit.sweeps import Asked, Choice, Pair, Row, Sweep
from graders.toolkit.training import reordered

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 1
WALKTHROUGH = 1

# Prime, so that no batch size divides it: the last batch of each epoch is a smaller one.
EXAMPLES = 157
WATCHED = 200
EPOCHS = 4
# What may leave examples out of an epoch, or draw them twice.
DRAWS = ("drop_remainder", "repeat", "integers", "choice", "steps_per_epoch", "validation_split")
BATCH_SIZES = (16, 50)
# Gradient descent on softmax regression swings ever wider beyond a rate of about 0.05, and the
# grader could not train again what a model did.
RATES = (1e-7, 0.03)
# Scales the scores at the start. With the larger rate, a model that is this sure takes all of the
# epochs, and no more, to unlearn what it knows.
MARGIN = 0.1
# How many images may be counted differently: where two classes are equally likely, rounding
# decides. Training in double precision adds up such differences.
ROUNDED, RETRAINED = 1.5, 3.5


@probe
def watch_sweep(student, box, train, validation, weights, rates, sizes, epochs):
    """Runs `sweep` with a factory of the grader's, whose models note what they see."""
    sweep, factory = box.function("sweep", 6), box.factory(weights, train[0])
    with box.watching() as seen:
        given = seen.given(train, validation)
        returned = sweep(factory.build_model, *given, list(rates), list(sizes), epochs)
    return {**seen.answer(returned), **factory.answer()}


@probe
def choose(student, box, lists):
    """Calls `best` on lists of rows, and notes what it returns and whether the lists stay."""
    import copy

    best, plain = box.function("best", 1), box.objects.plain
    answers = []
    for rows in lists:
        given = copy.deepcopy(rows)
        row = best(given)
        unchanged = plain(given) == rows
        answers.append({"kind": type(row).__name__, "row": plain(row), "unchanged": unchanged})
    return answers


@pytest.fixture(scope="module")
def asked(data, rng):
    """What the grader gives to `sweep`, in an order that no submission can foresee.

    The models start from weights that know the digits, and learn to mistake each for another: the
    larger the learning rate, the more surely the last epoch of a training is not its best one.
    """
    x, y = data.train
    chosen = rng.permutation(len(x))[:EXAMPLES]
    x, y = x[chosen], y[chosen]
    ring = rng.permutation(data.num_classes)
    mistaken = np.empty_like(ring)
    mistaken[ring] = np.roll(ring, 1)
    return Asked(
        train=(x, mistaken[y].astype(y.dtype)),
        validation=(data.validation[0][:WATCHED], data.validation[1][:WATCHED]),
        weights=nearest_mean((x, y), data.num_classes, MARGIN),
        rates=[float(rate) for rate in rng.permutation(RATES)],
        sizes=[int(size) for size in rng.permutation(BATCH_SIZES)],
        epochs=EPOCHS,
    )


@pytest.fixture(scope="module")
def swept(submission, asked):
    """One sweep with the grader's factory."""
    return submission.run(watch_sweep, lambda claim: Sweep.from_claim(claim, asked), **vars(asked))


@check(
    points=0.5,
    doc="https://keras.io/api/models/model_training_apis/",
    hints=(
        "What does sweep return, and which four keys does each of its rows have?",
        "Start with results = [], append one dict for each pair, and return results.",
        "history is a list of floats, one for each epoch; the other values are plain numbers.",
    ),
)
def returns_rows(swept, evidence):
    """sweep returns a list of dicts with learning_rate, batch_size, val_accuracy and history."""
    evidence["sweep"] = [dataclasses.asdict(row) for row in swept.read_rows()]


@check(
    points=1,
    needs=("returns_rows",),
    hints=(
        "How many pairs do 3 learning rates and 2 batch sizes make?",
        "Two for loops, one inside the other; zip only pairs the first with the first.",
    ),
)
def full_grid(swept):
    """Each pair of a learning rate and a batch size has exactly one row."""
    pairs, count = swept.asked.pairs, len(swept.rows)
    rows_of = {pair: sum(row.belongs_to(pair) for row in swept.rows) for pair in pairs}
    if count != len(pairs) or set(rows_of.values()) != {1}:
        missing = [pair for pair in pairs if not rows_of[pair]]
        rates, sizes = len(swept.asked.rates), len(swept.asked.sizes)
        # As many rows as pairs, and not these pairs: what stands under the keys is something else.
        swapped = Uses("learning_rate", "sweep", last=True) if count == len(pairs) else None
        fail(
            f"{len(pairs)} rows: each of {rates} learning rates with each of {sizes} batch sizes",
            f"{count} row{'s' * (count != 1)}" + (f", and none for {missing[0]}" * bool(missing)),
            "Look at the loops: every learning rate meets every batch size once, and each row "
            'holds the two under "learning_rate" and "batch_size"',
            about=(
                Uses("zip", "sweep"),
                swapped,
                Returned("sweep", in_loop=True),
                Uses("best", "sweep"),
                "sweep",
            ),
        )


@check(
    points=2,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("full_grid",),
    hints=(
        "If one model is trained again and again, what does the second pair begin with?",
        "Call build_model inside both loops.",
        "A fresh model also has a fresh optimizer: build_model gives both.",
    ),
)
def fresh_models(swept):
    """Each pair trains a fresh model from build_model, with its learning rate."""
    _one_model_for_each_pair(swept)
    _from_the_given_weights(swept)
    _at_one_rate(swept)
    _at_the_given_rates(swept)


def _one_model_for_each_pair(swept: Sweep) -> None:
    pairs, found = len(swept.asked.pairs), len(swept.models)
    if found != pairs:
        extra = f" ({swept.untrained} more were built and not trained)" if swept.untrained else ""
        fail(
            f"{pairs} models for {pairs} pairs, each fresh from build_model and trained once",
            f"{found} that {'was' if found == 1 else 'were'} trained{extra}",
            "Look at where build_model is called: a model that was trained before has a head start",
            about=(swept.built, Uses("build_model", "sweep")),
        )


def _from_the_given_weights(swept: Sweep) -> None:
    for model in swept.models:
        starts = zip((model.kernels[0], model.biases[0]), swept.asked.weights, strict=True)
        if not all(np.allclose(found, given, atol=1e-7) for found, given in starts):
            fail(
                "each training to start from the weights that build_model gives",
                "one that starts from other weights",
                "Look for set_weights, load_weights, or a training before the one that counts",
                ("What happens between build_model and the fit that counts?",),
                about=(Uses("set_weights", "sweep"), Uses("load_weights", "sweep")),
            )


def _at_one_rate(swept: Sweep) -> None:
    for model in swept.models:
        if not np.allclose(model.rates, model.rate, rtol=1e-5, atol=0):
            fail(
                "one learning rate during the whole of a training",
                f"one that goes from {model.rate:g} to {model.rates[-1]:g}",
                "Look for callbacks that change it: the comparison is between fixed learning rates",
                ("Which callback or schedule changes the learning rate on the way?",),
                about=At(swept.fitted, "callbacks"),
            )


def _at_the_given_rates(swept: Sweep) -> None:
    wanted = collections.Counter(pair.rate for pair in swept.asked.pairs)
    used = collections.Counter(swept.rate_of(model) for model in swept.models)
    if used != wanted:
        foreign = [model for model in swept.models if swept.rate_of(model) is None]
        odd = (foreign or swept.models)[0]
        changed = not np.isclose(odd.asked, odd.rate, rtol=1e-5, atol=0)
        found = sorted({model.rate for model in swept.models})
        fail(
            f"each learning rate ({', '.join(f'{rate:g}' for rate in sorted(wanted))}) to be "
            f"used for {len(swept.asked.sizes)} models",
            f"models trained with {', '.join(f'{rate:g}' for rate in found)}",
            "Look at what is done to the optimizer after build_model"
            if changed
            else "Look at what build_model is given",
            ("Print what build_model is given in each round of the loops.",),
            about=(Uses("optimizer", "sweep") if changed else None, swept.built),
        )


@check(
    points=1,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("fresh_models",),
    hints=(
        "Which argument of fit sets the batch size, and what does it do if it is left out?",
        "With tf.data, .batch(batch_size) sets it; with batches by hand, the step of the loop.",
    ),
)
def batch_size_used(swept):
    """Each training takes its steps on batches of the size that its row names."""
    for rate in swept.asked.rates:
        found = [model.size for model in swept.models_at(rate)]
        unused = [size for size in swept.asked.sizes if size not in found]
        if unused:
            foreign = [size for size in found if size not in swept.asked.sizes]
            fail(
                f"training steps on batches of {unused[0]} for the rows with batch size "
                f"{unused[0]}",
                f"batches of {(foreign or found)[0]} (learning rate {rate:g})",
                "Look at fit: it takes batch_size=…, and uses 32 without it",
                about=At(swept.fitted, "batch_size"),
            )


@check(
    points=1,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("batch_size_used",),
    hints=(
        "How many steps make an epoch, if 157 examples come in batches of 50?",
        "The last batch of an epoch is a smaller one; it counts too.",
        "With batches by hand: shuffle the indices once in each epoch, and go through all of them.",
    ),
)
def every_example(swept):
    """Each training sees every training example once per epoch, the last small batch too."""
    _leaves_the_data_alone(swept)
    for pair in swept.asked.pairs:
        _sees_the_given_images(swept, pair)
        _sees_each_in_the_first_epoch(swept, pair)
        _sees_each_in_later_epochs(swept, pair)
        _takes_full_batches(swept, pair)


def _leaves_the_data_alone(swept: Sweep) -> None:
    if not swept.data_unchanged:
        fail(
            "`sweep` to leave the arrays that it was given as they are",
            "them changed",
            "Look for an operation in place (`x /= 255`, `np.random.shuffle(x)`): the next pair "
            "trains on what this one leaves",
            ("Which operation writes into its argument? `x = x / 255` makes a new array.",),
            about=Changes("sweep", in_place=True),
        )


def _sees_the_given_images(swept: Sweep, pair: Pair) -> None:
    if (swept.model_of(pair).seen < 0).any():
        fail(
            "training on the images of train_data as they are",
            f"other images in the steps for {pair}",
            "Look at what fit gets: the model takes the images as they come",
            ("What stands between train_data and fit, and what does it do to an image?",),
            about=Changes("sweep"),
        )


def _sees_each_in_the_first_epoch(swept: Sweep, pair: Pair) -> None:
    count = swept.asked.examples
    times = np.bincount(swept.model_of(pair).seen[:count], minlength=count)
    if (times != 1).any():
        never, often = int((times == 0).sum()), int((times > 1).sum())
        fail(
            f"each of {count} training examples once in an epoch: {-(-count // pair.size)} steps "
            f"with batch size {pair.size}, the last one with {count % pair.size}",
            f"{never} of them not at all{f' and {often} more than once' * bool(often)} among the "
            f"first {count} that were seen",
            "Look for drop_remainder, a repeat, a count of steps that is rounded down, or draws "
            "with replacement",
            about=[Uses(word, "sweep") for word in DRAWS],
        )


def _sees_each_in_later_epochs(swept: Sweep, pair: Pair) -> None:
    count, seen = swept.asked.examples, swept.model_of(pair).seen
    for epoch in range(1, len(seen) // count):
        if len(np.unique(seen[epoch * count : (epoch + 1) * count])) != count:
            fail(
                "every training example once in each epoch",
                f"an epoch that leaves some out ({pair})",
                "Look at how the batches of the second and later epochs are made",
                about=(Uses("permutation", "sweep"), swept.about),
            )


def _takes_full_batches(swept: Sweep, pair: Pair) -> None:
    count, sizes = swept.asked.examples, swept.model_of(pair).sizes
    ends = np.cumsum(sizes)
    full, rest = divmod(count, pair.size)
    wanted = [size for size in [pair.size] * full + [rest] if size]
    begin = 0
    for end in range(count, int(ends[-1]) + 1, count):
        stop = int(np.searchsorted(ends, end)) + 1
        if sorted(sizes[begin:stop].tolist(), reverse=True) != wanted:
            fail(
                f"{len(wanted)} steps in an epoch with batch size {pair.size}",
                f"batches of {', '.join(map(str, sizes[begin:stop][:8]))}, …",
                "Look at how the batches are made",
            )
        begin = stop


@check(
    points=1,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("every_example",),
    hints=(
        "Is it a fair comparison if one pair is trained for longer than another?",
        "Every pair is trained for `epochs` epochs, without early stopping.",
    ),
)
def equal_epochs(swept):
    """Each pair is trained for the number of epochs that was asked for."""
    for pair in swept.asked.pairs:
        epochs = len(swept.model_of(pair).seen) / swept.asked.examples
        if epochs != swept.asked.epochs:
            fail(
                f"{swept.asked.epochs} epochs for every pair, as `epochs` says",
                f"{epochs:g} for {pair}",
                "Look at what fit gets as epochs and steps_per_epoch, and for callbacks that stop "
                "early",
                about=(
                    Uses("EarlyStopping", "sweep"),
                    Uses("steps_per_epoch", "sweep"),
                    At(swept.fitted, "epochs"),
                ),
            )


@check(
    points=1,
    doc="https://keras.io/api/metrics/accuracy_metrics/",
    needs=("equal_epochs",),
    hints=(
        "val_accuracy is that of the model after the last epoch. Which element of the list is it?",
        "The best epoch was picked with the validation data in sight: it flatters wild runs.",
    ),
)
def val_accuracy(swept):
    """val_accuracy is the accuracy on the validation data after the last epoch."""
    for pair in swept.asked.pairs:
        row, curve = swept.row_of(pair), swept.curve_of(pair)
        if not _same([row.val_accuracy], curve[-1:]):
            found, advice = _what_it_is(row, curve, swept.training_curve_of(pair))
            fail(
                f"the accuracy on val_data after the last epoch ({curve[-1]:.3f} for {pair}, "
                "computed by the grader from the weights)",
                f"{row.val_accuracy:.3f}{found}",
                f"Look at which data and which epoch val_accuracy comes from{advice}",
                EVALUATED if advice == ON_TRAINING else (),
                about=(
                    Uses("restore_best_weights", "sweep"),
                    Under("history", "sweep") if advice == BEST_SO_FAR else None,
                    At(swept.fitted, "validation_data") if advice == ON_TRAINING else None,
                    Uses("val_accuracy", "sweep", last=True),
                    Uses("val_accuracy"),
                ),
            )


def _same(claimed: Any, found: Any, images: float = ROUNDED) -> bool:
    """Returns whether accuracies are the same, except for so many images."""
    return len(claimed) == len(found) and all(
        abs(a - b) * WATCHED <= images for a, b in zip(claimed, found, strict=True)
    )


BEST_SO_FAR = "; history holds the best accuracy so far, not that of each epoch"
ON_TRAINING = ": what is validation_data in fit, or what does evaluate get?"
EVALUATED = (
    "Which data has the model learned from, and on which data is its accuracy computed?",
    "fit(…, validation_data=val_data), or model.evaluate(*val_data).",
)


def _what_it_is(row: Row, curve: list[float], on_training: list[float]) -> tuple[str, str]:
    """Returns what a wrong val_accuracy is, as far as is known, and what to look at."""
    best = ", which is that of the best epoch"
    # Without such a history, the training's accuracy may come near the best epoch's by chance.
    is_best = bool(row.history) and abs(row.val_accuracy - max(row.history)) < 1e-6
    if _same(row.history, curve):
        return (best, "; the last one is history[-1]") if is_best else ("", "")
    if row.history[-1:] == [row.val_accuracy] and _same(row.history, on_training):
        return ", which is the accuracy on train_data", ON_TRAINING
    if is_best and _same(row.history, np.maximum.accumulate(curve)):
        return best, BEST_SO_FAR
    if row.history and row.val_accuracy == row.history[-1]:
        return "", (
            ': of a History, "val_accuracy" is what validation gives, "accuracy" the training; and '
            "validation takes all of val_data, not some steps of it"
        )
    return "", ""


@check(
    points=0.5,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("equal_epochs",),
    hints=(
        "How many values does history have, and how many epochs were there?",
        'fit with validation_data=val_data puts "val_accuracy" into history.history.',
    ),
)
def history_per_epoch(swept):
    """history holds the accuracy on the validation data after each epoch."""
    for pair in swept.asked.pairs:
        history, curve = swept.row_of(pair).history, swept.curve_of(pair)
        if len(history) != len(curve):
            fail(
                f"a history of {len(curve)} values, one for each epoch",
                f"{len(history)} for {pair}",
                "Begin a new list for each pair: all pairs together have as many values"
                if len(history) == len(swept.asked.pairs) * len(curve) > len(curve)
                else "Look at what is kept after each epoch",
                about=(Uses("history", "sweep", last=True), Uses("history")),
            )
        for epoch, (claimed, found) in enumerate(zip(history, curve, strict=True), 1):
            if not _same([claimed], [found]):
                fail(
                    f"the accuracy on val_data after each epoch ({found:.3f} after epoch {epoch} "
                    f"of {pair}, computed by the grader from the weights)",
                    f"{claimed:.3f}",
                    'Look at the key: "val_accuracy" is what validation gives, "accuracy" the '
                    "training",
                    about=(Uses("history", "sweep", last=True), Uses("history")),
                )


@check(
    points=1,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("val_accuracy",),
    hints=(
        "Would another training with the same pair end at about the same accuracy?",
        "Do the images and the labels still belong together after shuffling?",
    ),
)
def reproduced(swept, asked, evidence):
    """The grader, training again with the same batches, gets the accuracies that are reported."""
    for pair in asked.pairs:
        batches = swept.model_of(pair).batches
        *_, weights = train(asked.weights, asked.train, batches, pair.rate)
        found, claimed = accuracy(weights, asked.validation), swept.row_of(pair).val_accuracy
        evidence.setdefault("retrained", {})[str(pair)] = found
        if not _same([claimed], [found], RETRAINED):
            fail(
                f"the accuracy that the same training gives ({found:.3f} for {pair}, trained "
                "again by the grader, on the same batches from the same weights)",
                f"{claimed:.3f}",
                "Look at the labels: do x and y still belong together in each batch, and does "
                "nothing but training change the weights?",
                about=(Uses("class_weight", "sweep"), reordered("sweep")),
            )


@check(
    points=1,
    hints=(
        "Which row does max find, and by which key?",
        "max takes an argument `key`: a function that returns of a row what rows are compared by.",
        "The order of the rows does not matter, and the list is the caller's: leave it as it is.",
    ),
)
def best_row(submission, rng):
    """best returns the row with the highest val_accuracy, whatever the order of the rows."""
    cases = _lists_of_rows(rng)
    lists = list(cases.values())
    choices = submission.run(
        choose, lambda claim: Choice.of_lists(claim, len(lists)), lists=lists, seconds=30
    )
    for (when, rows), choice in zip(cases.items(), choices, strict=True):
        _is_the_best(choice, rows, when, functools.partial(_of_best, submission))


# Of few rows the best epoch and the last one: one of these lists shows what `best` does wrong.
SMALL = (
    [(0.5, 0.5)],
    [(0.2, 0.2), (0.5, 0.5)],
    [(0.5, 0.5), (0.2, 0.2)],
    [(0.9, 0.2), (0.5, 0.5)],
    [(0.5, 0.5), (0.9, 0.2)],
    [(0.2, 0.2), (0.5, 0.5), (0.3, 0.3)],
)


@paste.tried
def _of_best(submission: Any) -> str:
    """Returns lines on the shortest list that shows what `best` does wrong; empty if none does."""
    lists = [
        [
            {"learning_rate": 0.1, "batch_size": 8, "val_accuracy": last, "history": [best, last]}
            for best, last in pairs
        ]
        for pairs in SMALL
    ]
    choices = submission.run(
        choose, lambda claim: Choice.of_lists(claim, len(lists)), lists=lists, seconds=30
    )
    for pairs, rows, choice in zip(SMALL, lists, choices, strict=True):
        right = rows[int(np.argmax([last for _, last in pairs]))]
        row = "dict(learning_rate=0.1, batch_size=8, val_accuracy=a, history=[b, a])"
        setup = f"rows = [{row} for b, a in {pairs}]"
        if choice.row != right:
            came = paste.UNKNOWN if choice.row is None else choice.row
            return paste.lines("best", setup, right, "best(rows)", came)
        if not choice.unchanged:
            setup += "; kept = list(rows); row = best(rows)"
            return paste.lines("best", setup, True, "rows == kept", False)
    return ""


def _lists_of_rows(rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    """Returns lists of rows by what is special about them."""

    def row(accuracy: float, peak: float | None = None) -> dict[str, Any]:
        curve = [float(v) for v in rng.uniform(0.1, 0.4, 3)]
        return {
            "learning_rate": float(10 ** rng.uniform(-5, 0)),
            "batch_size": int(rng.choice([8, 16, 32, 64])),
            "val_accuracy": float(accuracy),
            "history": [*curve, *([] if peak is None else [peak]), float(accuracy)],
        }

    return {
        "the best row is the last": [row(0.2), row(0.5), row(0.91)],
        "the best row is the first": [row(0.93), row(0.5), row(0.2)],
        "the best row is in the middle": [row(0.31), row(0.5), row(0.92), row(0.08), row(0.4)],
        "there is one row": [row(0.0)],
        "two rows are equally good": [row(0.3), row(0.75), row(0.1), row(0.75)],
        "all rows are equally good": [row(0.1), row(0.1), row(0.1)],
        "the best epoch of all belongs to another row": [row(0.6, 0.97), row(0.8, 0.3), row(0.7)],
        "the differences are small": [row(0.8749), row(0.8751), row(0.875)],
    }


def _is_the_best(
    choice: Choice, rows: list[dict[str, Any]], when: str, lines: Callable[[], str]
) -> None:
    if choice.row is None or choice.row not in rows:
        fail(
            f"one of the rows that `best` was given ({when})",
            "None: is a `return` missing?"
            if choice.kind == "NoneType"
            else f"{choice.kind}, which is none of them",
            "Return the row itself, not its accuracy or its index",
            ("What does best return: a row of the list, or something that it computed from one?",),
            reproduce=lines(),
        )
    highest = max(row["val_accuracy"] for row in rows)
    if choice.row["val_accuracy"] != highest:
        fail(
            f"the row with the highest val_accuracy ({highest:g}; {when})",
            f"a row with {choice.row['val_accuracy']:g}",
            "Look at which key the rows are compared by, and in which direction",
            reproduce=lines(),
        )
    if not choice.unchanged:
        fail(
            "`best` to leave the list that it is given as it is",
            "a list in another order, or with other rows",
            "Look for results.sort(): sorted(results) makes a new list, and max needs none",
            ("Which method changes a list in place, and which function makes a new one?",),
            about=Changes("best", in_place=True),
            reproduce=lines(),
        )
