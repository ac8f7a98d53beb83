"""The levels of isolation, and their order."""

from __future__ import annotations

# From nothing to both walls; what each of them stops stands in graders/course/README.md.
LEVELS = ("process", "user", "landlock", "namespaces")
# What the marks of a class demand unless told otherwise.
CLASS_ISOLATION = "user"


def reaches(level: str, demanded: str) -> bool:
    """Returns whether a level is at least another one.

    Args:
        level: String, one of `LEVELS`.
        demanded: String, one of `LEVELS`.
    """
    return LEVELS.index(level) >= LEVELS.index(demanded)
