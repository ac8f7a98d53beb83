"""What a submission printed: its head and its tail, and how many lines there were.

The file is the submission's, and what it holds are claims. Reading it takes little memory.
"""

from __future__ import annotations

import os
import re

from graders.boundary import log
from graders.boundary.events import MOST_LINES, Printed

TAIL = 12_000
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
    if before is None:
        if size <= log.HEAD + TAIL:
            text = _shown(os.pread(fd, size, 0))
            return Printed(text, _theirs(text))
        start = size - TAIL
        tail = os.pread(fd, TAIL, start)
        between, bytes_between = log.lines(fd, log.HEAD, start), start - log.HEAD
    else:
        written, end = before
        at = min(max(os.lseek(fd, 0, os.SEEK_CUR), log.HEAD), log.LIMIT)
        now = min(TAIL, at - log.HEAD)
        old = max(log.HEAD, end - (TAIL - now))
        tail = os.pread(fd, end - old, old) + os.pread(fd, now, at - now)
        between = written + log.lines(fd, log.HEAD, at) - tail.count(b"\n")
        bytes_between = log.LIMIT
    head = os.pread(fd, log.HEAD, 0)
    # Whole lines are shown, if there are any.
    first, ended, _ = head.rpartition(b"\n")
    _, begun, last = tail.partition(b"\n")
    if ended and begun:
        head, tail, between = first + ended, last, between + 1
    between = min(max(0, between), MOST_LINES)
    what = f"{between:,} line{'s' if between > 1 else ''}"
    if not between:
        what = f"{bytes_between:,} characters"
    shown = f"{_shown(head)}\n" if not head.endswith(b"\n") else _shown(head)
    end_of_it = _shown(tail)
    lines = min(_theirs(shown) + between + _theirs(end_of_it), MOST_LINES)
    return Printed(f"{shown}… {what} left out …\n{end_of_it}", lines)


def _shown(data: bytes) -> str:
    """Returns text as a terminal shows it: what a bar overwrote is gone."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _theirs(text: str) -> int:
    """Returns how many lines of a text are the submission's own."""
    found, warned = 0, False
    for line in text.split("\n"):
        # A warning is followed by the line of code that it is about.
        about = warned and line.startswith("  ")
        warned = bool(_WARNING.match(line))
        found += bool(line.strip()) and not (about or warned or _NOT_THEIRS.match(line))
    return found
