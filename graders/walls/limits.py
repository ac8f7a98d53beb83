"""Limits that the kernel keeps for one process: memory, CPU time, sizes and numbers."""

from __future__ import annotations

import errno

from graders.system import here

SCRATCH_BYTES = 512 * 2**20
# Threads count, too, and those of the user's other programs: a last resort against a flood.
MOST_TASKS = 8192
# Buffers of sockets and pipes are memory that no other limit counts.
MOST_DESCRIPTORS = 512
MOST_SIGNALS = 1024
MOST_FILES = 50_000
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
    others = (
        ("RLIMIT_FSIZE", SCRATCH_BYTES),
        ("RLIMIT_NPROC", MOST_TASKS),
        ("RLIMIT_NOFILE", MOST_DESCRIPTORS),
        ("RLIMIT_SIGPENDING", MOST_SIGNALS),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_CORE", 0),
    )
    here.limit(memory_bytes, cpu_seconds, others)
