"""Bounds on accuracies and the like, from a committed calibration.

`calibration.json` is written by `python -m graders.calibration`: for each measure the distributions
of the reference and of the shortcuts over seeds and data draws, and the bound between them. No
bound stands anywhere else, except that a course's own folder has such a file for its tasks. A
runner is given an object that knows the bounds: `CommittedBounds`, or
`graders.calibration.first_use.MeasuredBounds`, which measures the reference for other data.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from graders.rubric.tasks import KIT, Task, own_folder
from graders.verdict import TaskVerdict

FILE = Path(__file__).resolve().parent / "calibration.json"


# The same file in the folder of a course's own tasks.
OWN_NAME = FILE.name


def file_of(task: Task) -> Path:
    """Returns the file that holds a task's calibration."""
    return FILE if task.root == KIT else task.root / OWN_NAME


@functools.cache
def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def table() -> dict[str, Any]:
    """Returns the whole calibration: task -> data source -> measure -> figures."""
    folder = own_folder()
    return _read(FILE) if folder is None else {**_read(FILE), **_read(folder / OWN_NAME)}


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


def best_shortcut(row: dict[str, Any]) -> tuple[str, float] | None:
    """Returns the shortcut that comes nearest to a bound that keeps it out, and its mean.

    Args:
        row: Dict, see `graders.calibration.placing`.
    """
    means = {name: row["shortcuts"][name]["mean"] for name in row["kept_out"]}
    if not means:
        return None
    best = (min if row["upper"] else max)(means, key=lambda name: means[name])
    return best, means[best]


class NoBounds(Exception):
    """A task has no bounds for some data; the text is the reason, in one line."""


# What to do then: the same command again would not help.
NO_BOUNDS_ADVICE = "leave --data and --weights away; the message above tells why."


# Grades the reference with a seed, and no bound counts: what it reaches is in the evidence.
Measure = Callable[[int], TaskVerdict]


class Bounds(Protocol):
    """What knows the bounds of tasks."""

    def of(self, task: Task, source: str, measure: Measure | None = None) -> dict[str, float]:
        """Returns the bounds of a task.

        Args:
            task: `Task`.
            source: String, where data and weights come from.
            measure: Callable that grades the reference; `None` if nothing may be graded now.

        Returns:
            A dict: measure -> bound; empty for a task that is in no calibration.

        Raises:
            NoBounds: If they are not known.
        """


class CommittedBounds:
    """The bounds of the committed calibration, and no others."""

    def of(self, task: Task, source: str, measure: Measure | None = None) -> dict[str, float]:
        """Returns the bounds of a task, see `Bounds`."""
        if task.id not in table():
            return {}
        found = bounds(task.id, source)
        if not found:
            raise NoBounds(
                f"No bounds are known here for the data {source}: the instructor's kit measures "
                "them with its references, which this copy of the kit has not. Leave --data and "
                "--weights away, or ask your instructor for a copy with these bounds."
            )
        return found
