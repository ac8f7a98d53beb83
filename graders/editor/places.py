"""Where in a student's file a check belongs: the line at which an editor shows its tick."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from graders.rubric import Check
from graders.submission import Unreadable, read_bytes
from graders.submission.parsing import parse


def lines(path: Path, checks: Iterable[Check]) -> dict[str, int]:
    """Returns the line that each check is about, counted from 0.

    That is the line of the first function or class of the file that the check's description names;
    of the file's first one, if it names none; and the first line, if the file cannot be read.

    Args:
        path: Path of a module. It is parsed, not run.
        checks: Iterable of `Check`.

    Returns:
        Dict: the name of a check -> its line.
    """
    places = dict(_definitions(path))
    first = min(places.values(), default=0)
    found = {}
    for check in checks:
        named = [word for word in re.findall(r"\w+", check.description) if word in places]
        found[check.name] = places[named[0]] if named else first
    return found


def _definitions(path: Path) -> Iterator[tuple[str, int]]:
    """Gives the functions and classes of a module, and the methods of these, with their lines."""
    try:
        tree = parse(read_bytes(path).decode("utf-8"))
    except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno - 1
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    yield item.name, item.lineno - 1
