"""Events for whoever listens to a runner: the judge's own, and what the runner makes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from graders.boundary.events import (
    CheckEnded,
    CheckStarted,
    DataUnavailable,
    EvidenceGathered,
    Finished,
    Interrupted,
    JudgeEvent,
    JudgeFailed,
    Printed,
    Progress,
)
from graders.verdict import CheckResult, TaskVerdict

__all__ = [
    "CheckEnded",
    "CheckStarted",
    "DataUnavailable",
    "Event",
    "EvidenceGathered",
    "Finished",
    "Interrupted",
    "JudgeEvent",
    "JudgeFailed",
    "Listener",
    "Measuring",
    "Printed",
    "Progress",
    "ResultReady",
    "VerdictReady",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Measuring:
    """The reference is graded first, to place the bounds for data that were never calibrated.

    Attributes:
        seed: Integer, the draw.
    """

    seed: int


@dataclasses.dataclass(frozen=True, slots=True)
class ResultReady:
    """A check has its result; it comes in the place of `CheckEnded`.

    Attributes:
        result: `CheckResult`.
    """

    result: CheckResult


@dataclasses.dataclass(frozen=True, slots=True)
class VerdictReady:
    """A task has its whole verdict.

    Attributes:
        verdict: `TaskVerdict`.
    """

    verdict: TaskVerdict


Event = JudgeEvent | Measuring | ResultReady | VerdictReady
# Takes the id of a task and an event of its grading.
Listener = Callable[[str, Event], None]
