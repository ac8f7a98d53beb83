"""Text and data from submissions, made safe to show: bounded, and without control characters.

Some evidence is what the submission answered, word for word. It is cut to size where it enters a
verdict, so that the store can keep it and a report can draw it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

MAX_DEPTH = 8
MAX_ITEMS = 50_000
MAX_TEXT = 20_000
# Keras prints its own errors in bold.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# GitHub's runner takes such a line of a program's output for a command of its own.
COMMAND = re.compile(
    r"::(?=(error|warning|notice|debug|group|endgroup|echo|add-mask|add-path|add-matcher|"
    r"remove-matcher|stop-commands|set-output|set-env|save-state)( |::))|##(?=\[)",
    re.IGNORECASE,
)
# Control and formatting characters, surrogates, private ones, separators of lines and paragraphs.
BLOCKED = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def printable(text: str, limit: int = 8000) -> str:
    """Makes text from a submission safe to print: no control characters, limited length.

    Args:
        text: String.
        limit: Integer, the most characters.

    Returns:
        String.
    """
    cleaned = "".join(
        c if c in "\n\t" or unicodedata.category(c) not in BLOCKED else "\ufffd"
        for c in COLOURS.sub("", text[: limit + 1]).replace("\r\n", "\n")
    )
    # A blank within takes it apart, wherever a line is wrapped.
    cleaned = COMMAND.sub(lambda found: " ".join(found[0]), cleaned)
    return cleaned if len(cleaned) <= limit else cleaned[:limit] + " …"


def plain(value: Any) -> Any:
    """Returns bounded JSON data: what is too large or of another kind is left out or cut.

    Args:
        value: Anything; data off the wire as a rule.

    Returns:
        `None`, bool, int, float, string, or list and dict of such. NaN and infinity stay.
    """
    # Most of those who print text have no numbers to print.
    import numpy as np

    left = [MAX_ITEMS]

    def walk(item: Any, depth: int) -> Any:
        left[0] -= 1
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, int):
            # JSON takes integers of any length, Python does not read them all back.
            return item if abs(item) < 2**63 else float("nan")
        if isinstance(item, float):
            return float(item)
        if isinstance(item, str):
            return item[:MAX_TEXT].encode("utf-8", "replace").decode()
        if isinstance(item, np.generic):
            return walk(item.item(), depth)
        if depth >= MAX_DEPTH:
            return None
        if isinstance(item, np.ndarray):
            return walk(item.tolist(), depth) if item.size <= max(0, left[0]) else None
        if isinstance(item, list | tuple):
            found = []
            for part in item:
                if left[0] <= 0:
                    break
                found.append(walk(part, depth + 1))
            return found
        if isinstance(item, dict):
            table: dict[str, Any] = {}
            for key, part in item.items():
                if left[0] <= 0:
                    break
                table[walk(str(key)[:200], depth)] = walk(part, depth + 1)
            return table
        return None

    return walk(value, 0)
