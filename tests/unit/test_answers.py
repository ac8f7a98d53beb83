"""What a probe answers: it fits its dataclass, or the check fails."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders.checks.customization import custom_layer
from graders.judge.faults import SubmissionError
from graders.toolkit.answers import read
from tests.fuzzing import Answering


@dataclasses.dataclass(frozen=True)
class Inner:
    """A part of an answer."""

    flag: bool


@dataclasses.dataclass(frozen=True)
class Outer:
    """An answer with a field of each kind."""

    count: int
    rate: float
    name: str
    values: np.ndarray
    sizes: tuple[int, ...]
    inner: Inner
    parts: tuple[Inner, ...]
    some: np.ndarray | None
    anything: Any


RIGHT = {
    "count": 3,
    "rate": 0.5,
    "name": "w",
    "values": np.ones(2),
    "sizes": [1, 2],
    "inner": {"flag": True},
    "parts": [{"flag": True}, {"flag": False}],
    "some": None,
    "anything": {"of": [1]},
}


def test_an_answer_that_fits() -> None:
    """Each field has its type; lists become tuples, and further keys are left alone."""
    found = read(Outer, {**RIGHT, "more": 1})
    assert (found.count, found.rate, found.name, found.sizes) == (3, 0.5, "w", (1, 2))
    assert found.values is RIGHT["values"]
    assert found.inner == Inner(True)
    assert found.parts == (Inner(True), Inner(False))
    assert (found.some, found.anything) == (None, {"of": [1]})


@pytest.mark.parametrize(
    "change",
    [{"some": np.zeros(1)}, {"rate": 3}, {"sizes": (4, 5)}, {"anything": None}],
    ids=str,
)
def test_other_answers_that_fit(change: dict[str, Any]) -> None:
    """An array that may be missing, a whole number as a rate, a tuple, nothing for anything."""
    read(Outer, {**RIGHT, **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": True}, "bool in place of int (Outer.count)"),
        ({"count": 1.0}, "float in place of int (Outer.count)"),
        ({"count": 10**40}, "a number that is far too large (Outer.count)"),
        ({"rate": "0.5"}, "str in place of float (Outer.rate)"),
        ({"rate": 10**40}, "a number that is far too large (Outer.rate)"),
        ({"name": None}, "NoneType in place of str (Outer.name)"),
        ({"values": [1.0]}, "list in place of ndarray (Outer.values)"),
        ({"sizes": [1, "2"]}, "str in place of int (Outer.sizes)"),
        ({"sizes": 3}, "int in place of list (Outer.sizes)"),
        ({"sizes": [1] * 1001}, "a list of 1001 values (Outer.sizes)"),
        ({"inner": []}, "list in place of dict (Outer.inner)"),
        ({"inner": {}}, "nothing (Outer.inner.flag)"),
        ({"parts": [None]}, "NoneType in place of dict (Outer.parts)"),
        ({"some": 1}, "int in place of ndarray (Outer.some)"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_answer_that_does_not_fit(change: dict[str, Any], words: str) -> None:
    """It is none, and the message names the place."""
    with pytest.raises(ValueError, match=re.escape(words)):
        read(Outer, {**RIGHT, **change})


JUNK = [None, [], {}, "text", {"y": 1}, {"weights": []}, {"w": {"kind": 3}}]
CHECKS = [f for f in vars(custom_layer).values() if hasattr(f, "__check__")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_custom_layer_takes_no_junk(check: Callable[..., None], junk: Any) -> None:
    """Whatever a sandbox answers, it is the submission that fails, and not the grader."""

    given = {"submission": Answering(junk), "rng": np.random.default_rng(0), "evidence": {}}
    names = check.__code__.co_varnames[: check.__code__.co_argcount]
    with pytest.raises(SubmissionError, match="not what the grader asked for"):
        check(**{name: given[name] for name in names})
