"""What a live model answers to challenge inputs: the judge compares it with the rebuilt one."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from graders.boundary import challenge


def _outputs(answer: Any) -> np.ndarray | None:
    import keras

    if isinstance(answer, dict):
        answer = next(iter(answer.values()), None)
    if isinstance(answer, list | tuple):
        answer = answer[0] if answer else None
    if answer is None:
        return None
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(answer, "float32")))


def answers(model: Any, number: int) -> dict[str, Any]:
    """Asks a model for its outputs in inference and in training, and for its penalty.

    The model is afterwards what it was. What goes wrong here is for the checks to find.

    Args:
        model: A built Keras model.
        number: Integer, what the inputs are drawn from.

    Returns:
        Dict with `inference`, `training` (`None` if it varies) and `penalty`.
    """
    found: dict[str, Any] = {"inference": None, "training": None, "penalty": None}
    with contextlib.suppress(Exception):
        x = challenge.inputs_of(model, number)
        found["inference"] = _outputs(model(x, training=False))
        losses = [float(np.sum(np.asarray(loss))) for loss in model.losses]
        found["penalty"] = float(sum(losses))
        kept = [np.array(variable) for variable in model.variables]
        try:
            first, second = (_outputs(model(x, training=True)) for _ in range(2))
        finally:
            # BatchNormalization has moved its averages, Dropout its seeds.
            for variable, value in zip(model.variables, kept, strict=True):
                variable.assign(value)
        if first is not None and second is not None and np.allclose(first, second, atol=1e-6):
            found["training"] = first
    return found
