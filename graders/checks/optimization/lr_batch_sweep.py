"""Learning rate and batch size, compared fairly."""

import math
from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed, check, fail, probe

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 1

# Prime, so that no batch size divides it: the last batch of each epoch is a smaller one.
EXAMPLES = 157
WATCHED = 200
EPOCHS = 4
BATCH_SIZES = (16, 50)
# Gradient descent on softmax regression diverges to and fro beyond a rate of about 0.05, and the
# grader could not train again what a model did.
RATES = (1e-7, 0.03)
# Of the start's scores, in units of a squared difference of pixels: so sure that it takes the
# larger rate all of the epochs to unlearn it, and no longer.
MARGIN = 0.1


@probe
def watch_sweep(student, box, weights, train, validation, rates, sizes, epochs):
    """Runs `sweep` with a factory of the grader's, and notes what its models saw."""
    import hashlib
    import numbers

    import keras
    import numpy as np
    import tensorflow as tf

    sweep = box.function("sweep", 6)

    def key(row):
        return hashlib.blake2b(np.ascontiguousarray(row, "float32").tobytes()).digest()

    number = {key(row): i for i, row in enumerate(train[0])}
    builds = []

    class Watch(keras.layers.Layer):
        """Hands images on as they are, and notes which they were."""

        notes = None

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_jit = False

        def call(self, images, training=None):
            if self.notes is None:
                return images
            note = self.notes.in_training if training else self.notes.in_inference
            # Nothing is computed from the images, and no weight changes, before they are noted.
            with tf.control_dependencies([tf.py_function(note, [images], [])]):
                return tf.identity(images)

        def compute_output_shape(self, shape):
            return shape

    class Notes:
        def __init__(self, asked):
            self.asked, self.model = asked, None
            self.seen, self.sizes, self.rates = [], [], []
            self.states, self.state_at = [], []

        def state(self):
            if not self.state_at or self.state_at[-1] != len(self.seen):
                self.states.append([np.array(w) for w in self.model.get_weights()])
                self.state_at.append(len(self.seen))

        def in_training(self, images):
            if len(self.seen) % len(train[0]) == 0:
                self.state()
            self.seen += [number.get(key(row), -1) for row in images.numpy()]
            self.sizes.append(int(images.shape[0]))
            self.rates.append(float(np.asarray(self.model.optimizer.learning_rate)))

        def in_inference(self, images):
            if self.seen:
                self.state()

    def build_model(learning_rate):
        learning_rate = float(np.asarray(learning_rate))
        watch = Watch()
        model = keras.Sequential(
            [
                keras.Input(train[0].shape[1:]),
                watch,
                keras.layers.Flatten(),
                keras.layers.Dense(weights[1].shape[0], activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.SGD(learning_rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        model.set_weights(weights)
        notes = Notes(learning_rate)
        notes.model = model
        watch.notes = notes
        builds.append(notes)
        return model

    def plain(value, depth=0):
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return value
        if isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, numbers.Real):
            return float(value)
        if isinstance(value, list | tuple | np.ndarray) and depth < 3:
            return [plain(item, depth + 1) for item in list(value)[:1000]]
        if isinstance(value, dict) and depth < 3:
            return {str(k)[:100]: plain(v, depth + 1) for k, v in list(value.items())[:100]}
        if hasattr(value, "numpy") and getattr(value, "shape", None) == ():
            return plain(value.numpy().item(), depth)
        return {"kind": type(value).__name__}

    train = tuple(np.array(part) for part in train)
    validation = tuple(np.array(part) for part in validation)
    copies = [part.copy() for part in (*train, *validation)]
    returned = sweep(build_model, train, validation, list(rates), list(sizes), epochs)
    for notes in builds:
        if notes.seen:
            notes.state()
    same = all(np.array_equal(a, b) for a, b in zip(copies, (*train, *validation), strict=True))
    return {
        "returned": type(returned).__name__,
        "rows": plain(returned) if isinstance(returned, list | tuple) else [],
        "data_unchanged": same,
        "builds": [
            {
                "asked": notes.asked,
                "seen": np.array(notes.seen, "int64"),
                "sizes": np.array(notes.sizes, "int64"),
                "rates": np.array(notes.rates, "float64"),
                "state_at": np.array(notes.state_at, "int64"),
                "kernels": np.array([state[0] for state in notes.states], "float32"),
                "biases": np.array([state[1] for state in notes.states], "float32"),
            }
            for notes in builds
            if notes.seen
        ],
        "untrained": sum(not notes.seen for notes in builds),
    }


@probe
def choose(student, box, lists):
    """Calls `best` on lists of rows; says what it returns and whether the lists stayed."""
    import copy

    best = box.function("best", 1)
    answers = []
    for rows in lists:
        given = copy.deepcopy(rows)
        row = best(given)
        plain = isinstance(row, dict) and all(
            isinstance(v, int | float | str | list) for v in row.values()
        )
        answers.append(
            {"kind": type(row).__name__, "row": row if plain else None, "unchanged": given == rows}
        )
    return answers


class Sweep:
    """What one call of `sweep` left: its rows, and what the models of the factory saw."""

    def __init__(self, answer: dict[str, Any], parts: dict[str, Any]):
        self.returned, self.rows = str(answer["returned"]), answer["rows"]
        self.data_unchanged = answer["data_unchanged"] is True
        self.builds, self.untrained = list(answer["builds"]), int(answer["untrained"])
        self.parts = parts
        for build in self.builds:
            _check_arrays(build, parts["weights"])
        self.pairs = [(rate, size) for rate in parts["rates"] for size in parts["sizes"]]

    def build_of(self, rate: float, size: int) -> dict[str, Any]:
        """Returns the notes of the model that was trained for a pair."""
        [found] = [b for b in self.builds if _same(_rate(b), rate) and b["sizes"].max() == size]
        return found

    def row_of(self, rate: float, size: int) -> dict[str, Any]:
        """Returns the row of a pair."""
        [found] = [row for row in self.rows if _pair(row) == (f"{rate:.6g}", size)]
        return found

    def accuracy(self, kernel: np.ndarray, bias: np.ndarray) -> float:
        """Computes the accuracy on the validation data, with weights of the factory's model."""
        x, y = self.parts["validation"]
        scores = x.reshape(len(x), -1).astype("float64") @ kernel + bias
        return float((scores.argmax(axis=1) == y).mean())


def _check_arrays(build: dict[str, Any], weights: list[np.ndarray]) -> None:
    """Refuses notes that are no notes: they come from the sandbox."""
    at, kernels, biases = build["state_at"], build["kernels"], build["biases"]
    whole = all(build[key].dtype.kind == "i" for key in ("seen", "sizes", "state_at"))
    lengths = len(at) == len(kernels) == len(biases) >= 1
    shapes = kernels.shape[1:] == weights[0].shape and biases.shape[1:] == weights[1].shape
    steps = len(build["sizes"]) == len(build["rates"]) >= 1
    if not (whole and lengths and shapes and steps and build["sizes"].sum() == len(build["seen"])):
        raise ValueError("notes that do not fit together")


def _rate(build: dict[str, Any]) -> float:
    return float(build["rates"][0])


def _same(rate: float, other: float) -> bool:
    return math.isclose(rate, other, rel_tol=1e-5)  # it may have passed through float32


def _pair(row: dict[str, Any]) -> tuple[str, Any]:
    size = row["batch_size"]
    return f"{row['learning_rate']:.6g}", int(size) if float(size).is_integer() else size


def _name(rate: float, size: int) -> str:
    return f"learning rate {rate:g} with batch size {size}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.fixture(scope="module")
def parts(data, rng):
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
    return {
        "train": (x, mistaken[y].astype(y.dtype)),
        "validation": (data.validation[0][:WATCHED], data.validation[1][:WATCHED]),
        "weights": _nearest_mean(x, y, data.num_classes),
        "rates": [float(rate) for rate in rng.permutation(RATES)],
        "sizes": [int(size) for size in rng.permutation(BATCH_SIZES)],
        "epochs": EPOCHS,
    }


def _nearest_mean(x: np.ndarray, y: np.ndarray, num_classes: int) -> list[np.ndarray]:
    """Returns a kernel and a bias that give each image the class whose mean is nearest."""
    flat = x.reshape(len(x), -1).astype("float64")
    chosen = [flat[y == label] for label in range(num_classes)]
    means = np.stack([(some if len(some) else flat).mean(axis=0) for some in chosen])
    bias = -(means**2).sum(axis=1) / 2
    return [
        (MARGIN * (means - means.mean(axis=0)).T).astype("float32"),
        (MARGIN * (bias - bias.mean())).astype("float32"),
    ]


@pytest.fixture(scope="module")
def swept(submission, parts, evidence):
    """One sweep with the grader's factory."""
    answer = submission.run(watch_sweep, **parts)
    try:
        found = Sweep(answer, parts)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise CheckFailed(
            "Expected `sweep` to train the models of build_model as they are. Found something in "
            "their place. Train what build_model returns, and change nothing but its weights."
        ) from None
    evidence["sweep"] = found.rows
    return found


@check(
    points=0.5,
    hints=(
        "What does sweep return, and which four keys does each of its rows have?",
        "Start with results = [], append one dict for each pair, and return results.",
        "history is a list of floats, one for each epoch; the other values are plain numbers.",
    ),
)
def returns_rows(swept):
    """sweep returns a list of dicts with learning_rate, batch_size, val_accuracy and history."""
    if swept.returned != "list":
        fail(
            "`sweep` to return a list of dicts",
            "None: is a `return` missing?" if swept.returned == "NoneType" else swept.returned,
            "Look at the end of sweep",
        )
    if not swept.rows:
        fail("one row for each pair", "an empty list", "Look at what is appended to the list")
    for row in swept.rows:
        if not isinstance(row, dict) or set(row) == {"kind"}:
            fail(
                "a list of dicts",
                f"{row['kind'] if isinstance(row, dict) else type(row).__name__} in the list",
                "Look at what is appended to the list",
            )
        missing = [
            key
            for key in ("learning_rate", "batch_size", "val_accuracy", "history")
            if key not in row
        ]
        if missing:
            fail(
                'rows with the keys "learning_rate", "batch_size", "val_accuracy" and "history"',
                f"a row without {', '.join(missing)} (it has {', '.join(sorted(row)) or 'none'})",
                "Look at the spelling of the keys",
            )
        for key in ("learning_rate", "batch_size", "val_accuracy"):
            if not _number(row[key]):
                kind = row[key]["kind"] if isinstance(row[key], dict) and "kind" in row[key] else ""
                fail(
                    f"a number under {key!r}",
                    kind or type(row[key]).__name__,
                    "Look at what the row holds: history.history is a dict of lists of floats",
                )
        history = row["history"]
        if not isinstance(history, list) or not all(_number(value) for value in history):
            kind = history.get("kind", "dict") if isinstance(history, dict) else "something else"
            fail(
                'a list of floats under "history": val_accuracy, epoch by epoch',
                kind,
                'Take history.history["val_accuracy"] of the History that fit returns',
            )


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
    wanted = [(f"{rate:.6g}", size) for rate, size in swept.pairs]
    found = [_pair(row) for row in swept.rows]
    if sorted(map(str, found)) != sorted(map(str, wanted)):
        missing = [_name(float(r), s) for r, s in wanted if (r, s) not in found]
        rates, sizes = len(swept.parts["rates"]), len(swept.parts["sizes"])
        fail(
            f"{len(wanted)} rows: each of {rates} learning rates with each of {sizes} batch sizes",
            f"{len(found)} row{'s' * (len(found) != 1)}"
            + (f", and none for {missing[0]}" if missing else ""),
            "Look at the loops: every learning rate meets every batch size once, and each row "
            "says under which key which of them stands",
        )


@check(
    points=2,
    needs=("full_grid",),
    hints=(
        "If one model is trained again and again, what does the second pair begin with?",
        "Call build_model inside both loops.",
        "A fresh model also has a fresh optimizer: build_model gives both.",
    ),
)
def fresh_models(swept):
    """Each pair trains a fresh model from build_model, with its learning rate."""
    pairs = len(swept.pairs)
    if len(swept.builds) != pairs:
        extra = f" ({swept.untrained} more were built and not trained)" if swept.untrained else ""
        fail(
            f"{pairs} models for {pairs} pairs, each fresh from build_model and trained once",
            f"{len(swept.builds)} that were trained{extra}",
            "Look at where build_model is called: a model that was trained before has a head start",
        )
    for build in swept.builds:
        start = np.allclose(build["kernels"][0], swept.parts["weights"][0], atol=1e-7)
        if build["state_at"][0] != 0 or not start:
            fail(
                "each training to start from the weights that build_model gives",
                "one that starts from other weights",
                "Look for set_weights, load_weights, or a training before the one that counts",
            )
    for build in swept.builds:
        if not np.allclose(build["rates"], _rate(build), rtol=1e-5, atol=0):
            fail(
                "one learning rate during the whole of a training",
                f"one that goes from {build['rates'][0]:g} to {build['rates'][-1]:g}",
                "Look for callbacks that change it: the comparison is between fixed learning rates",
            )
    asked = sorted(rate for rate, _ in swept.pairs)
    used = sorted(_rate(build) for build in swept.builds)
    if not np.allclose(asked, used, rtol=1e-5, atol=0):
        odd = next(
            (b for b in swept.builds if not any(_same(_rate(b), rate) for rate in asked)),
            swept.builds[0],
        )
        fail(
            f"each learning rate ({', '.join(f'{r:g}' for r in sorted(set(asked)))}) to be used "
            f"for {len(swept.parts['sizes'])} models",
            f"models trained with {', '.join(f'{r:g}' for r in sorted(set(used)))}",
            "Look at what build_model is given"
            if _same(odd["asked"], _rate(odd))
            else "Look at what is done to the optimizer after build_model",
        )


@check(
    points=1,
    needs=("fresh_models",),
    hints=(
        "Which argument of fit sets the batch size, and what does it do if it is left out?",
        "With tf.data, .batch(batch_size) sets it; with batches by hand, the step of the loop.",
    ),
)
def batch_size_used(swept):
    """Each training takes its steps on batches of the size that its row names."""
    for size in swept.parts["sizes"]:
        for rate in swept.parts["rates"]:
            largest = sorted(int(b["sizes"].max()) for b in swept.builds if _same(_rate(b), rate))
            if largest != sorted(swept.parts["sizes"]):
                others = [n for n in largest if n != size] or largest
                fail(
                    f"training steps on batches of {size} for the rows with batch size {size}",
                    f"batches of {others[0]} (learning rate {rate:g})",
                    "Look at fit: it takes batch_size=…, and uses 32 without it",
                )


@check(
    points=1,
    needs=("batch_size_used",),
    hints=(
        "How many steps make an epoch, if 157 examples come in batches of 50?",
        "The last batch of an epoch is a smaller one; it counts too.",
        "With batches by hand: shuffle the indices once in each epoch, and go through all of them.",
    ),
)
def every_example(swept):
    """Each training sees every training example once per epoch, the last small batch too."""
    if not swept.data_unchanged:
        fail(
            "`sweep` to leave the arrays that it was given as they are",
            "them changed",
            "Look for an operation in place (`x /= 255`, `np.random.shuffle(x)`): the next pair "
            "trains on what this one leaves",
        )
    count = len(swept.parts["train"][0])
    for rate, size in swept.pairs:
        build = swept.build_of(rate, size)
        seen = build["seen"]
        if (seen < 0).any():
            fail(
                "training on the images of train_data as they are",
                f"other images in the steps for {_name(rate, size)}",
                "Look at what fit gets: the model takes the images as they come",
            )
        first = seen[:count]
        times = np.bincount(first, minlength=count)
        if len(first) < count or (times != 1).any():
            steps = -(-count // size)
            alike = f"{int((times == 0).sum())} of them not at all"
            if (times > 1).any():
                alike += f" and {int((times > 1).sum())} more than once"
            fail(
                f"each of {count} training examples once in an epoch: {steps} steps with batch "
                f"size {size}, the last one with {count % size}",
                f"{alike} among the first {count} that were seen",
                "Look for drop_remainder, a repeat, a count of steps that is rounded down, or "
                "draws with replacement",
            )
        for start in range(0, len(seen) - count + 1, count):
            if len(np.unique(seen[start : start + count])) != count:
                fail(
                    "every training example once in each epoch",
                    f"an epoch that leaves some out ({_name(rate, size)})",
                    "Look at how the batches of the second and later epochs are made",
                )
        full, rest = divmod(count, size)
        ends = np.cumsum(build["sizes"])
        wanted = [n for n in [size] * full + [rest] if n]
        begin = 0
        for end in range(count, len(seen) + 1, count):
            stop = int(np.searchsorted(ends, end)) + 1
            if sorted(build["sizes"][begin:stop].tolist(), reverse=True) != wanted:
                fail(
                    f"{len(wanted)} steps in an epoch with batch size {size}",
                    f"batches of {', '.join(map(str, build['sizes'][begin:stop][:8]))}, …",
                    "Look at how the batches are made",
                )
            begin = stop


@check(
    points=1,
    needs=("every_example",),
    hints=(
        "Is it a fair comparison if one pair is trained for longer than another?",
        "Every pair is trained for `epochs` epochs, without early stopping.",
    ),
)
def equal_epochs(swept):
    """Each pair is trained for the number of epochs that was asked for."""
    count = len(swept.parts["train"][0])
    for rate, size in swept.pairs:
        epochs = len(swept.build_of(rate, size)["seen"]) / count
        if epochs != swept.parts["epochs"]:
            fail(
                f"{swept.parts['epochs']} epochs for every pair, as `epochs` says",
                f"{epochs:g} for {_name(rate, size)}",
                "Look at what fit gets as epochs, and for callbacks that stop early",
            )


@check(
    points=1,
    needs=("equal_epochs",),
    hints=(
        "val_accuracy is that of the model after the last epoch. Which element of the list is it?",
        "The best epoch was picked with the validation data in sight: it flatters wild runs.",
    ),
)
def val_accuracy(swept):
    """val_accuracy is the accuracy on the validation data after the last epoch."""
    count, images = len(swept.parts["train"][0]), len(swept.parts["validation"][0])
    for rate, size in swept.pairs:
        claimed = float(swept.row_of(rate, size)["val_accuracy"])
        curve = _curve(swept, rate, size, count)
        if not abs(claimed - curve[-1]) * images <= 1.5:
            history = swept.row_of(rate, size)["history"]
            # The training's accuracy may come near that of the best epoch by chance.
            fits = len(history) == len(curve) and all(
                abs(a - b) * images <= 1.5 for a, b in zip(history, curve, strict=True)
            )
            best = fits and abs(claimed - max(history)) < 1e-6
            so_far = len(history) == len(curve) and all(
                abs(a - b) * images <= 1.5
                for a, b in zip(history, np.maximum.accumulate(curve), strict=True)
            )
            advice = "Look at which data and which epoch val_accuracy comes from"
            if so_far:
                best = True
                advice += "; history holds the best accuracy so far, not that of each epoch"
            elif best:
                advice += "; the last one is history[-1]"
            elif not fits and history and claimed == history[-1]:
                advice += (
                    ': of a History, "val_accuracy" is what validation gives, "accuracy" the '
                    "training; and validation takes all of val_data, not some steps of it"
                )
            fail(
                f"the accuracy on val_data after the last epoch ({curve[-1]:.3f} for "
                f"{_name(rate, size)}, computed by the grader from the weights)",
                f"{claimed:.3f}" + (", which is that of the best epoch" if best else ""),
                advice,
            )


def _curve(swept: Sweep, rate: float, size: int, count: int) -> list[float]:
    """Computes the accuracy on the validation data after each epoch, from the noted weights."""
    build = swept.build_of(rate, size)
    found = []
    for epoch in range(1, swept.parts["epochs"] + 1):
        [at] = np.flatnonzero(build["state_at"] == epoch * count)[:1] or [None]
        if at is None:
            fail(
                "a model whose weights can be read between the epochs",
                "none",
                "Train the model that build_model returns",
            )
        found.append(swept.accuracy(build["kernels"][at], build["biases"][at]))
    return found


@check(
    points=0.5,
    needs=("equal_epochs",),
    hints=(
        "How many values does history have, and how many epochs were there?",
        'fit with validation_data=val_data puts "val_accuracy" into history.history.',
    ),
)
def history_per_epoch(swept):
    """history holds the accuracy on the validation data after each epoch."""
    count, images = len(swept.parts["train"][0]), len(swept.parts["validation"][0])
    for rate, size in swept.pairs:
        history = swept.row_of(rate, size)["history"]
        curve = _curve(swept, rate, size, count)
        if len(history) != len(curve):
            fail(
                f"a history of {len(curve)} values, one for each epoch",
                f"{len(history)} for {_name(rate, size)}",
                "Look at what is kept after each epoch",
            )
        for epoch, (claimed, found) in enumerate(zip(history, curve, strict=True), 1):
            if not abs(claimed - found) * images <= 1.5:
                fail(
                    f"the accuracy on val_data after each epoch ({found:.3f} after epoch {epoch} "
                    f"of {_name(rate, size)}, computed by the grader from the weights)",
                    f"{claimed:.3f}",
                    'Look at the key: "val_accuracy" is what validation gives, "accuracy" the '
                    "training",
                )


def _retrain(swept: Sweep, rate: float, size: int) -> list[float]:
    """Trains softmax regression again in NumPy, on the noted batches, from the grader's weights.

    Returns:
        List of floats: the accuracy on the validation data after each epoch.
    """
    build = swept.build_of(rate, size)
    x = swept.parts["train"][0]
    x = x.reshape(len(x), -1).astype("float64")
    kernel, bias = (w.astype("float64") for w in swept.parts["weights"])
    targets = np.eye(len(bias))[swept.parts["train"][1]]
    curve, start = [], 0
    for width in build["sizes"]:
        chosen = build["seen"][start : start + width]
        start += width
        scores = x[chosen] @ kernel + bias
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = (p - targets[chosen]) / len(chosen)
        kernel = kernel - rate * (x[chosen].T @ slope)
        bias = bias - rate * slope.sum(axis=0)
        if start % len(x) == 0:
            curve.append(swept.accuracy(kernel, bias))
    return curve


@check(
    points=1,
    needs=("val_accuracy",),
    hints=(
        "Would another training with the same pair end at about the same accuracy?",
        "Do the images and the labels still belong together after shuffling?",
    ),
)
def reproduced(swept, evidence):
    """The grader, training again with the same batches, gets the accuracies that are reported."""
    images = len(swept.parts["validation"][0])
    for rate, size in swept.pairs:
        found = _retrain(swept, rate, size)[-1]
        claimed = float(swept.row_of(rate, size)["val_accuracy"])
        evidence.setdefault("retrained", {})[_name(rate, size)] = found
        if not abs(claimed - found) * images <= 3.5:
            fail(
                f"the accuracy that the same training gives ({found:.3f} for {_name(rate, size)}, "
                "trained again by the grader, on the same batches from the same weights)",
                f"{claimed:.3f}",
                "Look at the labels: do x and y still belong together in each batch, and does "
                "nothing but training change the weights?",
            )


@check(
    points=1,
    hints=(
        "Which row does max find, and by which key?",
        "max takes an argument `key`: a function that gives of a row what rows are compared by.",
        "The order of the rows says nothing, and the list is the caller's: leave it as it is.",
    ),
)
def best_row(submission, rng):
    """best returns the row with the highest val_accuracy, whatever the order of the rows."""

    def row(accuracy: float, peak: float | None = None) -> dict[str, Any]:
        curve = [float(v) for v in rng.uniform(0.1, 0.4, 3)]
        return {
            "learning_rate": float(10 ** rng.uniform(-5, 0)),
            "batch_size": int(rng.choice([8, 16, 32, 64])),
            "val_accuracy": float(accuracy),
            "history": [*curve, *([] if peak is None else [peak]), float(accuracy)],
        }

    cases = {
        "the best row is the last": [row(0.2), row(0.5), row(0.91)],
        "the best row is the first": [row(0.93), row(0.5), row(0.2)],
        "the best row is in the middle": [row(0.31), row(0.5), row(0.92), row(0.08), row(0.4)],
        "there is one row": [row(0.0)],
        "two rows are equally good": [row(0.3), row(0.75), row(0.1), row(0.75)],
        "all rows are equally good": [row(0.1), row(0.1), row(0.1)],
        "the best epoch of all belongs to another row": [row(0.6, 0.97), row(0.8, 0.3), row(0.7)],
        "the differences are small": [row(0.8749), row(0.8751), row(0.875)],
    }
    answers = submission.run(choose, lists=list(cases.values()), seconds=30)
    if not isinstance(answers, list) or len(answers) != len(cases):
        fail("one answer for each list of rows", "something else", "Leave the grader's calls alone")
    for (when, rows), answer in zip(cases.items(), answers, strict=True):
        highest = max(r["val_accuracy"] for r in rows)
        if answer["row"] not in rows:
            fail(
                f"one of the rows that `best` was given ({when})",
                "None: is a `return` missing?"
                if answer["kind"] == "NoneType"
                else f"{answer['kind']}, which is none of them",
                "Return the row itself, not its accuracy or its index",
            )
        if answer["row"]["val_accuracy"] != highest:
            fail(
                f"the row with the highest val_accuracy ({highest:g}; {when})",
                f"a row with {answer['row']['val_accuracy']:g}",
                "Look at which key the rows are compared by, and in which direction",
            )
        if answer["unchanged"] is not True:
            fail(
                "`best` to leave the list that it is given as it is",
                "a list in another order, or with other rows",
                "Look for results.sort(): sorted(results) makes a new list, and max needs none",
            )
