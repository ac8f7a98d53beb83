"""The runner's folder for temporary files, and those that killed runners have left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from pathlib import Path

from graders.walls.cleaning import remove

PREFIX = "keras-kit-"
# A folder is held as soon as it is made; one that nobody holds after this time is left over.
STALE_SECONDS = 60.0


class Scratch:
    """A folder that is held as long as its process lives, and removed at its end.

    Attributes:
        path: String, the folder. Other users may pass through it.
    """

    def __init__(self) -> None:
        sweep()
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        os.chmod(self.path, 0o711)

    def close(self) -> None:
        """Removes the folder."""
        remove(self.path)
        os.close(self._fd)


def sweep() -> None:
    """Removes folders that nobody holds: those of runners that were killed."""
    with contextlib.suppress(OSError):
        for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                _remove_if_stale(path)


def _remove_if_stale(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(fd)
        if found.st_uid != os.getuid() or time.time() - found.st_mtime < STALE_SECONDS:
            return
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(str(path))
    finally:
        os.close(fd)
