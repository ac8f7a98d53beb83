"""What a sandbox measured of a loss, parsed into dataclasses: the values are claims until compared.

An answer that does not fit is a `ValueError`, for `Submission.run` to take for a fault.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

import numpy as np

from graders.toolkit.closed_forms import is_numbers, number

# By from_config, and by saving and loading.
COPIES = 2


@dataclasses.dataclass(frozen=True)
class LossValue:
    """What a loss gave for one batch.

    Attributes:
        value: Array of any shape.
        gradient: Array, the gradient of the value's sum with respect to the predictions; `None` if
            there is none.
    """

    value: np.ndarray
    gradient: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class DescribedLoss:
    """A loss, as it describes itself.

    Attributes:
        name: String.
        reduction: String.
        value: Array, what it gave for one batch.
    """

    name: str
    reduction: str
    value: np.ndarray


@dataclasses.dataclass(frozen=True)
class CopiedLoss:
    """A loss, and its copies from its config.

    Attributes:
        keys: Tuple of strings, what the config holds.
        original: `DescribedLoss`.
        copies: Tuple of `DescribedLoss`: by from_config, and by saving and loading.
    """

    keys: tuple[str, ...]
    original: DescribedLoss
    copies: tuple[DescribedLoss, ...]


def _unfit() -> NoReturn:
    raise ValueError("no loss for each batch")


def _array(claim: Any) -> np.ndarray:
    if not is_numbers(claim):
        _unfit()
    return np.asarray(claim)


def loss_values(claim: Any, shapes: list[tuple[int, ...]]) -> list[LossValue]:
    """Reads what a loss gave for several batches.

    Args:
        claim: What came back: anything.
        shapes: List of tuples of integers, the shape of each batch of predictions.

    Returns:
        List of `LossValue`, one for each batch.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(claim, list) or len(claim) != len(shapes):
        _unfit()
    found = []
    for item, shape in zip(claim, shapes, strict=True):
        if not isinstance(item, dict):
            _unfit()
        gradient = None if item.get("gradient") is None else _array(item["gradient"])
        if gradient is not None and gradient.shape != shape:
            _unfit()
        found.append(LossValue(_array(item.get("value")), gradient))
    return found


def _described(claim: Any) -> DescribedLoss:
    if not isinstance(claim, dict):
        _unfit()
    name, reduction = claim.get("name"), claim.get("reduction")
    if not isinstance(name, str) or not isinstance(reduction, str):
        _unfit()
    return DescribedLoss(name[:100], reduction[:100], _array(claim.get("value")))


def copied_loss(claim: Any) -> CopiedLoss:
    """Reads a loss with its copies.

    Args:
        claim: What came back: anything.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(claim, dict):
        _unfit()
    keys, losses = claim.get("keys"), claim.get("losses")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        _unfit()
    if not isinstance(losses, list) or len(losses) != 1 + COPIES:
        _unfit()
    original, *copies = (_described(item) for item in losses)
    return CopiedLoss(tuple(key[:30] for key in keys[:12]), original, tuple(copies))


def compiled_losses(claim: Any, count: int) -> list[float]:
    """Reads the losses that a compiled model gave.

    Args:
        claim: What came back: anything.
        count: Integer, for how many batches it was asked.

    Returns:
        List of floats, NaN for what is no single number.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(claim, list) or len(claim) != count:
        _unfit()
    return [number(_array(value)) for value in claim]
