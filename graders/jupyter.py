"""What a notebook's check cells call: the grading of the terminal, shown in the cell."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import os
import sys
import textwrap
from pathlib import Path

from graders import kernel, rubric
from graders.runner import Request, Runner, released, secret_from
from graders.verdict import CheckResult, TaskVerdict

# `nbgrader validate` cuts longer lines off.
VALIDATE_COLUMNS = 82


class _InWords(BaseException):
    """An error of which Jupyter shows the words, and no line of the kit's own code."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


class GraderFailed(_InWords, RuntimeError):
    """The grader itself failed, which tells nothing of the submission."""


class Stopped(_InWords, KeyboardInterrupt):
    """The kernel was interrupted while a check ran."""


@functools.cache
def runner() -> Runner:
    """Returns the runner of this kernel, which lives as long as the kernel."""
    # With the store: the first check of a notebook grades, the others look up.
    made = Runner(dataclasses.replace(released(), use_store=True, secret=secret_from()))
    atexit.register(made.close)
    return made


def _validating() -> bool:
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


def _notebook(task: rubric.Task) -> Path:
    # A validation that is started from a notebook does not validate that notebook.
    return Path.cwd() / f"{task.id}.ipynb" if _validating() else kernel.notebook(task)


def _for_validate(result: CheckResult, text: str) -> None:
    """Prints why a check failed where `nbgrader validate` looks: it shows what cells warn of."""
    if result.points < result.max_points:
        lines = [textwrap.wrap(line, VALIDATE_COLUMNS) or [""] for line in text.split("\n")]
        sys.stderr.write("\n".join(line for part in lines for line in part) + "\n")


def _remarks(task: rubric.Task, path: Path, verdict: TaskVerdict) -> list[str]:
    """Returns what may make a student take the verdict for one on other code."""
    own = f"{task.id}.ipynb"
    found = []
    if path.name != own:
        found.append(f"This is about {path.name}; what counts when handed in is {own}.")
    if other := kernel.warning(path, kernel.unlike(task, path, kernel.executed())):
        found.append(other)
    elif verdict.status == "not_started":
        found.append("Written, but not saved? Checks see the notebook as it was last saved.")
    return found


def check(name: str) -> float:
    """Grades the saved notebook and shows what one check found.

    Args:
        name: String, the check's id, `"<task>::<check>"`.

    Returns:
        Float, the points earned.

    Raises:
        GraderFailed: If the grader itself failed.
        Stopped: If the kernel was interrupted.
    """
    from IPython.display import display

    from graders.reports import cells

    try:
        task = rubric.find(name.partition("::")[0])
    except rubric.BrokenRubric as error:
        raise GraderFailed(str(error)) from None
    index = next((i for i, item in enumerate(task.checks) if item.id == name), None)
    if index is None:
        print(f"{name} is not in this copy of the kit: it is run when the work is handed in.")
        return 0.0
    path = _notebook(task)
    when = kernel.saved(path)
    try:
        verdict = runner().grade_task(Request(task, path))
    except KeyboardInterrupt:
        raise Stopped(f"Stopped: {name} has no verdict yet. Run the cell again.") from None
    if verdict.status == "grader_error":
        raise GraderFailed(verdict.message)
    remarks = _remarks(task, path, verdict)
    told = [cells.line(when, remarks)] if when or remarks else []
    for bundle in [*told, *cells.bundles(verdict, index)]:
        display(bundle, raw=True)
    if _validating():
        _for_validate(verdict.checks[index], cells.check_text(verdict.checks[index]))
    return float(verdict.checks[index].points)
