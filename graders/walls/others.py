"""What other users may do with folders: at the level `user`, submissions are such users."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence


def entries(path: str, visible: Sequence[str]) -> list[str]:
    """Returns what lies in a folder, but for links and for the way to what is visible.

    Args:
        path: String, the folder.
        visible: Paths that must be seen.
    """
    try:
        found = [entry.path for entry in os.scandir(os.path.realpath(path))]
    except OSError:
        return []
    real = [os.path.realpath(item) for item in visible]
    # What a link leads to is as open as it is anywhere else.
    return [
        path
        for path in found
        if not os.path.islink(path) and not any(f"{r}/".startswith(f"{path}/") for r in real)
    ]


def close_to_others(paths: Sequence[str], visible: Sequence[str]) -> list[str]:
    """Takes from other users what they may do with folders, but for the way to Python.

    Args:
        paths: Paths of folders. Their entries are closed; if nothing visible lies inside, so are
            they.
        visible: Paths that stay open.

    Returns:
        Paths that were changed.
    """
    changed = []
    for path in paths:
        with contextlib.suppress(OSError):
            inside = any(os.path.realpath(item).startswith(f"{path}/") for item in visible)
            for entry in [*entries(path, visible), *([] if inside else [path])]:
                mode = stat.S_IMODE(os.lstat(entry).st_mode)
                if mode & stat.S_IRWXO:
                    os.chmod(entry, mode & ~stat.S_IRWXO)
                    changed.append(entry)
    return changed
