"""What Keras downloads: tried quietly and not for long, and one clear line when it fails."""

import contextlib
import socket
import sys
from collections.abc import Iterator

from datasets import DataUnavailable

_PATIENCE = 20.0  # seconds without an answer


@contextlib.contextmanager
def downloading(what: str, default: str) -> Iterator[None]:
    """Run a block in which Keras may download something.

    What Keras prints goes to standard error: standard output may be a report.

    Args:
        what: String, what is wanted, as the user knows it.
        default: String, how to do without it.

    Raises:
        DataUnavailable: If the block raised anything, in one line that names the default.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)  # Keras sets none, and waits for a dead network forever
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataUnavailable(
            f"{what} could not be had from Keras's cache or its download "
            f"({reason[:200]}). {default}"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
