"""A mistake in the call of `compile` that Keras reports later, in words about something else."""

from __future__ import annotations

import ast
import contextlib
import re

# What Keras raises where `loss_weights` holds metrics: at once, or when it weights a loss.
_RAISED = re.compile(
    r"`?loss_weights`?|dtype='string' is not a valid|Failed to convert elements of <"
)
LONGEST = 60


def third_argument(source: str) -> str:
    """Returns what a call of `compile` gets as its third argument without a name; empty if none.

    Args:
        source: String, the text of a module.
    """
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            starred = any(isinstance(argument, ast.Starred) for argument in node.args[:3])
            if node.func.attr == "compile" and len(node.args) > 2 and not starred:
                return ast.get_source_segment(source, node.args[2]) or ast.unparse(node.args[2])
    return ""


def explained(message: str, source: str) -> str:
    """Adds to an error's message what is wrong with a call of `compile`, if that is the cause.

    Args:
        message: String, what an error of the submission tells: its first line names the error.
        source: String, the submission's text.

    Returns:
        String, the message, with a line after its first paragraph if there is something to add.
    """
    if not _RAISED.search(message):
        return message
    given = " ".join(third_argument(source).split())
    if not given:
        return message
    shown = given if len(given) <= LONGEST else given[:LONGEST] + "…"
    first, _, rest = message.partition("\n")
    told = (
        f"The third argument of compile is loss_weights, and here it is `{shown}`. Metrics need "
        f"their name: write metrics={shown if given.startswith('[') else '[…]'}."
    )
    return "\n".join(part for part in (first, told, rest) if part)
