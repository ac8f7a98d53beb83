"""What is left of a module when names, comments, types, layout and ways of importing do not count.

Two students' files that have the same shape do the same in the same words. Nothing runs here.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

from graders.submission import notebooks, trial

Token = tuple[str, int]


class _Names(ast.NodeVisitor):
    """Finds which names are the student's own, and what the imported ones stand for."""

    def __init__(self, tree: ast.Module):
        self.own: set[str] = set()
        self.imported: dict[str, str] = {}
        self._methods_first: set[str] = set()
        self.attributes: set[str] = set()
        for node in ast.walk(tree):
            self._note(node)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id in self._methods_first
            ):
                self.attributes.add(node.attr)
        self.own -= set(self.imported)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.own.add(node.name)
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef):
                        self.attributes.add(item.name)
                        self._methods_first |= {arg.arg for arg in item.args.args[:1]}
        elif isinstance(node, ast.arg):
            self.own.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self.own.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self.own.add(node.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self.imported[alias.asname or name] = name.rpartition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.imported[alias.asname or alias.name] = alias.name


def tokens(text: str, most: int) -> list[Token]:
    """Returns what of a module counts when it is compared with another.

    Args:
        text: String, the module's source; it must parse.
        most: Integer, the most tokens that are of interest.

    Returns:
        List of pairs: a token, and the line that it stands in.
    """
    tree = trial.without(notebooks.parse(text))
    names = _Names(tree)
    return list(itertools.islice(_walk(tree, names), most))


def _imported_chain(node: ast.AST, names: _Names) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in names.imported


def _walk(node: ast.AST, names: _Names) -> Iterator[Token]:
    line = getattr(node, "lineno", 0)
    children: list[Any] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Import | ast.ImportFrom | ast.expr_context | ast.arguments):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Name):
        own = node.id in names.own
        yield "V" if own else names.imported.get(node.id, node.id), line
        return
    if isinstance(node, ast.Attribute):
        # keras.layers.Dense, layers.Dense and Dense are the same.
        if not _imported_chain(node, names):
            yield from _walk(node.value, names)
        yield "V" if node.attr in names.attributes else node.attr, node.end_lineno or line
        return
    if isinstance(node, ast.Constant):
        yield repr(node.value)[:80], line
        return
    if isinstance(node, ast.keyword):
        yield "V=" if node.arg in names.own else f"{node.arg}=", line
        yield from _walk(node.value, names)
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        # The signature is the task's; types are comments.
        children = [*node.args.defaults, *node.body]
    elif isinstance(node, ast.AnnAssign):
        children = [node.target, *([node.value] if node.value else [])]
    if isinstance(node, ast.AnnAssign):
        yield "Assign", line
    elif not isinstance(node, ast.Module | ast.Expr):
        yield type(node).__name__, line
    for child in children:
        yield from _walk(child, names)
