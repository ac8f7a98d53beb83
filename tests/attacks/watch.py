"""What the harness sees of the machine: processes, files and the memory of trusted processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG = 36, 1
ESCAPED = "ESCAPED-"
# Folders of the machine in which no attack may leave a file.
SHARED = (Path("/"), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/dev/mqueue"))


def adopt_orphans() -> None:
    """Makes this process the one that orphans below it go to: none can leave its tree."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Has this process asked to end when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def field(pid: int, name: str) -> str:
    """Returns a line of a process's status; empty if the process is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
    return ""


def kilobytes(pid: int, name: str) -> int:
    """Returns an amount of memory from a process's status."""
    return int((field(pid, name) or "0").split()[0])


def children(pid: int) -> list[int]:
    """Returns the children of a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(number) for number in path.read_text().split()]
    return found


def tree(pid: int) -> set[int]:
    """Returns all that descends from a process."""
    found: set[int] = set()
    waiting = children(pid)
    while waiting:
        child = waiting.pop()
        if child not in found:
            found.add(child)
            waiting += children(child)
    return found


def reap() -> None:
    """Takes the orphans that have ended, so that none is counted as left over."""
    for pid in children(os.getpid()):
        if field(pid, "State").startswith("Z"):
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


def left_over(steady: set[int], seconds: float) -> dict[int, str]:
    """Waits for processes to end, and returns the names of those that do not.

    Args:
        steady: Set of integers, the processes that stay.
        seconds: Float, how long the others have.
    """
    deadline = time.monotonic() + seconds
    while True:
        left = tree(os.getpid()) - steady
        if not left or time.monotonic() > deadline:
            return {pid: f"{field(pid, 'Name')} ({field(pid, 'State')})" for pid in left}
        time.sleep(0.05)


def kill(pids: Iterable[int]) -> None:
    """Ends processes that an attack has left."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    reap()


def escaped() -> list[Path]:
    """Returns the files that attacks have left in folders of the machine."""
    found = []
    for folder in SHARED:
        with contextlib.suppress(OSError):
            found += [folder / name for name in os.listdir(folder) if name.startswith(ESCAPED)]
    return found


def remove(path: Path) -> None:
    """Removes a file or a folder, however deep it is and whatever its modes are."""
    # Python's own way ends at folders that are too deep for it.
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run([*command, "--", str(path)], stderr=subprocess.DEVNULL, timeout=60)


def files(folder: Path) -> dict[str, tuple[int, ...]]:
    """Returns what lies below a folder, with sizes and the times of the last change.

    The time of a change of the inode cannot be set back.
    """
    found = {}
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(OSError):
            status = path.lstat()
            size = status.st_size if path.is_file() else 0
            changed = status.st_ctime_ns if path.is_file() else 0
            if path.suffix == ".npz":
                # Trusted code touches drawn data when it reads them.
                changed = zlib.crc32(path.read_bytes())
            attributes = zlib.crc32(repr(os.listxattr(path, follow_symlinks=False)).encode())
            # A folder's own times change with what is in it; a time before all of this was set.
            odd = int(status.st_mtime < 10**9)
            found[str(path)] = (status.st_mode, size, changed, attributes, status.st_gid, odd)
    return found


def changes(before: dict[str, tuple[int, ...]], after: dict[str, tuple[int, ...]]) -> list[str]:
    """Returns what differs between two answers of `files`."""
    new = [f"new: {path}" for path in sorted(after.keys() - before.keys())]
    gone = [f"gone: {path}" for path in sorted(before.keys() - after.keys())]
    both = before.keys() & after.keys()
    return new + gone + [f"changed: {path}" for path in sorted(both) if before[path] != after[path]]


class Memory(threading.Thread):
    """Notes the most memory that trusted processes take: this one, and each grader.

    Args:
        graders: Callable that returns the numbers of the graders that run.
    """

    def __init__(self, graders: Callable[[], list[int]]):
        super().__init__(daemon=True)
        self._graders = graders
        self.runner = self.judge = 0
        self.ended = threading.Event()

    def run(self) -> None:
        """Looks 20 times a second."""
        while not self.ended.wait(0.05):
            self.runner = max(self.runner, kilobytes(os.getpid(), "VmRSS"))
            for pid in self._graders():
                self.judge = max(self.judge, kilobytes(pid, "VmHWM"))

    def forget(self) -> None:
        """Begins anew."""
        self.runner = self.judge = 0
