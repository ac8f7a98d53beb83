"""What a forked or spawned process becomes: a sandbox or a grader.

Each role imports its own modules only, so that a spawned sandbox loads nothing of the judge.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from graders.walls.reports import report


def become(role: str, fds: list[int], settings: dict[str, Any]) -> None:
    """Becomes a sandbox or a grader; never returns.

    Args:
        role: String, `"sandbox"` or `"grader"`.
        fds: List of file descriptors: of a sandbox request, answer, status and log; of a grader
            job, events and, where sandboxes are forked, the socket that starts them.
        settings: Dict of plain data for a sandbox.
    """
    from graders.boundary.wire import Channel

    channel = Channel(fds[0], fds[1])
    if role == "sandbox":
        from graders.sandbox import guard

        guard.start(channel, fds[2], fds[3], settings)
    else:
        from graders.boundary.launching import Launcher
        from graders.judge import process

        control = socket.socket(fileno=fds[2]) if len(fds) > 2 else None
        process.start(channel, Launcher(control), WORKS)


def examine(job: dict[str, Any], launcher: Any, emit: Any) -> None:
    """Examines a script: see `graders.doctor.process.run`."""
    from graders.doctor import process

    process.run(job, launcher, emit)


def explain(job: dict[str, Any], launcher: Any, emit: Any) -> None:
    """Finds out why a training failed: see `graders.doctor.why.run`."""
    from graders.doctor import why

    why.run(job, launcher, emit)


# What a grader may do other than run checks.
WORKS = {"examine": examine, "why": explain}


def become_walled(fds: list[int], settings: dict[str, Any]) -> None:
    """Becomes a sandbox of a fresh interpreter, behind both walls; never returns.

    Args:
        fds: List of file descriptors, see `become`.
        settings: Dict of plain data: those of a sandbox, and `hidden` and `extra` paths.
    """
    import keras
    import tensorflow

    from graders.sandbox import guard
    from graders.walls import shown
    from graders.walls.kernel import IsolationError
    from graders.walls.ward import end_with, wall_in

    del keras, tensorflow, guard
    settings = {**settings, "visible": shown.paths(settings["hidden"], settings["extra"])}
    if settings["level"] == "namespaces":
        # The kernel lets a process with one thread into a user namespace, and a fresh fork has one.
        child = os.fork()
        if child:
            end_with(child)
        try:
            wall_in(settings["level"], settings["visible"])
        except IsolationError as error:
            refuse(fds, str(error))
            os._exit(98)
    become("sandbox", fds, settings)


def refuse(fds: list[int], reason: str) -> None:
    """Reports in a sandbox's place that there is none.

    Args:
        fds: List of file descriptors of the sandbox.
        reason: String.
    """
    report(fds[2], broken=reason)
