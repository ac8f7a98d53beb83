"""The runner's folder for temporary files, and those that killed runners have left."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from graders.system import here

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
        self._held = here.hold(self.path)
        os.chmod(self.path, 0o711)

    def close(self) -> None:
        """Removes the folder."""
        here.let_go(self._held)
        here.remove(self.path)


def sweep() -> None:
    """Removes folders that nobody holds: those of runners that were killed."""
    with contextlib.suppress(OSError):
        for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                _remove_if_stale(path)


def _remove_if_stale(path: Path) -> None:
    found = os.lstat(path)
    if not here.is_own(found) or time.time() - found.st_mtime < STALE_SECONDS:
        return
    here.let_go(here.hold_if_free(str(path)))
    here.remove(str(path))
