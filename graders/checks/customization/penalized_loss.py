"""A loss with a penalty term: cross-entropy minus a multiple of the prediction's entropy."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from graders.checking import Uses, check, fail, probe
from graders.toolkit import hints, live
from graders.toolkit import reproductions as paste
from graders.toolkit.accuracy import check_accuracy
from graders.toolkit.closed_forms import (
    crossentropy,
    diagnose,
    entropy,
    near,
    number,
    same,
    softmax,
)
from graders.toolkit.losses import check_classifier_output, loss_of
from graders.toolkit.measured import (
    CopiedLoss,
    LossValue,
    compiled_losses,
    copied_loss,
    loss_values,
)
from graders.toolkit.outputs import part_scores
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import check_trained, check_training, note_training

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 2
WALKTHROUGH = 2

# Enough to pull the confidence down by far more than chance does, and not the accuracy.
PENALTY = 0.5
# A loss of this size answers in milliseconds; what takes longer does not end.
SECONDS = 60.0
FORMULA = "cross-entropy minus penalty * entropy, natural logarithms,"
IGNORED = "what it gives with from_logits=False too"
# The loss of a probability of 0 for the label is up to the student, if it is large.
SURE_AND_WRONG = 6
KWARGS = "**kwargs must reach super().__init__"

Case = dict[str, np.ndarray]


@probe
def measure(student, box, args, options, cases):
    """Calls a loss on the grader's batches."""
    import keras

    loss = box.make("PenalizedLoss", keras.losses.Loss, *args, **options)
    return [box.losses.measured(loss, **case) for case in cases]


@probe
def copy_loss(student, box, options, y, p):
    """Describes a loss, and its copies from the config."""
    import keras

    loss = box.make("PenalizedLoss", keras.losses.Loss, **options)
    config, copies = box.objects.copies(loss)
    described = [box.losses.described(each, y, p) for each in (loss, *copies)]
    return {"keys": sorted(map(str, config)), "losses": described}


@probe
def compiled_value(student, box, model, y, predictions):
    """Asks a compiled model for its loss on the grader's predictions."""
    return [box.losses.compiled(box[model], y, p) for p in predictions]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Labels and predictions, and what the task's loss is for them.

    Attributes:
        y: Integer array `(n,)`, the labels.
        z: Float32 array `(n, classes)`, logits.
        p: Float32 array `(n, classes)`, the probabilities that belong to the logits.
    """

    y: np.ndarray
    z: np.ndarray
    p: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int = 9, classes: int = 5) -> "Batch":
        """Draws logits and labels."""
        # No probability so small that a floor under the logarithm would show.
        z = rng.uniform(-1.2, 1.2, size=(n, classes)).astype("float32")
        return cls(rng.integers(0, classes, n), z, softmax(z).astype("float32"))

    def softened(self) -> "Batch":
        """Returns the batch that results if the probabilities are taken for logits."""
        return Batch(self.y, self.p, softmax(self.p).astype("float32"))

    def singles(self, logits: bool = False) -> list[Case]:
        """Returns the examples one at a time: how a batch is reduced then makes no difference."""
        given = self.z if logits else self.p
        return [{"y": self.y[i : i + 1], "p": given[i : i + 1]} for i in range(len(self.y))]

    def loss(self, penalty: float) -> np.ndarray:
        """Returns the loss of each example."""
        return crossentropy(self.y, self.p) - penalty * entropy(self.p)

    def mistakes(self, penalty: float) -> dict[str, np.ndarray]:
        """Returns the values that known mistakes give for each example."""
        first, second = crossentropy(self.y, self.p), penalty * entropy(self.p)
        return {
            "the entropy added instead of subtracted: that rewards confidence": first + second,
            "the penalty alone, without the cross-entropy": -second,
            "an entropy in bits (logarithm to base 2) instead of the natural logarithm": (
                first - second / np.log(2)
            ),
            "the mean over the classes of -p log p instead of the sum": (
                first - second / self.p.shape[1]
            ),
            "the entropy of softmax(probabilities): one softmax too many": (
                first - penalty * entropy(softmax(self.p))
            ),
            "an entropy of which only the true class's term is there": (
                first - penalty * np.exp(-first) * first
            ),
            "the cross-entropy with the wrong sign": -first - second,
            "both terms with the wrong sign": -first + second,
        }

    def explain(self, found: np.ndarray, penalty: float) -> str:
        """Names the mistake that gives the values found, or another penalty that does."""
        mistakes = self.mistakes(penalty)
        if not any(near(found, values) for values in mistakes.values()):
            # Some of the mistakes are the same as another penalty: their own names tell more.
            first, second = crossentropy(self.y, self.p), entropy(self.p)
            used = float(((first - found) / second).mean())
            words = f"cross-entropy minus {round(used, 3) + 0.0:.3g} * entropy"
            mistakes[words] = first - used * second
        return diagnose(found, self.loss(penalty), mistakes)

    def gradients(self, penalty: float, logits: bool) -> tuple[np.ndarray, np.ndarray]:
        """Returns the gradients of the cross-entropy and of the penalty, see `_flat`."""
        p, hot = self.p.astype("float64"), np.eye(self.p.shape[1])[self.y]
        if logits:
            return _flat(p - hot), _flat(penalty * p * (np.log(p) + entropy(p)[:, None]))
        return _flat(-hot / p), _flat(penalty * (np.log(p) + 1))


def _flat(gradient: np.ndarray) -> np.ndarray:
    """Returns a gradient along the plane of predictions whose sum stays the same.

    Probabilities sum to 1: what a gradient is across that plane is anybody's choice, for some
    losses normalise first.
    """
    return gradient - gradient.mean(axis=-1, keepdims=True)


def _measure(submission: Any, cases: list[Case], *args: Any, **options: Any) -> list[LossValue]:
    """Returns what `PenalizedLoss(*args, **options)` gives for each case."""
    shapes = [case["p"].shape for case in cases]
    asked = {"args": list(args), "options": options, "cases": cases}
    return submission.run(
        measure, lambda claim: loss_values(claim, shapes), seconds=SECONDS, **asked
    )


def _numbers(answers: list[LossValue]) -> np.ndarray:
    return np.array([number(answer.value) for answer in answers])


def _ignores_flag(submission: Any, cases: list[Case], found: np.ndarray, penalty: float) -> bool:
    """Returns whether values for logits are those of the same loss with from_logits=False."""
    return same(found, _numbers(_measure(submission, cases, penalty=penalty)))


# Labels and logits, smallest first, of which one shows a fault.
SMALL = tuple(
    Batch(np.array(y), np.array(z, "float32"), softmax(np.array(z)).astype("float32"))
    for y, z in (
        ([0], [[0.0, 0.0]]),
        ([0], [[1.0, 0.0]]),
        ([1], [[2.0, 0.0, 1.0]]),
        ([0, 1], [[1.0, 0.0], [1.0, 0.0]]),
        ([0, 2, 1], [[1.0, 0.0, 0.5], [0.0, 2.0, 1.0], [0.3, 0.2, 0.1]]),
    )
)


def _mean_loss(penalty: float, batch: Batch) -> np.ndarray:
    return batch.loss(penalty).mean()


def _call(*args: Any, **options: Any) -> str:
    """Returns the call that makes a loss, as a student types it."""
    given = [repr(arg) for arg in args] + [f"{name}={value!r}" for name, value in options.items()]
    return f"PenalizedLoss({', '.join(given)})"


def _pasted(y: np.ndarray, p: np.ndarray, setup: str, expected: Any, shown: str, came: Any) -> str:
    """Returns lines on a batch, `y` and `p`."""
    given = f"y, p = {paste.array(y)}, {paste.array(p)}"
    setup = "; ".join(part for part in (given, setup) if part)
    return paste.lines("PenalizedLoss", setup, expected, shown, came)


@paste.tried
def _of_values(
    submission: Any,
    wanted: Callable[[Batch], np.ndarray],
    *args: Any,
    labels: Callable[[np.ndarray], np.ndarray] = np.array,
    **options: Any,
) -> str:
    """Returns lines on the smallest batch that shows a wrong loss; empty if none does.

    Args:
        submission: The judge's `Submission`.
        wanted: Function from a batch to its loss.
        *args: What `PenalizedLoss` gets.
        labels: Function that gives labels another shape or dtype.
        **options: What it gets by name.
    """
    logits = options.get("from_logits", False)
    for batch in SMALL:
        # What is typed is what was measured: four digits.
        p = np.array(paste.rounded(batch.z if logits else batch.p), "float32")
        exact = batch if logits else dataclasses.replace(batch, p=p)
        case = {"y": labels(batch.y), "p": p}
        [found] = _measure(submission, [case], *args, **options)
        right, came = paste.rounded(wanted(exact)), paste.rounded(found.value)
        if paste.differ(right, came):
            shown = f"np.array({_call(*args, **options)}(y, p), 'float64').round(4).tolist()"
            return _pasted(case["y"], p, "", right, shown, came)
    return ""


@paste.tried
def _of_gradient(submission: Any, penalty: float, logits: bool) -> str:
    """Returns lines on the smallest batch that shows a wrong gradient; empty if none does."""
    options = {"penalty": penalty, "from_logits": logits, "reduction": "sum"}
    for batch in SMALL[1:]:
        # Along the plane of predictions whose sum stays the same, see `_flat`.
        right = paste.rounded(sum(batch.gradients(penalty, logits)))
        case = {"y": batch.y, "p": batch.z if logits else batch.p}
        [found] = _measure(submission, [case], **options)
        came = None if found.gradient is None else paste.rounded(_flat(found.gradient))
        if came is None or paste.differ(right, came):
            setup = (
                "import tensorflow as tf; p = tf.constant(p); "
                "tape = tf.GradientTape().__enter__(); tape.watch(p); "
                f"g = tape.gradient({_call(**options)}(y, p), p)"
            )
            flat = "(g - np.mean(g, axis=-1, keepdims=True)).numpy().round(4).tolist()"
            return _pasted(
                case["y"], case["p"], setup, right, f"None if g is None else {flat}", came
            )
    return ""


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
    for args, options in (([0.3], {}), ([], {"penalty": 0.0}), ([], {"penalty": 1.7}), ([], {})):
        [penalty] = [*args, *options.values()] or [0.1]
        batch = Batch.draw(rng)
        given: dict[str, Any] = {**options}
        found = _numbers(_measure(submission, batch.singles(), *args, **given))
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
                reproduce=_of_values(
                    submission, functools.partial(_mean_loss, penalty), *args, **given
                ),
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
    # With a penalty of 0 the cross-entropy stands alone.
    for penalty in (0.0, 0.4):
        batch = Batch.draw(rng)
        cases = batch.singles(logits=True)
        found = _numbers(_measure(submission, cases, penalty=penalty, from_logits=True))
        if near(found, batch.loss(penalty)):
            continue
        mistakes = {"softmax applied twice": batch.softened().loss(penalty)}
        mistakes |= batch.mistakes(penalty)
        problem = diagnose(found, batch.loss(penalty), mistakes)
        if _ignores_flag(submission, cases, found, penalty):
            problem = IGNORED
        elif penalty and problem not in mistakes:
            problem = "a right cross-entropy, but not the entropy of softmax(logits)"
        fail(
            f"`PenalizedLoss({penalty}, from_logits=True)` to give {FORMULA} of the softmax",
            problem,
            "Look at from_logits in call: softmax turns the logits into probabilities, for the "
            "cross-entropy and for the entropy",
            reproduce=_of_values(
                submission,
                functools.partial(_mean_loss, penalty),
                penalty=penalty,
                from_logits=True,
            ),
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
    batch = Batch.draw(rng)
    weights = rng.uniform(0.2, 2.0, len(batch.y)).astype("float32")
    each = batch.loss(0.3)
    cases = [{"y": batch.y, "p": batch.p}, {"y": batch.y, "p": batch.p, "weights": weights}]
    ways = ((None, np.array), ("sum", np.sum), ("sum_over_batch_size", np.mean))
    for reduction, reduced in ways:
        plain, weighted = _measure(submission, cases, penalty=0.3, reduction=reduction)
        how = f"with reduction={reduction!r}"
        what = repr(reduction) if reduction else "values"
        lines = _of_reduced(submission, reduction, reduced)
        keeps = functools.partial(_keeps, submission, reduction)
        _check_reduced(plain.value, reduced(each), what, how, lines, keeps)
        how += " and sample_weight"
        lines = _of_reduced(submission, reduction, reduced, [1.0, 3.0])
        _check_reduced(weighted.value, reduced(each * weights), what, how, lines, keeps)


def _keeps(submission: Any, reduction: str | None) -> bool:
    """Returns whether a loss has the reduction that it was made with."""
    small = SMALL[3]
    asked = {"options": {"penalty": 0.3, "reduction": reduction}, "y": small.y, "p": small.p}
    with contextlib.suppress(Exception):  # of what fails here, another message tells
        found = submission.run(copy_loss, copied_loss, seconds=SECONDS, **asked)
        return bool(found.original.reduction == str(reduction))
    return True


def _of_reduced(
    submission: Any, reduction: str | None, reduced: Callable[..., Any], weights: Any = None
) -> Callable[[], str]:
    """Returns a function that returns lines on how two examples are reduced."""

    @paste.tried
    def lines() -> str:
        small = SMALL[3]
        p = np.array(paste.rounded(small.p), "float32")
        case = {"y": small.y, "p": p}
        each = dataclasses.replace(small, p=p).loss(0.3)
        given = "y, p"
        if weights is not None:
            case["weights"], given = np.array(weights, "float32"), f"y, p, np.array({weights})"
            each = each * weights
        options = {"penalty": 0.3, "reduction": reduction}
        [found] = _measure(submission, [case], **options)
        right, came = paste.rounded(reduced(each)), paste.rounded(found.value)
        if not paste.differ(right, came):
            return ""
        shown = f"np.array({_call(**options)}({given}), 'float64').round(4).tolist()"
        return _pasted(small.y, p, "", right, shown, came)

    return lines


def _check_reduced(
    value: np.ndarray,
    wanted: np.ndarray,
    what: str,
    how: str,
    lines: Callable[[], str],
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
            reproduce=lines(),
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
            reproduce=lines(),
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
    answers = _measure(submission, cases, penalty=0.3, reduction=None)
    for labels, answer in zip(kinds, answers, strict=True):
        lines = functools.partial(_of_labels, submission, labels)
        kind = f"y_true of shape {labels.shape} and dtype {labels.dtype}"
        if answer.value.size != len(labels) or answer.value.ndim > 2:
            fail(
                f"one value per example for {kind}",
                f"an array of shape {answer.value.shape}",
                "Look at which shapes meet in call: (n, 1) beside (n,) gives (n, n), and a one-hot "
                "of (n, 1) has the shape (n, 1, classes). Bring y_true to the shape (n,) first, "
                "with ops.reshape(y_true, (-1,))",
                reproduce=lines(),
            )
        found = answer.value.reshape(-1)
        if not near(found, batch.loss(0.3)):
            fail(
                f"the same loss for {kind} as for (n,) integers",
                batch.explain(found, 0.3),
                "Bring y_true to one shape and to integers first",
                reproduce=lines(),
            )


def _of_labels(submission: Any, labels: np.ndarray) -> str:
    """Returns lines on labels of the shape and dtype of others."""

    def alike(y: np.ndarray) -> np.ndarray:
        return y.astype(labels.dtype).reshape(-1, *labels.shape[1:])

    options: dict[str, Any] = {"penalty": 0.3, "reduction": None}
    return _of_values(submission, lambda small: small.loss(0.3), labels=alike, **options)


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
    penalty = 0.6
    for logits in (True, False):
        batch = Batch.draw(rng)
        cases = batch.singles(logits)
        whole = {"y": batch.y, "p": batch.z if logits else batch.p}
        options = {"penalty": penalty, "from_logits": logits, "reduction": "sum"}
        together, *alone = _measure(submission, [whole, *cases], **options)
        terms = batch.gradients(penalty, logits)
        if not _named(together.gradient, terms[0] + terms[1], {}):
            continue
        what = "logits" if logits else "probabilities"
        found = _numbers(alone)
        if not near(found, batch.loss(penalty)):
            ignored = logits and _ignores_flag(submission, cases, found, penalty)
            fail(
                f"the loss, and with it its gradient, for {what} with from_logits={logits}",
                f"another loss already: {IGNORED if ignored else batch.explain(found, penalty)}",
                "Look at from_logits in call",
                FLAG if logits else (),
                reproduce=_of_values(
                    submission,
                    functools.partial(_mean_loss, penalty),
                    penalty=penalty,
                    from_logits=logits,
                ),
            )
        lines = functools.partial(_of_gradient, submission, penalty, logits)
        _check_gradients(together, alone, terms, what, lines)


def _named(found: np.ndarray | None, right: np.ndarray, mistakes: dict[str, np.ndarray]) -> str:
    """Names what is wrong with a gradient; empty if nothing is."""
    return "none" if found is None else diagnose(_flat(found), right, mistakes, tolerance=2e-3)


def _check_gradients(
    together: LossValue,
    alone: list[LossValue],
    terms: tuple[np.ndarray, np.ndarray],
    what: str,
    lines: Callable[[], str],
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
            about=(Uses("stop_gradient"), "PenalizedLoss.call"),
            reproduce=lines(),
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
            reproduce=lines(),
        )
    fail(
        f"the gradient of both terms with respect to the {what}",
        problem,
        "Look at call for a stop_gradient, or a term that is computed outside of keras.ops"
        if problem in lost
        else "The values are right: look at call for what changes a gradient alone, such as "
        "rounding, a division by 0, or a stop_gradient on a part of a term",
        about=(Uses("stop_gradient"), "PenalizedLoss.call"),
        reproduce=lines(),
    )


@dataclasses.dataclass(frozen=True)
class Extreme:
    """A prediction with probabilities of 0 and 1.

    Attributes:
        p: List of floats, the probabilities.
        z: List of floats, logits that give them.
        y: Integer, the label.
        loss: Float, for a penalty of 0.5; `None` for any large value.
    """

    p: list[float]
    z: list[float]
    y: int
    loss: float | None

    def fault(self, answer: LossValue, what: str) -> tuple[str, str, str] | None:
        """Returns what is expected, found and to look at, `None` if all is well."""
        shown = f"{what} of {np.array(self.p).tolist()} and the label {self.y}"
        value = number(answer.value)
        if not np.isfinite(value):
            return (
                f"a finite loss for {shown}",
                f"{value}",
                "Look at the logarithms in call: log(0) is minus infinity, and 0 * log(0) is NaN. "
                "Clip the probabilities, or use log_softmax",
            )
        if self.loss is not None and abs(value - self.loss) > 1e-2:
            return (
                f"a loss of {self.loss:.3f} for {shown}",
                f"{value:.3f}",
                "Look at how call keeps probabilities of 0 from the logarithm: a class of "
                "probability 0 adds nothing to the entropy",
            )
        if self.loss is None and value < SURE_AND_WRONG:
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

    def pasted(self, answer: LossValue, logits: bool) -> str:
        """Returns lines that show the loss, or the gradient where the loss is right."""
        y, p = np.array([self.y]), np.array([self.z if logits else self.p], "float32")
        value, call = number(answer.value), _call(penalty=0.5, from_logits=logits)
        if self.loss is None:
            wrong = not value >= SURE_AND_WRONG or not np.isfinite(value)
            expected: Any = f"a finite number of at least {SURE_AND_WRONG}"
        else:
            wrong, expected = paste.differ(self.loss, value), paste.rounded(self.loss)
        if wrong:
            shown, came = f"round(float({call}(y, p)), 4)", paste.rounded(value)
            return _pasted(y, p, "", expected, shown, came)
        setup = (
            "import tensorflow as tf; p = tf.constant(p); tape = tf.GradientTape().__enter__(); "
            f"tape.watch(p); g = tape.gradient({call}(y, p), p)"
        )
        came = None if answer.gradient is None else paste.rounded(answer.gradient)
        shown = "None if g is None else g.numpy().round(4).tolist()"
        return _pasted(y, p, setup, "finite numbers", shown, came)


EXTREMES = (
    Extreme([1.0, 0.0, 0.0, 0.0], [300, 0, 0, 0], 0, 0.0),
    Extreme([0.0, 1.0, 0.0, 0.0], [-300, 300, -300, -300], 0, None),
    Extreme([0.5, 0.5, 0.0, 0.0], [200, 200, -200, -200], 0, 0.5 * float(np.log(2))),
    Extreme([0.0, 0.0, 0.0, 1.0], [-500, 0, -200, 500], 3, 0.0),
)


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
    for logits in (False, True):
        what = "logits that give probabilities" if logits else "probabilities"
        cases = [
            {"y": np.array([row.y]), "p": np.array([row.z if logits else row.p], "float32")}
            for row in EXTREMES
        ]
        answers = _measure(submission, cases, penalty=0.5, from_logits=logits)
        for row, answer in zip(EXTREMES, answers, strict=True):
            fault = row.fault(answer, what)
            lines = row.pasted(answer, logits)
            if fault and logits and _ignores_flag(submission, cases, _numbers(answers), 0.5):
                fault = (fault[0], f"{fault[1]}, {IGNORED}", "Look at from_logits in call")
                fail(*fault, FLAG, reproduce=lines)
            if fault:
                fail(*fault, reproduce=lines)


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
        given = {"y": batch.y, "p": batch.z if options["from_logits"] else batch.p}
        found = submission.run(copy_loss, copied_loss, seconds=SECONDS, options=options, **given)
        right = batch.loss(options["penalty"])
        reduced = right.sum() if options["reduction"] == "sum" else right.mean()
        _check_copies(found, options, reduced, functools.partial(_of_copy, submission, options))


@paste.tried
def _of_copy(submission: Any, options: dict[str, Any]) -> str:
    """Returns lines on the smallest batch for which a copy gives another loss; empty if none."""
    for batch in SMALL:
        p = np.array(paste.rounded(batch.z if options["from_logits"] else batch.p), "float32")
        exact = batch if options["from_logits"] else dataclasses.replace(batch, p=p)
        asked = {"options": options, "y": batch.y, "p": p}
        found = submission.run(copy_loss, copied_loss, seconds=SECONDS, **asked)
        each = exact.loss(options["penalty"])
        right = paste.rounded(each.sum() if options["reduction"] == "sum" else each.mean())
        came = paste.rounded(found.copies[0].value)
        if paste.differ(right, came):
            setup = f"loss = PenalizedLoss.from_config({_call(**options)}.get_config())"
            return _pasted(batch.y, p, setup, right, "round(float(loss(y, p)), 4)", came)
    return ""


def _check_copies(
    found: CopiedLoss, options: dict[str, Any], right: float, lines: Callable[[], str]
) -> None:
    """Fails unless the copies of a loss are like it."""
    shown = f"PenalizedLoss({', '.join(f'{key}={value!r}' for key, value in options.items())})"
    for key in ("name", "reduction"):
        wanted, kept = options[key], getattr(found.original, key)
        if kept != wanted:
            fail(
                f"{shown} to have {key}={wanted!r}",
                f"{key}={kept!r}, before it is copied",
                f"Look at __init__: {KWARGS}",
                ("Who takes name and reduction? super().__init__(**kwargs) hands them on.",),
                (Uses("super", "PenalizedLoss.__init__"), "PenalizedLoss.__init__"),
                paste.lines("PenalizedLoss", f"loss = {shown}", wanted, f"loss.{key}", kept),
            )
        copied = f"loss = PenalizedLoss.from_config({shown}.get_config())"
        for copy in found.copies:
            kept = getattr(copy, key)
            if kept != wanted:
                lacks, advice = _what_is_lost(found.keys, [key])
                # What saving and loading loses, a copy from the config alone may have.
                of_key = paste.lines("PenalizedLoss", copied, wanted, f"loss.{key}", kept)
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
            fail(what, f"another loss{lacks}", advice, reproduce=lines())


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
        given = {"y": batch.y, "predictions": [batch.p, batch.z]}
        asked = {"seconds": SECONDS, "model": model.handle, **given}
        on_p, on_z = submission.run(
            compiled_value, lambda claim: compiled_losses(claim, 2), **asked
        )
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
