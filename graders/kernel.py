"""What runs in a notebook's kernel, beside what the notebook's file holds.

A check cell grades a file. What the kernel has run may be newer than that file, or come from
another one: the verdict on one should not be read as the verdict on the other.
"""

from __future__ import annotations

import ast
import datetime
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from graders import submission
from graders.rubric import Task
from graders.submission import notebooks
from graders.submission.source import bare
from graders.submission.untouched import UNCOMPARABLE, bound, names_of

# Where an editor notes the notebook of a kernel: VS Code, and Jupyter.
NAMES = ("__vsc_ipynb_file__", "__session__")
VARIABLE = "JPY_SESSION_NAME"


def shell() -> Any:
    """Returns IPython's shell in this kernel, `None` outside one."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()  # type: ignore[no-untyped-call]


def notebook(task: Task) -> Path:
    """Returns the path of the notebook that runs here.

    A copy or a renamed file is what its own cells grade. An editor that tells no name leaves the
    task's own notebook in the working folder.

    Args:
        task: `Task`.
    """
    known = getattr(shell(), "user_ns", {})
    for given in (*(known.get(name) for name in NAMES), os.environ.get(VARIABLE)):
        if not isinstance(given, str) or not given.endswith(".ipynb"):
            continue
        # Jupyter may count its paths from its own folder; a kernel runs in the notebook's.
        for path in (Path(given), Path.cwd() / Path(given).name):
            if path.is_file():
                return path
    return Path.cwd() / f"{task.id}.ipynb"


def saved(path: Path) -> str:
    """Returns a line that names a file, and when it was saved; empty if there is none.

    Args:
        path: Path.
    """
    try:
        then = datetime.datetime.fromtimestamp(path.stat().st_mtime)
    except OSError:
        return ""
    seconds = (datetime.datetime.now() - then).total_seconds()
    return f"Graded: {path.name}, as it was saved at {then:%H:%M:%S} ({_ago(seconds)})."


def _ago(seconds: float) -> str:
    if seconds < 60:
        return f"{max(0, int(seconds))} s ago"
    if seconds < 3600:
        return f"{int(seconds / 60)} min ago"
    return f"{int(seconds / 3600)} h ago" if seconds < 86400 else f"{int(seconds / 86400)} d ago"


def executed() -> list[str]:
    """Returns the cells that this kernel has run, as they were written, in their order."""
    history = getattr(getattr(shell(), "history_manager", None), "input_hist_raw", [])
    return [cell for cell in history if isinstance(cell, str)]


def unlike(task: Task, path: Path, cells: Iterable[str]) -> list[str]:
    """Names what a saved notebook holds otherwise than it was run last.

    Args:
        task: `Task`.
        path: Path of the notebook.
        cells: Iterable of strings, the cells that were run, in their order.

    Returns:
        List of the names of functions, classes and values: those of the task, and what they use.
    """
    ran: dict[str, str] = {}
    for name, statement in _bindings(part for cell in cells for part in notebooks.statements(cell)):
        ran[name] = _text(statement)
    held: dict[str, list[str]] = {}
    try:
        for name, statement in _bindings(submission.read(path, task).tree.body):
            text = _text(statement)
            # The last of several functions counts; a value may be given in steps.
            one = isinstance(statement, ast.FunctionDef | ast.ClassDef)
            held[name] = [text] if one else [*held.get(name, []), text]
    except (submission.Unreadable, *UNCOMPARABLE):
        return []
    names = sorted(names_of(task)) + sorted(held.keys() - names_of(task))
    return [name for name in names if name in ran and ran[name] not in held.get(name, [])]


def _bindings(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for statement in statements:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            for name in bound(statement):
                yield name, statement


def _text(statement: ast.stmt) -> str:
    try:
        return ast.dump(bare(statement))
    except UNCOMPARABLE:
        return ""


def warning(path: Path, names: Sequence[str]) -> str:
    """Returns what a student reads whose kernel has run something else than what was graded.

    Args:
        path: Path of the notebook.
        names: Sequence of strings, what `unlike` returned; empty if nothing differs.

    Returns:
        String, one line; empty if nothing differs.
    """
    if not names:
        return ""
    listed = ", ".join(f"`{name}`" for name in names[:3])
    return (
        f"The saved file {path.name} holds another {listed} than the one that you ran. The verdict "
        "is about the saved one: save the notebook (Ctrl-S) and run this cell again."
    )
