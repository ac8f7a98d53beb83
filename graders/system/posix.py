"""Linux and macOS: see `graders.system` for what each name is."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graders.system.cleaning import remove as remove

assert sys.platform != "win32"

FORKS = sys.platform == "linux"
VARIABLES: tuple[str, ...] = ()
# Signals by which the machine, or a person, ends a process.
FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)
# What ends a process that has used up its processor time.
CPU_LIMIT = signal.SIGXCPU
CPU_GRACE_SECONDS = 30


def sandbox_variables(scratch: str) -> dict[str, str]:
    """Returns the environment that a submission finds, as far as it is the system's.

    Args:
        scratch: String, its folder for files.
    """
    return {"PATH": "/usr/bin:/bin", "HOME": scratch, "TMPDIR": scratch}


class Ends:
    """Two ends of pipes, with a deadline on every read and write.

    Args:
        read_fd: Integer, the file descriptor to read from.
        write_fd: Integer, the file descriptor to write to.
    """

    def __init__(self, read_fd: int, write_fd: int):
        self._read_fd, self._write_fd = read_fd, write_fd
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def read(self, most: int, deadline: float | None) -> bytes:
        """Reads some bytes; none at the end of the pipe.

        Args:
            most: Integer, how many at most.
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.

        Raises:
            TimeoutError: If the deadline passed.
            OSError: If the pipe is broken.
        """
        while True:
            # Wait first even when data are there, so that a drip of bytes cannot outrun a deadline.
            _wait(self._read_fd, select.POLLIN, deadline)
            try:
                return os.read(self._read_fd, most)
            except BlockingIOError:
                continue

    def write(self, view: memoryview, deadline: float | None) -> int:
        """Writes some bytes; returns how many. Raises like `read`."""
        while True:
            _wait(self._write_fd, select.POLLOUT, deadline)
            try:
                return os.write(self._write_fd, view)
            except BlockingIOError:
                continue

    def close(self) -> None:
        """Closes both ends."""
        for fd in {self._read_fd, self._write_fd}:
            with contextlib.suppress(OSError):
                os.close(fd)


def _wait(fd: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(fd, event)
    left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise TimeoutError


def binary(fd: int) -> None:
    """Has a file descriptor pass bytes as they are, as all do here."""


# --- processes ------------------------------------------------------------------------------------


def popen_options() -> dict[str, Any]:
    """Returns what `subprocess.Popen` is told beside the command: a session of its own."""
    # Ctrl-C in the terminal ends the runner, which ends its children.
    return {"start_new_session": True}


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that was started with `popen_options`, and its group.

    Args:
        process: `Popen`.
    """
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def how_ended(code: int) -> dict[str, int]:
    """Returns how a process ended: `{"exit": code}` or `{"signal": number}`.

    Args:
        code: Integer, as `Popen.wait` returns it.
    """
    return {"signal": -code} if code < 0 else {"exit": code}


def own_tree() -> None:
    """Makes the caller the head of a tree that `end_own_tree` ends: its parent did so already."""


def end_own_tree() -> None:
    """Ends the caller, which was started with `popen_options`, and its group."""
    os.killpg(0, signal.SIGKILL)


def limit(memory: int, cpu_seconds: int, others: Sequence[tuple[str, int]] = ()) -> None:
    """Limits memory and processor time of the caller and its children, and what else is named.

    Args:
        memory: Integer, bytes beyond what is in use now.
        cpu_seconds: Integer, seconds of all threads together.
        others: Pairs of names of `resource` and values.
    """
    in_use = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        in_use = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    # RLIMIT_DATA counts writable private memory; RLIMIT_AS would count TensorFlow's reservations.
    given = [("RLIMIT_DATA", in_use + memory), ("RLIMIT_CPU", cpu_seconds), *others]
    for name, value in given:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            number = getattr(resource, name)
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # SIGXCPU tells that the CPU time is used up. At the hard limit comes SIGKILL, which may
            # come from anybody.
            most = value + CPU_GRACE_SECONDS if name == "RLIMIT_CPU" else value
            if hard != resource.RLIM_INFINITY:
                most = min(most, hard)
            resource.setrlimit(number, (value, most))


# --- files ----------------------------------------------------------------------------------------


def hold(folder: str) -> int:
    """Holds a folder until `let_go`, or until the caller's end.

    Args:
        folder: String, its path.

    Returns:
        Integer, for `let_go`.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def hold_if_free(folder: str) -> int:
    """Holds a folder like `hold`.

    Raises:
        OSError: If somebody else holds it, or if it is a link or no folder.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd


def let_go(held: int) -> None:
    """Lets go of what `hold` holds."""
    os.close(held)


def is_own(found: os.stat_result) -> bool:
    """Returns whether a file belongs to the user."""
    return found.st_uid == os.getuid()


def open_regular(path: Path, below: Path | None) -> int:
    """Opens a regular file, and returns its descriptor.

    Args:
        path: Path.
        below: Path of the folder that somebody else filled, which the file lies in: neither the
            file nor a folder on the way to it may be a link. `None` for a path that a person gave.

    Raises:
        OSError: With `ELOOP` for a link, with `EISDIR` for anything else that is no regular file.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    if below is None:
        # A path that a person gave may be a link.
        fd = os.open(path, flags)
    else:
        # Each folder is opened within the one before: no link can be put in between later.
        *folders, name = path.relative_to(below).parts
        at = os.open(below, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                if stat.S_ISLNK(os.stat(folder, dir_fd=at, follow_symlinks=False).st_mode):
                    raise OSError(errno.ELOOP, "a link")
                inner = os.open(
                    folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at
                )
                os.close(at)
                at = inner
            fd = os.open(name, flags | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EISDIR, "not a regular file")
    return fd
