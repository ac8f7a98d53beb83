"""Bounds for data that have no committed calibration: the reference is measured, once.

A real data set, or other pretrained weights, may be had on one machine and not on another, so they
have no place in `calibration.json`. What a few draws of the reference reach is kept in the cache
folder, for as long as engine, checks and reference are what they were.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from datasets.cache import cache_dir, write_bytes
from graders.calibration.placing import FIRST_USE_DRAWS, on_first_use
from graders.rubric import Task
from graders.runner.store import engine_digest
from graders.verdict import TaskVerdict


def _file(task: Task, source: str) -> Path:
    parts = (task.id, source, engine_digest(), task.reference.read_text(encoding="utf-8"))
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


def bounds(
    task: Task, source: str, measure: Callable[[int], TaskVerdict]
) -> dict[str, float] | str:
    """Returns the bounds of a task for a source, measured now if they never were.

    Args:
        task: `Task`.
        source: String, where data and weights come from.
        measure: Callable that grades the reference with a seed, no bound counting.

    Returns:
        A dict: measure -> bound; or one line that says why there is none.
    """
    measured = known(task, source)
    if measured is not None:
        return measured
    values: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for seed in range(FIRST_USE_DRAWS):
        verdict = measure(seed)
        if verdict.status == "grader_error":
            return verdict.message
        for name, (value, upper) in verdict.evidence.get("measures", {}).items():
            values[name, upper].append(float(value))
    if not values:
        return f"The reference for {task.id} could not be measured with the data {source}."
    found = {name: on_first_use(rows, upper) for (name, upper), rows in values.items()}
    write_bytes(_file(task, source), json.dumps(found, indent=1).encode())
    return found
