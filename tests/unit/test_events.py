"""Events of a grading: what fits travels whole, and nothing else gets through."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import rubric
from graders.boundary import events
from graders.reports import text
from graders.runner.collected import Collected
from graders.submission import Source

TASK = rubric.find("custom_layer")
ALL: tuple[events.JudgeEvent, ...] = (
    events.CheckStarted("builds"),
    events.CheckEnded("builds", "failed", "Nö.", "raised", 0.25),
    events.Progress(1, 3, -0.25, 0.75),
    events.Training(True),
    events.Printed("hello", 1),
    events.EvidenceGathered({"history": {"loss": [1.0]}}),
    events.DataUnavailable("No network."),
    events.Interrupted("It was ended."),
    events.JudgeFailed("Traceback"),
    events.Examined({"faults": [], "remarks": []}),
    events.Finished(0),
)
ENDED = events.pack(ALL[1])
EPOCH = {"epoch": 2, "epochs": 5}


def test_every_kind_of_event_is_tried() -> None:
    """The examples of this file are all there are."""
    assert {type(event) for event in ALL} == set(get_args(events.JudgeEvent))


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_an_event_arrives_as_it_was_sent(event: events.JudgeEvent) -> None:
    """Packed and unpacked it is the same event; each of its fields is needed."""
    packed = events.pack(event)
    assert events.unpack(packed) == event
    for name in packed:
        with pytest.raises(ValueError):
            events.unpack({key: value for key, value in packed.items() if key != name})
    with pytest.raises(ValueError, match="has the fields"):
        events.unpack({**packed, "more": 1})


@pytest.mark.parametrize(
    "field, value",
    [
        ("event", "Verdict"),
        ("event", ["CheckEnded"]),
        ("check", "x" * (events.MAX_NAME + 1)),
        ("check", None),
        ("outcome", "won"),
        ("outcome", ["passed"]),
        ("message", b"bytes"),
        ("message", "x" * (events.MAX_TEXT + 1)),
        ("seconds", "1"),
        ("seconds", -1.0),
        ("seconds", math.nan),
        ("seconds", math.inf),
    ],
)
def test_a_field_that_does_not_fit_is_refused(field: str, value: Any) -> None:
    """Types, lengths and ranges are those that the runner counts on."""
    with pytest.raises(ValueError):
        events.unpack({**ENDED, field: value})


@pytest.mark.parametrize("found", [None, [], "CheckEnded", {}, {"event": None}, {1: 2}])
def test_what_is_no_event_is_refused(found: Any) -> None:
    """Other data are a ValueError, and no other error."""
    with pytest.raises(ValueError):
        events.unpack(found)


def test_long_text_is_cut_where_it_is_packed() -> None:
    """A long message keeps its beginning, a long traceback the error at its end."""
    long = "x" * events.MAX_TEXT
    ended = dataclasses.replace(ALL[1], message="begin" + long)
    assert events.unpack(events.pack(ended)).message.startswith("begin")
    assert events.unpack(events.pack(events.JudgeFailed(long + "end"))).trace.endswith("end")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


PARTS = ("epoch", "epochs", "loss", "accuracy", "more")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, JUNK)) | JUNK)
def test_of_a_sandbox_four_numbers_go_on(claim: Any) -> None:
    """Whatever a sandbox reports is dropped, or becomes progress that can be shown."""
    found = events.Progress.read(claim)
    if found is not None:
        assert type(found.epoch) is int and type(found.epochs) is int
        assert 0 <= found.epoch <= events.MAX_EPOCHS
        assert 0 < found.epochs <= events.MAX_EPOCHS
        assert found.loss is None or math.isfinite(found.loss)
        assert found.accuracy is None or 0 <= found.accuracy <= 1
        assert len(text.training(found)) < 80
        assert events.unpack(events.pack(found)) == found


@pytest.mark.parametrize(
    "claim, expected",
    [
        ({"epoch": 2, "epochs": 5}, events.Progress(2, 5)),
        ({"epoch": 2, "epochs": 5, "text": "hi"}, events.Progress(2, 5)),
        ({"epoch": True, "epochs": 5}, None),
        ({"epoch": 2, "epochs": 0}, None),
        ({"epoch": 2, "epochs": None}, None),
        ({"epoch": 2.0, "epochs": 5}, None),
        ({"epoch": -1, "epochs": 5}, None),
        ({"epoch": 10**9, "epochs": 10**9}, None),
        ({**EPOCH, "loss": 0.5, "accuracy": 0.9}, events.Progress(2, 5, 0.5, 0.9)),
        ({**EPOCH, "loss": math.nan, "accuracy": 1.0}, events.Progress(2, 5, None, 1.0)),
        ({**EPOCH, "loss": -math.inf, "accuracy": -0.1}, events.Progress(2, 5)),
        ({**EPOCH, "loss": 1e300, "accuracy": 1e300}, events.Progress(2, 5, 1e300)),
        ({**EPOCH, "loss": "0.5", "accuracy": True}, events.Progress(2, 5)),
        ({**EPOCH, "loss": [0.5], "accuracy": {}}, events.Progress(2, 5)),
    ],
)
def test_progress_is_read_strictly(claim: Any, expected: events.Progress | None) -> None:
    """Counts only; a boolean or a float is none."""
    assert events.Progress.read(claim) == expected


@pytest.mark.parametrize(
    "progress, expected",
    [
        (events.Progress(2, 5), "training, epoch 2 of 5"),
        (events.Progress(2, 5, 0.414, 0.857), "training, epoch 2 of 5, loss 0.41, accuracy 0.86"),
        (events.Progress(1, 1, -12.0), "training, epoch 1 of 1, loss -12.00"),
        (events.Progress(1, 1, 1e300, 0.0), "training, epoch 1 of 1, loss 1.0e+300, accuracy 0.00"),
        (events.Progress(1, 1, None, 1.0), "training, epoch 1 of 1, accuracy 1.00"),
    ],
)
def test_the_line_of_progress(progress: events.Progress, expected: str) -> None:
    """Epochs, and what the last one reached as far as it is known; no number floods the line."""
    assert text.training(progress) == expected


def collected(*given: events.JudgeEvent) -> Collected:
    """Returns what takes these events of a grading."""
    found = Collected(TASK, Source("x = 1\n", "custom_layer.py", TASK.stub), "user")
    for event in given:
        found.take(event)
    return found


def test_events_make_a_verdict() -> None:
    """Points come from the rubric for the outcomes; what printed and evidence are kept."""
    passed = [events.CheckEnded(check.name, "passed", "", "", 0.1) for check in TASK.checks]
    evidence = events.EvidenceGathered({"accuracy": 0.5})
    found = collected(*passed, events.Printed("hello", 1), evidence, events.Finished(0))
    assert (found.done, found.lasting) == (True, True)
    verdict = found.verdict()
    assert (verdict.status, verdict.points, verdict.isolation) == ("passed", 10, "user")
    assert verdict.evidence == {"output": "hello", "printed": 1, "accuracy": 0.5}


@pytest.mark.parametrize(
    "event, status, message",
    [
        (events.JudgeFailed("Traceback\nKeyError: 1"), "grader_error", "this line: KeyError: 1"),
        (events.DataUnavailable("No network."), "grader_error", "No network."),
        (events.CheckStarted("builds"), "grader_error", "no check ran"),
    ],
)
def test_our_own_failure_is_no_verdict_on_the_work(
    event: events.JudgeEvent, status: str, message: str
) -> None:
    """The grader broke, the data cannot be had, nothing ran: 0 points, and a line that says why."""
    verdict = collected(event, events.Finished(0)).verdict()
    assert (verdict.status, verdict.points) == (status, 0)
    assert message in verdict.message


def test_an_error_that_depends_on_the_day_is_not_lasting() -> None:
    """A time-out may not come again; what a submission raises does."""
    first = TASK.checks[0].name
    for kind, lasting in (("timeout", False), ("memory", False), ("raised", True)):
        ended = events.CheckEnded(first, "error", "Why.", kind, 0.1)
        assert collected(ended).lasting is lasting


def test_a_grading_that_is_cut_off_blames_the_check_that_ran() -> None:
    """What ran is an error, with the reason; what was to come is skipped."""
    first, second, *_ = TASK.checks
    passed = events.CheckEnded(first.name, "passed", "", "", 0.1)
    found = collected(passed, events.CheckStarted(second.name))
    found.cut_off("Too slow.", "Do less.")
    checks = found.verdict().checks
    assert [check.outcome for check in checks[:3]] == ["passed", "error", "skipped"]
    assert checks[1].message == "Too slow. Do less."
    assert (found.done, found.lasting) == (True, False)


def test_a_grading_that_is_cut_off_before_the_first_check_blames_nobody() -> None:
    """The verdict says that it is not the student's fault, so it gives no advice on the work."""
    found = collected()
    found.cut_off("Ended by the system.", "Look for a large layer.")
    verdict = found.verdict()
    assert verdict.status == "grader_error"
    assert verdict.message.endswith("this line: Ended by the system.")
    assert (found.done, found.lasting) == (True, False)


def test_what_the_machine_ended_is_no_verdict() -> None:
    """Nobody has a point for it, whatever had passed; it says that the work is not to blame."""
    passed = [events.CheckEnded(check.name, "passed", "", "", 0.1) for check in TASK.checks]
    found = collected(*passed, events.Interrupted("it was ended"))
    verdict = found.verdict()
    assert (found.done, found.lasting, verdict.status, verdict.points) == (
        True, False, "grader_error", 0,
    )  # fmt: skip
    assert "Could not be graded: it was ended. Your work is not to blame" in verdict.message
    assert verdict.submission
