"""Parses text that somebody else wrote: within limits, and one text at a time."""

from __future__ import annotations

import ast
import itertools
import re
import threading
import warnings

# Measured with the densest texts: Python's parser takes up to 2 µs and 1 KB of memory for each
# character, and 0.1 s and 50 MB for so many words and signs. The longest reference has 1,500.
MAX_SOURCE = 256 * 2**10
MAX_WORDS = 30_000
# Words in strings and comments count as well: it needs no parser to find them.
WORD = re.compile(r"\w+|[^\w\s]")
# The parsers of Python 3.11 and 3.12 share a counter among threads, and raise a SystemError when
# two of them count at once.
_LOCK = threading.Lock()


class TooLarge(ValueError):
    """A text that is too long to parse; the text of the error follows the file's name."""


def check_size(text: str) -> None:
    """Raises an error for a text that costs too much to parse; takes linear time itself.

    Args:
        text: String.

    Raises:
        TooLarge: If it is too long.
    """
    advice = "An exercise has less than a tenth of that. Is it the right file?"
    if len(text) > MAX_SOURCE:
        raise TooLarge(f"holds more than {MAX_SOURCE // 2**10} KB of code. {advice}")
    if next(itertools.islice(WORD.finditer(text), MAX_WORDS, None), None) is not None:
        raise TooLarge(
            f"is too long: it holds more than {MAX_WORDS:,} words and signs. {advice} Move tables "
            "of numbers out of the code."
        )


def parse(text: str) -> ast.Module:
    """Parses Python without showing its warnings.

    Args:
        text: String.

    Returns:
        The syntax tree.

    Raises:
        TooLarge: If the text is too long to parse.
        SyntaxError, ValueError, RecursionError, MemoryError: If it is no module.
    """
    check_size(text)
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
