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
from collections.abc import Iterable
from typing import Any

from graders.printable import printable
from graders.submission.needs import Names, all_names, needed
from graders.submission.parsing import MAX_SOURCE, TooLarge, check_size, parse
from graders.submission.trial import without

# Pictures in outputs make a notebook large; its code is no longer than a module's.
MAX_BYTES = 16 * 2**20
# What is not code: prose, and the numbers and lines of outputs. Python takes about 100 bytes for
# each value of a JSON text.
MAX_VALUES = 300_000
MAX_CELLS = 5000
# After each line of Jupyter's own syntax the cell is parsed again. So many characters of a notebook
# are parsed in this way: the 30 magics of a module of 10 KB.
MAX_AGAIN = 300_000
# A string of JSON. Longer ones than any source are outputs, and are left out before they are read.
# One that does not end goes on to the end of the file, so that nothing is looked at twice.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
MAX_STRING = 6 * MAX_SOURCE
# Cell magics whose body is Python for the same kernel; any other (%%bash, %%html) is a cell apart.
PYTHON_MAGICS = ("time", "timeit", "capture", "prun")
# What Jupyter runs without a `%` or `!` before it.
SHELL = r"(pip|conda|cd|ls|pwd|mkdir|cat|cp|mv|rm)\s+\S"
# Names that Jupyter defines, and where modules import them from.
JUPYTER = {"display": "IPython.display", "get_ipython": "IPython"}


class BadNotebook(ValueError):
    """A notebook without a module in it; the text, which follows the file's name, is the reason.

    Args:
        reason: String.
        cell: Integer, the code cell that it lies in, from 1; 0 if it lies in none.
        line: Integer, the line there, from 1.
    """

    def __init__(self, reason: str, cell: int = 0, line: int = 0):
        super().__init__(reason)
        self.cell, self.line = cell, line


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


def _slim(data: bytes) -> bytes:
    """Returns a JSON text without very long strings; takes linear time and little memory.

    Raises:
        BadNotebook: If it holds so many values that they would take a lot of memory.
    """
    crowded = BadNotebook(
        f"holds more than {MAX_VALUES:,} values, most of them in outputs. Clear its outputs and "
        "save it again."
    )
    if data.count(b'"') - data.count(b'\\"') > 4 * MAX_VALUES:
        raise crowded
    # Commas in strings do not count.
    outside = STRING.sub(b"0", data)
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") > MAX_VALUES:
        raise crowded
    return STRING.sub(lambda found: found[0] if len(found[0]) <= MAX_STRING else b'""', data)


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
        found = json.loads(_slim(data).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadNotebook("is not UTF-8 text. Is it a notebook?") from None
    except json.JSONDecodeError as error:
        raise BadNotebook(
            f"is no notebook: its JSON ends making sense in line {error.lineno} ({error.msg}). "
            "Download or save it again."
        ) from None
    except BadNotebook:
        raise
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


class _Budget:
    """How much of a notebook may still be parsed again."""

    def __init__(self) -> None:
        self.left = MAX_AGAIN

    def spend(self, text: str, number: int) -> None:
        """Takes a text's length off, and raises `BadNotebook` once nothing is left."""
        self.left -= len(text)
        if self.left < 0:
            raise BadNotebook(
                f"has too many lines of Jupyter's own (% and !) among its code, the last of them "
                f"in code cell {number}. Put them into a cell of their own."
            )


def _without_magics(source: str, number: int, budget: _Budget) -> tuple[str, SyntaxError | None]:
    """Takes IPython's own syntax out of a cell, line by line, so that line numbers stay.

    Only a line at which Python's parser gives up is looked at: `% name` may go on an expression.
    """
    first = source.lstrip().partition("\n")[0]
    if first.startswith("%%"):
        words = first[2:].split()
        if not words or words[0] not in PYTHON_MAGICS:
            return "", None
        source = source.replace(first, "", 1)
    dedented = False
    while True:
        try:
            parse(source)
            return source, None
        except IndentationError as caught:
            before, source = source, textwrap.dedent(source)
            if dedented or before == source:
                return source, caught
            dedented = True
        except SyntaxError as caught:
            changed = _replace_magics(source.split("\n"), (caught.lineno or 0) - 1)
            if changed is None:
                return source, caught
            source = changed
        budget.spend(source, number)


def _replace_magics(lines: list[str], index: int) -> str | None:
    """Puts Python in the place of a line of IPython's own syntax, and of those that follow it.

    Args:
        lines: List of a cell's lines, which is changed.
        index: Integer, the line that is no Python.

    Returns:
        String, the cell; `None` if the line is no such line.
    """
    if not 0 <= index < len(lines) or _as_python(lines[index].strip()) is None:
        return None
    while index < len(lines):
        line = lines[index]
        python = _as_python(line.strip())
        if python is None and line.strip():
            break
        # A shell command may go on over several lines.
        end = index
        while lines[end].rstrip().endswith("\\") and end + 1 < len(lines):
            end += 1
        if python is not None:
            indent = line[: len(line) - len(line.lstrip())]
            lines[index : end + 1] = [indent + python, *[""] * (end - index)]
            if python != "pass":
                break
        index = end + 1
    return "\n".join(lines)


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


def statements(source: str) -> list[ast.stmt]:
    """Returns the statements of a cell without IPython's own syntax; none if it is no Python.

    Args:
        source: String, the cell as it was written.
    """
    try:
        text, error = _without_magics(source, 0, _Budget())
        return [] if error else parse(text).body
    except (ValueError, RecursionError, MemoryError):
        return []


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
    budget = _Budget()
    codes = [source_of(cell) for cell in cells if cell.get("cell_type") == "code"]
    try:
        check_size("\n".join(codes))
    except TooLarge as caught:
        raise BadNotebook(str(caught)) from None
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        if is_kits(cell):
            continue
        original = source_of(cell)
        try:
            source, error = _without_magics(original, number, budget)
            body = [] if error else parse(source).body
        except BadNotebook:
            raise
        except (RecursionError, MemoryError):
            raise BadNotebook(
                f"is nested too deeply for Python's parser in code cell {number}. Look for a very "
                "long chain of brackets, signs or elif."
            ) from None
        except ValueError as caught:
            raise BadNotebook(
                f"cannot be read as Python in code cell {number}: {caught}."
            ) from None
        if error is not None:
            # A cell of notes or a broken trial is none of the module's; a broken function is.
            names = "|".join(map(re.escape, sorted(roots))) or r"\w+"
            if re.search(
                rf"^[ \t]*(async[ \t]+)?(def|class)[ \t]+({names})\b", original, re.MULTILINE
            ):
                line = (error.text or "").rstrip("\n")
                # A line of thousands would bury the message.
                shown = f"\n    {line.strip()[:200]}" if line.strip() else ""
                raise BadNotebook(
                    f"has a syntax error in code cell {number}, line {error.lineno}: "
                    f"{error.msg}.{shown}",
                    number,
                    error.lineno or 0,
                )
            continue
        found.append(_Cell(number, source.split("\n"), body))
    if number == 0:
        raise BadNotebook("has no code cells. Start from the released notebook.")
    return found


def _from_jupyter(names: Names) -> list[str]:
    """Returns imports of the names that statements use, and that Jupyter defines by itself."""
    bound = set[str]().union(*(each[0] for each in names))
    used = set[str]().union(*(each[1] for each in names))
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
    statements = [statement for cell in cells for statement in cell.body]
    future = [
        statement
        for statement in statements
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    ]
    names = all_names(statements)
    kept = needed(statements, names, roots)
    stay = {id(statements[index]) for index in kept} - {id(statement) for statement in future}
    for cell in cells:
        lines = {n for part in cell.body if id(part) in stay for n in _own_lines(part)}
        for part in cell.body:
            if id(part) not in stay:
                for line in _own_lines(part):
                    if line not in lines:
                        cell.lines[line - 1] = ""
    # Such an import must come first in a module, and may come anywhere in a notebook.
    features = sorted({alias.name for statement in future for alias in statement.names})
    head = [f"from __future__ import {', '.join(features)}"] if features else []
    head += _from_jupyter([found for i, found in enumerate(names or ()) if i in kept])
    title = printable(title, 200).replace("\n", " ")
    text, places = [f"{'; '.join(head)}  # {title}" if head else f"# {title}"], [(0, 0)]
    for cell in cells:
        text.append(f"# code cell {cell.number}")
        places.append((0, 0))
        text += cell.lines
        places += [(cell.number, line) for line in range(1, len(cell.lines) + 1)]
    return Module("\n".join(text) + "\n", tuple(places))


def _language(found: dict[str, Any]) -> str:
    """Returns the language that a notebook names, in small letters; empty if it names none."""
    about = found.get("metadata")
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        inner = about.get(part) if isinstance(about, dict) else None
        name = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(name, str) and name:
            return "python" if "python" in name.lower() else name.lower()
    return ""


def whole(data: bytes) -> Module:
    """Turns all code cells of a notebook into one module, in their order.

    Args:
        data: Bytes, the file.

    Returns:
        A `Module`.

    Raises:
        BadNotebook: If it is no notebook, or if a cell is no Python.
    """
    text, places, budget, number = ["# notebook"], [(0, 0)], _Budget(), 0
    found = document(data)
    if (language := _language(found)) not in ("", "python"):
        raise BadNotebook(f"is a notebook of {printable(language, 40)}, not of Python.")
    for cell in found["cells"]:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        try:
            source, error = _without_magics(source_of(cell), number, budget)
        except (RecursionError, MemoryError):
            raise BadNotebook(f"is nested too deeply in code cell {number}.") from None
        if error is not None:
            raise BadNotebook(
                f"has a syntax error in code cell {number}, line {error.lineno}: {error.msg}."
            )
        lines = source.split("\n")
        text += lines
        places += [(number, line) for line in range(1, len(lines) + 1)]
    if number == 0:
        raise BadNotebook("has no code cells. Is it the right file?")
    return Module("\n".join(text) + "\n", tuple(places))


def only_needed(tree: ast.Module, roots: Iterable[str]) -> str:
    """Returns a module without what the given names do not need, as `module` makes it.

    Args:
        tree: The module's syntax tree.
        roots: Names of the functions and classes that it is for.
    """
    body = without(tree).body
    kept = needed(body, all_names(body), roots)
    return ast.unparse(ast.Module([body[index] for index in sorted(kept)], []))
