"""A submission as text, with its parse: what travels from the reader to whoever looks at it."""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import hashlib
import re
from pathlib import Path

from graders.printable import printable
from graders.submission import notebooks, trial
from graders.verdict import Where

# A longer line is cut where it is shown.
LONGEST = 120
UNREADABLE = ("The message names the file, and what to do about it: no line of it has run yet.",)


class Unreadable(Exception):
    """A submission that cannot be graded; the text is the reason, in the student's words.

    Args:
        reason: String.
        where: `Where` the reason lies; `None` if that is no line.
        hints: Tuple of strings, from gentle to plain.
    """

    def __init__(
        self, reason: str, where: Where | None = None, hints: tuple[str, ...] = UNREADABLE
    ):
        super().__init__(reason)
        self.where, self.hints = where, hints


@dataclasses.dataclass(frozen=True)
class Source:
    """A submission as text.

    Attributes:
        text: String, the module's source.
        filename: String, what to call it in messages.
        path: Path that it came from.
        lines: Tuple, of a notebook the cell and line of each line of the text.
        note: String, what the student should know about which file was taken.
    """

    text: str
    filename: str
    path: Path
    lines: tuple[tuple[int, int], ...] = ()
    note: str = ""

    @functools.cached_property
    def digest(self) -> str:
        """String, `"sha256:…"` of the text."""
        return "sha256:" + hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The text's syntax tree, parsed once; nobody may change it.

        Raises:
            SyntaxError, ValueError, RecursionError, MemoryError: If the text is no module.
        """
        return notebooks.parse(self.text)

    @functools.cached_property
    def skeleton(self) -> str:
        """String, the same for modules that differ in docstrings, comments, imports, trial runs.

        Raises:
            SyntaxError, ValueError, RecursionError, MemoryError: If the text is no module.
        """
        return ast.dump(bare(trial.without(self.tree)))

    def with_note(self, note: str) -> Source:
        """Returns the same submission with a note; what was parsed is kept."""
        noted = copy.copy(self)
        object.__setattr__(noted, "note", note)
        return noted

    def in_own_file(self, message: str) -> str:
        """Puts the places that a message names in the student's file: a module or a notebook.

        Args:
            message: String, which may name lines of the text under `filename`.
        """
        title = printable(self.path.name, 200)
        if not self.lines and title == self.filename:
            return message

        def place(found: re.Match[str]) -> str:
            number = int(found[1])
            if not self.lines:
                return f'"{title}", line {number}'
            cell, line = self.lines[number - 1] if 0 < number <= len(self.lines) else (0, 0)
            return f'"{title}", code cell {cell}, line {line}' if cell else f'"{title}"'

        name = re.escape(self.filename)
        message = re.sub(rf'"(?:[^"\n]*/)?{name}", line (\d{{1,7}})', place, message)
        return message.replace(self.filename, title) if self.lines else message

    def place(self, line: int | None) -> Where | None:
        """Returns the place of a line of the text in the student's file.

        Args:
            line: Integer, from 1; `None` or another number for no line.

        Returns:
            `Where`; `None` if the file has no such line.
        """
        text = self.text.split("\n")
        if line is None or not 0 < line <= len(text):
            return None
        code = printable(text[line - 1].strip(), LONGEST).replace("\n", " ")
        cell, number = self.lines[line - 1] if line <= len(self.lines) else (0, line)
        if self.lines and not cell:
            return None
        return Where(printable(self.path.name, 200), number, cell, code, str(self.path))

    def pasted(self, lines: str) -> str:
        """Has lines for Python import the submission as this one can be imported.

        Args:
            lines: String, which begins with `from <module> import <name>; `; or another one.
        """
        found = re.match(r"from \w+ import (\w+); ", lines)
        if found is None:
            return lines
        if self.lines:  # in a notebook it is there already
            return lines[found.end() :]
        stem = self.path.stem
        name = stem if stem.isidentifier() else self.filename.removesuffix(".py")
        return f"from {name} import {found[1]}; {lines[found.end() :]}"


def bare(node: ast.AST) -> ast.AST:
    """Copies a tree without docstrings and imports: who edits only these has not started."""
    fields: dict[str, object] = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            parts = [bare(part) if isinstance(part, ast.AST) else part for part in value]
            fields[name] = parts
        else:
            fields[name] = bare(value) if isinstance(value, ast.AST) else value
    copied = type(node)(**fields)
    if isinstance(copied, ast.Module):
        imports = (ast.Import, ast.ImportFrom)
        copied.body = [part for part in copied.body if not isinstance(part, imports)]
    if isinstance(copied, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        first = copied.body[0] if copied.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            copied.body = copied.body[1:]
    return copied
