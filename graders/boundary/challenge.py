"""Challenge inputs that both sides draw for themselves from a number, so that nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

EXAMPLES = 4
# What stands for a size that a model leaves open.
OPEN_SIZE = 32


def arrays(shapes: Sequence[Sequence[int | None]], number: int) -> list[np.ndarray]:
    """Draws inputs for a model.

    Args:
        shapes: Sequence of shapes with the batch axis, one for each input; `None` is an open size.
        number: Integer, what the numbers are drawn from.

    Returns:
        List of float32 arrays in [0, 1].
    """
    rng = np.random.default_rng(number)
    sizes = [[OPEN_SIZE if size is None else size for size in shape[1:]] for shape in shapes]
    return [rng.random((EXAMPLES, *size), dtype="float32") for size in sizes]


def inputs_of(model: Any, number: int) -> Any:
    """Draws inputs for a Keras model, live or rebuilt.

    Args:
        model: A built Keras model.
        number: Integer, what the numbers are drawn from.

    Returns:
        What the model is called with: an array, a list of arrays, or a dict of arrays.
    """
    found = arrays([tensor.shape for tensor in model.inputs], number)
    if isinstance(model.input, dict):
        names = [name for tensor in model.inputs for name, t in model.input.items() if t is tensor]
        return dict(zip(names, found, strict=True))
    return found if len(found) > 1 else found[0]
