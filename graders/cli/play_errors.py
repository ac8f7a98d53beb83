"""An error of a trial run in the student's words: the lines of their own code, and no others."""

from __future__ import annotations

import dataclasses
import sysconfig
import traceback
from pathlib import Path

from graders import KIT
from graders.rubric import Task
from graders.submission import Source

# Of the kit's own folders, these hold no student's code.
KITS = tuple(KIT / name for name in ("graders", "datasets", "grade.py"))


def words(error: BaseException, task: Task, source: Source) -> str:
    """Returns what is printed of an error.

    Args:
        error: The exception that ended the run.
        task: `Task`.
        source: `Source` that ran.

    Returns:
        String: the traceback through the student's own lines, and one line that tells where.
    """
    found = traceback.TracebackException.from_exception(error)
    _keep_own(found, source)
    # In a notebook, a place is a cell and a line in it.
    named = dataclasses.replace(source, filename=source.path.name)
    text = named.in_own_file("".join(found.format()).rstrip())
    own = [frame for frame in found.stack if frame.filename == str(source.path)]
    where = named.in_own_file(f'"{source.path.name}", line {own[-1].lineno}') if own else ""
    at = f" at {where}" if where else ""
    if isinstance(error, NotImplementedError) and str(error).startswith("TODO"):
        return f"{text}\n{task.id} has a TODO that is still open{at}."
    return (
        f"{text}\n{task.id} stopped with this error{at}. With breakpoint() before it you can look."
    )


def _keep_own(found: traceback.TracebackException, source: Source) -> None:
    waiting: list[traceback.TracebackException | None] = [found]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        one.stack[:] = [frame for frame in one.stack if _is_own(frame.filename, source)]
        waiting += [one.__cause__, one.__context__]


def _is_own(filename: str, source: Source) -> bool:
    if filename == str(source.path) or filename.endswith(" as handed out>"):
        return True
    if filename.startswith("<"):
        return False
    path = Path(filename)
    places = [*KITS, *(Path(place) for place in set(sysconfig.get_paths().values()))]
    # Keras compiles the functions that it traces into files of its own, in a temporary folder.
    return not path.name.startswith("__autograph") and not any(
        path.is_relative_to(place) for place in places
    )
