"""What is larger than a grader takes is reported in words by a sandbox that follows the rules."""

from __future__ import annotations

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
    sent: list[tuple[int, int]] = []

    class Channel:
        def send_progress(self, done: int, whole: int) -> None:
            sent.append((done, whole))

    box.Box(Channel()).progress(epoch, epochs)  # type: ignore[arg-type]
    assert sent == ([(1, 3)] if reported else [])


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
