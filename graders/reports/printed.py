"""What a submission printed, for every renderer: its words, and one line that tells of them."""

from __future__ import annotations

from graders.reports import evidence as reading
from graders.verdict import TaskVerdict

# The grader keeps no more than that.
MAX_TEXT = 20_000


def text(verdict: TaskVerdict) -> str:
    """Returns what was printed, safe to show; of a flood its head and its tail."""
    return reading.text(verdict.evidence, "output", MAX_TEXT)


def lines(verdict: TaskVerdict) -> int:
    """Returns how many lines of the submission's own were printed."""
    found = verdict.evidence.get("printed")
    return found if type(found) is int and found > 0 else 0


def head(verdict: TaskVerdict) -> str:
    """Returns `cnn printed 12 lines`; empty if it printed none of its own."""
    count = lines(verdict)
    return f"{verdict.task} printed {count:,} line{'s' if count > 1 else ''}" if count else ""
