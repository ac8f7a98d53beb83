"""Finds the file of a task in somebody's work: a module, a notebook, or both side by side."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from graders.rubric import Task
from graders.submission import notebooks
from graders.submission.reading import LINK, read, read_bytes
from graders.submission.source import Source, Unreadable
from graders.submission.untouched import is_stub, same_code

SUFFIXES = (".py", ".ipynb")
# How deep in a folder the work may lie: a zip holds a folder, which holds the repository.
DEPTH = 3
MAX_FOLDERS = 500
MAX_ENTRIES = 1000
# So many files that are not graded are named.
MAX_NAMED = 3
# Folders that hold no work: the kit's own, and what tools put there.
NO_WORK = frozenset(
    "graders checks reference tests datasets __MACOSX __pycache__ node_modules venv env "
    "site-packages build dist".split()
)


def _candidates(task: Task, where: Path) -> tuple[list[Path], Path | None]:
    """Returns the module and the notebook, whichever is there, and the folder that was searched.

    The folder is `None` where it is the student's own, in which a file may be a link.
    """
    if where == task.stub and task.stub.with_suffix(".ipynb").exists():
        # The student's own copy: a notebook may lie beside the stub.
        return [path for path in _forms(task.stub.with_suffix("")) if path.is_file()], None
    if not where.is_dir():
        return [where], None
    for level in _levels(where):
        places = [found for folder in level if (found := _in(folder, task))]
        if len(places) > 1:
            names = [str(found[0].parent.relative_to(where)) for found in places]
            raise Unreadable(
                f"There is more than one {task.id} in {where}: in {', '.join(names[:5])}. Hand in "
                "one of them."
            )
        if places:
            return places[0], where
    raise Unreadable(
        f"There is no {task.id} in {where}. Expected one of: {task.section}/{task.id}.py, "
        f"{task.id}.py, {task.id}.ipynb.{_similar(task, where)} Is the file named like the task?"
    )


def _entries(folder: Path) -> list[Path]:
    """Lists a folder, in order; of one with very many entries, some of them."""
    return sorted(itertools.islice(folder.iterdir(), MAX_ENTRIES))


def _levels(where: Path) -> Iterator[list[Path]]:
    """Gives the folder, then those in it, then those in these."""
    level = [where]
    for _ in range(DEPTH + 1):
        yield level
        below: list[Path] = []
        for folder in level:
            with contextlib.suppress(OSError):
                below += [
                    path
                    for path in _entries(folder)
                    if path.name[:1] != "."
                    and path.name not in NO_WORK
                    # A link may lead anywhere, its own folder too.
                    and path.is_dir()
                    and not path.is_symlink()
                ]
        level = below[:MAX_FOLDERS]


def _in(folder: Path, task: Task) -> list[Path]:
    """Returns the task's files in a folder, in the first layout that it has."""
    for name in (f"{task.section}/{task.id}", task.id, f"assignments/{task.section}/{task.id}"):
        found = []
        for path in _forms(folder / name):
            # In a folder that somebody else filled, a link may lead to the reader's own files; the
            # section's folder may be one as well.
            on_the_way = [path, *(part for part in path.parents if part.is_relative_to(folder))]
            linked = any(part.is_symlink() for part in on_the_way if part != folder)
            if linked and (path.is_symlink() or path.exists()):
                raise Unreadable(f"{path} {LINK}")
            if path.is_file():
                found.append(path)
        if found:
            return found
    return []


def _forms(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in SUFFIXES]


def _like(task: Task, folder: Path) -> list[Path]:
    """Returns files of a folder that may be the task under another name."""
    plain, own = task.id.replace("_", ""), {f"{task.id}{suffix}" for suffix in SUFFIXES}
    own.add(f"play_{task.id}.ipynb")  # what `grade.py play TASK --notebook` makes
    with contextlib.suppress(OSError):
        return [
            path
            for path in _entries(folder)
            if path.name not in own
            and path.name[:1] != "."
            and _is_work(path.name)
            and plain in re.sub(r"[^a-z0-9]", "", path.name.lower())
        ]
    return []


def _is_work(name: str) -> bool:
    """Returns whether a file may hold work, as `cnn.PY`, `cnn.py.txt` and `cnn.zip` do too."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes[-2:]]
    return any(suffix in (*SUFFIXES, ".zip") for suffix in suffixes)


def _similar(task: Task, where: Path) -> str:
    """Names files that may be the task under another name."""
    found = [
        path.name for level in _levels(where) for folder in level for path in _like(task, folder)
    ]
    return f" Found {_listed(found)}, which is not graded." if found else ""


def _listed(names: list[str]) -> str:
    """Names the first files, and tells how many more there are."""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def beside(task: Task, graded: Path, where: Path | None = None) -> list[str]:
    """Names what lies beside the file that is graded and may be the same task, handed in again.

    Browsers and people rename what is handed in again: `cnn (1).py`, `cnn-1.ipynb`, `cnn_final.py`.

    Args:
        task: `Task`.
        graded: Path of the file that is graded.
        where: Path of the student's folder, if what lies there counts too.

    Returns:
        List of the names of files with other contents.
    """
    folders = [graded.parent]
    if where is not None and where.is_dir():
        folders += [path for path in (where / task.section, where) if not path.is_symlink()]
    found = []
    for path in itertools.chain(*(_like(task, folder) for folder in dict.fromkeys(folders))):
        with contextlib.suppress(OSError):
            same = path.lstat().st_size == graded.stat().st_size
            if not (same and _contents(path) == _contents(graded)):
                found.append(path.name)
    return list(dict.fromkeys(found))


def _contents(path: Path) -> bytes | None:
    with contextlib.suppress(Unreadable):
        return read_bytes(path, notebooks.MAX_BYTES, path.parent)
    return None


def files(where: Path, most: int = 5) -> list[str]:
    """Names the modules and notebooks in a folder, and in those that it holds.

    Args:
        where: Path of the folder.
        most: Integer, how many are named.
    """
    found: list[str] = []
    for level in _levels(where):
        for folder in level:
            with contextlib.suppress(OSError):
                found += [
                    str(path.relative_to(where))
                    for path in _entries(folder)
                    if path.suffix.lower() in SUFFIXES and path.is_file()
                ]
    return found[:most]


def locate(task: Task, where: Path) -> Path:
    """Finds the file of a task in somebody's work.

    Args:
        task: `Task`.
        where: Path of a file, or of a folder holding `<section>/<task>.py`, `<task>.py` or
            `<task>.ipynb`, or the kit's `assignments/`; also further down, as in a zip.

    Returns:
        Path of the file; of a module and a notebook, the one that counts.

    Raises:
        Unreadable: If there is none.
    """
    found, below = _candidates(task, where)
    try:
        return found[0] if len(found) == 1 else _choose(found, task, below).path
    except Unreadable:
        return found[-1]


def holds(task: Task, where: Path) -> bool:
    """Returns whether somebody's work holds a task; more than one counts, and grading reports it.

    Args:
        task: `Task`.
        where: Path, as for `locate`.
    """
    try:
        locate(task, where)
    except Unreadable as error:
        return not str(error).startswith("There is no ")
    return True


def load(task: Task, where: Path) -> Source:
    """Finds and reads the work on a task.

    If a module and a notebook lie side by side, the one that is no longer the stub counts. If both
    were filled in, and differ, the notebook counts, and a note tells the student so. A note also
    names work that lies deep in the folder, and files beside it that may be the task, too.

    Args:
        task: `Task`.
        where: Path, as for `locate`.

    Returns:
        A `Source`.

    Raises:
        Unreadable: If there is nothing to grade.
    """
    found, below = _candidates(task, where)
    source = read(found[0], task, below) if len(found) == 1 else _choose(found, task, below)
    notes = [source.note] if source.note else []
    if where.is_dir():
        place = source.path.relative_to(where)
        if place.parts[:-1] not in ((), (task.section,)):
            notes.append(f"Graded: {place}.")
        others = beside(task, source.path, where)
        if others:
            notes.append(
                f"{source.path.name} is graded. {_listed(others)}, beside it, is not: only a file "
                "that is named like the task counts."
            )
    return source.with_note(" ".join(notes)) if notes else source


def _choose(paths: list[Path], task: Task, below: Path | None) -> Source:
    module, notebook = paths
    first, broken = None, Unreadable("")
    try:
        first = read(module, task, below)
    except Unreadable as error:
        broken = error
    try:
        second = read(notebook, task, below)
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
