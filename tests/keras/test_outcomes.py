"""Which outcome the judge makes of what a check raised."""

from __future__ import annotations

import contextlib
import types
import weakref
from typing import Any

import pytest

from graders.boundary import events
from graders.checking import CheckFailed
from graders.judge.connection import Interrupted, WallBroken
from graders.judge.faults import SubmissionError
from graders.judge.places import Places
from graders.judge.plugin import GradingPlugin


class Judge:
    """A plugin without a grading, and what it reports."""

    def __init__(self) -> None:
        self.told: list[events.JudgeEvent] = []
        self.plugin = GradingPlugin.__new__(GradingPlugin)
        self.plugin._emit = self.told.append
        self.plugin._errors = weakref.WeakKeyDictionary()
        self.plugin._outcomes, self.plugin._started = {}, 0.0
        self.plugin._job = {"seconds": 60.0}
        self.plugin._places = Places("")
        self.session = types.SimpleNamespace(shouldstop=False)

    def report(self, name: str, error: BaseException) -> events.CheckEnded:
        """Reports what a check raised; returns how it ended."""
        item = types.SimpleNamespace(
            originalname=name,
            funcargs={},
            session=self.session,
            function=types.SimpleNamespace(__check__={"hints": ("Look.",), "about": None}),
        )
        call = types.SimpleNamespace(excinfo=types.SimpleNamespace(value=error), when="call")
        hook: Any = self.plugin.pytest_runtest_makereport(item, call)  # type: ignore[arg-type]
        with contextlib.suppress(StopIteration):
            next(hook)
            next(hook)
        [*_, last] = self.told
        assert isinstance(last, events.CheckEnded)
        return last


def test_the_same_error_is_reported_once() -> None:
    """What stopped a fixture stops each check that needs it: only the first one failed."""
    judge = Judge()
    for error in (CheckFailed("Expected."), SubmissionError("raised", "It raised.")):
        first = judge.report("first", error)
        assert first.outcome in ("failed", "error")
        second = judge.report("second", error)
        assert second.outcome == "skipped"
        assert second.message == "Not run: the same thing stopped it as `first`."


def test_an_error_that_is_gone_stops_nobody_else() -> None:
    """Python gives its number to the next one, which is another."""
    judge = Judge()
    for number in range(50):
        assert judge.report(f"check{number}", CheckFailed("Expected.")).outcome == "failed"


@pytest.mark.parametrize(
    "error", [Interrupted("it was ended"), WallBroken("no wall"), OSError(28, "No space left")]
)
def test_what_the_machine_ended_ends_the_grading(error: Exception) -> None:
    """The check is skipped, the runner is told why, and no other check begins."""
    judge = Judge()
    assert judge.report("first", error).outcome == "skipped"
    assert [type(event) for event in judge.told] == [events.Interrupted, events.CheckEnded]
    assert judge.session.shouldstop


def test_an_error_of_ours_is_no_end_of_the_machines() -> None:
    """Another error of the judge is its failure, with the traceback."""
    judge = Judge()
    assert judge.report("first", OSError(2, "No such file")).outcome == "skipped"
    assert [type(event) for event in judge.told] == [events.JudgeFailed, events.CheckEnded]
    assert not judge.session.shouldstop
