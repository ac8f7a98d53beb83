"""Hints in steps: each call gives the next one for the first check that does not pass."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from pathlib import Path
from typing import Any

from graders.reports import further
from graders.rubric import Task
from graders.verdict import TaskVerdict


def _state_file() -> Path:
    from datasets.cache import cache_dir

    return cache_dir() / "hints.json"


def _read() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_state_file().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _write(state: dict[str, Any]) -> None:
    # Not remembered is not worth an error: the first hint comes again.
    with contextlib.suppress(OSError):
        path = _state_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(path)


def following(task: Task, verdict: TaskVerdict, source: str = "") -> str:
    """Returns the next hint and remembers that it was given.

    Args:
        task: `Task`.
        verdict: `TaskVerdict` on the student's work as it is now.
        source: String, what `--from` was given, for the command that grades again.

    Returns:
        String, for the student.
    """
    if verdict.status == "passed":
        return f"{task.id} has all its points; there is nothing to hint at."
    if verdict.status == "grader_error":
        return verdict.message
    started = verdict.status != "not_started"
    name = next(
        check.id.partition("::")[2]
        for check in verdict.checks
        if check.outcome in ("failed", "error") or not started
    )
    [item] = [check for check in task.checks if check.name == name]
    [result] = [check for check in verdict.checks if check.id == item.id]
    state = _read()
    given = state.get(item.id, 0)
    index = min(given if isinstance(given, int) and given >= 0 else 0, len(item.hints) - 1)
    state[item.id] = index + 1
    _write(state)
    last = " (the last one; it comes again)" if index == len(item.hints) - 1 else ""
    lines = [f"{task.id}, {item.name}: {item.description}"]
    if started and result.message:
        lines.append(result.message)
    lines.append(f"Hint {index + 1} of {len(item.hints)}{last}: {item.hints[index]}")
    if item.doc:
        lines.append(f"Read: {item.doc}")
        if words := further.offline(task.id, item.doc):
            lines.append(f"Offline: {words}")
    place = f" --from {shlex.quote(source)}" if source else ""
    lines.append(f"When you have tried it: python grade.py {task.id}{place}")
    return "\n".join(lines)
