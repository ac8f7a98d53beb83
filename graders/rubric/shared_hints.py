"""The hints of checks, read from source; several tasks may share some."""

from __future__ import annotations

import ast
import functools

from graders import KIT

HINTS = KIT / "graders" / "toolkit" / "hints.py"


def texts(node: ast.expr, constants: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Reads a tuple of strings from source, which may name or unpack shared ones.

    Args:
        node: Expression: a tuple, `NAME`, `hints.NAME`, or a sum of these.
        constants: Dict, the shared hints by their names.

    Returns:
        Tuple of strings.

    Raises:
        ValueError: If it is anything else.
    """
    name = ""
    if isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hints":
        name = node.attr
    if name in constants:
        return constants[name]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return texts(node.left, constants) + texts(node.right, constants)
    if not isinstance(node, ast.Tuple):
        raise ValueError(f"{ast.unparse(node)} is no tuple of strings")
    found: list[str] = []
    for item in node.elts:
        if isinstance(item, ast.Starred):
            found += texts(item.value, constants)
        elif isinstance(item, ast.Constant) and isinstance(item.value, str):
            found.append(item.value)
        else:
            raise ValueError(f"{ast.unparse(item)} is no string")
    return tuple(found)


@functools.cache
def shared_hints() -> dict[str, tuple[str, ...]]:
    """Returns the hints that several tasks give, by the names of their constants."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.parse(HINTS.read_text(encoding="utf-8"), str(HINTS)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = texts(node.value, found)
    return found
