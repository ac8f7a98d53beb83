"""Challenge inputs: both sides draw them from a number, and ask their own copy of a model alike.

Keras is not imported here. A model is what has `inputs`, `variables` and `losses`, and is called.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

EXAMPLES = 4
# What stands for a size that a model leaves open.
OPEN_SIZE = 32
# Models that take or give more numbers than this at once are not asked.
MAX_VALUES = 1_000_000


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a model gives for challenge inputs.

    Attributes:
        inference: Array, its outputs in inference; `None` if it cannot be called.
        training: Array, its outputs in training; `None` if these vary from call to call.
        penalty: Float, what it adds to its loss (`sum(model.losses)`); `None` if not known.
    """

    inference: np.ndarray | None = None
    training: np.ndarray | None = None
    penalty: float | None = None


def inputs_of(model: Any, number: int) -> Any:
    """Draws inputs for a model.

    Args:
        model: A built Keras model, live or rebuilt.
        number: Integer, what the inputs are drawn from.

    Returns:
        What the model is called with, in the structure of its inputs: float32 arrays in [0, 1].

    Raises:
        ValueError: If the inputs would be too large.
    """
    rng = np.random.default_rng(number)
    drawn = {}
    for tensor in model.inputs:
        sizes = [OPEN_SIZE if size is None else int(size) for size in tensor.shape[1:]]
        if EXAMPLES * float(np.prod(sizes, dtype="float64")) > MAX_VALUES:
            raise ValueError("inputs that are too large")
        drawn[id(tensor)] = rng.random((EXAMPLES, *sizes), dtype="float32")

    def filled(structure: Any) -> Any:
        if isinstance(structure, dict):
            return {name: filled(part) for name, part in structure.items()}
        if isinstance(structure, list | tuple):
            return [filled(part) for part in structure]
        return drawn[id(structure)]

    # Only a Functional model knows `input`; a Sequential one has a single tensor.
    return filled(model.inputs[0] if len(model.inputs) == 1 else model.input)


def ask(model: Any, number: int) -> Answers:
    """Asks a model for its outputs in inference and in training, and for its penalty.

    The model is afterwards what it was. What goes wrong here is for the checks to find.

    Args:
        model: A built Keras model, live or rebuilt.
        number: Integer, what the inputs are drawn from.

    Returns:
        `Answers`, with `None` for what the model did not give.
    """
    inference = training = penalty = None
    with contextlib.suppress(Exception), put_back(model):
        x = inputs_of(model, number)
        inference = _outputs(model(x, training=False))
        # A penalty on activities is there after a call only.
        penalty = float(sum(np.sum(np.asarray(loss, "float64")) for loss in model.losses))
        first, second = (_outputs(model(x, training=True)) for _ in range(2))
        if np.allclose(first, second, atol=1e-6):
            training = first
    return Answers(inference, training, penalty)


@contextlib.contextmanager
def put_back(model: Any) -> Iterator[None]:
    """Puts back what calls of a model move: averages, and the seeds of Dropout.

    Args:
        model: A built Keras model. Its trainable variables are not kept: no call moves them.
    """
    moved = list(model.non_trainable_variables)
    # What is read shares the variable's memory until that changes: a frozen VGG16 has 60 MB.
    kept = [variable.value.read_value() for variable in moved]
    try:
        yield
    finally:
        for variable, value in zip(moved, kept, strict=True):
            variable.assign(value)


def _outputs(answer: Any) -> np.ndarray:
    """Returns an output as float32, and several of them in one row."""
    parts = [np.asarray(part, "float32") for part in _leaves(answer)]
    if sum(part.size for part in parts) > MAX_VALUES:
        raise ValueError("outputs that are too large")
    return parts[0] if len(parts) == 1 else np.concatenate([part.reshape(-1) for part in parts])


def _leaves(answer: Any) -> list[Any]:
    if isinstance(answer, dict):
        answer = [answer[key] for key in sorted(answer)]
    if isinstance(answer, list | tuple):
        return [leaf for part in answer for leaf in _leaves(part)]
    return [answer]
