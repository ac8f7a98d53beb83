"""Names of folders as nbgrader's patterns: a name that is there is that name, whatever it holds."""

from __future__ import annotations

import fnmatch
import os


def matching(pattern: str) -> list[str]:
    """Returns the paths that a pattern names, as `glob.glob` does.

    A part of the pattern that is the name of a file or folder means this one: of a student
    `dan [1]`, nbgrader's own search finds nothing.

    Args:
        pattern: String, a path whose parts may hold `*`, `?` and `[…]`.
    """
    start, rest = ("/", pattern.lstrip("/")) if pattern.startswith("/") else ("", pattern)
    found = [start]
    for part in rest.split("/"):
        found = [path for above in found for path in _below(above, part)]
    return [path for path in found if os.path.lexists(path)]


def _below(above: str, part: str) -> list[str]:
    path = os.path.join(above, part)
    if part in ("", ".", "..") or os.path.lexists(path):
        return [path]
    try:
        names = sorted(os.listdir(above or "."))
    except OSError:
        return []
    hidden = part.startswith(".")
    return [
        os.path.join(above, name)
        for name in names
        if fnmatch.fnmatchcase(name, part) and (hidden or not name.startswith("."))
    ]
