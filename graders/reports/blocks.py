"""A message's parts: prose, which may be wrapped, and lines of code, which may not."""

from __future__ import annotations

import itertools


def is_code(line: str) -> bool:
    """Returns whether a line is one of code, or of a traceback: marks below it must stay there."""
    return line.startswith("  ") and not line.isspace()


def blocks(message: str) -> list[tuple[bool, str]]:
    """Takes a message apart.

    Args:
        message: String.

    Returns:
        List of pairs: whether it is code, and the lines.
    """
    return [
        (code, "\n".join(lines))
        for code, lines in itertools.groupby(message.split("\n"), key=is_code)
    ]
