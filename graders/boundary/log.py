"""How a submission's output lies in its file: a sandbox writes it, and the judge reads its ends.

The first `HEAD` bytes stay. What comes behind them goes round and round below `LIMIT`, so that a
flood takes no more memory than that. At `LIMIT` lies a `RECORD`, once it has gone round.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

HEAD = 6_000
LIMIT = 8 * 2**20
# A mark, how many lines were written before the present round, and where the last round ended.
RECORD = struct.Struct("<8sQQ")
MARK = b"\0rounds\0"
_CHUNK = 2**20


def record(fd: int) -> tuple[int, int] | None:
    """Returns the lines of the rounds before this one and the end of the last, a sandbox's claims.

    Args:
        fd: Integer, the file.

    Returns:
        Two integers, or `None` if it is the first round.
    """
    found = os.pread(fd, RECORD.size, LIMIT)
    if len(found) < RECORD.size or not found.startswith(MARK):
        return None
    _, lines, end = RECORD.unpack(found)
    return lines, min(max(end, HEAD), LIMIT)


def pieces(fd: int, start: int, end: int) -> Iterator[bytes]:
    """Yields a part of the file in pieces that take little memory.

    Args:
        fd: Integer, the file.
        start: Integer, where the part begins.
        end: Integer, where it ends.
    """
    while start < end:
        found = os.pread(fd, min(_CHUNK, end - start), start)
        if not found:
            return
        yield found
        start += len(found)


def lines(fd: int, start: int, end: int) -> int:
    """Returns how many lines end in a part of the file, see `pieces`."""
    return sum(piece.count(b"\n") for piece in pieces(fd, start, end))
