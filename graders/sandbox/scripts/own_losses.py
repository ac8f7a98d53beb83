"""What a loss of the script's own gives for right predictions, and for wrong ones."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

# Examples that it is tried on, and how sure the predictions of a class are.
ROWS, SURE = 64, 0.98


def tried(loss: Any, y: np.ndarray | None, shape: Any) -> dict[str, float]:
    """Calls a loss with predictions that meet the labels, and with such that do not.

    Args:
        loss: Function or object of the script.
        y: Array, the labels of the training.
        shape: Shape of the model's output, with the batch axis.

    Returns:
        Dict of `of_right` and `of_wrong`, the mean losses; empty if the labels are no classes, or
        the loss cannot be called so.
    """
    with contextlib.suppress(Exception):
        pair = _predictions(y[:ROWS], tuple(shape)) if y is not None else None
        if pair is not None:
            labels, right, wrong = pair
            found = {"of_right": _mean(loss, labels, right), "of_wrong": _mean(loss, labels, wrong)}
            return found if all(map(np.isfinite, found.values())) else {}
    return {}


def _mean(loss: Any, y: np.ndarray, predicted: np.ndarray) -> float:
    import keras

    arrays = (keras.ops.convert_to_tensor(array.astype("float32")) for array in (y, predicted))
    return float(np.mean(np.asarray(loss(*arrays))))


def _predictions(
    y: np.ndarray, shape: tuple[Any, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Returns labels, with right and wrong predictions of them; `None` if these are no classes."""
    if y.dtype.kind not in "biuf" or len(y) < 2 or (y != np.round(y)).any() or y.min() < 0:
        return None
    classes = shape[-1]
    if y.shape[1:] == shape[1:] or (y.ndim == 1 and shape[1:] == (1,)):
        if y.max() > 1 or y.min() == y.max():
            return None
        labels = y.reshape(len(y), *shape[1:]).astype("float32")
        right = np.clip(labels, 1 - SURE, SURE)
        one_hot = classes > 1 and (labels.sum(axis=-1) == 1).all()
        return labels, right, np.roll(right, 1, axis=-1) if one_hot else 1 - right
    if len(shape) == 2 and y.size == len(y) and classes > 1 and y.max() < classes:
        right = np.eye(classes)[y.reshape(-1).astype(int)]
        right = SURE * right + (1 - SURE) / classes
        return y, right, np.roll(right, 1, axis=-1)
    return None
