"""The bounds for other data that students get: what was measured here on first use.

A student's copy holds no reference to measure with, so it grades on real data only if the bounds
came along.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graders.calibration import first_use
from graders.course.file import Course
from graders.rubric import Task
from graders.rubric import bounds as thresholds
from graders.runner import Settings
from graders.runner.settings import source_of

WEIGHTS = ("kit", "imagenet")


def sources(task: Task) -> list[str]:
    """Returns where a task's data and weights may come from, but for the kit's own."""
    found = [
        source_of(task, Settings(data=data, weights=weights))
        for data in ("default", *task.sources)
        for weights in (WEIGHTS if task.files else WEIGHTS[:1])
    ]
    return [source for source in dict.fromkeys(found) if source != "default"]


def measured(tasks: Iterable[Task]) -> dict[str, dict[str, Any]]:
    """Returns what was measured here and still holds, in the form of a calibration.

    Args:
        tasks: Iterable of `Task`.

    Returns:
        A dict: task id -> source -> measure -> a dict with the `bound`.
    """
    found: dict[str, dict[str, Any]] = {}
    for task in tasks:
        if task.id not in thresholds.table() or not task.reference.is_file():
            continue
        for source in sources(task):
            rows = None if thresholds.rows(task.id, source) else first_use.known(task, source)
            if rows:
                bounds = {name: {"bound": value} for name, value in sorted(rows.items())}
                found.setdefault(task.id, {})[source] = bounds
    return found


def lacking(tasks: Iterable[Task], course: Course) -> list[str]:
    """Returns what students could not grade as the course does, in lines that tell what to do.

    Args:
        tasks: Iterable of `Task`.
        course: `Course`, how it grades.
    """
    lines = []
    for task in tasks:
        source = source_of(task, Settings(data=course.data, weights=course.weights))
        known = thresholds.rows(task.id, source) or task.id not in thresholds.table()
        if not known and not first_use.known(task, source):
            given = f"--data {course.data}" if course.data in task.sources else ""
            given += " --weights imagenet" if task.files and course.weights != "kit" else ""
            lines.append(
                f"{task.id}: the student copy cannot grade it, since its bounds for {source} were "
                f"not measured here. Run: python grade.py {task.id} --reference {given.strip()}; "
                "then release again."
            )
    return lines
