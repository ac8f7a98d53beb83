"""Reports on how a process ended: one JSON document a line, on a pipe that no submission holds."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from typing import Any

# Signals by which the machine, or a person, ends a process.
FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


def signal_name(number: int) -> str:
    """Returns the name of a signal.

    Args:
        number: Integer.
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


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
    code = os.waitstatus_to_exitcode(status)
    report(status_fd, **({"signal": -code} if code < 0 else {"exit": code}))


def read(status_fd: int, seconds: float, most: int = 2) -> tuple[list[dict[str, Any]], bool]:
    """Reads reports: so many, or fewer if one tells of a broken wall or the pipe ends.

    Args:
        status_fd: Integer, the pipe.
        seconds: Float, how long to wait for them.
        most: Integer, how many there are.

    Returns:
        The reports that are dicts, and whether they came in time.
    """
    data, deadline, in_time = b"", time.monotonic() + seconds, False
    ready = select.poll()
    ready.register(status_fd, select.POLLIN)
    while ready.poll(1000 * max(0.0, deadline - time.monotonic())):
        part = os.read(status_fd, 4096)
        data += part
        if not part or data.count(b"\n") >= most or b'"broken"' in data:
            in_time = True
            break
    found = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            found.append(json.loads(line))
    return [item for item in found if isinstance(item, dict)], in_time
