"""What a forked or spawned process becomes: a sandbox or a grader.

Each role imports its own modules only, so that a spawned sandbox loads nothing of the judge.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from graders.boundary.wire import Channel

MOST_DESCRIPTORS = 4096


def close_all_but(kept: list[int]) -> None:
    """Closes every file descriptor but the standard ones and some others.

    Args:
        kept: List of integers, the descriptors that stay open.
    """
    previous = 2
    for fd in sorted(kept):
        os.closerange(previous + 1, fd)
        previous = max(previous, fd)
    os.closerange(previous + 1, max(MOST_DESCRIPTORS, previous + MOST_DESCRIPTORS))


def become(role: str, fds: list[int], settings: dict[str, Any]) -> None:
    """Becomes a sandbox or a grader; never returns.

    Args:
        role: String, `"sandbox"` or `"grader"`.
        fds: List of file descriptors: of a sandbox request, answer, status and log; of a grader
            job, events and, where sandboxes are forked, the socket that starts them.
        settings: Dict of plain data for a sandbox.
    """
    channel = Channel(fds[0], fds[1])
    if role == "sandbox":
        from graders.sandbox import guard

        guard.start(channel, fds[2], fds[3], settings)
    else:
        from graders.boundary.launching import Launcher
        from graders.judge import process

        control = socket.socket(fileno=fds[2]) if len(fds) > 2 else None
        process.start(channel, Launcher(control))
