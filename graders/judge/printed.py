"""What a submission printed: its head and its tail, and how many lines there were.

The file is the submission's, and what it holds are claims. Reading it takes little memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from graders.boundary import log
from graders.boundary.events import MOST_LINES, Printed

TAIL = 12_000
# How many lines of more than that are shown.
FIRST_LINES, LAST_LINES = 50, 100
# What TensorFlow and Keras write themselves: messages, bars, and warnings of installed packages.
_NOT_THEIRS = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] |[IWEF]\d{4} \d\d:\d\d:\d\d|"
    r"(?:WARNING|INFO|ERROR):(?:tensorflow|absl):|WARNING: All log messages before absl|"
    r"Epoch \d+/\d+ *$|\s*\d+/\d+ (?:[━=>.\[\]-]|.*\bs(?:tep)?\b)"
)
_WARNING = re.compile(r"\S+/(?:site|dist)-packages/\S+:\d+: \w*Warning:")


def read(fd: int) -> Printed:
    """Reads what was printed so far.

    Args:
        fd: Integer, the file that took it; see `graders.boundary.log`.

    Returns:
        `Printed`: all of it or, of a flood, its head and its tail.
    """
    try:
        return _read(fd)
    except OSError:
        return Printed("", 0)


def _read(fd: int) -> Printed:
    size, before = os.fstat(fd).st_size, log.record(fd)
    if before is None and size <= log.HEAD + TAIL:
        return _told(_shown(os.pread(fd, size, 0)).split("\n"), [], 0, "")
    if before is None:
        start = size - TAIL
        tail = os.pread(fd, TAIL, start)
        between, characters = log.lines(fd, log.HEAD, start), start - log.HEAD
    else:
        written, end = before
        at = min(max(os.lseek(fd, 0, os.SEEK_CUR), log.HEAD), log.LIMIT)
        now = min(TAIL, at - log.HEAD)
        old = max(log.HEAD, end - (TAIL - now))
        tail = os.pread(fd, end - old, old) + os.pread(fd, now, at - now)
        between = written + log.lines(fd, log.HEAD, at) - tail.count(b"\n")
        characters = log.LIMIT
    return _ends(os.pread(fd, log.HEAD, 0), tail, between, characters)


def of_parts(part: Callable[[int, int], bytes]) -> Printed:
    """Reads what was printed so far into a file that only grows.

    Args:
        part: Function from where a part begins, from the end if negative, and the number of bytes
            that are wanted, to those that are there.

    Returns:
        `Printed`, see `read`.
    """
    try:
        head = part(0, log.HEAD + TAIL)
        if len(head) < log.HEAD + TAIL:
            return _told(_shown(head).split("\n"), [], 0, "")
        lines, end = 0, log.HEAD
        while piece := part(end, 2**20):
            lines, end = lines + piece.count(b"\n"), end + len(piece)
        tail = part(-TAIL, TAIL)
    except OSError:
        return Printed("", 0)
    between = lines - tail.count(b"\n")
    return _ends(head[: log.HEAD], tail, between, end - log.HEAD - TAIL)


def _ends(head: bytes, tail: bytes, between: int, characters: int) -> Printed:
    """Puts together the two ends of a flood, with how much is between them."""
    # Whole lines are shown, if there are any.
    first, ended, _ = head.rpartition(b"\n")
    _, begun, last = tail.partition(b"\n")
    if ended and begun:
        head, tail, between = first, last, between + 1
    what = f"{characters:,} characters"
    return _told(_shown(head).split("\n"), _shown(tail).split("\n"), max(0, between), what)


def _told(first: list[str], last: list[str], between: int, what: str) -> Printed:
    """Puts together what is shown.

    Args:
        first: List of strings, the first lines; all of them, if `what` is empty.
        last: List of strings, the last ones.
        between: Integer, how many lines there are between the two.
        what: String, what is between them where it is not even a line.
    """
    # A line of which the middle is left out is one, though both of its ends are shown.
    count = _theirs(first) + between + _theirs(last) - bool(what and not between)
    if not what and len(first) > FIRST_LINES + LAST_LINES:
        first, last = first[:FIRST_LINES], first[FIRST_LINES:]
    between += max(0, len(first) - FIRST_LINES) if last else 0
    between += max(0, len(last) - LAST_LINES)
    if not last:
        return Printed("\n".join(first), count)
    if between:
        between = min(between, MOST_LINES)
        what = f"{between:,} line{'s' if between > 1 else ''}"
    shown = [*first[:FIRST_LINES], f"… {what} left out …", *last[-LAST_LINES:]]
    return Printed("\n".join(shown), min(count, MOST_LINES))


def _shown(data: bytes) -> str:
    """Returns text as a terminal shows it: what a bar overwrote is gone."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _theirs(lines: list[str]) -> int:
    """Returns how many of these lines are the submission's own."""
    found, warned = 0, False
    for line in lines:
        # A warning is followed by the line of code that it is about.
        about = warned and line.startswith("  ")
        warned = bool(_WARNING.match(line))
        found += bool(line.strip()) and not (about or warned or _NOT_THEIRS.match(line))
    return found
