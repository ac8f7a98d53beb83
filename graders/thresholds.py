"""Bounds on accuracies and the like, from a committed calibration.

`graders/calibration.json` is written by `python -m graders.calibrate`: for each measure the
distributions of the reference and of the shortcuts over seeds and data draws, and the bound between
them. No bound stands anywhere else.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent / "calibration.json"


class NoThreshold(KeyError):
    """There is no calibration for a measure."""


@functools.cache
def table() -> dict[str, Any]:
    """Returns the whole calibration: task -> data source -> measure -> figures."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def bound(task: str, measure: str, source: str = "default") -> float:
    """Returns the bound of one measure.

    Args:
        task: String, the task's id.
        measure: String, the measure's name in the calibration.
        source: String, the data's source.

    Returns:
        Float.

    Raises:
        NoThreshold: If it was never calibrated.
    """
    try:
        return float(table()[task][source][measure]["bound"])
    except KeyError:
        raise NoThreshold(
            f"{task} has no calibrated {measure} for {source}: run python -m graders.calibrate."
        ) from None
