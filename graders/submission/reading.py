"""Reads a submission's file.

Text from a submission is hostile input: its size, encoding, nesting and kind of file are checked,
and nothing of it runs here.
"""

from __future__ import annotations

import errno
from pathlib import Path

from graders.printable import printable
from graders.rubric import Task
from graders.submission import notebooks
from graders.submission.parsing import MAX_SOURCE, TooLarge
from graders.submission.source import Source, Unreadable
from graders.submission.untouched import names_of
from graders.system import here
from graders.verdict import Where

MAX_BYTES = MAX_SOURCE
MAGIC = (
    "Lines that begin with % or ! are commands of a notebook, and no Python: remove them from a "
    ".py file, or hand in the notebook."
)
LINK = "is a link, or lies in a folder that is one. Hand in the file itself."
SYNTAX = (
    "Python stops at the caret. The fault often stands just before it, or in the line above.",
    "Count the brackets and quotes of both lines, opening and closing; each def, if, for and with "
    "ends in a colon; the lines of a block begin in the same column.",
)


def read_bytes(path: Path, most: int = MAX_BYTES, below: Path | None = None) -> bytes:
    """Reads a file that somebody else wrote.

    Args:
        path: Path.
        most: Integer, the largest size that is read.
        below: Path of the folder that somebody else filled, which the file lies in: neither the
            file nor a folder on the way to it may be a link. `None` for a file that was named by
            the person who grades.

    Returns:
        Bytes.

    Raises:
        Unreadable: If it is missing, unreadable, not a regular file, or too large.
    """
    try:
        with open(here.open_regular(path, below), "rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise Unreadable(f"There is no file {path}. Check the path for a typing error.") from None
    except OSError as error:
        # Sockets cannot be opened, pipes and devices are not read.
        if error.errno in (errno.EISDIR, errno.ENXIO):
            reason = "is not a regular file. Give a .py or .ipynb file."
        elif below is not None and error.errno == errno.ELOOP:
            reason = LINK
        else:
            reason = f"cannot be read: {error.strerror}."
        raise Unreadable(f"{path} {reason}") from None
    if len(data) > most:
        next_step = "Is it the right file?"
        if path.suffix.lower() == ".ipynb":
            next_step = "If it is the right notebook, clear its outputs and save it again."
        size = f"{most // 2**20} MB" if most >= 2**20 else f"{most // 2**10} KB"
        raise Unreadable(f"{path} is larger than {size}. {next_step}")
    return data


def read(path: Path, task: Task, below: Path | None = None) -> Source:
    """Reads a submission.

    Args:
        path: Path of a `.py` or `.ipynb` file.
        task: `Task` that it is for.
        below: Path, as for `read_bytes`.

    Returns:
        A `Source`.

    Raises:
        Unreadable: If it is no Python module; a syntax error is shown with its line.
    """
    if path.suffix.lower() == ".ipynb":
        return _read_notebook(path, task, below)
    text = module_text(path, below, " Start from the stub in assignments/.")
    return checked(Source(text, f"{task.id}.py", path))


def module_text(path: Path, below: Path | None = None, instead: str = "") -> str:
    """Reads the text of a `.py` file.

    Args:
        path: Path.
        below: Path, as for `read_bytes`.
        instead: String, what follows the message on an empty file.

    Returns:
        String, with newlines as Python writes them.

    Raises:
        Unreadable: If it has another name, is no UTF-8, or is empty.
    """
    data = read_bytes(path, below=below)
    if path.suffix.lower() != ".py":
        raise Unreadable(f"{path} is neither a .py nor an .ipynb file. Give one of these.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(
            f"{path} is not UTF-8 text (line {line}). Save it with the encoding UTF-8."
        ) from None
    if not text.strip():
        raise Unreadable(f"{path} is empty.{instead}")
    return text


def _read_notebook(path: Path, task: Task, below: Path | None) -> Source:
    data = read_bytes(path, notebooks.MAX_BYTES, below)
    try:
        module = notebooks.module(data, names_of(task), path.name)
    except notebooks.BadNotebook as error:
        name = printable(path.name, 200)
        place = Where(name, error.line, error.cell, path=str(path)) if error.line else None
        raise Unreadable(f"{path} {error}", place) from None
    return checked(Source(module.text, f"{task.id}.py", path, module.lines))


def checked(source: Source) -> Source:
    """Returns a source that is a Python module; raises `Unreadable`, with the line, for others."""
    path = source.path
    try:
        _ = source.tree
    except SyntaxError as error:
        line, column = (error.text or "").rstrip("\n"), max(1, error.offset or 1) - 1
        if len(line) > 200:
            # A line of thousands would bury the message.
            start = max(0, min(column, len(line)) - 100)
            line, column = line[start : start + 200], column - start
        shown = f"\n    {line}" if line.strip() else ""
        if shown and error.offset and column <= len(line):
            shown += f"\n    {' ' * column}^"
        where = f", line {error.lineno}" if error.lineno else ""
        text = f"Syntax error in {path.name}{where}: {error.msg}.{shown}"
        if path.suffix.lower() == ".py" and line.lstrip().startswith(("%", "!")):
            text += f"\n{MAGIC}"
        raise Unreadable(printable(text), source.place(error.lineno), SYNTAX) from None
    except TooLarge as error:
        raise Unreadable(f"{path.name} {error}") from None
    except (RecursionError, MemoryError):
        raise Unreadable(
            f"{path.name} is nested too deeply for Python's parser. Look for a very long chain "
            "of brackets, signs or elif."
        ) from None
    except ValueError as error:
        raise Unreadable(
            f"{path.name} cannot be read as Python: {str(error) or type(error).__name__}."
        ) from None
    return source
