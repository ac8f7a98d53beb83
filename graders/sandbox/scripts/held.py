"""What a training is validated on: a sample of it, and how much of it the training sees too."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from graders.sandbox.scripts import data

# Rows and bytes that are looked at, of the training data and of the validation data.
TRAINING_ROWS, VALIDATION_ROWS, BYTES = 200_000, 2000, 512 * 2**20
# What a sample of the validation data may take.
SAMPLE_ROWS, SAMPLE_BYTES = 200, 4 * 2**20


def described(given: dict[str, Any], x: Any, batched: bool = False) -> dict[str, Any] | None:
    """Describes the `validation_data` of a call of `fit` in plain data.

    Of what comes in batches, the first are looked at, and no twins are looked for.

    Args:
        given: Dict, what `fit` got.
        x: What it is to train on, as arrays.
        batched: Boolean, whether these are the first batches alone.

    Returns:
        Dict of `x`, `y`, `rows` that were looked at, `twins` of them that are rows of the training
        too, and `repeated`, the share of the training's own rows that are there twice; `None` if
        nothing can be told.
    """
    found = given.get("validation_data")
    with contextlib.suppress(Exception):
        if data.in_batches(found):
            batched, found = True, data.peeked(found, None)[:2]
        if not isinstance(found, tuple | list) or len(found) < 2:
            return None
        theirs, ours = data.named(found[0], "x"), data.named(x, "x")
        labels = data.array_of(found[1])
        if not theirs or set(theirs) != set(ours) or labels is None:
            return None
        parts = list(theirs.values())
        row = data.bytes_of_row(parts)
        rows = data.rows_of(len(parts[0]), row, SAMPLE_ROWS, SAMPLE_BYTES)
        return {
            "x": {name: data.described(part, rows) for name, part in theirs.items()},
            "y": data.described(labels, rows),
            **({} if batched else _twins(list(ours.values()), [theirs[name] for name in ours])),
        }
    return None


def _twins(ours: list[np.ndarray], theirs: list[np.ndarray]) -> dict[str, Any]:
    alike = all(a.shape[1:] == b.shape[1:] for a, b in zip(ours, theirs, strict=True))
    if not alike or not len(ours[0]) or not len(theirs[0]):
        return {"rows": 0, "twins": 0, "repeated": 0.0}
    most = min(TRAINING_ROWS, BYTES // max(1, data.bytes_of_row(ours)))
    training = data.keys(ours, most)
    looked_at = data.keys(
        [b.astype(a.dtype, copy=False) for a, b in zip(ours, theirs, strict=True)], VALIDATION_ROWS
    )
    different = set(training)
    return {
        "rows": len(looked_at),
        "twins": sum(key in different for key in looked_at),
        "repeated": 1.0 - len(different) / max(1, len(training)),
    }
