"""Limits on what all processes of a sandbox use together, kept by a watcher outside of it.

A control group would do it in the kernel, but hardly any container, and no shell of an ordinary
user, may make one; this works everywhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from graders.walls.limits import SCRATCH_BYTES

MOST_PROCESSES = 32
MOST_FILES = 20_000


@dataclasses.dataclass(frozen=True)
class Exceeded:
    """A limit that a sandbox has hit.

    Attributes:
        limit: String, `"memory"` (bytes), `"processes"` or `"scratch"` (bytes).
        used: Integer, how much was in use.
        allowed: Integer, how much may be.
    """

    limit: str
    used: int
    allowed: int


def children_of(pid: int) -> list[int]:
    """Returns the direct children of a process, empty where /proc does not say."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(number) for number in path.read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    """Returns all processes below a process, parents first."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = children_of(waiting.pop())
        found += children
        waiting += children
    return found


def exceeded(pid: int, memory: int, scratch: str | None) -> Exceeded | None:
    """Looks whether the processes below one use too much.

    Args:
        pid: Integer, the process above them.
        memory: Integer, bytes that they may use together.
        scratch: String, the folder whose files count; `None` if its size is limited otherwise.

    Returns:
        `Exceeded`, or `None` if all is well.
    """
    pids = descendants(pid)
    if len(pids) > MOST_PROCESSES:
        return Exceeded("processes", len(pids), MOST_PROCESSES)
    # Resident memory is quick to read, and counts what processes share several times.
    if sum(map(_resident, pids)) > memory:
        used = sum(map(_share, pids))
        if used > memory:
            return Exceeded("memory", used, memory)
    if scratch is not None:
        size = _size(scratch)
        if size > SCRATCH_BYTES:
            return Exceeded("scratch", size, SCRATCH_BYTES)
    return None


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def _share(pid: int) -> int:
    """Returns a process's memory, of what it shares its part."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    # An ordinary user may not read that of a process that hides its memory.
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = [int(word) for word in Path(f"/proc/{pid}/statm").read_text().split()]
        return (pages[1] - pages[2]) * resource.getpagesize()
    return 0


def _size(folder: str) -> int:
    """Returns how much room a folder takes; too many files count as too much."""
    total = 0
    for number, entry in enumerate(_entries(folder)):
        with contextlib.suppress(OSError):
            total += entry.stat(follow_symlinks=False).st_blocks * 512
        if number > MOST_FILES:
            return max(total, SCRATCH_BYTES + 1)
    return total


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    waiting = [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
