"""The first wall, around the process that forks sandboxes."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from typing import NoReturn

from graders.walls import kernel, namespaces


def wall_in(level: str, visible: Sequence[str]) -> None:
    """Puts the caller, which has one thread, behind the first wall.

    At the level `namespaces`, the process that returns is another one: the first of a new PID
    namespace. The caller waits for its end and ends likewise.

    Args:
        level: String, one of `levels.LEVELS`.
        visible: Paths that sandboxes may see.

    Raises:
        IsolationError: If the kernel refuses.
    """
    kernel.die_with_parent(signal.SIGTERM)
    if level == "namespaces":
        namespaces.enter()
        child = os.fork()
        if child:
            end_with(child)
        kernel.die_with_parent(signal.SIGKILL)
        namespaces.build_root(visible)
    kernel.hide_memory()


def end_with(child: int) -> NoReturn:
    """Ends as a child ends, and passes on what asks for the end.

    Args:
        child: Integer, its number.
    """
    # The runner takes the end of the sockets for the end of those behind the wall.
    kernel.close_all_but([])
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    status = 0
    with contextlib.suppress(ChildProcessError):
        _, status = os.waitpid(child, 0)
    os._exit(1 if status else 0)
