"""A class of Keras's whose own constructor was never called: Keras misses an attribute later."""

from __future__ import annotations

import ast
import contextlib
import re

_RAISED = re.compile(r"AttributeError: '(\w+)' object has no attribute '\w+'")


def forgets_super(name: str, source: str) -> bool:
    """Returns whether a class has a constructor that does not call that of its base class.

    Args:
        name: String, the class.
        source: String, the text of a module.
    """
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and node.name == name and node.bases:
                own = [
                    part
                    for part in node.body
                    if isinstance(part, ast.FunctionDef) and part.name == "__init__"
                ]
                return bool(own) and not any(
                    isinstance(part, ast.Attribute) and part.attr == "__init__"
                    for part in ast.walk(own[-1])
                )
    return False


def without_super(message: str, source: str) -> str:
    """Returns the class whose constructor lacks `super().__init__`, if an error comes from that.

    Args:
        message: String, what an error of the submission tells.
        source: String, the submission's text.

    Returns:
        String, the class's name; empty if the error has another cause.
    """
    found = _RAISED.search(message)
    return found[1] if found is not None and forgets_super(found[1], source) else ""


def explained(message: str, name: str) -> str:
    """Adds to an error's message that a class never calls `super().__init__`.

    Args:
        message: String, what an error of the submission tells: its first line names the error.
        name: String, the class: see `without_super`.

    Returns:
        String, the message, with a line after its first paragraph.
    """
    first, _, rest = message.partition("\n")
    told = (
        f"The __init__ of {name} never calls super().__init__(**kwargs), which sets up what "
        "Keras's base class needs. Call it first."
    )
    return "\n".join(part for part in (first, told, rest) if part)
