"""Windows: see `graders.system` for what each name is."""

from __future__ import annotations

import contextlib
import errno
import msvcrt
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graders.system import job_objects
from graders.system.threaded import Ends as Ends

assert sys.platform == "win32"

FORKS = False
# Without them Windows finds neither its libraries nor the user's folders.
VARIABLES = (
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP"),
    *("USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"),
    *("PROGRAMFILES", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
)
# Nobody's signals: how a process ended is its exit code.
FROM_OUTSIDE: tuple[int, ...] = ()
CPU_LIMIT = job_objects.OUT_OF_TIME
# Exit codes from here on are exceptions, like an access violation.
FIRST_EXCEPTION = 0xC0000000
# The file that tells whether a folder is held.
HELD = ".held"
ROUNDS, ROUND_SECONDS = 20, 0.1


def sandbox_variables(scratch: str) -> dict[str, str]:
    """Returns the environment that a submission finds, as far as it is the system's.

    Args:
        scratch: String, its folder for files.
    """
    kept = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS")
    found = {name: os.environ[name] for name in kept if os.environ.get(name)}
    root = found.get("SYSTEMROOT", r"C:\Windows")
    folders = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), scratch)
    return {**found, "PATH": rf"{root}\System32;{root}", **folders}


def binary(fd: int) -> None:
    """Has a file descriptor pass bytes as they are.

    Args:
        fd: Integer.
    """
    msvcrt.setmode(fd, os.O_BINARY)


# --- processes ------------------------------------------------------------------------------------


def popen_options() -> dict[str, Any]:
    """Returns what `subprocess.Popen` is told beside the command: no window, and no Ctrl-C."""
    # Ctrl-C in the terminal ends the runner, which ends its children.
    return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that has called `own_tree`, and so all that it started.

    Args:
        process: `Popen`.
    """
    with contextlib.suppress(OSError):
        process.kill()


def how_ended(code: int) -> dict[str, int]:
    """Returns how a process ended: `{"exit": code}`, or `{"signal": number}` for an exception.

    Args:
        code: Integer, as `Popen.wait` returns it.
    """
    return {"signal" if code >= FIRST_EXCEPTION or code == CPU_LIMIT else "exit": code}


def own_tree() -> None:
    """Makes the caller the head of a tree that ends with it.

    The parent could not do it: in a virtual environment, what it starts is a program that starts
    Python, and has perhaps done so before the parent's next line.
    """
    # Where Windows refuses (inside an old container, say), the process alone is ended.
    with contextlib.suppress(OSError):
        job_objects.enclose()


def end_own_tree() -> None:
    """Ends the caller, and so all that it started."""
    os._exit(0)


def limit(memory: int, cpu_seconds: int, others: Sequence[tuple[str, int]] = ()) -> None:
    """Limits memory and processor time of the caller and its children.

    Args:
        memory: Integer, bytes that they may use together.
        cpu_seconds: Integer, seconds of all threads together.
        others: What Windows does not know.
    """
    job_objects.limit(memory, cpu_seconds)


# --- files ----------------------------------------------------------------------------------------


def hold(folder: str) -> int:
    """Holds a folder until `let_go`, or until the caller's end.

    Args:
        folder: String, its path.

    Returns:
        Integer, for `let_go`.

    Raises:
        OSError: If somebody else holds it.
    """
    fd = os.open(os.path.join(folder, HELD), os.O_RDWR | os.O_CREAT)
    try:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
    except OSError:
        os.close(fd)
        raise
    return fd


def hold_if_free(folder: str) -> int:
    """Holds a folder like `hold`.

    Raises:
        OSError: If somebody else holds it, or if it is a link or no folder.
    """
    if _is_link(os.lstat(folder)) or not os.path.isdir(folder):
        raise NotADirectoryError(errno.ENOTDIR, "no folder")
    return hold(folder)


def let_go(held: int) -> None:
    """Lets go of what `hold` holds."""
    with contextlib.suppress(OSError):
        os.close(held)


def is_own(found: os.stat_result) -> bool:
    """Returns whether a file belongs to the user; folders for temporary files are the user's."""
    return True


def remove(folder: str) -> None:
    """Removes a file, or a folder with all that is in it; what cannot be removed stays.

    Args:
        folder: String, its path.
    """

    def writable(function: Callable[[str], object], path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(path, stat.S_IWRITE)
            function(path)

    # A file that a process still has open cannot be removed. Those that were ended need a moment.
    for _ in range(ROUNDS):
        with contextlib.suppress(OSError):
            if stat.S_ISDIR(os.lstat(folder).st_mode) and not _is_link(os.lstat(folder)):
                shutil.rmtree(folder, onerror=writable)
            else:
                os.unlink(folder)
        if not os.path.lexists(folder):
            return
        time.sleep(ROUND_SECONDS)


def _is_link(found: os.stat_result) -> bool:
    """Returns whether it is a symbolic link, a junction or anything else that leads elsewhere."""
    reparse = getattr(found, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT
    return stat.S_ISLNK(found.st_mode) or bool(reparse)


def open_regular(path: Path, below: Path | None) -> int:
    """Opens a regular file, and returns its descriptor.

    Args:
        path: Path.
        below: Path of the folder that somebody else filled, which the file lies in: neither the
            file nor a folder on the way to it may be a link. `None` for a path that a person gave.

    Raises:
        OSError: With `ELOOP` for a link, with `EISDIR` for anything else that is no regular file.
    """
    if below is not None:
        at = below
        for name in path.relative_to(below).parts:
            at = at / name
            if _is_link(os.lstat(at)):
                raise OSError(errno.ELOOP, "a link")
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EISDIR, "not a regular file")
    return os.open(path, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)
