"""What a notebook's check cells call: the grading of the terminal, shown in the cell."""

from __future__ import annotations

import atexit
import functools
import os
from pathlib import Path

from graders import rubric
from graders.runner import Request, Runner, Settings


class GraderFailed(RuntimeError):
    """The grader itself failed; nothing is said of the submission."""


@functools.cache
def _runner() -> Runner:
    secret = os.environ.get("KERAS_KIT_SECRET", "").strip()
    # With the store: the first check of a notebook grades, the others look up.
    runner = Runner(Settings(use_store=True, secret=secret.encode() if secret else None))
    atexit.register(runner.close)
    return runner


def _notebook(task: str) -> Path:
    path = Path.cwd() / f"{task}.ipynb"
    # Jupyter names the notebook of a session; the file may have been renamed.
    named = Path(os.environ.get("JPY_SESSION_NAME", ""))
    if not path.exists() and named.suffix == ".ipynb" and named.exists():
        return named
    return path


def check(name: str) -> float:
    """Grades the saved notebook and shows what one check found.

    Args:
        name: String, the check's id, `"<task>::<check>"`.

    Returns:
        Float, the points earned.

    Raises:
        GraderFailed: If the grader itself failed.
    """
    from IPython.display import display

    from graders.reports import cells

    task = rubric.find(name.partition("::")[0])
    index = next((i for i, item in enumerate(task.checks) if item.id == name), None)
    if index is None:
        print(f"{name} is not in this copy of the kit: it is run when the work is handed in.")
        return 0.0
    verdict = _runner().grade_task(Request(task, _notebook(task.id)))
    if verdict.status == "grader_error":
        raise GraderFailed(verdict.message)
    for bundle in cells.bundles(verdict, index):
        display(bundle, raw=True)
    return float(verdict.checks[index].points)
