"""Bounds for data that have no committed calibration: the reference is measured, once.

A real data set, or other pretrained weights, may be had on one machine and not on another, so they
have no place in `calibration.json`. What a few draws of the reference reach is kept in the cache
folder, for as long as engine, checks and reference are what they were.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from pathlib import Path

from datasets.cache import cache_dir, write_bytes
from graders.calibration.placing import FIRST_USE_DRAWS, on_first_use
from graders.rubric import Task
from graders.rubric.bounds import CommittedBounds, Measure, NoBounds
from graders.runner.store import engine_digest


def _file(task: Task, source: str) -> Path:
    reference = task.reference.read_text(encoding="utf-8")
    parts = (task.id, source, engine_digest(), task.digest, reference)
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return cache_dir() / "bounds" / f"{task.id}-{digest[:32]}.json"


def known(task: Task, source: str) -> dict[str, float] | None:
    """Returns the bounds of a task for a source if they were measured here, else `None`.

    Args:
        task: `Task`.
        source: String, where data and weights come from.
    """
    # A corrupt file is measured again.
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        found = json.loads(_file(task, source).read_bytes())
        return {str(name): float(value) for name, value in found.items()}
    return None


def measured(task: Task, source: str, measure: Measure) -> dict[str, float]:
    """Measures the bounds of a task for a source, and keeps them.

    Args:
        task: `Task`.
        source: String, where data and weights come from.
        measure: Callable that grades the reference with a seed, no bound counting.

    Returns:
        A dict: measure -> bound.

    Raises:
        NoBounds: If the reference could not be graded.
    """
    values: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for seed in range(FIRST_USE_DRAWS):
        verdict = measure(seed)
        if verdict.status == "grader_error":
            raise NoBounds(verdict.message)
        for name, (value, upper) in verdict.evidence.get("measures", {}).items():
            values[name, upper].append(float(value))
    if not values:
        raise NoBounds(f"The reference for {task.id} could not be measured with the data {source}.")
    found = {name: on_first_use(rows, upper) for (name, upper), rows in values.items()}
    write_bytes(_file(task, source), json.dumps(found, indent=1).encode())
    return found


class MeasuredBounds(CommittedBounds):
    """The committed bounds, and for other data those that are measured on first use."""

    def __init__(self) -> None:
        # Two works of one class must not measure the same thing twice.
        self._lock = threading.Lock()

    def of(self, task: Task, source: str, measure: Measure | None = None) -> dict[str, float]:
        """Returns the bounds of a task, see `graders.rubric.bounds.Bounds`."""
        try:
            return super().of(task, source)
        except NoBounds:
            if not task.reference.exists():
                raise
            found = known(task, source)
            if found is not None:
                return found
            if measure is None:
                raise
        with self._lock:
            # Somebody else may have measured them meanwhile.
            found = known(task, source)
            return measured(task, source, measure) if found is None else found
