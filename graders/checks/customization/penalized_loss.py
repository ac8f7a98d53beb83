"""A loss with a penalty term: cross-entropy minus a multiple of the prediction's entropy."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from graders.checking import Uses, check, fail
from graders.toolkit import hints, live
from graders.toolkit import loss_lines as lines
from graders.toolkit import reproductions as paste
from graders.toolkit.accuracy import check_accuracy
from graders.toolkit.closed_forms import diagnose, entropy, near, number, same
from graders.toolkit.confidence_penalty import EXTREMES, Batch, Extreme, flat
from graders.toolkit.loss_lines import SURE_AND_WRONG
from graders.toolkit.loss_probes import Losses, numbers
from graders.toolkit.losses import check_classifier_output, loss_of
from graders.toolkit.measured import LossValue
from graders.toolkit.outputs import part_scores
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import check_trained, check_training, note_training

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 2
WALKTHROUGH = 2

# Enough to pull the confidence down by far more than chance does, and not the accuracy.
PENALTY = 0.5
FORMULA = "cross-entropy minus penalty * entropy, natural logarithms,"
IGNORED = "what it gives with from_logits=False too"
KWARGS = "**kwargs must reach super().__init__"


def _losses(submission: Any) -> Losses:
    return Losses(submission, "PenalizedLoss")


MATCHING = (
    "What does the last layer give, probabilities or logits? What is the loss told about that?",
    "A last layer with softmax goes with from_logits=False, one without activation with "
    "from_logits=True.",
)
FLAG = ("Where does call use from_logits? With it, the predictions are not probabilities yet.",)


@check(
    points=1,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    about="PenalizedLoss.call",
    hints=(
        "Write the two terms down first: what is the cross-entropy of one example, and what is "
        "the entropy of its prediction?",
        "The entropy is -sum(p * log(p)) over the classes; a confident prediction has a small one.",
        "keras.ops.take_along_axis, a one-hot product or keras.ops.sparse_categorical_crossentropy "
        "give the first term; keras.ops.sum(…, axis=-1) the second.",
    ),
)
def values(submission, rng):
    """For probabilities, the loss is the cross-entropy minus penalty times the entropy."""
    losses = _losses(submission)
    for args, options in (([0.3], {}), ([], {"penalty": 0.0}), ([], {"penalty": 1.7}), ([], {})):
        [penalty] = [*args, *options.values()] or [0.1]
        batch = Batch.draw(rng)
        given: dict[str, Any] = {**options}
        found = numbers(losses.measured(batch.singles(), *args, **given))
        if not near(found, batch.loss(penalty)):
            default = not (args or options)
            problem = batch.explain(found, penalty)
            another = problem.startswith("cross-entropy minus") and " 0 * " not in problem
            kept = Uses("penalty", "PenalizedLoss.__init__", last=True) if another else None
            fail(
                f"`PenalizedLoss({'' if default else penalty})` to give {FORMULA} for probabilities"
                + (" (the default penalty is 0.1)" if default else ""),
                problem,
                "Look at the two terms in call, and at how __init__ keeps the penalty",
                about="PenalizedLoss.__init__" if default else kept,
                reproduce=lines.of_values(losses, penalty, *args, **given),
            )


@check(
    points=1,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    about="PenalizedLoss.call",
    needs=("values",),
    hints=(
        "With from_logits=True the predictions are not probabilities yet. Which term needs them?",
        "Both do: softmax once, then the same formula; or keras.ops.log_softmax, which is safer.",
    ),
)
def from_logits(submission, rng):
    """With from_logits=True the predictions are logits, in both terms."""
    losses = _losses(submission)
    # With a penalty of 0 the cross-entropy stands alone.
    for penalty in (0.0, 0.4):
        batch = Batch.draw(rng)
        cases = batch.singles(logits=True)
        found = numbers(losses.measured(cases, penalty=penalty, from_logits=True))
        if near(found, batch.loss(penalty)):
            continue
        mistakes = {"softmax applied twice": batch.softened().loss(penalty)}
        mistakes |= batch.mistakes(penalty)
        problem = diagnose(found, batch.loss(penalty), mistakes)
        if losses.ignores_flag(cases, found, penalty):
            problem = IGNORED
        elif penalty and problem not in mistakes:
            problem = "a right cross-entropy, but not the entropy of softmax(logits)"
        fail(
            f"`PenalizedLoss({penalty}, from_logits=True)` to give {FORMULA} of the softmax",
            problem,
            "Look at from_logits in call: softmax turns the logits into probabilities, for the "
            "cross-entropy and for the entropy",
            reproduce=lines.of_values(losses, penalty, penalty=penalty, from_logits=True),
        )


@check(
    points=1,
    doc="https://keras.io/api/losses/",
    about="PenalizedLoss.call",
    needs=("values",),
    hints=(
        "How many numbers should call return for a batch of 9 examples?",
        "Sum over the classes only (axis=-1): the base class's __call__ averages over the batch, "
        "after the sample weights.",
        "Leave __call__ to keras.losses.Loss, and hand **kwargs to super().__init__.",
    ),
)
def reductions(submission, rng):
    """call gives one value per example; Keras's base class reduces and weights them."""
    losses = _losses(submission)
    batch = Batch.draw(rng)
    weights = rng.uniform(0.2, 2.0, len(batch.y)).astype("float32")
    each = batch.loss(0.3)
    cases = [{"y": batch.y, "p": batch.p}, {"y": batch.y, "p": batch.p, "weights": weights}]
    ways = ((None, np.array), ("sum", np.sum), ("sum_over_batch_size", np.mean))
    for reduction, reduced in ways:
        plain, weighted = losses.measured(cases, penalty=0.3, reduction=reduction)
        how = f"with reduction={reduction!r}"
        what = repr(reduction) if reduction else "values"
        shown = functools.partial(lines.of_reduced, losses, reduction, reduced)
        keeps = functools.partial(losses.keeps_reduction, reduction, 0.3)
        _check_reduced(plain.value, reduced(each), what, how, shown, keeps)
        how += " and sample_weight"
        weighed = functools.partial(shown, [1.0, 3.0])
        _check_reduced(weighted.value, reduced(each * weights), what, how, weighed, keeps)


def _check_reduced(
    value: np.ndarray,
    wanted: np.ndarray,
    what: str,
    how: str,
    shown: Callable[[], str],
    keeps: Callable[[], bool],
) -> None:
    """Fails unless the losses of a batch are reduced as they should be."""
    # What does not arrive at the base class is __init__'s business.
    init = (Uses("super", "PenalizedLoss.__init__"), "PenalizedLoss.__init__")
    if wanted.ndim and value.shape == (*wanted.shape, 1):
        value = value[:, 0]
    if wanted.ndim and value.shape != wanted.shape:
        found = "one number for the whole batch" if value.size == 1 else "others"
        fail(
            f"one value per example, shape {wanted.shape}, {how}",
            f"{found}, shape {value.shape}",
            "Look at call: sum over the classes (axis=-1) and leave the batch to Keras; and at "
            f"__init__: {KWARGS}",
            about=None if keeps() else init,
            reproduce=shown(),
        )
    if not near(value, wanted):
        fail(
            f"the {what} of the examples' losses {how}",
            f"{number(value):.4f} instead of {float(wanted):.4f}"
            if value.size == 1
            else diagnose(value, wanted, {}),
            "Look for a mean or sum over the whole batch in call, and for a __call__ or a "
            "reduction of your own",
            about=("__call__", "PenalizedLoss.call") if keeps() else init,
            reproduce=shown(),
        )


@check(
    points=0.5,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    about="PenalizedLoss.call",
    needs=("reductions",),
    hints=(
        "What happens to your terms when y_true has the shape (n, 1)?",
        "keras.ops.reshape(y_true, (-1,)), and keras.ops.cast(…, 'int32'), make it one kind.",
    ),
)
def label_shapes(submission, rng):
    """Labels of shape (n,) and (n, 1) give the same, as integers or floats."""
    batch = Batch.draw(rng)
    flat = [batch.y.astype(dtype) for dtype in ("int32", "uint8", "float32")]
    kinds = flat + [labels[:, None] for labels in flat]
    cases = [{"y": labels, "p": batch.p} for labels in kinds]
    losses = _losses(submission)
    answers = losses.measured(cases, penalty=0.3, reduction=None)
    for labels, answer in zip(kinds, answers, strict=True):
        shown = functools.partial(lines.of_labels, losses, labels)
        kind = f"y_true of shape {labels.shape} and dtype {labels.dtype}"
        if answer.value.size != len(labels) or answer.value.ndim > 2:
            fail(
                f"one value per example for {kind}",
                f"an array of shape {answer.value.shape}",
                "Look at which shapes meet in call: (n, 1) beside (n,) gives (n, n), and a one-hot "
                "of (n, 1) has the shape (n, 1, classes). Bring y_true to the shape (n,) first, "
                "with ops.reshape(y_true, (-1,))",
                reproduce=shown(),
            )
        found = answer.value.reshape(-1)
        if not near(found, batch.loss(0.3)):
            fail(
                f"the same loss for {kind} as for (n,) integers",
                batch.explain(found, 0.3),
                "Bring y_true to one shape and to integers first",
                reproduce=shown(),
            )


# What lets no gradient pass.
NO_GRADIENT = (Uses("stop_gradient"), Uses("convert_to_numpy"))


@check(
    points=1,
    doc="https://keras.io/api/ops/nn/",
    about="PenalizedLoss.call",
    needs=("values",),
    hints=(
        "Does the penalty reach the weights? Only what has a gradient teaches.",
        "Stay with keras.ops on tensors: no NumPy, no stop_gradient, no rounding.",
    ),
)
def gradient(submission, rng):
    """The gradient with respect to the prediction is that of both terms."""
    losses = _losses(submission)
    penalty = 0.6
    for logits in (True, False):
        batch = Batch.draw(rng)
        cases = batch.singles(logits)
        options = {"penalty": penalty, "from_logits": logits, "reduction": "sum"}
        together, *alone = losses.measured([batch.case(logits), *cases], **options)
        terms = batch.gradients(penalty, logits)
        if not _named(together.gradient, terms[0] + terms[1], {}):
            continue
        what = "logits" if logits else "probabilities"
        found = numbers(alone)
        if not near(found, batch.loss(penalty)):
            ignored = logits and losses.ignores_flag(cases, found, penalty)
            fail(
                f"the loss, and with it its gradient, for {what} with from_logits={logits}",
                f"another loss already: {IGNORED if ignored else batch.explain(found, penalty)}",
                "Look at from_logits in call",
                FLAG if logits else (),
                reproduce=lines.of_values(losses, penalty, penalty=penalty, from_logits=logits),
            )
        shown = functools.partial(lines.of_gradient, losses, penalty, logits)
        _check_gradients(together, alone, terms, what, shown)


def _named(found: np.ndarray | None, right: np.ndarray, mistakes: dict[str, np.ndarray]) -> str:
    """Names what is wrong with a gradient; empty if nothing is."""
    return "none" if found is None else diagnose(flat(found), right, mistakes, tolerance=2e-3)


def _check_gradients(
    together: LossValue,
    alone: list[LossValue],
    terms: tuple[np.ndarray, np.ndarray],
    what: str,
    shown: Callable[[], str],
) -> None:
    """Fails with what is wrong with a gradient: one of its terms, or how a batch is reduced."""
    first, second = terms
    right, n = first + second, len(alone)
    gradients = [answer.gradient for answer in alone if answer.gradient is not None]
    if len(gradients) < n:
        fail(
            f"a gradient of the loss with respect to the {what}",
            "none",
            "Look at call for what a gradient cannot pass: NumPy, argmax, stop_gradient",
            about=(*NO_GRADIENT, "PenalizedLoss.call"),
            reproduce=shown(),
        )
    lost = {"that of the cross-entropy alone": first, "that of the penalty alone": second}
    problem = _named(np.concatenate(gradients), right, lost)
    if not problem:
        scaled = {f"1/{n} of it": right / n, f"{n} times it": right * n}
        fail(
            f"the gradient of a batch's sum (reduction='sum') with respect to the {what}",
            "the right gradient for one example at a time, and for a batch of "
            f"{n}: {_named(together.gradient, right, scaled)}",
            "The terms are right for one example, so look at how a batch is reduced: call returns "
            f"one value for each example (a sum over axis=-1 alone), and {KWARGS}",
            ("How many numbers does call return for a batch of 9 examples? It should be 9.",),
            reproduce=shown(),
        )
    fail(
        f"the gradient of both terms with respect to the {what}",
        problem,
        "Look at call for a stop_gradient, or a term that is computed outside of keras.ops"
        if problem in lost
        else "The values are right: look at call for what changes a gradient alone, such as "
        "rounding, a division by 0, or a stop_gradient on a part of a term",
        about=(*NO_GRADIENT, "PenalizedLoss.call"),
        reproduce=shown(),
    )


def _fault(row: Extreme, answer: LossValue, what: str) -> tuple[str, str, str] | None:
    """Returns what is expected, found and to look at, `None` if all is well."""
    shown = f"{what} of {np.array(row.p).tolist()} and the label {row.y}"
    value = number(answer.value)
    if not np.isfinite(value):
        return (
            f"a finite loss for {shown}",
            f"{value}",
            "Look at the logarithms in call: log(0) is minus infinity, and 0 * log(0) is NaN. "
            "Clip the probabilities, or use log_softmax",
        )
    if row.loss is not None and abs(value - row.loss) > 1e-2:
        return (
            f"a loss of {row.loss:.3f} for {shown}",
            f"{value:.3f}",
            "Look at how call keeps probabilities of 0 from the logarithm: a class of "
            "probability 0 adds nothing to the entropy",
        )
    if row.loss is None and value < SURE_AND_WRONG:
        return (
            f"a loss of at least {SURE_AND_WRONG} for {shown}: sure, and wrong",
            f"{value:.3f}",
            "Look at how call clips: the bound should be tiny, as keras.config.epsilon()",
        )
    if answer.gradient is None or not np.isfinite(answer.gradient).all():
        return (
            f"a finite gradient for {shown}",
            "none" if answer.gradient is None else "NaN or infinity",
            "A keras.ops.where after the logarithm does not help the gradient: keep 0 away "
            "from the logarithm itself",
        )
    return None


@check(
    points=1,
    doc="https://keras.io/api/ops/numpy/",
    about="PenalizedLoss.call",
    needs=("values",),
    hints=(
        "What is 0 * log(0) for a computer, and what should it be here?",
        "keras.ops.clip(p, epsilon, 1) with keras.config.epsilon(), or log(p + epsilon), keeps the "
        "logarithm finite; with logits, log_softmax does.",
        "A keras.ops.where around log(0) fixes the value but not the gradient.",
    ),
)
def extremes(submission):
    """The loss and its gradient are finite for probabilities of 0 and 1."""
    losses = _losses(submission)
    for logits in (False, True):
        what = "logits that give probabilities" if logits else "probabilities"
        cases = [row.case(logits) for row in EXTREMES]
        answers = losses.measured(cases, penalty=0.5, from_logits=logits)
        for row, answer in zip(EXTREMES, answers, strict=True):
            fault = _fault(row, answer, what)
            shown = lines.of_extreme(losses, row, answer, logits)
            if fault and logits and losses.ignores_flag(cases, numbers(answers), 0.5):
                fault = (fault[0], f"{fault[1]}, {IGNORED}", "Look at from_logits in call")
                fail(*fault, FLAG, reproduce=shown)
            if fault:
                fail(*fault, reproduce=shown)


@check(
    points=0.5,
    doc="https://keras.io/guides/serialization_and_saving/",
    about="PenalizedLoss.get_config",
    needs=("values",),
    hints=(
        "What would another person need to make a loss like yours?",
        "get_config: super().get_config() with penalty and from_logits added.",
    ),
)
def config(submission, rng):
    """get_config and from_config keep penalty, from_logits, name and reduction."""
    batch = Batch.draw(rng)
    both: tuple[dict[str, Any], ...] = (
        {"penalty": 0.37, "from_logits": False, "reduction": "sum", "name": "confident"},
        {"penalty": 0.8, "from_logits": True, "reduction": "sum_over_batch_size", "name": "other"},
    )
    for options in both:
        right = batch.loss(options["penalty"])
        reduced = right.sum() if options["reduction"] == "sum" else right.mean()
        _check_copies(_losses(submission), options, batch, reduced)


def _check_copies(losses: Losses, options: dict[str, Any], batch: Batch, right: float) -> None:
    """Fails unless the copies of a loss are like it."""
    found = losses.copied(options, **batch.case(options["from_logits"]))
    shown = paste.call(losses.name, **options)
    for key in ("name", "reduction"):
        wanted, kept = options[key], getattr(found.original, key)
        if kept != wanted:
            fail(
                f"{shown} to have {key}={wanted!r}",
                f"{key}={kept!r}, before it is copied",
                f"Look at __init__: {KWARGS}",
                ("Who takes name and reduction? super().__init__(**kwargs) hands them on.",),
                (Uses("super", "PenalizedLoss.__init__"), "PenalizedLoss.__init__"),
                paste.lines(losses.name, f"loss = {shown}", wanted, f"loss.{key}", kept),
            )
        for copy in found.copies:
            kept = getattr(copy, key)
            if kept != wanted:
                lacks, advice = _what_is_lost(found.keys, [key])
                # What saving and loading loses, a copy from the config alone may have.
                copied = lines.copied(losses, options)
                of_key = paste.lines(losses.name, copied, wanted, f"loss.{key}", kept)
                fail(
                    f"a copy of {shown} with {key}={wanted!r}",
                    f"{key}={kept!r}{lacks}",
                    advice,
                    reproduce=of_key if copy is found.copies[0] else "",
                )
    # Another check's business is whether from_logits does what it should: a copy is compared with
    # the loss that it was made from, right or wrong.
    original = found.original.value
    value = right if near(original, right) else original
    for copy in found.copies:
        if not same(copy.value, value):
            lacks, advice = _what_is_lost(found.keys, ["penalty", "from_logits"])
            what = f"a copy of {shown} that gives the same loss"
            fail(what, f"another loss{lacks}", advice, reproduce=lines.of_copy(losses, options))


def _what_is_lost(keys: Sequence[str], wanted: Sequence[str]) -> tuple[str, str]:
    """Tells whether the config lacks something, or the loss that is made from it is another one.

    Args:
        keys: Sequence of strings, what the config holds.
        wanted: Sequence of strings, what it should hold for what went wrong.

    Returns:
        A pair of strings: the end of what was found, and what to look at.
    """
    missing = [key for key in wanted if key not in keys]
    if missing:
        return f"; its config holds {', '.join(keys)}, and lacks {' and '.join(missing)}", (
            "Look at get_config: {**super().get_config(), …} with penalty and from_logits"
        )
    return f"; its config holds {' and '.join(wanted)}, so what is made from it differs", (
        "Look at whether get_config returns each argument's own value, at __init__ (does it keep "
        f"each argument? {KWARGS}), and at from_config if you wrote one"
    )


@pytest.fixture(scope="module")
def penalised(submission, data):
    """The model with the penalty."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", shape, data.num_classes, PENALTY, input_shape=shape)


@pytest.fixture(scope="module")
def plain(submission, data):
    """The model without a penalty."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", shape, data.num_classes, 0.0, input_shape=shape)


@pytest.fixture(scope="module")
def training(penalised, given):
    """What `train` left of the model with the penalty."""
    return penalised.train("train", "train", "validation")


@pytest.fixture(scope="module")
def plain_training(plain, given):
    """What `train` left of the model without."""
    return plain.train("train", "train", "validation")


@check(
    points=0.5,
    doc="https://keras.io/guides/sequential_model/",
    hints=(
        *hints.BUILDS,
        "keras.Input(input_shape) and Dense(num_classes), compile, return model.",
    ),
)
def builds(submission, penalised, data):
    """build_model returns a compiled classifier for any image size and class count."""
    other_shape, classes = (20, 24, 3), 7
    other = submission.build("build_model", other_shape, classes, 0.2, input_shape=other_shape)
    for model, shape, outputs in (
        (penalised, data.train[0].shape[1:], data.num_classes),
        (other, other_shape, classes),
    ):
        call = f"build_model({shape}, {outputs}, …)"
        check_image_classifier(model.keras, shape, outputs, call)
    live.check_same_model(penalised)


@check(
    points=1,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("builds", "values"),
    hints=(
        "Does the argument `penalty` of build_model get to the loss?",
        "A last layer with softmax goes with from_logits=False, one without activation with "
        "from_logits=True.",
    ),
)
def compiled_loss(submission, penalised, plain, data, rng):
    """The model is compiled with PenalizedLoss(penalty), which matches its output."""
    images = data.validation[0][:250]
    for model, penalty in ((penalised, PENALTY), (plain, 0.0)):
        logits = check_classifier_output(model.snapshot, images, data.num_classes) == "logits"
        batch = Batch.draw(rng, 12, data.num_classes)
        on_p, on_z = _losses(submission).compiled(model.handle, batch.y, [batch.p, batch.z])
        found, wanted = on_z if logits else on_p, batch.loss(penalty).mean()
        if near(found, wanted):
            continue
        expected = f"build_model(…, penalty={penalty}) to compile with PenalizedLoss({penalty})"
        if logits and near(on_p, wanted):
            _fail_unscaled(expected, loss_of(model.snapshot)[1], model)
        if not logits and near(on_p, batch.softened().loss(penalty).mean()):
            fail(
                expected + ", and the loss to match the output",
                "probabilities (softmax) with from_logits=True: softmax would be applied twice",
                "Take softmax from the last layer, or leave from_logits out",
                MATCHING,
                model.snapshot.lines.of_loss(),
            )
        first, second = batch.loss(0.0).mean(), entropy(batch.p).mean()
        mistakes = {
            "a loss without a penalty": first,
            "a penalty of 0.1, the default": first - 0.1 * second,
        }
        problem = diagnose(found, wanted, mistakes)
        if problem not in mistakes:
            problem = f"a loss of {found:.4f} on the grader's predictions instead of {wanted:.4f}"
            if np.isfinite(found):
                problem += f", as a penalty of {(first - found) / second:.2g} would give"
        fail(
            expected,
            problem,
            "Look at model.compile: loss=PenalizedLoss(penalty), with the argument of build_model",
            about=model.snapshot.lines.of_loss(),
        )


def _fail_unscaled(expected: str, flagged: bool, model: Any) -> None:
    """Fails with a loss that takes a model's logits for probabilities."""
    expected += ", and the loss to match the output"
    if flagged:
        fail(
            expected,
            "logits (a last layer without softmax), which the loss takes for probabilities though "
            "it has from_logits=True",
            "Look at from_logits in call",
            FLAG,
            "PenalizedLoss.call",
        )
    fail(
        expected,
        "logits (a last layer without softmax) with from_logits=False",
        "Add softmax to the last layer, or give the loss from_logits=True",
        MATCHING,
        model.snapshot.lines.of_loss(),
    )


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("compiled_loss",),
    hints=(
        *hints.TRAINS,
        *hints.TRY_ADAM,
    ),
)
def trains(training, data, evidence):
    """train moves the weights of every layer, lowers the loss and returns the History."""
    note_training(training, data, evidence)
    check_training(training, data)


@check(
    points=1,
    doc="https://keras.io/api/losses/",
    needs=("trains",),
    hints=(
        "What does the penalty reward? Compare the largest probabilities of the two models.",
        "Does train use the loss that the model was compiled with?",
    ),
)
def less_confident(training, plain_training, data, threshold, evidence):
    """A model trained with the penalty is less confident than one without."""
    check_trained(plain_training.before, plain_training.after, "train")
    with_penalty = part_scores(training.after, data, "test")
    without = part_scores(plain_training.after, data, "test")
    sure, surer = (float(s.probabilities.max(axis=1).mean()) for s in (with_penalty, without))
    evidence["confidence"] = {"penalty 0": surer, f"penalty {PENALTY}": sure}
    drop = surer - sure
    wanted = threshold("confidence_drop", drop)
    if not drop >= wanted:
        fail(
            f"clearly less confidence with a penalty of {PENALTY} than without, on hidden images: "
            f"at least {100 * wanted:.1f} points less",
            f"{sure:.1%} with it and {surer:.1%} without (the mean of the largest probability)",
            "Look at train: does it recompile with another loss, or train for too short a time?",
            about=Uses("compile", "train"),
        )


@check(
    points=0.5,
    repairs=True,
    doc="https://keras.io/guides/training_with_built_in_methods/",
    needs=("trains",),
    hints=(
        *hints.ACCURACY,
        "Too low on both: more epochs, more units or filters, or another learning rate.",
    ),
)
def accuracy(training, data, threshold, evidence):
    """The model trained with the penalty reaches the accuracy threshold on hidden images."""
    check_accuracy(training, data, threshold, evidence, "images")
