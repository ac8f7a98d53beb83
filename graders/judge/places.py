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

from graders.checking import At, Changes, Cuts, Returned, Under, Uses
from graders.judge import syntax
from graders.rebuilt.lines import line_of

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
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
            case Under(key, inside):
                return self._made(key, inside)
            case Returned(inside, in_loop):
                return self._returned(inside, in_loop)
            case Cuts(inside):
                found = (node for node in self._nodes(inside) if syntax.is_cut(node))
                return min((node.lineno for node in found), default=None)  # type: ignore[attr-defined]
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
            names = POSITIONS.get(syntax.name(call.func), ())
            for name, value in zip(names, call.args, strict=False):
                if name == argument:
                    return value.lineno
        return line

    def _nodes(self, inside: str) -> list[ast.AST]:
        """Returns the nodes of a definition; none if there is no such one."""
        whole = self._definitions.get(inside)
        return list(ast.walk(whole)) if whole is not None else []

    def _returned(self, inside: str, in_loop: bool) -> int | None:
        """Returns the line of a function that first makes the variable that it returns."""
        nodes = self._nodes(inside)
        names = [
            syntax.variable(node.value)
            for node in nodes
            if isinstance(node, ast.Return) and node.value is not None
        ]
        if not names or not names[-1]:
            return None
        first = min(syntax.stores(nodes, names[-1]), default=None)
        loops = [node for node in nodes if isinstance(node, ast.For | ast.While)]
        within = any(loop.lineno < (first or 0) <= (loop.end_lineno or 0) for loop in loops)
        return first if within or not in_loop else None

    def _made(self, key: str, inside: str) -> int | None:
        """Returns the line of a definition that makes what is put under a key."""
        nodes = self._nodes(inside)
        values = [value for node in nodes for name, value in syntax.entries(node) if name == key]
        if not values:
            return None
        value = min(values, key=lambda node: node.lineno)
        name = syntax.variable(value)
        stored = syntax.stores(nodes, name)
        before = [line for line in stored if line <= value.lineno]
        return max(before or stored or [value.lineno])

    def _changed(self, inside: str, in_place: bool) -> list[int]:
        """Returns the lines of a definition that change values."""
        found = self._nodes(inside)
        return [node.lineno for node in found if syntax.is_change(node, in_place)]  # type: ignore[attr-defined]

    def _used(self, word: str, inside: str) -> list[int]:
        """Returns the lines of a definition that use a word in code."""
        whole = self._definitions.get(inside) if inside else self._tree
        found = ast.walk(whole) if whole is not None else ()
        return [line for node in found for name, line in syntax.words(node) if name == word]
