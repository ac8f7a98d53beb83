"""The one path from submissions to verdicts, which every front end uses."""

from graders.runner.runner import (
    DEFAULT_SECONDS,
    SANDBOX_MEMORY,
    Listener,
    Request,
    Runner,
    Settings,
    draw_for,
    grade,
    processors,
)

__all__ = [
    "DEFAULT_SECONDS",
    "SANDBOX_MEMORY",
    "Listener",
    "Request",
    "Runner",
    "Settings",
    "draw_for",
    "grade",
    "processors",
]
