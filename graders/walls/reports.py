"""Reports on how a process ended: one JSON document a line, on a pipe that no submission holds.

`graders.walls.heard` reads them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from typing import Any

from graders.system import here

FROM_OUTSIDE, CPU_LIMIT = here.FROM_OUTSIDE, here.CPU_LIMIT


def signal_name(number: int) -> str:
    """Returns the name of a signal.

    Args:
        number: Integer.
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        # Windows has exceptions in place of signals.
        big = isinstance(number, int) and number >= 2**16
        return f"exception 0x{number:08X}" if big else f"signal {number}"


def report(status_fd: int, **said: Any) -> None:
    """Writes one report; nobody may be there any more to read it.

    Args:
        status_fd: Integer, the pipe.
        **said: Plain data.
    """
    with contextlib.suppress(OSError):
        os.write(status_fd, json.dumps(said).encode() + b"\n")


def report_end(status_fd: int, status: int) -> None:
    """Reports how a child ended: `{"exit": code}` or `{"signal": number}`.

    Args:
        status_fd: Integer, the pipe.
        status: Integer, as `os.waitpid` returns it.
    """
    report(status_fd, **here.how_ended(os.waitstatus_to_exitcode(status)))
