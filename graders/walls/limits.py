"""Limits that the kernel keeps for one process: memory, CPU time, sizes and numbers."""

from __future__ import annotations

import contextlib
import errno
import resource
from pathlib import Path

SCRATCH_BYTES = 512 * 2**20
# Threads count, too, and those of the user's other programs: a last resort against a flood.
MOST_TASKS = 8192
# Buffers of sockets and pipes are memory that no other limit counts.
MOST_DESCRIPTORS = 512
MOST_SIGNALS = 1024
MOST_FILES = 50_000
CPU_GRACE_SECONDS = 30
# What the system answers when it has no room for one more process, file or page.
NO_ROOM = (errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EMFILE, errno.ENFILE)
# What it answers when the process at the other end of a pipe or socket is gone.
GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)


def is_machines(error: BaseException) -> bool:
    """Returns whether an error tells of the machine: it has no room left, or ended a process.

    Args:
        error: What trusted code raised.
    """
    return isinstance(error, OSError) and error.errno in (*NO_ROOM, *GONE)


def set_limits(memory_bytes: int, cpu_seconds: int) -> None:
    """Limits memory, CPU time, file sizes and core files of the caller and its children.

    Args:
        memory_bytes: Integer, how much memory beyond what is in use now.
        cpu_seconds: Integer, CPU seconds (all threads together).
    """
    in_use = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        in_use = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    # RLIMIT_DATA counts writable private memory; RLIMIT_AS would count TensorFlow's reservations.
    for name, value in (
        ("RLIMIT_DATA", in_use + memory_bytes),
        ("RLIMIT_CPU", cpu_seconds),
        ("RLIMIT_FSIZE", SCRATCH_BYTES),
        ("RLIMIT_NPROC", MOST_TASKS),
        ("RLIMIT_NOFILE", MOST_DESCRIPTORS),
        ("RLIMIT_SIGPENDING", MOST_SIGNALS),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_CORE", 0),
    ):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            limit = getattr(resource, name)
            hard = resource.getrlimit(limit)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # SIGXCPU tells that the CPU time is used up. At the hard limit comes SIGKILL, which may
            # come from anybody.
            most = value + CPU_GRACE_SECONDS if name == "RLIMIT_CPU" else value
            if hard != resource.RLIM_INFINITY:
                most = min(most, hard)
            resource.setrlimit(limit, (value, most))
