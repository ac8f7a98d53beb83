"""Finds the file of a task in somebody's work: a module, a notebook, or both side by side."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from graders.rubric import Task
from graders.submission.reading import read
from graders.submission.source import Source, Unreadable
from graders.submission.untouched import is_stub, same_code


def _candidates(task: Task, where: Path) -> list[Path]:
    """Returns the module and the notebook, whichever is there; at least one."""
    if where == task.stub and task.stub.with_suffix(".ipynb").exists():
        # The student's own copy: a notebook may lie beside the stub.
        where = where.parent
    elif not where.is_dir():
        return [where]
    names = (f"{task.section}/{task.id}", task.id)
    for name in names:
        found = [where / f"{name}{suffix}" for suffix in (".py", ".ipynb")]
        found = [path for path in found if path.is_file()]
        for path in found:
            # In a folder that somebody else filled, a link may lead to the reader's own files; the
            # section's folder may be one as well.
            if not path.resolve().is_relative_to(where.resolve()):
                raise Unreadable(f"{path} is a link that leads out of the folder. Hand in a file.")
        if found:
            return found
    raise Unreadable(
        f"There is no {task.id} in {where}. Expected one of: {names[0]}.py, {names[1]}.py, "
        f"{names[1]}.ipynb.{_similar(task, where)} Is the file named like the task?"
    )


def _similar(task: Task, where: Path) -> str:
    """Names files that may be the task under another name."""
    plain = task.id.replace("_", "")
    found = []
    for folder in (where / task.section, where):
        with contextlib.suppress(OSError):
            found += [
                path.name
                for path in sorted(folder.iterdir())[:1000]
                if path.suffix.lower() in (".py", ".ipynb")
                and plain in re.sub(r"[^a-z0-9]", "", path.stem.lower())
            ]
    return f" Found {', '.join(found[:3])}, which is not graded." if found else ""


def locate(task: Task, where: Path) -> Path:
    """Finds the file of a task in somebody's work.

    Args:
        task: `Task`.
        where: Path of a file, or of a folder holding `<section>/<task>.py`, `<task>.py` or
            `<task>.ipynb`.

    Returns:
        Path of the file; of a module and a notebook, the one that counts.

    Raises:
        Unreadable: If there is none.
    """
    found = _candidates(task, where)
    try:
        return found[0] if len(found) == 1 else _choose(found, task).path
    except Unreadable:
        return found[-1]


def load(task: Task, where: Path) -> Source:
    """Finds and reads the work on a task.

    If a module and a notebook lie side by side, the one that is no longer the stub counts. If both
    were filled in, and differ, the notebook counts, and a note tells the student so.

    Args:
        task: `Task`.
        where: Path, as for `locate`.

    Returns:
        A `Source`.

    Raises:
        Unreadable: If there is nothing to grade.
    """
    found = _candidates(task, where)
    return read(found[0], task) if len(found) == 1 else _choose(found, task)


def _choose(paths: list[Path], task: Task) -> Source:
    module, notebook = paths
    first, broken = None, Unreadable()
    try:
        first = read(module, task)
    except Unreadable as error:
        broken = error
    try:
        second = read(notebook, task)
    except Unreadable as error:
        if first is None or is_stub(first, task):
            raise
        return first.with_note(f"{module.name} counts, because: {error}")
    untouched = is_stub(second, task)
    if first is None:
        if untouched:
            raise broken
        return second.with_note(f"{notebook.name} counts, because: {broken}")
    if untouched:
        return first
    if is_stub(first, task) or same_code(first, second, task):
        return second
    note = (
        f"There are {module.name} and {notebook.name}, both filled in and not the same. The "
        "notebook counts; hand in one of them."
    )
    return second.with_note(note)
