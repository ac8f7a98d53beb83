"""Faults to inject: which process of a grading does what, and how to end it."""

from __future__ import annotations

import os
from pathlib import Path

# From the outside in. A `walled` process waits for the one that forks sandboxes.
ROLES = ("warm", "walled", "sandboxes", "grader", "guard", "init", "student")


def _lives(pid: int) -> bool:
    """Returns whether a process has not ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """Returns the children of a process that live, the oldest first."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, thread.read_text().split())
        except OSError:
            continue
    return sorted(filter(_lives, found))


def _is_warm(pid: int) -> bool:
    try:
        return b"graders.warm\0serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def roles(runner: int) -> dict[str, list[int]]:
    """Returns the processes of a runner at the level `namespaces`, by their role.

    Args:
        runner: Integer, the runner's process.
    """
    found: dict[str, list[int]] = {role: [] for role in ROLES}
    found["warm"] = [pid for pid in children(runner) if _is_warm(pid)]
    for warm in found["warm"]:
        # It forks the walled half before anything else.
        walled, *graders = children(warm) or [0]
        if walled:
            found["walled"].append(walled)
        found["grader"] += graders
    for outer, inner in (
        ("walled", "sandboxes"), ("sandboxes", "guard"), ("guard", "init"), ("init", "student"),
    ):  # fmt: skip
        for pid in found[outer]:
            found[inner] += children(pid)
    return found


def end(runner: int, role: str, number: int) -> list[int]:
    """Sends a signal to a runner's processes of a role; returns their numbers."""
    sent = []
    for pid in roles(runner)[role]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        sent.append(pid)
    return sent
