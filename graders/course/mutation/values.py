"""Faults of values: another constant, word, function or operator."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from typing import Any

from graders.course.mutation.trees import (
    Change,
    Site,
    name_called,
    node_at,
    place_of,
    replacement,
    text_of,
)

# What each string is exchanged for; any other string is misspelt.
STRINGS = {
    "relu": ("linear", "sigmoid"),
    "tanh": ("linear",),
    "sigmoid": ("linear", "softmax"),
    "softmax": ("linear", "sigmoid", "relu"),
    "sparse_categorical_crossentropy": ("categorical_crossentropy", "mean_squared_error"),
    "binary_crossentropy": ("mean_squared_error", "categorical_crossentropy"),
    "adam": ("sgd",),
    "same": ("valid",),
    "glorot_uniform": ("zeros", "ones"),
    "zeros": ("ones",),
    "accuracy": ("mean_squared_error",),
    "val_accuracy": ("val_loss", "accuracy"),
    "val_loss": ("val_accuracy", "loss"),
    "int32": ("float32",),
    "float32": ("float16", "float64"),
    "mixed_float16": ("float32",),
}
# What each function or class is exchanged for, by the last part of its name.
NAMES = {
    "Adam": ("SGD",),
    "MaxPooling2D": ("AveragePooling2D",),
    "GlobalAveragePooling2D": ("Flatten",),
    "Concatenate": ("Add",),
    "LSTM": ("SimpleRNN",),
    "GRU": ("SimpleRNN",),
    "Conv1D": ("Dense",),
    "log_softmax": ("softmax",),
    "max": ("min",),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "sum": ("mean",),
    "mean": ("sum",),
    "argmax": ("argmin",),
    "startswith": ("endswith",),
    "L2": ("L1",),
    "l2": ("l1",),
}
OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.LtE: (ast.Lt,),
    ast.GtE: (ast.Gt,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


def _number(node: Any) -> int | float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inside = _number(node.operand)
        return None if inside is None else -inside
    is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return node.value if is_number else None


def _constant_of(value: int | float) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def change_constant(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if (
        isinstance(node_at(tree, site[:-1]), ast.UnaryOp)
        and _number(node_at(tree, site[:-1])) is not None
    ):
        return  # the sign belongs to the number
    place = place_of(tree, site)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        flipped = not node.value
        words = f"{place}: {node.value} -> {flipped}"
        new = replacement(site, ast.Constant(flipped))
        yield Change("change-constant", site, f"{place}={flipped}", words, new)
        return
    value = _number(node)
    if value is None:
        return
    values: list[int | float] = [0, -value, value + 1]
    # More epochs cost much and are right work anyway.
    if "epochs" not in place:
        values.append(value * 10)
    values.append(value // 10 if isinstance(value, int) else value / 10)
    for other in dict.fromkeys(values):
        other = float(f"{other:.6g}") if isinstance(value, float) else other
        if other == value:
            continue
        yield Change(
            "change-constant",
            site,
            f"{place}={other:g}",
            f"{place}: {value!r} -> {other!r}",
            replacement(site, _constant_of(other)),
        )


def change_string(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    value = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(value, str) or not value:
        return
    place = place_of(tree, site)
    for other in STRINGS.get(value, (f"{value}_",)):
        word = re.sub(r"[^A-Za-z0-9_.]+", "_", other)
        yield Change(
            "change-string",
            site,
            f"{place}={word}",
            f"{place}: {value!r} -> {other!r}",
            replacement(site, ast.Constant(other)),
        )


def change_name(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Attribute, ast.Name)):
        return
    for other in NAMES.get(name_called(node), ()):
        changed = copy.deepcopy(node)
        if isinstance(changed.func, ast.Attribute):
            changed.func.attr = other
        else:
            changed.func.id = other  # type: ignore[attr-defined]
        yield Change(
            "change-name",
            site,
            f"{name_called(node)}={other}",
            f"{text_of(node)} -> {text_of(changed)}",
            replacement(site, changed),
        )


def swap_operator(tree: ast.Module, site: Site, node: Any) -> Iterator[Change]:
    old: Any
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
        old = node.op
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        old = node.ops[0]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _number(node) is None:
        yield Change(
            "swap-operator",
            site,
            f"{place_of(tree, site)}.minus",
            f"{text_of(node)} -> {text_of(node.operand)}",
            replacement(site, node.operand),
        )
        return
    else:
        return
    for other in OPERATORS.get(type(old), ()):
        changed = copy.deepcopy(node)
        if isinstance(changed, ast.Compare):
            changed.ops[0] = other()
        else:
            changed.op = other()
        name = f"{type(old).__name__}={other.__name__}"
        yield Change(
            "swap-operator",
            site,
            f"{place_of(tree, site)}.{name}",
            f"{text_of(node)} -> {text_of(changed)}",
            replacement(site, changed),
        )
