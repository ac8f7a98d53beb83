"""Instruments for a loss of the submission: call it on the judge's arrays, and describe it."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.boundary.names import Kind
from graders.sandbox.errors import WrongAnswer
from graders.sandbox.objects import optional, result


def value(loss: Any, y: np.ndarray, p: Any, weights: np.ndarray | None = None) -> Any:
    """Calls a loss as Keras does.

    Args:
        loss: A `keras.losses.Loss`.
        y: Array of labels.
        p: Array or tensor of predictions.
        weights: Array, the sample weights; `None` for none.

    Returns:
        What the loss returned.

    Raises:
        WrongAnswer: If `call` returned nothing, about which Keras raises words of its own.
    """
    import tensorflow as tf

    labels = tf.constant(y)
    options = {} if weights is None else {"sample_weight": tf.constant(weights)}
    try:
        return loss(labels, p, **options)
    except Exception as error:
        if _returns_nothing(loss, labels, p):
            raise WrongAnswer(Kind.NO_RESULT, "`call` returned None.") from None
        error.add_note(f"It was called with y_true of shape {y.shape}, y_pred of shape {p.shape}.")
        raise


def _returns_nothing(loss: Any, labels: Any, p: Any) -> bool:
    try:
        return loss.call(labels, p) is None
    except Exception:
        return False


def measured(
    loss: Any, y: np.ndarray, p: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """Returns a loss on one batch, and its gradient.

    Args:
        loss: A `keras.losses.Loss`.
        y: Array of labels.
        p: Array of predictions.
        weights: Array, the sample weights; `None` for none.

    Returns:
        Dict with the arrays `value` and `gradient`: that of the value's sum with respect to the
        predictions, `None` if it does not arrive there.

    Raises:
        WrongAnswer: If the loss returned no tensor.
    """
    import tensorflow as tf

    prediction = tf.constant(p)
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        found = value(loss, y, prediction, weights)
        array = result(found, "call")
        total = tf.reduce_sum(found)
    return {"value": array, "gradient": optional(tape.gradient(total, prediction))}


def described(loss: Any, y: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    """Returns the name and the reduction of a loss, and its `value` on one batch.

    Args:
        loss: A `keras.losses.Loss`.
        y: Array of labels.
        p: Array of predictions.

    Raises:
        WrongAnswer: If the loss returned no tensor.
    """
    import tensorflow as tf

    return {
        "name": str(loss.name),
        "reduction": str(loss.reduction),
        "value": result(value(loss, y, tf.constant(p)), "call"),
    }


def compiled(model: Any, y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Returns the loss that a model was compiled with, without the penalties of its layers.

    Args:
        model: A compiled Keras model.
        y: Array of labels.
        p: Array of predictions, taken for the model's output.
    """
    import keras
    import tensorflow as tf

    total = model.compute_loss(x=None, y=tf.constant(y), y_pred=tf.constant(p))
    total = keras.ops.cast(total, "float32")
    for extra in model.losses:
        total = total - keras.ops.cast(extra, "float32")
    return np.asarray(keras.ops.convert_to_numpy(total))
