"""Lines to paste that show a fault of a student's loss with a confidence penalty."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.toolkit import reproductions as paste
from graders.toolkit.closed_forms import number
from graders.toolkit.confidence_penalty import SMALL, Batch, Case, Extreme, flat
from graders.toolkit.loss_probes import Losses
from graders.toolkit.measured import LossValue

# The loss of a probability of 0 for the label is up to the student, if it is large.
SURE_AND_WRONG = 6


def _lines(name: str, case: Case, setup: str, expected: Any, shown: str, came: Any) -> str:
    """Returns lines on a batch, `y` and `p`."""
    given = f"y, p = {paste.array(case['y'])}, {paste.array(case['p'])}"
    setup = "; ".join(part for part in (given, setup) if part)
    return paste.lines(name, setup, expected, shown, came)


def _typed(batch: Batch, logits: bool) -> tuple[Case, Batch]:
    """Returns what is typed, four digits, and the batch that it is."""
    p = paste.as_pasted(batch.z if logits else batch.p)
    return {"y": batch.y, "p": p}, batch if logits else dataclasses.replace(batch, p=p)


@paste.tried
def of_values(
    losses: Losses,
    penalty: float,
    /,
    *args: Any,
    reduced: Callable[[np.ndarray], Any] = np.mean,
    labels: Callable[[np.ndarray], np.ndarray] = np.array,
    **options: Any,
) -> str:
    """Returns lines on the smallest batch that shows a wrong loss; empty if none does.

    Args:
        losses: `Losses`.
        penalty: Float, what the loss should be made with, or has by default.
        *args: What it is made with.
        reduced: Function from the losses of the examples to what the loss should give.
        labels: Function that gives labels another shape or dtype.
        **options: What it is made with, by name.
    """
    for batch in SMALL:
        case, exact = _typed(batch, options.get("from_logits", False))
        case["y"] = labels(batch.y)
        [found] = losses.measured([case], *args, **options)
        right, came = paste.rounded(reduced(exact.loss(penalty))), paste.rounded(found.value)
        if paste.differ(right, came):
            shown = paste.values(f"{paste.call(losses.name, *args, **options)}(y, p)")
            return _lines(losses.name, case, "", right, shown, came)
    return ""


def of_labels(losses: Losses, labels: np.ndarray) -> str:
    """Returns lines on labels of the shape and dtype of others; empty if they show no fault.

    Args:
        losses: `Losses`.
        labels: Array, `(n,)` or `(n, 1)`.
    """

    def alike(y: np.ndarray) -> np.ndarray:
        return y.astype(labels.dtype).reshape(-1, *labels.shape[1:])

    options: dict[str, Any] = {"penalty": 0.3, "reduction": None}
    return of_values(losses, 0.3, reduced=np.array, labels=alike, **options)


@paste.tried
def of_reduced(
    losses: Losses,
    reduction: str | None,
    reduced: Callable[..., Any],
    weights: list[float] | None = None,
) -> str:
    """Returns lines on how two examples are reduced; empty if they do not show the fault.

    Args:
        losses: `Losses`.
        reduction: String, as Keras takes it.
        reduced: Function from the losses of the examples to what the loss should give.
        weights: List of floats, the weights of the examples.
    """
    case, exact = _typed(SMALL[3], False)
    each, given = exact.loss(0.3), "y, p"
    if weights is not None:
        case["weights"], given = np.array(weights, "float32"), f"y, p, np.array({weights})"
        each = each * weights
    options = {"penalty": 0.3, "reduction": reduction}
    [found] = losses.measured([case], **options)
    right, came = paste.rounded(reduced(each)), paste.rounded(found.value)
    if not paste.differ(right, came):
        return ""
    shown = paste.values(f"{paste.call(losses.name, **options)}({given})")
    return _lines(losses.name, case, "", right, shown, came)


@paste.tried
def of_gradient(losses: Losses, penalty: float, logits: bool) -> str:
    """Returns lines on the smallest batch that shows a wrong gradient; empty if none does.

    Args:
        losses: `Losses`.
        penalty: Float.
        logits: Boolean, whether the predictions are logits.
    """
    options = {"penalty": penalty, "from_logits": logits, "reduction": "sum"}
    for batch in SMALL[1:]:
        # Along the plane of predictions whose sum stays the same, see `flat`.
        right = paste.rounded(sum(batch.gradients(penalty, logits)))
        case = batch.case(logits)
        [found] = losses.measured([case], **options)
        came = None if found.gradient is None else paste.rounded(flat(found.gradient))
        if came is None or paste.differ(right, came):
            setup = paste.taped("p", f"{paste.call(losses.name, **options)}(y, p)", "p")
            shown = "(g - np.mean(g, axis=-1, keepdims=True)).numpy().round(4).tolist()"
            return _lines(losses.name, case, setup, right, paste.unless_none(shown), came)
    return ""


@paste.tried
def of_copy(losses: Losses, options: dict[str, Any]) -> str:
    """Returns lines on the smallest batch for which a copy gives another loss; empty if none.

    Args:
        losses: `Losses`.
        options: Dict, what the loss is made with.
    """
    for batch in SMALL:
        case, exact = _typed(batch, options["from_logits"])
        found = losses.copied(options, **case)
        each = exact.loss(options["penalty"])
        right = paste.rounded(each.sum() if options["reduction"] == "sum" else each.mean())
        came = paste.rounded(found.copies[0].value)
        if paste.differ(right, came):
            setup = copied(losses, options)
            return _lines(losses.name, case, setup, right, "round(float(loss(y, p)), 4)", came)
    return ""


def copied(losses: Losses, options: dict[str, Any]) -> str:
    """Returns a statement that makes a loss with some options, and copies it by its config."""
    made = paste.call(losses.name, **options)
    return f"loss = {losses.name}.from_config({made}.get_config())"


def of_extreme(losses: Losses, row: Extreme, answer: LossValue, logits: bool) -> str:
    """Returns lines that show the loss, or the gradient where the loss is right.

    Args:
        losses: `Losses`.
        row: `Extreme`.
        answer: `LossValue`, what the loss gave for it.
        logits: Boolean, whether it was given as logits.
    """
    value = number(answer.value)
    call = f"{paste.call(losses.name, penalty=0.5, from_logits=logits)}(y, p)"
    if row.loss is None:
        wrong = not value >= SURE_AND_WRONG or not np.isfinite(value)
        expected: Any = f"a finite number of at least {SURE_AND_WRONG}"
    else:
        wrong, expected = paste.differ(row.loss, value), paste.rounded(row.loss)
    case = row.case(logits)
    if wrong:
        shown, came = f"round(float({call}), 4)", paste.rounded(value)
        return _lines(losses.name, case, "", expected, shown, came)
    setup = paste.taped("p", call, "p")
    came = None if answer.gradient is None else paste.rounded(answer.gradient)
    shown = paste.unless_none("g.numpy().round(4).tolist()")
    return _lines(losses.name, case, setup, "finite numbers", shown, came)
