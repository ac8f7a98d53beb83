"""The second wall: a sandbox shuts itself in, before the submission's first line."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from graders.walls import kernel, landlock, namespaces, seccomp
from graders.walls.kernel import IsolationError

# What of the machine TensorFlow and Python read about processors, memory and themselves.
OF_THE_MACHINE = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg"),
    *("/proc/filesystems", "/proc/version", "/proc/sys/vm/overcommit_memory"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup"),
    *("/dev/random", "/dev/urandom"),
)
WRITABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")
# Numbers of users for the level `user`: above all others where there are so many, else a range that
# nobody has an account in.
HIGH_USERS, LOW_USERS, LOW_COUNT = 2**30, 61200, 3800


def shut_in(level: str, visible: Sequence[str], scratch: str) -> None:
    """Shuts the caller and its children in, for good.

    Args:
        level: String, one of `levels.LEVELS`. At `process` it does what it can, and no refusal
            counts.
        visible: Paths that may be read.
        scratch: String, the folder that may be written.

    Raises:
        IsolationError: If the kernel refuses.
    """
    if level == "user":
        _become_another_user(scratch)
    elif level == "landlock":
        kernel.drop_privileges()
    # Another program starts with memory that others may read; this one does not.
    kernel.hide_memory()
    # None, but for a GPU's that was asked for.
    devices = [*WRITABLE_DEVICES, *(path for path in visible if path.startswith("/dev/"))]
    if level == "namespaces":
        if landlock.version():
            landlock.restrict(["/"], [*namespaces.SCRATCH, *devices])
    elif level == "landlock":
        landlock.restrict([*visible, *OF_THE_MACHINE], [scratch, *devices])
    # Behind the first wall, and as another user, there is nothing that these would protect.
    alone = level == "landlock"
    try:
        seccomp.restrict(signals=alone and not landlock.keeps_signals(), metadata=alone)
    except IsolationError:
        if level != "process":
            raise


def user_of(process: int) -> int:
    """Returns the user that a sandbox becomes at the level `user`.

    Args:
        process: Integer, the number of the sandbox's process.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        first, _, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
        if first == 0 and count > 2 * HIGH_USERS:
            return HIGH_USERS + process
    return LOW_USERS + process % LOW_COUNT


def kill_user(number: int) -> None:
    """Kills every process of a user, at once.

    Args:
        number: Integer, the user.
    """
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(number, number, number)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _become_another_user(scratch: str) -> None:
    number = user_of(os.getpid())
    kernel.drop_bounding_set()
    try:
        os.chown(scratch, number, number)
        os.setgroups([])
        os.setresgid(number, number, number)
        # From root to another user: the kernel takes the capabilities away with it.
        os.setresuid(number, number, number)
    except OSError as error:
        raise IsolationError(error.errno, f"another user: {error.strerror}") from None
