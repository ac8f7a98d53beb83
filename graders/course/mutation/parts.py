"""Faults of parts: a statement, argument or layer that is dropped, frozen, or stands elsewhere."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from graders.course.mutation.trees import (
    Change,
    Functions,
    Site,
    name_called,
    node_at,
    removal,
    replacement,
    text_of,
    word_of,
)

# What has weights of its own that a fault may freeze.
WITH_WEIGHTS = ("add_weight", "Dense", "Conv1D", "Conv2D", "LSTM", "GRU", "SimpleRNN", "Embedding")


def drop_statement(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.stmt) or isinstance(node, (ast.Return, ast.ClassDef, ast.Pass)):
        return
    if isinstance(node, Functions):
        # A function of the module is there in every stub; a method may be forgotten.
        if isinstance(node_at(tree, site[:-1]), ast.ClassDef):
            yield Change(
                "drop-method",
                site,
                node.name,
                f"without the method {node.name}",
                removal(site),
            )
        return
    if isinstance(node, ast.Assign):
        place = word_of(node.targets[0])
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        place = name_called(node.value)
    else:
        place = type(node).__name__.lower()
    yield Change("drop-statement", site, place, f"without {text_of(node)}", removal(site))


def drop_argument(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.Call):
        return
    name = name_called(node)
    for i, word in enumerate(node.keywords):
        if word.arg == "verbose":
            continue
        where: Site = (*site, ("keywords", i))
        words = f"without {text_of(word)} in {name}"
        place = f"{name}.{word.arg or 'kwargs'}"
        yield Change("drop-argument", where, place, words, removal(where))
    if node.args:
        last = len(node.args) - 1
        where = (*site, ("args", last))
        words = f"without {text_of(node.args[last])} in {name}"
        yield Change("drop-argument", where, f"{name}.arg{last + 1}", words, removal(where))


def drop_element(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if isinstance(node, ast.Dict):
        for i, value in enumerate(node.values):
            key = node.keys[i]
            if isinstance(key, ast.Constant) and key.value == "verbose":
                continue
            where: Site = (*site, ("values", i))
            place = f"dict.{word_of(key) if key is not None else word_of(value)}"
            shown = (
                f"{text_of(key)}: {text_of(value)}" if key is not None else f"**{text_of(value)}"
            )
            yield Change(
                "drop-element",
                where,
                place,
                f"without {shown}",
                removal(where),
            )
        return
    if not isinstance(node, (ast.List, ast.Tuple)) or not isinstance(node.ctx, ast.Load):
        return
    for i, item in enumerate(node.elts):
        where = (*site, ("elts", i))
        place = name_called(item) if isinstance(item, ast.Call) else word_of(item)
        yield Change(
            "drop-element",
            where,
            place,
            f"without {text_of(item)}",
            removal(where),
        )


def swap_elements(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    """Exchanges neighbours: two layers of a list, two sizes of a shape."""
    if not isinstance(node, (ast.List, ast.Tuple)) or not isinstance(node.ctx, ast.Load):
        return
    for i in range(len(node.elts) - 1):
        changed = copy.deepcopy(node)
        changed.elts[i], changed.elts[i + 1] = changed.elts[i + 1], changed.elts[i]
        first, second = node.elts[i], node.elts[i + 1]
        names = [name_called(e) if isinstance(e, ast.Call) else word_of(e) for e in (first, second)]
        yield Change(
            "swap-elements",
            (*site, ("elts", i)),
            "+".join(names),
            f"{text_of(first)} and {text_of(second)} exchanged",
            replacement(site, changed),
        )


def freeze(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.Call) or name_called(node) not in WITH_WEIGHTS:
        return
    if any(word.arg == "trainable" for word in node.keywords):
        return
    changed = copy.deepcopy(node)
    changed.keywords.append(ast.keyword("trainable", ast.Constant(False)))
    words = f"trainable=False in {text_of(node)}"
    yield Change("freeze", site, name_called(node), words, replacement(site, changed))


def unwrap(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    """Puts in place of a call what it was called with: `f(x)` becomes `x`, `layer(…)(x)` too."""
    if not isinstance(node, ast.Call):
        return
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for statement in tree.body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for alias in statement.names
    }
    new: ast.expr | None = node.args[0] if node.args else None
    function = node.func
    if isinstance(function, ast.Attribute):
        root: Any = function.value
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        # A method of a value (`x.astype("float32")`), not a function of a module.
        is_value = isinstance(root, ast.Name) and root.id not in {*imported, "self"}
        if is_value and function.attr not in ("fit", "compile", "append", "evaluate", "predict"):
            new = function.value
    if new is None or isinstance(new, ast.Starred):
        return
    if isinstance(node_at(tree, site[:-1]), ast.Expr):
        return  # as good as dropped
    yield Change(
        "unwrap",
        site,
        name_called(node),
        f"{text_of(node)} -> {text_of(new)}",
        replacement(site, new),
    )


def swap_arguments(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.Call):
        return
    for i in range(len(node.args) - 1):
        changed = copy.deepcopy(node)
        changed.args[i], changed.args[i + 1] = changed.args[i + 1], changed.args[i]
        yield Change(
            "swap-arguments",
            site,
            f"{name_called(node)}.arg{i + 1}",
            f"{text_of(node)} -> {text_of(changed)}",
            replacement(site, changed),
        )
