"""A mistake in the call of `compile` that Keras reports later, in words about something else."""

from __future__ import annotations

import ast
import contextlib
import re

# What Keras raises where `loss_weights` holds metrics: at once, or when it weights a loss.
_RAISED = re.compile(
    r"`?loss_weights`?|dtype='string' is not a valid|Failed to convert elements of <"
)
# What TensorFlow raises where such a loss subtracts labels and outputs of several classes.
_SUBTRACTED = re.compile(
    r"Incompatible shapes: (?:\[\d+\] vs\. \[\d+,(\d+)\]|\[\d+,(\d+)\] vs\. \[\d+\]) "
    r"\(in (?:gradient_tape/)?compile_loss/"
    r"((?:mse|mae|mape|msle|mean_|huber|log_?cosh|poisson)\w*)/"
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


def of_labels(message: str) -> str:
    """Adds to an error's message that a loss takes labels for numbers, if that is the cause.

    Args:
        message: String, what an error of the submission tells: its first line names the error.

    Returns:
        String, the message, with a line after its first one if there is something to add.
    """
    found = _SUBTRACTED.search(message)
    if not found:
        return message
    first, _, rest = message.partition("\n")
    told = (
        f"The loss {found[3]} subtracts labels from outputs as if these were numbers: here the "
        f"label of an example is one number, its output has {found[1] or found[2]}. Classes need a "
        "cross-entropy: sparse_categorical_crossentropy for labels that are whole numbers."
    )
    return "\n".join(part for part in (first, told, rest) if part)


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
