"""A module from a notebook: the code that a task needs, and where each line of it came from.

A notebook holds more than a module: magics, plots, trial runs, the check cells of the release. The
module is what the task's functions and classes use, and what that uses. The rest is left out: a
student who looks at a model in a cell loses neither time nor points. Nothing runs here: the
notebook is JSON, its code is parsed.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import textwrap
import warnings
from collections.abc import Iterable
from typing import Any

from graders.submission.needs import names_of, needed

MAX_BYTES = 32 * 2**20
MAX_CODE = 2 * 2**20
MAX_CELLS = 5000
# How many magics of a cell are looked for before it counts as no Python.
MAX_MAGICS = 200
# Cell magics whose body is Python for the same kernel; any other (%%bash, %%html) is a cell apart.
PYTHON_MAGICS = ("time", "timeit", "capture", "prun")
# What Jupyter runs without a `%` or `!` before it.
SHELL = r"(pip|conda|cd|ls|pwd|mkdir|cat|cp|mv|rm)\s+\S"
# Names that Jupyter defines, and where modules import them from.
JUPYTER = {"display": "IPython.display", "get_ipython": "IPython"}


class BadNotebook(ValueError):
    """A notebook without a module in it; the text, which follows the file's name, is the reason."""


@dataclasses.dataclass(frozen=True, slots=True)
class Module:
    """What a notebook comes to.

    Attributes:
        text: String, the module's source.
        lines: Tuple, for each line of it the code cell and the line there, counted from 1; `(0, 0)`
            for lines that no cell holds.
    """

    text: str
    lines: tuple[tuple[int, int], ...]


@dataclasses.dataclass(slots=True)
class _Cell:
    number: int
    lines: list[str]
    body: list[ast.stmt]


def parse(text: str) -> ast.Module:
    """Parses Python without showing its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def document(data: bytes) -> dict[str, Any]:
    """Reads the JSON of a notebook.

    Args:
        data: Bytes, the file.

    Returns:
        Dict, with a list of dicts under `"cells"`.

    Raises:
        BadNotebook: If it is no notebook.
    """
    if not data.strip():
        raise BadNotebook("is empty. Save the notebook again, or start from the released one.")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadNotebook("is not UTF-8 text. Is it a notebook?") from None
    except json.JSONDecodeError as error:
        raise BadNotebook(
            f"is no notebook: its JSON ends making sense in line {error.lineno} ({error.msg}). "
            "Download or save it again."
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise BadNotebook("is no notebook: its JSON cannot be read. Save it again.") from None
    if isinstance(found, dict) and "worksheets" in found:
        raise BadNotebook("has the format of 2014. Open it in Jupyter and save it again.")
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise BadNotebook("is no notebook: it has no list of cells. Is it the right file?")
    if len(cells) > MAX_CELLS:
        raise BadNotebook(f"has more than {MAX_CELLS} cells. Is it the right file?")
    return found


def source_of(cell: dict[str, Any]) -> str:
    """Returns the text of a cell, whichever way it is stored."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source.replace("\r\n", "\n").replace("\r", "\n") if isinstance(source, str) else ""


def marks_of(cell: dict[str, Any]) -> dict[str, Any]:
    """Returns what nbgrader noted on a cell, empty if nothing."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return marks if isinstance(marks, dict) else {}


def is_kits(cell: dict[str, Any]) -> bool:
    """Returns whether a cell is the kit's own (a check, or locked), not the student's work."""
    marks = marks_of(cell)
    return not marks.get("solution") and bool(marks.get("grade") or marks.get("locked"))


def _without_magics(source: str) -> tuple[str, SyntaxError | None]:
    """Takes IPython's own syntax out of a cell, line by line, so that line numbers stay.

    Only a line at which Python's parser gives up is looked at: `% name` may go on an expression.
    """
    first = source.lstrip().partition("\n")[0]
    if first.startswith("%%"):
        words = first[2:].split()
        if not words or words[0] not in PYTHON_MAGICS:
            return "", None
        source = source.replace(first, "", 1)
    error: SyntaxError | None = None
    for _ in range(MAX_MAGICS):
        try:
            parse(source)
            return source, None
        except IndentationError as caught:
            error = caught
            dedented = textwrap.dedent(source)
            if dedented == source:
                break
            source = dedented
        except SyntaxError as caught:
            error = caught
            lines = source.split("\n")
            index = (caught.lineno or 0) - 1
            line = lines[index] if 0 <= index < len(lines) else ""
            python = _as_python(line.strip())
            if python is None:
                break
            # A shell command may go on over several lines.
            end = index
            while lines[end].rstrip().endswith("\\") and end + 1 < len(lines):
                end += 1
            indent = line[: len(line) - len(line.lstrip())]
            lines[index : end + 1] = [indent + python, *[""] * (end - index)]
            source = "\n".join(lines)
    return source, error


def _as_python(code: str) -> str | None:
    """Returns what stands for a line of IPython's own syntax; `None` if it is none."""
    timed = re.match(r"%time\s+(\S.*)", code)
    if timed:
        # It runs its statement once, where it stands, and keeps what that defines.
        return timed[1]
    assigned = re.match(r"([A-Za-z_][\w, ]*)=\s*[%!]", code)
    if assigned:
        return f"{assigned[1].strip()} = None"
    if code.startswith(("%", "!", "?")) or code.endswith("?"):
        return "pass"
    return "pass" if re.match(SHELL, code) else None


def defined(text: str) -> frozenset[str]:
    """Returns the functions and classes that a module defines.

    Args:
        text: String, the module's source.
    """
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in parse(text).body if isinstance(node, kinds))


def _own_lines(statement: ast.stmt) -> range:
    first = statement.lineno
    for decorator in getattr(statement, "decorator_list", []):
        first = min(first, decorator.lineno)
    return range(first, (statement.end_lineno or first) + 1)


def _read_cells(cells: list[dict[str, Any]], roots: frozenset[str]) -> list[_Cell]:
    found: list[_Cell] = []
    number = 0
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        if is_kits(cell):
            continue
        original = source_of(cell)
        try:
            source, error = _without_magics(original)
            body = [] if error else parse(source).body
        except (ValueError, RecursionError, MemoryError) as caught:
            raise BadNotebook(
                f"cannot be read as Python in code cell {number}: {caught}."
            ) from None
        if error is not None:
            # A cell of notes or a broken trial is none of the module's; a broken function is.
            names = "|".join(map(re.escape, sorted(roots))) or r"\w+"
            if re.search(rf"^\s*(async\s+)?(def|class)\s+({names})\b", original, re.MULTILINE):
                line = (error.text or "").rstrip("\n")
                shown = f"\n    {line.strip()}" if line.strip() else ""
                raise BadNotebook(
                    f"has a syntax error in code cell {number}, line {error.lineno}: "
                    f"{error.msg}.{shown}"
                )
            continue
        found.append(_Cell(number, source.split("\n"), body))
    if number == 0:
        raise BadNotebook("has no code cells. Start from the released notebook.")
    return found


def _from_jupyter(statements: list[ast.stmt]) -> list[str]:
    """Returns imports of the names that statements use, and that Jupyter defines by itself."""
    names = [names_of(statement) for statement in statements]
    bound, used = (
        (set[str]().union(*sets) for sets in zip(*names, strict=True)) if names else ((), ())
    )
    return [
        f"from {package} import {name}"
        for name, package in JUPYTER.items()
        if name in used and name not in bound
    ]


def module(data: bytes, roots: Iterable[str], title: str) -> Module:
    """Turns a notebook into the module that it contains.

    Args:
        data: Bytes, the file.
        roots: Names of the functions and classes that the task asks for.
        title: String, the notebook's name, for the first line.

    Returns:
        A `Module`.

    Raises:
        BadNotebook: If it is no notebook, or holds no code.
    """
    roots = frozenset(roots)
    cells = _read_cells(document(data)["cells"], roots)
    if sum(len(line) + 1 for cell in cells for line in cell.lines) > MAX_CODE:
        raise BadNotebook(f"holds more than {MAX_CODE // 2**20} MB of code. Is it the right file?")
    owners = [(cell, statement) for cell in cells for statement in cell.body]
    future = [
        statement
        for _, statement in owners
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    ]
    kept = needed([statement for _, statement in owners], roots)
    for cell in cells:
        mine = [(i, statement) for i, (owner, statement) in enumerate(owners) if owner is cell]
        stays = {
            line
            for i, statement in mine
            if i in kept and statement not in future
            for line in _own_lines(statement)
        }
        for i, statement in mine:
            if i not in kept or statement in future:
                for line in _own_lines(statement):
                    if line not in stays:
                        cell.lines[line - 1] = ""
    # Such an import must come first in a module, and may come anywhere in a notebook.
    names = sorted({alias.name for statement in future for alias in statement.names})
    head = [f"from __future__ import {', '.join(names)}"] if names else []
    head += _from_jupyter([statement for i, (_, statement) in enumerate(owners) if i in kept])
    text, lines = [f"{'; '.join(head)}  # {title}" if head else f"# {title}"], [(0, 0)]
    for cell in cells:
        text.append(f"# code cell {cell.number}")
        lines.append((0, 0))
        text += cell.lines
        lines += [(cell.number, line) for line in range(1, len(cell.lines) + 1)]
    return Module("\n".join(text) + "\n", tuple(lines))


def only_needed(tree: ast.Module, roots: Iterable[str]) -> str:
    """Returns a module without what the given names do not need, as `module` makes it.

    Args:
        tree: The module's syntax tree.
        roots: Names of the functions and classes that it is for.
    """
    body = tree.body
    kept = needed(body, roots)
    return ast.unparse(ast.Module([body[index] for index in sorted(kept)], []))
