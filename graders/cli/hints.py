"""Hints in steps: each call gives the next one for the first message.

What was seen is remembered by content: a hint that was read while the task was a stub, and that
another message has as well, is shown among those seen before.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
from pathlib import Path
from typing import Any

from graders.reports import further, places
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


def _digest(check: str, text: str) -> str:
    """Returns what a hint that was seen is remembered by: the check's id and its words."""
    return hashlib.sha256(f"{check}\0{text}".encode()).hexdigest()[:16]


def _seen(state: dict[str, Any]) -> set[str]:
    found = state.get("seen")
    return {item for item in found if isinstance(item, str)} if isinstance(found, list) else set()


def following(task: Task, verdict: TaskVerdict, source: str = "") -> str:
    """Returns the next hint and remembers that it was given; below it, those seen before.

    The hints are those of the first message: another message, or another text of a hint, begins
    anew. Once all were given, they are all shown.

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
    result = next(
        check for check in verdict.checks if check.outcome in ("failed", "error") or not started
    )
    [item] = [check for check in task.checks if check.id == result.id]
    hints = result.hints or item.hints
    lines = [f"{task.id}, {item.name}: {item.description}"]
    if started and result.message:
        # A message may quote what the file raised: only the kit's own lines begin at the margin.
        lines.append(result.message.replace("\n", "\n    "))
        lines += [f"  {place}"] if (place := places.line(result)) else []
    lines += _next_of(item.id, hints)
    if item.doc:
        lines.append(f"Read: {item.doc}")
        if words := further.offline(task.id, item.doc):
            lines.append(f"Offline: {words}")
    place = f" --from {shlex.quote(source)}" if source else ""
    if started and item.repairs:
        lines.append(f"To have repairs tried: python grade.py --why {task.id}{place}")
    lines.append(f"When you have tried it: python grade.py {task.id}{place}")
    return "\n".join(lines)


def _next_of(check: str, hints: tuple[str, ...]) -> list[str]:
    """Returns the lines of the next hint and of those before it, and notes that it was seen."""
    state = _read()
    seen = _seen(state)
    known = [_digest(check, hint) in seen for hint in hints]
    count = len(hints)
    if all(known):
        head = "The only hint" if count == 1 else f"All {count} hints"
        return [f"{head} for this message:", *(f"{n}. {hint}" for n, hint in enumerate(hints, 1))]
    index = known.index(False)
    _write({"seen": sorted(seen | {_digest(check, hints[index])})})
    last = " (the last one)" if count > 1 and sum(known) == count - 1 else ""
    lines = [f"Hint {index + 1} of {count}{last}: {hints[index]}"]
    before = [f"{n}. {hint}" for n, hint in enumerate(hints, 1) if known[n - 1]]
    return [*lines, *(["Seen before:", *before] if before else [])]
