"""A program's syntax tree: where nodes are, what they are for, and how they are changed."""

from __future__ import annotations

import ast
import copy
import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

# Where a node is: the fields (and places in lists) that lead to it from the module.
Step = tuple[str, int | None]
Site = tuple[Step, ...]
Edit = Callable[[ast.Module], None]

Functions = (ast.FunctionDef, ast.AsyncFunctionDef)
FIT = "fit"


@dataclasses.dataclass(frozen=True)
class Change:
    operator: str
    site: Site
    place: str
    words: str
    edit: Edit


def _children(node: ast.AST) -> Iterator[tuple[Step, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield (field, i), item
        elif isinstance(value, ast.AST):
            yield (field, None), value


def _step(node: Any, step: Step) -> Any:
    value = getattr(node, step[0])
    return value if step[1] is None else value[step[1]]


def node_at(tree: ast.AST, site: Site) -> Any:
    for step in site:
        tree = _step(tree, step)
    return tree


def _put(tree: ast.AST, site: Site, new: Any) -> None:
    parent, (field, i) = node_at(tree, site[:-1]), site[-1]
    if i is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[i] = new


def _remove(tree: ast.AST, site: Site) -> None:
    parent, (field, i) = node_at(tree, site[:-1]), site[-1]
    assert i is not None
    items = getattr(parent, field)
    del items[i]
    if field in ("body", "finalbody") and not items:
        items.append(ast.Pass())
    if isinstance(parent, ast.Dict):
        del parent.keys[i]


def removal(site: Site) -> Edit:
    return lambda tree: _remove(tree, site)


def replacement(site: Site, new: ast.AST) -> Edit:
    return lambda tree: _put(tree, site, copy.deepcopy(new))


def parents(tree: ast.AST, site: Site) -> Iterator[tuple[ast.AST, Step]]:
    """Yields the ancestors of a node, nearest first, each with the step that leads down from it."""
    for depth in range(len(site) - 1, -1, -1):
        yield node_at(tree, site[:depth]), site[depth]


def function_of(tree: ast.AST, site: Site) -> ast.FunctionDef | None:
    for node in [node_at(tree, site), *(node for node, _ in parents(tree, site))]:
        if isinstance(node, Functions):
            return node  # type: ignore[return-value]
    return None


def scope_of(tree: ast.AST, site: Site) -> str:
    names = [
        node.name for node, _ in parents(tree, site) if isinstance(node, (*Functions, ast.ClassDef))
    ]
    return ".".join(reversed(names)) or "module"


def line_of(tree: ast.AST, site: Site) -> int:
    for node in [node_at(tree, site), *(node for node, _ in parents(tree, site))]:
        if hasattr(node, "lineno"):
            return node.lineno
    return 1


def holds_fit(tree: ast.AST, site: Site) -> bool:
    function = function_of(tree, site)
    return function is not None and any(
        isinstance(node, ast.Call) and name_called(node) == FIT for node in ast.walk(function)
    )


def name_called(call: ast.Call) -> str:
    """Returns the last part of the name of what is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Call):
        return name_called(function) + "()"
    return "call"


def _short(text: str, size: int = 90) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= size else text[: size - 1] + "…"


def text_of(node: ast.AST) -> str:
    return _short(ast.unparse(node))


def word_of(node: ast.AST) -> str:
    """Returns a node's text as a part of an id."""
    return re.sub(r"[^\w.+-]+", "_", ast.unparse(node)).strip("_")[:40]


def place_of(tree: ast.AST, site: Site) -> str:
    """Says what a node is for: which argument of which call, which variable, which key."""
    for node, (field, i) in parents(tree, site):
        if isinstance(node, ast.keyword):
            continue
        if isinstance(node, ast.Call):
            if field == "keywords":
                assert i is not None
                return f"{name_called(node)}.{node.keywords[i].arg or 'kwargs'}"
            return f"{name_called(node)}.{'arg' + str((i or 0) + 1) if field == 'args' else 'name'}"
        if isinstance(node, ast.Dict):
            key = node.keys[i] if i is not None else None
            if field == "values":
                return f"dict.{word_of(key) if key is not None else 'kwargs'}"
            return "dict"
        if isinstance(node, ast.arguments):
            return "default"
        if isinstance(node, ast.Subscript):
            return f"{word_of(node.value)}.{'index' if field == 'slice' else 'value'}"
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return word_of(target)
        if isinstance(node, ast.stmt):
            return type(node).__name__.lower()
    return "module"


def sites(tree: ast.Module) -> Iterator[tuple[Site, ast.AST]]:
    """Yields what may be changed: no docstring, annotation, import or `verbose=`."""

    def walk(node: ast.AST, site: Site) -> Iterator[tuple[Site, ast.AST]]:
        for step, child in _children(node):
            if step[0] in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            if isinstance(child, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
                continue
            if isinstance(child, ast.keyword) and child.arg == "verbose":
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(node, ast.Dict) and step[0] == "values":
                key = node.keys[step[1] or 0]
                if isinstance(key, ast.Constant) and key.value == "verbose":
                    continue
            # An alias of a type: `Data = tuple[np.ndarray, np.ndarray]`.
            if (
                isinstance(node, ast.Module)
                and isinstance(child, ast.Assign)
                and isinstance(child.value, ast.Subscript)
            ):
                continue
            yield (*site, step), child
            yield from walk(child, (*site, step))

    yield from walk(tree, ())
