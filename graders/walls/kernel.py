"""Calls of the Linux kernel that Python does not offer."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
# The processors that these walls know; elsewhere there are none.
MACHINES = ("x86_64", "aarch64")
# As many as whoever starts the kit may have open.
MOST_DESCRIPTORS = 65536


class IsolationError(OSError):
    """The kernel refused a part of the isolation."""

    def __str__(self) -> str:
        return str(self.strerror)


@functools.cache
def libc() -> ctypes.CDLL:
    """Returns the C library, which keeps `errno` for `failed`."""
    return ctypes.CDLL(None, use_errno=True)


def failed(what: str) -> IsolationError:
    """Returns the error for a call that has just failed.

    Args:
        what: String, the call.
    """
    number = ctypes.get_errno()
    return IsolationError(number, f"{what}: {os.strerror(number)}")


def call(name: str, *args: object) -> None:
    """Calls a function of the C library that returns 0.

    Args:
        name: String.
        *args: Its arguments.

    Raises:
        IsolationError: If it returns anything else.
    """
    if getattr(libc(), name)(*args) != 0:
        raise failed(name)


def known_machine() -> bool:
    """Returns whether this is Linux, on a processor whose system calls are known here."""
    return sys.platform == "linux" and os.uname().machine in MACHINES


def prctl(option: int, value: int) -> None:
    """Calls `prctl(2)` where there is one, and ignores a refusal.

    Args:
        option: Integer, the operation.
        value: Integer, its argument.
    """
    if sys.platform == "linux":
        libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def close_all_but(kept: Sequence[int]) -> None:
    """Closes every file descriptor but the standard ones and some others.

    Args:
        kept: Sequence of integers, the descriptors that stay open.
    """
    previous = 2
    for fd in sorted(kept):
        os.closerange(previous + 1, fd)
        previous = max(previous, fd)
    os.closerange(previous + 1, previous + MOST_DESCRIPTORS)


def die_with_parent(number: int) -> None:
    """Has the kernel send a signal to the caller when its parent dies.

    Args:
        number: Integer, the signal.
    """
    prctl(PR_SET_PDEATHSIG, number)


def hide_memory() -> None:
    """Keeps other processes of the same user from the caller's memory and descriptors."""
    prctl(PR_SET_DUMPABLE, 0)


def take_the_blame() -> None:
    """Has the kernel end the caller and its children first when the machine is out of memory."""
    # The file belongs to root while the process's memory is hidden.
    prctl(PR_SET_DUMPABLE, 1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    hide_memory()


def drop_bounding_set() -> None:
    """Gives up what a program could get of capabilities, for good; those that are held stay."""
    for capability in range(64):
        prctl(PR_CAPBSET_DROP, capability)


def drop_privileges() -> None:
    """Gives up every capability, for good: what was mounted stays mounted."""
    drop_bounding_set()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())
