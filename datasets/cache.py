"""The folder where derived files are kept, and how they are written.

Nothing here is ever needed for correctness: what is in the cache can be made again, a corrupt
entry is made again, and a folder that cannot be written only costs time.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def cache_dir() -> Path:
    """Return the kit's cache folder, which need not exist.

    Returns:
        `$KERAS_KIT_CACHE`, else `$XDG_CACHE_HOME/keras-exercise-kit`, else
        `~/.cache/keras-exercise-kit`.
    """
    if own := os.environ.get("KERAS_KIT_CACHE"):
        return Path(own).expanduser()
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg).expanduser() / "keras-exercise-kit"
    try:
        return Path.home() / ".cache" / "keras-exercise-kit"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / "keras-exercise-kit"


@contextlib.contextmanager
def atomic(target: Path) -> Iterator[Path]:
    """Give a temporary path that becomes `target` when the block ends well.

    Readers see the old file or the whole new one, never a part, also when two processes write
    at once.

    Args:
        target: Path, the file to write. Its folder is created.

    Yields:
        Path in the same folder, with the same suffixes, for the block to write.

    Raises:
        OSError: the folder cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{target.name.split('.')[0]}-", suffix="".join(target.suffixes), dir=target.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(target: Path, content: bytes) -> bool:
    """Write `content` to `target` atomically; an unwritable cache is not an error.

    Args:
        target: Path, the file to write.
        content: Bytes, the whole of it.

    Returns:
        Whether it was written.
    """
    return write(target, lambda path: path.write_bytes(content))


def write(target: Path, writer: Callable[[Path], object]) -> bool:
    """Let `writer` write a file that becomes `target`; an unwritable cache is not an error.

    Args:
        target: Path, the file to write.
        writer: Callable, gets a temporary path and writes the whole file there.

    Returns:
        Whether it was written.
    """
    try:
        with atomic(target) as temporary:
            writer(temporary)
    except OSError:
        return False
    return True
