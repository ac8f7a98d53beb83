"""Takes a sandbox's scratch folder away, whatever a submission has made in it."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat


def remove(folder: str) -> None:
    """Removes a file, or a folder with all that is in it; what cannot be removed stays.

    Folders in it are moved up one after the other, so that no depth of nesting is too much, and no
    link is followed. Nothing may run any more that could write there.

    Args:
        folder: String, its path.
    """
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)
            return
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)


def _empty(top: int) -> None:
    # Names that nothing in the folder has.
    names, numbers = f".{secrets.token_hex(8)}-", itertools.count()
    waiting = _clear(top, top, names, numbers)
    while waiting:
        name = waiting.pop()
        with contextlib.suppress(OSError):
            os.chmod(name, stat.S_IRWXU, dir_fd=top)
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
            try:
                waiting += _clear(fd, top, names, numbers)
            finally:
                os.close(fd)
            os.rmdir(name, dir_fd=top)


def _clear(fd: int, top: int, names: str, numbers: itertools.count[int]) -> list[str]:
    """Removes a folder's files, and moves its folders to the top; returns their names there."""
    moved = []
    for name in os.listdir(fd):
        with contextlib.suppress(OSError):
            if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=fd)
                continue
            # A folder may be moved by whoever may write to it.
            os.chmod(name, stat.S_IRWXU, dir_fd=fd)
            target = f"{names}{next(numbers)}"
            os.rename(name, target, src_dir_fd=fd, dst_dir_fd=top)
            moved.append(target)
    return moved
