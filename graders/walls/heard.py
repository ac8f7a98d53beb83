"""Reads what `graders.walls.reports` writes."""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from typing import Any


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
