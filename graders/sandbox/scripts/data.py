"""A sample of what a model is trained on, and what can be told of all of it."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

# A sample has at most so many rows, and bytes; of the rest, only figures go to the judge.
ROWS, BYTES, INPUTS = 400, 12 * 2**20, 6
# How many numbers the figures are made from, and how many values of labels are told apart.
LOOKED_AT, COUNTED, VALUES = 20_000_000, 2_000_000, 300
# A training that is only to show something gets no more than this.
TRAINED_ON = 192 * 2**20


def array_of(value: Any) -> np.ndarray | None:
    """Returns an array of numbers or text for what Keras takes as data; `None` if it is none."""
    if value is None:
        return None
    try:
        found: np.ndarray | None = np.asarray(value)
    except Exception:
        return None
    assert found is not None
    if found.dtype == object:
        try:
            found = found.astype("float64")
        except (TypeError, ValueError):
            found = found.astype(str) if found.ndim <= 2 and found.size < 1_000_000 else None
    return found if found is None or found.ndim else None


def named(value: Any, first: str) -> dict[str, np.ndarray]:
    """Returns the arrays of what may be one array, a list or a dict of them."""
    if isinstance(value, dict):
        parts = {str(key)[:80]: array_of(part) for key, part in list(value.items())[:INPUTS]}
    elif isinstance(value, list | tuple) and value and all(hasattr(v, "shape") for v in value):
        several = len({tuple(part.shape[:1]) for part in value}) == 1 and value[0].ndim > 0
        parts = (
            {f"{first}{i}": array_of(part) for i, part in enumerate(value[:INPUTS])}
            if several and len(value) > 1 and value[0].ndim > 1
            else {first: array_of(value[0] if len(value) == 1 else value)}
        )
    else:
        parts = {first: array_of(value)}
    return {name: part for name, part in parts.items() if part is not None}


def peeked(x: Any, y: Any) -> tuple[Any, Any, Any, bool]:
    """Looks at the first batches of data of any kind.

    Args:
        x: What `fit` was given.
        y: Likewise.

    Returns:
        Inputs and labels to look at, what to give to `fit` in place of `x`, and whether the data
        come in batches.
    """
    import tensorflow as tf

    if isinstance(x, tf.data.Dataset):
        return (*_joined([_pair(batch) for batch in x.take(4)]), x, True)
    if in_batches(x):
        return (*_joined([_pair(x[i]) for i in range(min(4, len(x)))]), x, True)
    if hasattr(x, "__next__"):
        begun = list(itertools.islice(x, 4))
        # Keras takes a generator, and no other iterator.
        whole = _chained(begun, x) if inspect.isgenerator(x) else itertools.chain(begun, x)
        return (*_joined([_pair(batch) for batch in begun]), whole, True)
    return x, y, x, False


def in_batches(x: Any) -> bool:
    """Returns whether data come in batches that can be looked at without using them up."""
    import keras
    import tensorflow as tf

    if isinstance(x, tf.data.Dataset | keras.utils.PyDataset):
        return True
    return hasattr(x, "__getitem__") and hasattr(x, "epoch")


def _chained(begun: list[Any], rest: Iterator[Any]) -> Iterator[Any]:
    yield from begun
    yield from rest


def _pair(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, list | tuple):
        return batch[0], batch[1] if len(batch) > 1 else None
    return batch, None


def _joined(batches: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    def join(parts: list[Any]) -> Any:
        if not parts or parts[0] is None:
            return None
        if isinstance(parts[0], dict):
            return {key: join([part[key] for part in parts]) for key in parts[0]}
        if isinstance(parts[0], list | tuple):
            return [join(list(column)) for column in zip(*parts, strict=False)]
        return np.concatenate([np.asarray(part) for part in parts])

    return join([x for x, _ in batches]), join([y for _, y in batches])


def rows_of(count: int, bytes_of_row: int, rows: int = ROWS, limit: int = BYTES) -> np.ndarray:
    """Returns which rows make the sample: spread over all of them, the same each time.

    Args:
        count: Integer, how many rows there are.
        bytes_of_row: Integer.
        rows: Integer, the most rows that it may have.
        limit: Integer, the most bytes.
    """
    most = max(2, min(rows, limit // max(1, bytes_of_row)))
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def described(array: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """Describes an array in plain data.

    Args:
        array: Array.
        rows: Array of integers, the sample.
    """
    found: dict[str, Any] = {
        "dtype": array.dtype.name[:20],
        "shape": [int(side) for side in array.shape],
        "sample": None,
        "values": None,
    }
    if array.dtype.kind in "biuf":
        whole = array if array.size <= LOOKED_AT else array[: LOOKED_AT // max(1, array[0].size)]
        numbers = whole.astype("float32") if whole.dtype.kind != "f" else whole
        finite = np.isfinite(numbers)
        kept = numbers if finite.all() else numbers[finite]
        found["missing"] = int(finite.size - np.count_nonzero(finite))
        if kept.size:
            figures = (
                kept.min(),
                kept.max(),
                kept.mean(dtype="float64"),
                kept.std(dtype="float64"),
            )
            found["figures"] = [float(figure) for figure in figures]
        found["sample"] = array[rows]
    if array.ndim <= 2 and array.size <= COUNTED:
        values, counts = np.unique(array, return_counts=True)
        if len(values) <= VALUES and values.dtype.kind in "biuf":
            found["values"] = [[float(v), int(c)] for v, c in zip(values, counts, strict=True)]
    return found


def bytes_of_row(arrays: list[np.ndarray]) -> int:
    """Returns the bytes of one example as it travels."""
    return sum(int(array[:1].nbytes) for array in arrays)


def shortened(x: Any, y: Any) -> tuple[Any, Any, int]:
    """Returns the first examples of arrays that are far larger than a look at them needs.

    Returns:
        Inputs, labels, and how many examples are left; 0 if all are.
    """
    parts: list[Any] = [x]
    if isinstance(x, dict | list | tuple):
        parts = list(x.values()) if isinstance(x, dict) else list(x)
    if not all(isinstance(part, np.ndarray) for part in [*parts, y]):
        return x, y, 0
    row = bytes_of_row(parts)
    most = max(64, TRAINED_ON // max(1, row))
    if len(y) <= most:
        return x, y, 0

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: cut(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [cut(part) for part in value]
        return value[:most]

    return cut(x), cut(y), most


def keys(parts: list[np.ndarray], most: int) -> list[int]:
    """Returns a number for each of the first rows; equal rows have equal numbers.

    Args:
        parts: List of arrays of equally many rows, at least one.
        most: Integer, how many rows.
    """
    count = min(most, *(len(part) for part in parts))
    if len(parts) == 1:
        return [hash(row.tobytes()) for row in parts[0][:count]]
    return [hash(b"".join(part[i].tobytes() for part in parts)) for i in range(count)]
