"""What a node of a syntax tree of the student's file is: a change of values, a use of a word."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator

# Functions that give other values for the same data.
CHANGING = ("preprocess_input", "normalize", "multiply", "divide")
# Attributes whose parts are no parts of data.
SIZES = ("shape", "layers", "weights", "inputs", "outputs")
# What holds no statement that importing a module runs.
LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)


def is_change(node: ast.AST, in_place: bool) -> bool:
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
            return not in_place and name(function) in CHANGING
    return False


def loop_at_import(source: str) -> int | None:
    """Returns the line of the first loop that runs when a module is imported; `None` if none does.

    Args:
        source: String, the module's text.
    """
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        waiting: list[ast.AST] = [ast.parse(source)]
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, ast.For | ast.While):
                return node.lineno
            if not isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr
            ):
                waiting = [*ast.iter_child_nodes(node), *waiting]
    return None


def name(node: ast.AST) -> str:
    """Returns the last part of a name: `compile` of `model.compile`."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def entries(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Gives the keys that a node of a syntax tree puts values under, with these values."""
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            for keyword in keywords:
                if keyword.arg is not None:
                    yield keyword.arg, keyword.value
        case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str(key)))], value=value):
            yield key, value


def variable(value: ast.expr) -> str:
    """Returns the name of a variable, also within float(…) or round(…); empty for anything else."""
    match value:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id="float" | "round"), args=[inner, *_]):
            return variable(inner)
    return ""


def words(node: ast.AST) -> Iterator[tuple[str, int]]:
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


def is_cut(node: ast.AST) -> bool:
    """Returns whether a node of a syntax tree takes a part of an array: `x[:100]`."""
    match node:
        case ast.Subscript(value=ast.Attribute(attr=name)) if name in SIZES:
            return False
        case ast.Subscript(slice=ast.Slice(lower=lower, upper=upper, step=step)):
            return any(bound is not None for bound in (lower, upper, step))
    return False


def stores(nodes: list[ast.AST], name: str) -> list[int]:
    """Returns the lines on which nodes of a syntax tree assign to a variable."""
    return [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
    ]
