"""Answers compared with closed forms in NumPy, and mistakes named by closed forms of their own.

A check computes the right answer itself, and one array for each known mistake. `diagnose` names
the mistake that fits best: one row for each mistake, in place of a ladder of `if`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

TOLERANCE = 1e-3


def log_softmax(logits: Any) -> np.ndarray:
    """Returns the logarithm of softmax over the last axis.

    Args:
        logits: Array.

    Returns:
        Float64 array of the same shape.
    """
    z = np.asarray(logits, "float64")
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def softmax(logits: Any) -> np.ndarray:
    """Returns softmax over the last axis.

    Args:
        logits: Array.

    Returns:
        Float64 array of the same shape.
    """
    return np.exp(log_softmax(logits))


def entropy(probabilities: Any) -> np.ndarray:
    """Returns the entropy over the last axis in nats; a probability of 0 adds nothing.

    Args:
        probabilities: Array, non-negative, which sums to 1 over its last axis.

    Returns:
        Float64 array without the last axis.
    """
    p = np.asarray(probabilities, "float64")
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)


def crossentropy(labels: Any, probabilities: Any) -> np.ndarray:
    """Returns the cross-entropy of each example in nats; infinite where it is sure and wrong.

    Args:
        labels: Array of whole numbers, `(n,)` or `(n, 1)`.
        probabilities: Array `(n, classes)`.

    Returns:
        Float64 array `(n,)`.
    """
    p = np.asarray(probabilities, "float64")
    picked = p[np.arange(len(p)), np.asarray(labels).reshape(-1).astype(int)]
    with np.errstate(divide="ignore"):
        return -np.log(picked)


def is_numbers(value: Any) -> bool:
    """Returns whether a value is a number, or an array of real numbers or booleans."""
    return isinstance(value, np.ndarray | np.generic | float | int) and (
        np.asarray(value).dtype.kind in "fiub"
    )


def number(value: Any) -> float:
    """Returns a value as a float, NaN if it is no single number."""
    if not is_numbers(value) or np.asarray(value).size != 1:
        return math.nan
    return float(np.asarray(value).reshape(-1)[0])


def _distance(found: Any, wanted: Any) -> float:
    """Returns the largest difference, as a share of the largest value of `wanted` (or of 1).

    It is infinite for another shape, or where either holds NaN or infinity.
    """
    if not is_numbers(found):
        return math.inf
    # The shapes first: what came back may be large, and eight times larger as float64.
    if np.shape(wanted) != np.shape(found):
        return math.inf
    # Most are equal, and some are large: comparing costs less than making others of them.
    if np.array_equal(found, wanted) and np.isfinite(wanted).all():
        return 0.0
    ours, theirs = np.asarray(wanted, "float64"), np.asarray(found, "float64")
    if not np.isfinite(ours).all() or not np.isfinite(theirs).all():
        return math.inf
    if not ours.size:
        return 0.0
    return float(np.abs(theirs - ours).max()) / max(1.0, float(np.abs(ours).max()))


def near(found: Any, wanted: Any, tolerance: float = TOLERANCE) -> bool:
    """Returns whether an answer is the one that is wanted.

    Args:
        found: What came back: anything.
        wanted: Array or number.
        tolerance: Float, the largest difference, as a share of the largest value of `wanted`; if
            that is below 1, the difference itself.

    Returns:
        Boolean: the same shape, finite, and within the tolerance.
    """
    return _distance(found, wanted) <= tolerance


def same(found: Any, other: Any, tolerance: float = TOLERANCE) -> bool:
    """Returns whether two answers of a submission are the same one, right or wrong.

    Args:
        found: What came back: anything.
        other: What came back for something else, with which it is compared.
        tolerance: Float, see `near`.

    Returns:
        Boolean: near each other where both are finite, and with the same NaN and infinities.
    """
    if not (is_numbers(found) and is_numbers(other)):
        return False
    if np.shape(other) != np.shape(found):
        return False
    ours, theirs = np.asarray(other, "float64"), np.asarray(found, "float64")
    holes = ~np.isfinite(ours)
    return np.array_equal(theirs[holes], ours[holes], equal_nan=True) and near(
        np.where(holes, 0.0, theirs), np.where(holes, 0.0, ours), tolerance
    )


def differs(found: Any, wanted: Any, tolerance: float = TOLERANCE) -> str:
    """Tells how an answer differs from the one that is wanted.

    Args:
        found: What came back: anything.
        wanted: Array or number.
        tolerance: Float, see `near`.

    Returns:
        String for the "Found" of a message; empty if the answer is near.
    """
    if near(found, wanted, tolerance):
        return ""
    if not is_numbers(found):
        return "no array"
    if np.shape(wanted) != np.shape(found):
        return f"an array of shape {np.shape(found)}" if np.shape(found) else "a single number"
    ours, theirs = np.asarray(wanted, "float64"), np.asarray(found, "float64")
    if not np.isfinite(theirs).all():
        return "NaN or infinity"
    return f"values that are up to {np.abs(theirs - ours).max():.3g} off"


def diagnose(
    found: Any,
    closed_form: Any,
    mistakes: Mapping[str, Any],
    tolerance: float = TOLERANCE,
) -> str:
    """Names the mistake that explains an answer.

    A mistake whose closed form cannot be told from the right one (with a penalty of 0, say)
    explains nothing, and is left out.

    Args:
        found: What came back: anything.
        closed_form: Array or number, the right answer.
        mistakes: Mapping from a mistake's words to the answer that it gives. Of two that fit
            equally well, the earlier one is named.
        tolerance: Float, see `near`.

    Returns:
        String: the words of the mistake that fits best, if one does; otherwise how far off the
        answer is. Empty if the answer is right.
    """
    if near(found, closed_form, tolerance):
        return ""
    distances = {
        words: _distance(found, values)
        for words, values in mistakes.items()
        if not near(values, closed_form, tolerance)
    }
    best = min(distances, key=lambda words: distances[words], default="")
    if best and distances[best] <= tolerance:
        return best
    return differs(found, closed_form, tolerance)
