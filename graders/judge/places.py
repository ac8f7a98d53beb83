"""Where in the student's file a message points: the line that it is about.

The text is parsed, not run. A line that a sandbox claims is no more than a number within it.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any

from graders.checking import At, Changes, Uses
from graders.rebuilt.lines import line_of

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Functions that give other values for the same data.
CHANGING = ("preprocess_input", "normalize", "multiply", "divide")
# The arguments of calls that are often given by position.
POSITIONS = {"compile": ("optimizer", "loss"), "fit": ("x", "y", "batch_size", "epochs")}


def evidence_of(found: dict[str, Any]) -> tuple[Any, ...]:
    """Returns what a message is about by the evidence of its check: a training before a model.

    Args:
        found: Dict, what the check was given.
    """
    values = [
        value
        for given in found.values()
        for value in (given.values() if isinstance(given, dict) else [given])
    ]
    abouts = [about for value in values if (about := getattr(value, "about", None)) is not None]
    # What is about a line of its own, as a training is about a fit, tells more than a function.
    return tuple(sorted(abouts, key=lambda about: isinstance(about, str)))


class Places:
    """Finds lines of one submission.

    Args:
        source: String, its text.
    """

    def __init__(self, source: str):
        self._source = source
        self._count = source.count("\n") + 1

    @functools.cached_property
    def _tree(self) -> ast.Module:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.parse(self._source)
        return ast.Module([], [])

    @functools.cached_property
    def _definitions(self) -> dict[str, ast.AST]:
        """The functions and classes of the module, and methods, by `method` and `Class.method`."""
        found: dict[str, ast.AST] = {}
        inner: dict[str, ast.AST] = {}
        for node in self._tree.body:
            if not isinstance(node, DEFINITIONS):
                continue
            found[node.name] = node
            for item in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(item, DEFINITIONS):
                    inner[f"{node.name}.{item.name}"] = item
                    inner.setdefault(item.name, item)
        return inner | found

    def line(self, about: Any) -> int | None:
        """Finds the line that a message is about.

        Args:
            about: See `graders.checking.fail`.

        Returns:
            Integer, from 1; `None` if there is none.
        """
        match about:
            case tuple() | list():
                lines = (self.line(each) for each in about)
                return next((line for line in lines if line is not None), None)
            case str():
                return self._defined(about)
            case At(call, argument):
                return self._argument(self.line(call), argument)
            case Uses(word, inside, last, alone):
                used = self._used(word, inside)
                if alone and len(set(used)) > 1:
                    return None
                return max(used, default=None) if last else min(used, default=None)
            case Changes(inside, in_place):
                return min(self._changed(inside, in_place), default=None)
        line = about if type(about) is int else line_of(about)
        return line if line is not None and 0 < line <= self._count else None

    def named_in(self, description: str) -> int | None:
        """Finds the first function, class or method that a check's description names.

        Args:
            description: String.

        Returns:
            Integer: its line, that of the file's first one if none is named; `None` if there are
            none.
        """
        words = re.findall(r"\w+", description)
        first = next(iter(self._definitions_in_order()), None)
        return self.line((*words, first.lineno if first is not None else None))

    def _definitions_in_order(self) -> Iterator[Any]:
        return (node for node in self._tree.body if isinstance(node, DEFINITIONS))

    def _defined(self, name: str) -> int | None:
        """Returns the line of a definition; of a class, if it has no such method."""
        owner = name.partition(".")[0]
        found = self._definitions.get(name) or (
            self._definitions.get(owner) if owner != name else None
        )
        return getattr(found, "lineno", None)

    def _argument(self, line: int | None, argument: str) -> int | None:
        """Returns the line of an argument of the call that begins at a line, or goes over it."""
        if line is None:
            return None
        calls = [
            node
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        # The innermost that has the argument: a layer may stand within a call of Sequential.
        for call in sorted(calls, key=lambda node: (node.lineno != line, -node.lineno)):
            for keyword in call.keywords:
                if keyword.arg == argument:
                    return keyword.lineno
            names = POSITIONS.get(_name(call.func), ())
            for name, value in zip(names, call.args, strict=False):
                if name == argument:
                    return value.lineno
        return line

    def _changed(self, inside: str, in_place: bool) -> list[int]:
        """Returns the lines of a definition that change values."""
        whole = self._definitions.get(inside)
        found = ast.walk(whole) if whole is not None else ()
        return [node.lineno for node in found if _is_change(node, in_place)]  # type: ignore[attr-defined]

    def _used(self, word: str, inside: str) -> list[int]:
        """Returns the lines of a definition that use a word in code."""
        whole = self._definitions.get(inside) if inside else self._tree
        found = ast.walk(whole) if whole is not None else ()
        return [line for node in found for name, line in _words(node) if name == word]


def _is_change(node: ast.AST, in_place: bool) -> bool:
    """Returns whether a node of a syntax tree changes values by a number, or an array itself."""
    match node:
        case ast.AugAssign(value=value):
            return in_place or isinstance(value, ast.Constant)
        case ast.Assign(targets=[ast.Subscript() | ast.Tuple(elts=[ast.Subscript(), *_]), *_]):
            return in_place
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="shuffle" | "sort" | "fill"))):
            return in_place
        case ast.BinOp(left=left, op=ast.Div() | ast.Mult() | ast.Sub(), right=right):
            return not in_place and any(isinstance(n, ast.Constant) for n in (left, right))
        case ast.Call(func=function):
            return not in_place and _name(function) in CHANGING
    return False


def _name(node: ast.AST) -> str:
    """Returns the last part of a name: `compile` of `model.compile`."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _words(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Gives the words that a node of a syntax tree uses itself, with their lines."""
    match node:
        case ast.Attribute(attr=name):
            # Of `model\n.compile`, the attribute stands where it ends.
            yield name, node.end_lineno or node.lineno
        case ast.Name(id=name):
            yield name, node.lineno
        case ast.keyword(arg=str(name)):
            yield name, node.lineno
        case ast.Subscript(slice=ast.Constant(value=str(name)) as index):
            yield name, index.lineno
        case ast.Dict(keys=keys):
            for key in keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, key.lineno
