"""Any training script or notebook, as a whole, with what lies beside it and is named in it."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import itertools
import os
from pathlib import Path

from graders.printable import printable
from graders.submission import notebooks, parsing, reading
from graders.submission.source import Source, Unreadable

# What of the files beside a script goes along.
MOST_FILES, MOST_BYTES = 40, 48 * 2**20


@dataclasses.dataclass(frozen=True)
class Script:
    """A script.

    Attributes:
        source: `Source`, its whole text; of a notebook, that of all code cells.
        files: Dict from relative paths to bytes: what it reads or imports from its own folder.
        left_out: Tuple of strings, files that are too large to go along.
    """

    source: Source
    files: dict[str, bytes]
    left_out: tuple[str, ...] = ()

    def place(self, line: int) -> tuple[int, int]:
        """Returns the code cell and the line in it, for a line of the text; a module has cell 0."""
        if not self.source.lines:
            return 0, line
        found = self.source.lines
        return found[line - 1] if 0 < line <= len(found) else (0, 0)


def read(path: Path) -> Script:
    """Reads a script or a notebook.

    Args:
        path: Path.

    Returns:
        `Script`.

    Raises:
        Unreadable: If it is neither, with the line where it is no Python.
    """
    if path.suffix.lower() == ".ipynb":
        source = _notebook(path)
    else:
        source = Source(reading.module_text(path), printable(path.name, 100), path)
    source = reading.checked(source)
    return Script(source, *_beside(source, path.parent))


def _notebook(path: Path) -> Source:
    data = reading.read_bytes(path, notebooks.MAX_BYTES)
    try:
        module = notebooks.whole(data)
    except notebooks.BadNotebook as error:
        raise Unreadable(f"{path} {error}") from None
    return Source(module.text, printable(path.stem, 100) + ".py", path, module.lines)


def _beside(source: Source, folder: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Reads the files below a script's folder that its text names or imports, and so on from there.

    A name is looked for in the script's folder, and in that of the module where it stands. Of a
    package, each module goes along: many a package imports its modules by computed names.
    """
    base = os.path.realpath(folder)
    found: dict[str, bytes] = {}
    left_out: list[str] = []
    waiting = [(base, _named(source.tree))]
    for where, names in waiting:
        for name, place in itertools.product(names, dict.fromkeys((base, where))):
            if len(found) >= MOST_FILES:
                return found, tuple(left_out)
            # A text need not be a path.
            with contextlib.suppress(OSError, ValueError):
                path = os.path.realpath(os.path.join(place, name))
                short = os.path.relpath(path, base)
                if not path.startswith(base + os.sep) or short in found or short in left_out:
                    continue
                content = _read(path, MOST_BYTES - sum(map(len, found.values())))
                if content is None:
                    left_out.append(short)
                    continue
                found[short] = content
                waiting += _needs(path, content)
    return found, tuple(left_out)


def _read(path: str, most: int) -> bytes | None:
    """Reads a file; `None` if it is larger than that. Raises `OSError` if there is none."""
    if not os.path.isfile(path):
        raise FileNotFoundError(path)
    with open(path, "rb") as file:
        content = file.read(most + 1)
    return content if len(content) <= most else None


def _needs(path: str, content: bytes) -> list[tuple[str, list[str]]]:
    """Lists what a file beside a script names in turn, with the folder where it stands."""
    inside = os.path.dirname(path)
    found = []
    if os.path.basename(path) == "__init__.py":
        found.append((inside, sorted(name for name in os.listdir(inside) if name.endswith(".py"))))
    if path.endswith(".py"):
        found.append((inside, _named(_parsed(content))))
    return found


def _parsed(content: bytes) -> ast.Module:
    """Parses a module beside a script; one that is no Python names nothing."""
    try:
        return parsing.parse(content.decode("utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _named(tree: ast.Module) -> list[str]:
    """Lists the paths that a script's text may name, each once."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if 0 < len(text) < 200 and "\n" not in text and "." in text:
                found[text.removeprefix("./")] = None
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found.update(dict.fromkeys(_modules(alias.name)))
        elif isinstance(node, ast.ImportFrom):
            above = "../" * max(0, node.level - 1)
            for alias in node.names:
                name = ".".join(filter(None, (node.module, alias.name)))
                found.update(dict.fromkeys(above + path for path in _modules(name)))
    return list(found)


def _modules(name: str) -> list[str]:
    """Lists the files that a module's dotted name may stand for, with its packages."""
    parts = name.split(".")
    paths = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return [f"{path}{ending}" for path in paths for ending in (".py", "/__init__.py")]
