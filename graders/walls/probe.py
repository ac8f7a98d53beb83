"""Which level this machine has: found by putting the walls up, once, around nothing.

    python -m graders.walls.probe HIDDEN …

prints `{"level": …, "lacks": {level: reason, …}}`. The runner asks before a run begins, and the
answer holds for the whole run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from graders.walls import kernel, landlock, levels, others, shown
from graders.walls.heard import read
from graders.walls.keeper import Inside, Terms, keep
from graders.walls.reports import report
from graders.walls.ward import wall_in

SECONDS = 20.0
MEMORY = 2**30
# Exit codes of a trial, and what they mean.
CLOSED, REACHED, OPEN = 3, 4, 10
# How many of the paths that must be hidden have an exit code of their own, from `OPEN` on.
MOST_PATHS = 200


def find(hidden: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Finds the highest level that can be had.

    Args:
        hidden: Paths that no submission may see.

    Returns:
        The level, and the reason why each higher one cannot be had.
    """
    lacks: dict[str, str] = {}
    for level in reversed(levels.LEVELS):
        reason = lacking(level, hidden)
        if not reason:
            return level, lacks
        lacks[level] = reason
    return "process", lacks


def lacking(level: str, hidden: Sequence[str]) -> str:
    """Returns why a level cannot be had; empty if it can.

    Args:
        level: String, one of `levels.LEVELS`.
        hidden: Paths that no submission may see.
    """
    if level == "process":
        return ""
    if not kernel.known_machine():
        return "it needs Linux on x86-64 or ARM64"
    if level == "landlock" and not landlock.version():
        return "the kernel has no Landlock (Linux 5.13 or later, switched on)"
    if level == "user" and os.geteuid() != 0:
        return "it needs root"
    return _tried(level, hidden)


def _tried(level: str, hidden: Sequence[str]) -> str:
    """Puts the walls up in a child, and returns what went wrong."""
    visible = shown.paths(hidden)
    # What is hidden is closed to other users before the run begins; a home is its owner's to close.
    secret = [os.path.expanduser("~")] if level == "user" else hidden
    secret = [entry for path in secret for entry in others.entries(path, visible)][:MOST_PATHS]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # Whoever asks may have many files open, and a sandbox has few.
            kernel.close_all_but([writer])
            _silence()
            wall_in(level, visible)
            inside = Inside(lambda scratch: os.chdir(scratch), lambda: _look(secret), lambda: None)
            keep(Terms(level, visible, MEMORY, int(SECONDS)), writer, inside)
        except OSError as error:
            report(writer, broken=str(error))
        finally:
            # Whatever happens, there is one process that goes on: the one that asked.
            os._exit(1)
    os.close(writer)
    said, _ = read(reader, SECONDS)
    os.close(reader)
    _end(child)
    if said[:1] != [{"up": True}]:
        first = said[0] if said else {}
        return str(first.get("broken") or "the process ended while its walls were put up")
    code = said[1].get("exit") if len(said) > 1 else None
    if not isinstance(code, int):
        return "a trial behind the walls failed"
    if code >= OPEN:
        return f"{secret[code - OPEN]} can be read behind the walls (chmod o-rwx closes it)"
    return {
        0: "",
        CLOSED: f"other users cannot read Python itself, {sys.prefix} with {sys.base_prefix}",
        REACHED: "the filter on system calls has no effect",
    }.get(code, "a trial behind the walls failed")


def _end(child: int) -> None:
    """Ends a trial, whatever became of it."""
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGTERM)
        for _ in range(100):
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _look(hidden: Sequence[str]) -> None:
    """Looks round from behind the walls, and ends with what it found."""
    try:
        socket.socket().close()
        os._exit(REACHED)
    except PermissionError:
        pass
    for number, path in enumerate(hidden):
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            os._exit(OPEN + number)
    try:
        Path(os.__file__).read_bytes()
    except OSError:
        os._exit(CLOSED)


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)


def main(hidden: list[str]) -> None:
    """Prints what `find` finds."""
    level, lacks = find(hidden)
    print(json.dumps({"level": level, "lacks": lacks}))


if __name__ == "__main__":
    main(sys.argv[1:])
