"""What is larger than a grader takes is reported in words by a sandbox that follows the rules."""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Any

import numpy as np
import pytest

from graders.boundary import sizes, wire
from graders.checking import CheckFailed
from graders.judge.faults import explain
from graders.sandbox import box, requests
from graders.toolkit import closed_forms
from tests.fuzzing import growth


def served(verb: Any, limits: sizes.Limits | None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns the reply of `serve` to one request."""
    monkeypatch.setitem(requests.VERBS, "load", verb)
    request_r, request_w = os.pipe()
    answer_r, answer_w = os.pipe()
    theirs, ours = wire.Channel(request_r, answer_w), wire.Channel(answer_r, request_w)
    serving = threading.Thread(target=requests.serve, args=(theirs,))
    serving.start()
    try:
        asked = {} if limits is None else {"limits": [*vars(limits).values()]}
        ours.send({"verb": "load", **asked})
        return ours.receive(time.monotonic() + 10)
    finally:
        ours.close()
        serving.join()
        theirs.close()


def test_an_answer_that_is_too_large_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The student reads how large it is, and the next request is answered as ever."""

    def verb(place: Any) -> Any:
        return np.zeros(2**21, "uint8")

    reply = served(verb, sizes.SHORT, monkeypatch)
    assert reply["error"]["kind"] == "too_large"
    fault = explain(reply["error"])
    assert isinstance(fault, CheckFailed)
    assert "arrays of 2.0 MB (the limit is 0.0 MB)" in str(fault)
    assert served(verb, sizes.ANSWER, monkeypatch)["ok"].nbytes == 2**21
    assert served(verb, None, monkeypatch)["ok"].nbytes == 2**21


@pytest.mark.parametrize(
    ("epoch", "epochs", "reported"),
    [
        (1, 3, True),
        (np.int64(1), np.int32(3), True),
        (1, None, False),
        (-1, 3, False),
        (1, 10**7, False),
        (1.0, 3, False),
        ("1", 3, False),
    ],
)
def test_progress_that_is_reported(epoch: Any, epochs: Any, reported: bool) -> None:
    """Two counts are; whatever else a `fit` was given is left out, and the training goes on."""
    assert [found[:2] for found in sent(epoch, epochs)] == ([(1, 3)] if reported else [])


def sent(*given: Any, **figures: Any) -> list[tuple[int, int, float, float]]:
    """Returns what a sandbox sends of a report of progress."""
    found: list[tuple[int, int, float, float]] = []

    class Channel:
        def send_progress(self, *report: Any) -> None:
            found.append(report)

    box.Box(Channel()).progress(*given, **figures)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (2, 2.0),
        (math.inf, math.inf),
        (None, None),
        ("high", None),
        (10**400, None),
        ([0.5, 0.5], None),
        (np.zeros(2), None),
    ],
)
def test_figures_that_are_reported(value: Any, expected: float | None) -> None:
    """A number is sent as it is; of whatever else a metric gives, NaN stands for it."""
    [(_, _, loss, accuracy)] = sent(1, 3, loss=value, accuracy=value)
    for found in (loss, accuracy):
        assert type(found) is float
        assert math.isnan(found) if expected is None else found == expected


@pytest.mark.parametrize(
    "compare",
    [closed_forms.near, closed_forms.same, closed_forms.differs],
    ids=lambda f: f.__name__,
)
def test_a_large_answer_is_not_made_larger(compare: Any) -> None:
    """The shape tells that it is wrong: nobody turns 32 MB of bytes into 256 MB of floats."""
    answer = np.ones(2**25, "int8")
    with growth() as grown:
        assert compare(answer, np.ones(3)) in (False, f"an array of shape {answer.shape}")
    assert grown[0] < 50 * 2**20
