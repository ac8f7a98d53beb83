"""Where each student's work on a task stands, and averages that are true.

What nobody could grade is in no average. Nothing handed in is 0 points in the average of all, and
not in the average of those who handed in.
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Mapping
from typing import Literal

from graders.verdict import TaskVerdict

Verdicts = Mapping[str, list[TaskVerdict]]
Standing = Literal["graded", "unreadable", "stub", "missing", "renamed", "waits"]
HANDED_IN = frozenset(("graded", "unreadable"))
# Points that a person has still to give or to confirm.
OPEN = frozenset(("waits", "renamed"))
_NOTHING = re.compile(
    r"There is no .*?(?: Found (?P<names>.+), which is not graded\.)? Is the file named like the "
    r"task\?",
    re.DOTALL,
)
_BESIDE = re.compile(r" is graded\. (?P<names>.+?), beside it, is not: ", re.DOTALL)


def standing(verdict: TaskVerdict) -> Standing:
    """Returns where work on a task stands.

    Args:
        verdict: `TaskVerdict`.

    Returns:
        One of `"graded"`, `"unreadable"` (handed in, and no program: 0 points), `"stub"`,
        `"missing"`, `"renamed"` (nothing under the task's name, but a file of nearly that name),
        `"waits"` (could not be graded).
    """
    if verdict.status == "grader_error":
        return "waits"
    if verdict.status == "not_started":
        return "stub"
    if verdict.submission:
        return "graded"
    found = _NOTHING.fullmatch(verdict.message)
    if not found:
        return "unreadable"
    return "renamed" if found["names"] else "missing"


def others(verdict: TaskVerdict) -> str:
    """Returns the names of files that were not graded and may be the task; empty if none."""
    found = _NOTHING.fullmatch(verdict.message) or _BESIDE.search(verdict.message)
    return (found["names"] or "") if found else ""


@dataclasses.dataclass(frozen=True)
class Overview:
    """How a task went.

    Attributes:
        task: String, the task's id.
        max_points: Float, what it is worth.
        students: Integer, how many are in the class.
        counts: Dict from `Standing` to how many students are there.
        complete: Integer, how many have all points.
        points: Tuple of floats, of those who handed in.
        average: Float, of those who handed in, or `None` if nobody did.
        average_of_all: Float, where who handed nothing in has 0, or `None` if all wait.
    """

    task: str
    max_points: float
    students: int
    counts: Mapping[str, int]
    complete: int
    points: tuple[float, ...]
    average: float | None
    average_of_all: float | None

    @property
    def handed_in(self) -> int:
        """Integer, how many handed in work that is no stub, also what could not be graded."""
        return sum(
            self.counts.get(name, 0) for name in ("graded", "unreadable", "waits", "renamed")
        )


def mean(values: list[float]) -> float | None:
    """Returns the mean, or `None` of nothing."""
    return sum(values) / len(values) if values else None


def overview(verdicts: Verdicts) -> list[Overview]:
    """Returns how each task went, in the order of the class."""
    found: dict[str, list[TaskVerdict]] = {}
    for each in verdicts.values():
        for verdict in each:
            found.setdefault(verdict.task, []).append(verdict)
    rows = []
    for task, works in found.items():
        places = [standing(verdict) for verdict in works]
        pairs = list(zip(works, places, strict=True))
        handed = [verdict.points for verdict, place in pairs if place in HANDED_IN]
        known = [verdict.points for verdict, place in pairs if place not in OPEN]
        rows.append(
            Overview(
                task,
                max(verdict.max_points for verdict in works),
                len(works),
                dict(collections.Counter(places)),
                sum(verdict.status == "passed" for verdict in works),
                tuple(handed),
                mean(handed),
                mean(known),
            )
        )
    return rows


def number(value: float | None) -> str:
    """Returns an average as people read it; a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"
