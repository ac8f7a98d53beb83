"""Faults of what runs: conditions, loops, results, and the data of a training."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from graders.course.mutation.trees import (
    FIT,
    Change,
    Functions,
    Site,
    function_of,
    name_called,
    node_at,
    place_of,
    replacement,
    text_of,
    word_of,
)


def drop_operand(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.BinOp):
        return
    for side, kept in (("right", node.left), ("left", node.right)):
        yield Change(
            "drop-operand",
            site,
            f"{place_of(tree, site)}.{word_of(getattr(node, side))}",
            f"{text_of(node)} -> {text_of(kept)}",
            replacement(site, kept),
        )


def negate(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        where, test = (*site, ("test", None)), node.test
        yield Change(
            "negate-condition",
            where,
            word_of(test),
            f"{text_of(test)} -> not ({text_of(test)})",
            replacement(where, ast.UnaryOp(ast.Not(), test)),
        )
    elif isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            where = (*site, ("ifs", i))
            yield Change(
                "negate-condition",
                where,
                word_of(test),
                f"{text_of(test)} -> not ({text_of(test)})",
                replacement(where, ast.UnaryOp(ast.Not(), test)),
            )


def one_iteration(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, (ast.For, ast.comprehension)):
        return
    where = (*site, ("iter", None))
    new = ast.parse(f"list({ast.unparse(node.iter)})[:1]", mode="eval").body
    yield Change(
        "one-iteration",
        where,
        word_of(node.target),
        f"the loop over {text_of(node.iter)} runs once",
        replacement(where, new),
    )


def change_return(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.Return) or node.value is None:
        return
    where = (*site, ("value", None))
    others: list[tuple[str, ast.expr]] = [("return-none", ast.Constant(None))]
    function = function_of(tree, site)
    names = [a.arg for a in function.args.args if a.arg != "self"] if function else []
    if names:
        others.append(("return-argument", ast.Name(names[0], ast.Load())))
    if isinstance(node.value, ast.Call) and name_called(node.value) == FIT:
        dictionary = ast.Attribute(copy.deepcopy(node.value), "history", ast.Load())
        others.append(("return-dict", dictionary))
    for operator, new in others:
        words = f"return {text_of(node.value)} -> return {text_of(new)}"
        yield Change(operator, where, "return", words, replacement(where, new))


def no_fit(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.Call) or name_called(node) != FIT:
        return
    empty = ast.parse("keras.callbacks.History()", mode="eval").body
    words = f"{text_of(node)} -> an empty History"
    yield Change("no-fit", site, "fit", words, replacement(site, empty))
    for i, word in enumerate(node.keywords):
        if word.arg == "epochs" and not isinstance(word.value, ast.Constant):
            where = (*site, ("keywords", i), ("value", None))
            words = f"epochs={text_of(word.value)} -> epochs=0"
            yield Change(
                "change-constant", where, "fit.epochs=0", words, replacement(where, ast.Constant(0))
            )


def change_data(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    """Exchanges, shuffles or cuts the data in a function that takes both kinds."""
    if not isinstance(node, Functions):
        return
    train, val = "train_data", "val_data"
    if not {train, val} <= {a.arg for a in node.args.args}:
        return
    for operator, names, words in (
        ("swap-data", {train: val, val: train}, "train_data and val_data exchanged"),
        ("train-on-validation", {train: val}, "val_data in place of train_data"),
        ("validate-on-training", {val: train}, "train_data in place of val_data"),
    ):

        def rename(t: ast.Module, names: dict[str, str] = names) -> None:
            for part in ast.walk(node_at(t, site)):
                if isinstance(part, ast.Name):
                    part.id = names.get(part.id, part.id)

        yield Change(operator, (*site, ("body", 0)), "data", words, rename)
    numpy, trees = "__import__('numpy').random", "__import__('keras').tree"
    for operator, new, words in (
        (
            "shuffle-labels",
            f"({train}[0], {numpy}.permutation({train}[1]))",
            "the labels of train_data in random order",
        ),
        (
            "constant-labels",
            f"({train}[0], {train}[1] * 0)",
            "all labels of train_data 0",
        ),
        (
            "less-data",
            f"{trees}.map_structure(lambda a: a[: len(a) // 20], {train})",
            "a twentieth of train_data",
        ),
        (
            "scaled-data",
            f"({trees}.map_structure(lambda a: a * 100, {train}[0]), {train}[1])",
            "the inputs of train_data times 100",
        ),
        (
            "changes-arrays",
            f"{trees}.map_structure("
            f"lambda a: a.__imul__(0) if a.dtype.kind == 'f' else a, {train})",
            "the inputs of train_data overwritten with zeros in place",
        ),
    ):
        statement = ast.parse(f"{train} = {new}").body[0]

        def insert(t: ast.Module, statement: ast.stmt = statement) -> None:
            function = node_at(t, site)
            first = 1 if ast.get_docstring(function) else 0
            function.body.insert(first, copy.deepcopy(statement))

        yield Change(operator, (*site, ("body", 0)), "data", words, insert)
