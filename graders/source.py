"""Finds and reads submissions, and sees at once what is no program or still the stub.

Text from a submission is hostile input: its size, encoding, nesting and kind of file are checked,
and nothing of it runs here.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import os
import re
import stat
import unicodedata
import warnings
from pathlib import Path

from graders.rubric import Task

MAX_BYTES = 2 * 2**20


class Unreadable(Exception):
    """A submission that cannot be graded; the text says why, in the student's words."""


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A submission as text.

    Attributes:
        text: String, the module's source.
        filename: String, what to call it in messages.
        path: Path that it came from.
        digest: String, `"sha256:…"` of the text.
    """

    text: str
    filename: str
    path: Path
    digest: str


# Keras prints its own errors in bold.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def printable(text: str, limit: int = 8000) -> str:
    """Makes text from a submission safe to print: no control characters, limited length.

    Args:
        text: String.
        limit: Integer, the most characters.

    Returns:
        String.
    """
    cleaned = "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") else "\ufffd"
        for c in COLOURS.sub("", text[: limit + 1]).replace("\r\n", "\n")
    )
    return cleaned if len(cleaned) <= limit else cleaned[:limit] + " …"


def locate(task: Task, where: Path) -> Path:
    """Finds the file of a task in somebody's work.

    Args:
        task: `Task`.
        where: Path of a file, or of a folder holding `<section>/<task>.py`, `<task>.py` or
            `<task>.ipynb`.

    Returns:
        Path of the file.

    Raises:
        Unreadable: If there is none.
    """
    if not where.is_dir():
        return where
    names = (f"{task.section}/{task.id}.py", f"{task.id}.py")
    for name in names:
        if (where / name).is_file():
            return where / name
    raise Unreadable(
        f"There is no {task.id} in {where}. Expected one of: "
        f"{', '.join(names)}. Is the file named like the task?"
    )


def read_bytes(path: Path) -> bytes:
    """Reads a file that somebody else wrote.

    Args:
        path: Path.

    Returns:
        Bytes.

    Raises:
        Unreadable: If it is missing, unreadable, not a regular file, or too large.
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise Unreadable(f"{path} is not a regular file. Give a .py file.")
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Unreadable(f"There is no file {path}. Check the path for a typing error.") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise Unreadable(f"{path} is larger than {MAX_BYTES // 2**20} MB. Is it the right file?")
    return data


def read(path: Path, task: Task) -> Source:
    """Reads a submission.

    Args:
        path: Path of a `.py` file.
        task: `Task` that it is for.

    Returns:
        A `Source`.

    Raises:
        Unreadable: If it is no Python module; a syntax error is shown with its line.
    """
    data = read_bytes(path)
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
        raise Unreadable(f"{path} is empty. Start from the stub in assignments/.")
    check_syntax(text, path)
    digest = "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Source(text, f"{task.id}.py", path, digest)


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def check_syntax(text: str, path: Path) -> None:
    """Raises `Unreadable`, with the line, for text that is no Python module."""
    try:
        _parse(text)
    except SyntaxError as error:
        line = (error.text or "").rstrip("\n")
        shown = f"\n    {line}" if line.strip() else ""
        if shown and error.offset:
            shown += f"\n    {' ' * (max(1, error.offset) - 1)}^"
        where = f", line {error.lineno}" if error.lineno else ""
        raise Unreadable(
            printable(f"Syntax error in {path.name}{where}: {error.msg}.{shown}")
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(
            f"{path.name} cannot be read as Python: {error or type(error).__name__}."
        ) from None


class _Skeleton(ast.NodeTransformer):
    """Drops docstrings: a student who edits only comments and docstrings has not started."""

    def _strip(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = node.body  # type: ignore[attr-defined]
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:]  # type: ignore[attr-defined]
        return node

    visit_Module = visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _strip


def is_stub(text: str, task: Task) -> bool:
    """Returns whether a submission is still the stub, comments and docstrings aside.

    Args:
        text: String, the submission; it must parse.
        task: `Task`.
    """
    try:
        stub = task.stub.read_text(encoding="utf-8")
    except OSError:
        return False
    if text == stub:
        return True
    try:
        ours, theirs = (ast.dump(_Skeleton().visit(_parse(item))) for item in (stub, text))
    except (RecursionError, ValueError, SyntaxError):
        return False
    return ours == theirs
