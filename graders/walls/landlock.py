"""Landlock: what a process and its children may do with files, TCP, signals and abstract sockets.

Needs no privileges, and nothing can undo it. See `man 7 landlock`. The packages that offer it are
early releases of the same three calls.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from graders.walls import kernel
from graders.walls.kernel import IsolationError

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEVICE = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
# What a rule may say of a file that is no folder.
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
# Every right on files that a version of Landlock knows.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
ALL_FILE_RIGHTS = (1 << 16) - 1
TCP, ABSTRACT_SOCKETS_AND_SIGNALS = 3, 3


def version() -> int:
    """Returns the version of the kernel's Landlock, 0 if it has none."""
    if not kernel.known_machine():
        return 0
    return max(0, kernel.libc().syscall(CREATE_RULESET, None, 0, VERSION))


def keeps_signals() -> bool:
    """Returns whether it keeps signals from processes outside."""
    return version() >= 6


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Restricts the caller and its children, for good.

    Args:
        readable: Paths below which files may be read and run. One that is not there is left out.
        writable: Paths below which everything is allowed.

    Raises:
        IsolationError: If the kernel has no Landlock, or refuses.
    """
    known = version()
    if known < 1:
        raise IsolationError(0, "the kernel has no Landlock")
    rights = FILE_RIGHTS.get(known, ALL_FILE_RIGHTS)
    fields = (rights, TCP if known >= 4 else 0, ABSTRACT_SOCKETS_AND_SIGNALS if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = kernel.libc().syscall(CREATE_RULESET, struct.pack("<QQQ", *fields), size, 0)
    if ruleset < 0:
        raise kernel.failed("landlock_create_ruleset")
    for paths, allowed in ((readable, READ), (writable, rights)):
        for path in paths:
            _allow(ruleset, path, allowed & rights)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if kernel.libc().syscall(RESTRICT_SELF, ruleset, 0) != 0:
        raise kernel.failed("landlock_restrict_self")
    os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        allowed &= OF_A_FILE
    rule = struct.pack("<Qi", allowed, fd)
    if kernel.libc().syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0) != 0:
        raise kernel.failed(f"landlock_add_rule {path}")
    os.close(fd)
