"""What each task took the last time, so that the longest is graded first.

Where several are graded side by side, none waits at the end for one long grading that began last.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path

from datasets.cache import cache_dir
from graders.verdict import TaskVerdict


def _path() -> Path:
    return cache_dir() / "seconds.json"


def known() -> dict[str, float]:
    """Returns the seconds of each task that was graded here before."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_path().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {
                task: float(seconds)
                for task, seconds in found.items()
                if isinstance(seconds, int | float) and math.isfinite(seconds)
            }
    return {}


def note(verdicts: Iterable[TaskVerdict]) -> None:
    """Keeps what gradings took. Those of work that passed count: others may have ended early.

    Args:
        verdicts: Iterable of `TaskVerdict`.
    """
    new = {
        verdict.task: round(verdict.seconds, 1)
        for verdict in verdicts
        if verdict.status == "passed" and not verdict.cached
    }
    if not new:
        return
    path = _path()
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    # Where nothing can be written, the order stays as it is asked for.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(known() | new), encoding="utf-8")
        os.replace(temporary, path)
