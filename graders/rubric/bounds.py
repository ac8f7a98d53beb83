"""Bounds on accuracies and the like, from a committed calibration.

`calibration.json` is written by `python -m graders.calibration`: for each measure the distributions
of the reference and of the shortcuts over seeds and data draws, and the bound between them. No
bound stands anywhere else; for other data, the reference is measured on first use.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent / "calibration.json"


@functools.cache
def table() -> dict[str, Any]:
    """Returns the whole calibration: task -> data source -> measure -> figures."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def rows(task: str, source: str = "default") -> dict[str, Any]:
    """Returns the calibration of a task: measure -> figures; empty if there is none.

    Args:
        task: String, the task's id.
        source: String, where data (and weights) come from.
    """
    return table().get(task, {}).get(source, {})


def bounds(task: str, source: str = "default") -> dict[str, float] | None:
    """Returns the bounds of a task.

    Args:
        task: String, the task's id.
        source: String, where data (and weights) come from.

    Returns:
        A dict: measure -> bound; `None` if the task was not calibrated for that source.
    """
    found = rows(task, source)
    if not found:
        return None
    return {name: float(row["bound"]) for name, row in found.items() if not name.startswith("_")}
