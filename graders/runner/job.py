"""What a grader process is told."""

from __future__ import annotations

import os
from typing import Any

from graders.boundary.limits import SANDBOX_MEMORY
from graders.rubric import Task
from graders.runner.settings import Settings, data_of, draw_for
from graders.submission import Source


def job(
    task: Task,
    source: Source,
    settings: Settings,
    bounds: dict[str, float],
    walls: dict[str, Any],
) -> dict[str, Any]:
    """Returns what a grader process is told: plain data, see `graders.judge.process`.

    Args:
        task: `Task`.
        source: `Source`, the submission.
        settings: `Settings`.
        bounds: Dict of floats, by the names of the measures.
        walls: Dict of plain data, see `graders.boundary.launching.Launcher`.
    """
    return {
        "task": task.id,
        "path": str(task.path),
        "checks": [check.name for check in task.checks],
        "source": source.text,
        "filename": source.filename,
        "seed": settings.seed,
        "draw": draw_for(task.id, settings),
        "data": task.data,
        "datasets": str(task.datasets) if task.datasets else None,
        "source_name": data_of(task, settings),
        "seconds": settings.seconds,
        "walls": walls,
        "shown": walls["extra"][0],
        "limits": {
            "memory": SANDBOX_MEMORY,
            # CPU time of all threads: a backstop for what the clock does not stop.
            "cpu_seconds": int(settings.seconds * max(2, os.cpu_count() or 2)) + 60,
            "threads": settings.threads,
        },
        "files": list(task.files),
        "weights": settings.weights,
        "calibrating": settings.calibrating,
        "bounds": bounds,
        "threads": settings.threads,
        "device": settings.device,
    }
