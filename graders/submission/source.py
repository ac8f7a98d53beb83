"""Finds and reads submissions, and sees at once what is no program or still the stub.

Text from a submission is hostile input: its size, encoding, nesting and kind of file are checked,
and nothing of it runs here.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import hashlib
import os
import re
import stat
from pathlib import Path

from graders.printable import printable
from graders.rubric import Task
from graders.rubric.stubs import pristine
from graders.submission import notebooks

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
        lines: Tuple, of a notebook the cell and line of each line of the text.
        note: String, what the student should know about which file was taken.
    """

    text: str
    filename: str
    path: Path
    digest: str
    lines: tuple[tuple[int, int], ...] = ()
    note: str = ""

    def in_cells(self, message: str) -> str:
        """Puts the places that a message names in the words of a notebook, if this is one.

        Args:
            message: String, which may name lines of the module.
        """
        if not self.lines:
            return message
        title = self.path.name

        def place(found: re.Match[str]) -> str:
            number = int(found[1])
            cell, line = self.lines[number - 1] if 0 < number <= len(self.lines) else (0, 0)
            return f'"{title}", code cell {cell}, line {line}' if cell else f'"{title}"'

        name = re.escape(self.filename)
        message = re.sub(rf'"(?:[^"\n]*/)?{name}", line (\d{{1,7}})', place, message)
        return message.replace(self.filename, title)


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

    Of a module and a notebook that lie side by side the one counts that is no longer the stub; if
    both were filled in, differently, the notebook does, and a note says so.

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
        if first is None or is_stub(first.text, task):
            raise
        return dataclasses.replace(first, note=f"{module.name} counts, because: {error}")
    untouched = is_stub(second.text, task)
    if first is None:
        if untouched:
            raise broken
        return dataclasses.replace(second, note=f"{notebook.name} counts, because: {broken}")
    if untouched:
        return first
    if is_stub(first.text, task) or _same(first.text, second.text, task):
        return second
    note = (
        f"There are {module.name} and {notebook.name}, both filled in and not the same. The "
        "notebook counts; hand in one of them."
    )
    return dataclasses.replace(second, note=note)


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """Reads a file that somebody else wrote.

    Args:
        path: Path.
        most: Integer, the largest size that is read.

    Returns:
        Bytes.

    Raises:
        Unreadable: If it is missing, unreadable, not a regular file, or too large.
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise Unreadable(f"{path} is not a regular file. Give a .py or .ipynb file.")
            data = file.read(most + 1)
    except FileNotFoundError:
        raise Unreadable(f"There is no file {path}. Check the path for a typing error.") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > most:
        next_step = "Is it the right file?"
        if path.suffix.lower() == ".ipynb":
            next_step = "If it is the right notebook, clear its outputs and save it again."
        raise Unreadable(f"{path} is larger than {most // 2**20} MB. {next_step}")
    return data


def read(path: Path, task: Task) -> Source:
    """Reads a submission.

    Args:
        path: Path of a `.py` or `.ipynb` file.
        task: `Task` that it is for.

    Returns:
        A `Source`.

    Raises:
        Unreadable: If it is no Python module; a syntax error is shown with its line.
    """
    if path.suffix.lower() == ".ipynb":
        return _read_notebook(path, task)
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
    return Source(text, f"{task.id}.py", path, _digest(text))


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _read_notebook(path: Path, task: Task) -> Source:
    data = read_bytes(path, notebooks.MAX_BYTES)
    try:
        module = notebooks.module(data, _names_of(task), path.name)
    except notebooks.BadNotebook as error:
        raise Unreadable(f"{path} {error}") from None
    check_syntax(module.text, path)
    return Source(module.text, f"{task.id}.py", path, _digest(module.text), module.lines)


def _names_of(task: Task) -> frozenset[str]:
    """Returns the functions and classes that the task asks for."""
    stub = pristine(task)
    return notebooks.defined(stub) if stub is not None else frozenset()


def check_syntax(text: str, path: Path) -> None:
    """Raises `Unreadable`, with the line, for text that is no Python module."""
    try:
        notebooks.parse(text)
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
        raise Unreadable(
            printable(f"Syntax error in {path.name}{where}: {error.msg}.{shown}")
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(
            f"{path.name} cannot be read as Python: {str(error) or type(error).__name__}."
        ) from None


class _Skeleton(ast.NodeTransformer):
    """Drops docstrings and imports: a student who edits only these has not started."""

    def _strip(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = node.body  # type: ignore[attr-defined]
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:]  # type: ignore[attr-defined]
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Drops the module's docstring and imports."""
        imports = (ast.Import, ast.ImportFrom)
        node.body = [item for item in node.body if not isinstance(item, imports)]
        return self._strip(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _strip


def is_stub(text: str, task: Task) -> bool:
    """Returns whether a submission is still the stub, comments and docstrings aside.

    Args:
        text: String, the submission; it must parse.
        task: `Task`.
    """
    # Not the file in assignments/: that is what students write in.
    stub = pristine(task)
    if stub is None:
        return False
    if text == stub:
        return True
    try:
        found = _skeleton(text)
        return found == _skeleton(stub) or found == _skeleton(
            # What a notebook with the stub in it comes to.
            notebooks.only_needed(stub, _names_of(task))
        )
    except (RecursionError, ValueError, SyntaxError):
        return False


def _skeleton(text: str) -> str:
    return ast.dump(_Skeleton().visit(notebooks.parse(text)))


def _same(module: str, notebook: str, task: Task) -> bool:
    """Returns whether a module and a notebook's module hold the same code."""
    try:
        return _skeleton(notebook) in (
            _skeleton(module),
            _skeleton(notebooks.only_needed(module, _names_of(task))),
        )
    except (RecursionError, ValueError, SyntaxError):
        return False
