"""What was handed in: found, read and parsed, never run."""

from graders.submission.finding import beside, files, holds, load, locate
from graders.submission.reading import MAX_BYTES, read, read_bytes
from graders.submission.source import Source, Unreadable
from graders.submission.untouched import is_stub, same_code, still

__all__ = [
    "MAX_BYTES",
    "Source",
    "Unreadable",
    "beside",
    "files",
    "holds",
    "is_stub",
    "load",
    "locate",
    "read",
    "read_bytes",
    "same_code",
    "still",
]
