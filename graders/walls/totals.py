"""Limits on what all processes of a sandbox use together, kept by a watcher outside of it.

A control group would do it in the kernel, but hardly any container, and no shell of an ordinary
user, may make one; this works everywhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path

from graders.walls.limits import MOST_FILES, SCRATCH_BYTES

MOST_PROCESSES, MOST_THREADS = 32, 4000
FOR_EVERYBODY = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
# Folders below folders. What lies deeper, or in a folder that nobody may read, cannot be counted.
MOST_DEPTH = 64
# Below this share of available memory, a machine runs out of it.
SCARCE = 0.15


@dataclasses.dataclass(frozen=True)
class Exceeded:
    """A limit that a sandbox has hit.

    Attributes:
        limit: String, `"memory"` (bytes), `"processes"`, `"threads"`, `"scratch"` (bytes) or
            `"files"`.
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
            found += [int(number) for number in path.read_text(encoding="ascii").split()]
    return found


def descendants(pid: int) -> dict[int, int]:
    """Returns all processes below a process, parents first, each with its parent."""
    found: dict[int, int] = {}
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        children = children_of(parent)
        found |= dict.fromkeys(children, parent)
        waiting += children
    return found


class Totals:
    """Looks, again and again, at what the processes below one use together.

    Args:
        memory: Integer, bytes that they may use.
        scratch: String, the folder whose files count; `None` if its size is limited otherwise.
        user: Integer, whose files in folders for everybody count, too; `None` if nobody's.
    """

    def __init__(self, memory: int, scratch: str | None, user: int | None = None):
        self._memory, self._scratch, self._user = memory, scratch, user
        # What each process may have shared with its parent when it was first seen.
        self._inherited: dict[int, int] = {}

    def exceeded(self, pid: int) -> Exceeded | None:
        """Looks once.

        Args:
            pid: Integer, the process above them.

        Returns:
            `Exceeded`, or `None` if all is well.
        """
        pids = descendants(pid)
        if len(pids) > MOST_PROCESSES:
            return Exceeded("processes", len(pids), MOST_PROCESSES)
        threads = sum(map(_threads, pids))
        if threads > MOST_THREADS:
            return Exceeded("threads", threads, MOST_THREADS)
        used = self._used(pids)
        if used > self._memory:
            return Exceeded("memory", used, self._memory)
        if self._scratch is not None:
            elsewhere = files_of(self._user) if self._user is not None else []
            sizes = [_size(path) for path in (self._scratch, *elsewhere)]
            size, files = (sum(column) for column in zip(*sizes, strict=True))
            if size > SCRATCH_BYTES:
                return Exceeded("scratch", size, SCRATCH_BYTES)
            if files > MOST_FILES:
                return Exceeded("files", files, MOST_FILES)
        return None

    def _used(self, pids: dict[int, int]) -> int:
        """Returns how much memory processes use together.

        Only root may read what a process shares that hides its memory. Of a fork, what it had when
        it was first seen counts as its parent's, as far as the parent had so much. Where the
        machine runs out of memory, it counts in full: a fork that writes to it has its own.
        """
        found = {pid: _memory(pid) for pid in pids}
        whole = sum(private + shared for private, shared in found.values())
        if whole <= self._memory:
            self._note(found, pids)
            return whole
        exact = [_proportional(pid) for pid in pids]
        if all(size is not None for size in exact):
            return sum(size or 0 for size in exact)
        self._note(found, pids)
        if _free_share() < SCARCE:
            return whole
        return sum(
            shared + max(0, private - self._inherited[pid])
            for pid, (private, shared) in found.items()
        )

    def _note(self, found: dict[int, tuple[int, int]], parents: dict[int, int]) -> None:
        """Notes of each new process what it has from its parent; the eldest has it from nobody."""
        eldest = next(iter(found), 0)
        for pid in self._inherited.keys() - found.keys():
            del self._inherited[pid]
        for pid, (private, _) in found.items():
            parent = parents[pid] if parents[pid] in found else eldest
            self._inherited.setdefault(pid, 0 if pid == eldest else min(private, found[parent][0]))


def _threads(pid: int) -> int:
    with contextlib.suppress(OSError):
        # A folder has a link for each folder in it, beside its own two.
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    return 0


def _figures(path: str) -> dict[str, int] | None:
    """Returns the figures, in bytes, of a file of /proc whose lines are `Name: number kB`.

    A process that is gone has none; `None` stands for a file that nobody may read.
    """
    found: dict[str, int] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except PermissionError:
        return None
    except OSError:
        return found
    for line in lines:
        words = line.split()
        if words[2:] == ["kB"]:
            found[words[0]] = int(words[1]) * 1024
    return found


def _memory(pid: int) -> tuple[int, int]:
    """Returns a process's private and shared memory, in bytes, without that of files."""
    sizes = _figures(f"/proc/{pid}/status") or {}
    return sizes.get("RssAnon:", 0), sizes.get("RssShmem:", 0)


def _proportional(pid: int) -> int | None:
    """Returns a process's memory, of what it shares its part; `None` where nobody may know."""
    sizes = _figures(f"/proc/{pid}/smaps_rollup")
    return None if sizes is None else sizes.get("Pss:", 0)


def _free_share() -> float:
    """Returns which share of the machine's memory is available."""
    sizes = _figures("/proc/meminfo") or {}
    return sizes.get("MemAvailable:", 1) / max(1, sizes.get("MemTotal:", 1))


def files_of(user: int) -> list[str]:
    """Returns what a user has in folders that everybody may write to."""
    found = []
    for folder in FOR_EVERYBODY:
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_uid == user:
                        found.append(entry.path)
    return found


def _size(folder: str) -> tuple[int, int]:
    """Returns how much room a folder takes, and for how many files; what is hidden is too many."""
    total = files = 0
    waiting = [(folder, 0)]
    while waiting and files <= MOST_FILES:
        path, depth = waiting.pop()
        if depth == 0 and not os.path.isdir(path):
            return os.lstat(path).st_blocks * 512, 1
        try:
            entries = list(os.scandir(path))
        except FileNotFoundError:
            continue
        except OSError:
            return total, MOST_FILES + 1
        files += len(entries)
        if depth > MOST_DEPTH:
            files = MOST_FILES + 1
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
    return total, files
