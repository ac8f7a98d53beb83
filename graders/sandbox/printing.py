"""What a submission prints: kept in a file that never grows too large, however much it is."""

from __future__ import annotations

import errno
import io
import os
from typing import Any

from graders.boundary import log

# What the system answers where a file may not grow: printing less is no reason to end.
_FULL = (errno.EFBIG, errno.ENOSPC)
# A large text goes piece by piece.
_PIECE = 2**16


class Log(io.FileIO):
    """A stream onto the file that takes the output, see `graders.boundary.log`.

    Args:
        fd: Integer, its descriptor; other processes may write there, too.
    """

    def __init__(self, fd: int):
        super().__init__(fd, "wb", closefd=False)

    def write(self, data: Any) -> int:
        """Writes a piece of data, over what is old if there is no room left."""
        piece = memoryview(data).cast("B")[:_PIECE]
        try:
            self._make_room(len(piece))
            return super().write(piece) or len(piece)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            return len(piece)

    def _make_room(self, size: int) -> None:
        """Begins the next round if this one has no room."""
        fd = self.fileno()
        try:
            at = os.lseek(fd, 0, os.SEEK_CUR)
        except OSError:
            # The submission put something else there, a pipe of its own perhaps.
            return
        if at + size <= log.LIMIT:
            return
        before = log.record(fd)
        written = (before[0] if before else 0) + log.lines(fd, log.HEAD, at)
        end = min(at, log.LIMIT)
        os.pwrite(fd, log.RECORD.pack(log.MARK, written % 2**64, end), log.LIMIT)
        os.lseek(fd, log.HEAD, os.SEEK_SET)
