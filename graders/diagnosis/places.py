"""Where in a text a call has the argument that a finding means."""

from __future__ import annotations

import ast

LONGEST = 120
# Other names of an argument, and its place among those without a name.
OTHER_NAMES = {"epochs": ("nb_epoch",), "learning_rate": ("lr",), "batch_size": ("batch",)}
PLACES = {
    ("compile", "optimizer"): 0,
    ("compile", "loss"): 1,
    ("fit", "x"): 0,
    ("fit", "y"): 1,
    ("fit", "batch_size"): 2,
    ("fit", "epochs"): 3,
    ("Dense", "units"): 0,
    ("Dense", "activation"): 1,
    ("Activation", "activation"): 0,
    ("Dropout", "rate"): 0,
    ("Embedding", "input_dim"): 0,
}


def place(tree: ast.AST | None, text: str, line: int, argument: str) -> tuple[int, str]:
    """Finds the place in a text that a finding means.

    Args:
        tree: The text's syntax tree; `None` if it has none.
        text: String.
        line: Integer, the line of a call.
        argument: String, the name of an argument of it; empty if the call itself is meant.

    Returns:
        The line, and the code there in one line; a line of 0 has none.
    """
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return 0, ""
    call = _call(tree, line, argument)
    if argument == "trainable" and (call is None or _argument(call, argument) is None):
        frozen = _frozen(tree)
        if len(frozen) == 1:
            return frozen[0], _short(lines[frozen[0] - 1])
    if call is None:
        return line, _short(lines[line - 1])
    value = _argument(call, argument)
    shown = ast.get_source_segment(text, call) or lines[line - 1]
    if value is None or value.lineno == call.lineno:
        return (call.lineno if value is None else value.lineno), _short(shown)
    return value.lineno, _short(lines[value.lineno - 1])


def _frozen(tree: ast.AST | None) -> list[int]:
    """Returns the lines of a text that set `trainable` to `False`."""
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)] if tree else []
    return [
        node.lineno
        for node in assigned
        if isinstance(node.value, ast.Constant)
        and node.value.value is False
        and any(
            isinstance(target, ast.Attribute) and target.attr == "trainable"
            for target in node.targets
        )
    ]


def _call(tree: ast.AST | None, line: int, argument: str) -> ast.Call | None:
    """Returns the call in a line: one with that argument, else the innermost that begins there."""
    if tree is None:
        return None
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    # A call through an attribute may begin lines above (`model.fit` after a line break).
    exact = [call for call in calls if call.lineno == line]
    having = [call for call in exact or calls if argument and _argument(call, argument) is not None]
    if having:
        return having[-1]
    named = [call for call in exact if _name(call)[:1].isupper()]
    return named[-1] if named else exact[0] if exact else None


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _argument(call: ast.Call, argument: str) -> ast.expr | None:
    names = (argument, *OTHER_NAMES.get(argument, ()))
    for keyword in call.keywords:
        if keyword.arg in names:
            return keyword.value
    at = PLACES.get((_name(call), argument))
    return call.args[at] if at is not None and at < len(call.args) else None


def _short(code: str) -> str:
    found = " ".join(code.split())
    return found if len(found) <= LONGEST else found[:LONGEST] + " …"
