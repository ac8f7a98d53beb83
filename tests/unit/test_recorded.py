"""Answers of probes: they are parsed, or the submission has failed, whatever they are."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.checking import CheckFailed
from graders.rebuilt.claims import Watched
from graders.toolkit import recorded

WEIGHTS = {"weights": [np.zeros((4, 3)), np.zeros(3)]}
SNAPSHOT = {
    "kind": "Sequential",
    "compiled": True,
    "config": "{}",
    **WEIGHTS,
    "paths": ["a", "b"],
    "dtypes": ["float32"] * 2,
    "trainable": [True] * 2,
    "optimizer": None,
}
MODEL = {
    "arguments": {"num_classes": 3, "policy": "float32"},
    "inferred": True,
    "fits": [],
    "starts": ["start"],
    "examples": 0,
    "snapshot": SNAPSHOT,
}
CLAIM = {
    "returned": "dict",
    "value": {"float32": 1},
    "seconds": 1.5,
    "policies": ["float32", "float32"],
    "data_unchanged": True,
    "models": [MODEL],
}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*CLAIM, *MODEL, *SNAPSHOT]), inner, max_size=4)
    ),
    max_leaves=12,
)
PARSERS: list[Callable[[Any], Any]] = [
    recorded.Watched.from_claim,
    recorded.Snapshot.from_claim,
    recorded.text,
]


def test_an_honest_answer_is_read() -> None:
    """What happened is there in types, and each model by what its builder was given."""
    seen = Watched.from_claim(CLAIM)
    assert (seen.returned, seen.value, seen.seconds) == ("dict", {"float32": 1}, 1.5)
    [model] = recorded.trained_with(seen, "policy", "float32")
    assert model.run("under float32").starts == {"start"}
    assert recorded.trained_with(seen, "policy", "mixed_float16") == []
    assert recorded.trained_with(seen, "dtype", "float32") == []


@pytest.mark.parametrize("argument", [np.zeros(3), [1], {"kind": "Policy"}, None, float("nan")])
def test_argument_of_another_kind_is_another_one(argument: Any) -> None:
    """A builder that was given anything else than the string was not given that string."""
    model = {**MODEL, "arguments": {"policy": argument}}
    seen = Watched.from_claim({**CLAIM, "models": [model]})
    assert recorded.trained_with(seen, "policy", "float32") == []


@pytest.mark.parametrize(
    "change",
    [
        {"returned": None},
        {"seconds": "1"},
        {"policies": ["float32"]},
        {"policies": [1, 2]},
        {"data_unchanged": 1},
        {"models": {}},
        {"models": [None]},
        {"models": [{**MODEL, "arguments": []}]},
        {"models": [{**MODEL, "inferred": "no"}]},
        {"models": [{**MODEL, "snapshot": None}]},
        {"models": [{**MODEL, "snapshot": {**SNAPSHOT, "paths": []}}]},
        {"models": [{**MODEL, "fits": [{}]}]},
        {"models": [{**MODEL, "starts": [7]}]},
        {"models": [{**MODEL, "examples": -1}]},
        {"models": [MODEL] * 5001},
    ],
)
def test_another_answer_is_the_submissions_fault(change: dict[str, Any]) -> None:
    """An answer that the recorder did not make is none."""
    with pytest.raises(ValueError, match=r"\w"):
        Watched.from_claim({**CLAIM, **change})


@pytest.mark.parametrize("claim", [None, [], ["a"], 1, {"a": "b"}, np.zeros(1)])
def test_only_text_is_text(claim: Any) -> None:
    """Anything else is no text."""
    with pytest.raises(ValueError, match="in place of text"):
        recorded.text(claim)


def test_long_text_is_cut() -> None:
    """What a message may hold has an end."""
    assert recorded.text("x" * 1000) == "x" * 200


@pytest.mark.parametrize("parse", PARSERS)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(claim=PLAIN | PLAIN.map(lambda part: {**CLAIM, "models": [part]}))
def test_any_answer_is_parsed_or_fails(parse: Callable[[Any], Any], claim: Any) -> None:
    """Nothing that comes back raises anything else."""
    with contextlib.suppress(ValueError):
        parse(claim)


SEEN = Watched("dict", {}, 1.0, "float32", "float32", True, ())


def test_what_is_untouched_passes() -> None:
    """A function that leaves policy and data alone is right."""
    recorded.check_policy(SEEN, "compare")
    recorded.check_data(SEEN, "compare")


def test_a_policy_that_is_left_is_named() -> None:
    """Whoever sets a policy for good meets it in every later model."""
    seen = dataclasses.replace(SEEN, policy_after="mixed_float16")
    with pytest.raises(CheckFailed, match="global policy float32 to be there again after `comp"):
        recorded.check_policy(seen, "compare")
    recorded.check_data(seen, "compare")


def test_data_that_are_changed_are_named() -> None:
    """An operation in place has its message."""
    seen = dataclasses.replace(SEEN, data_unchanged=False)
    with pytest.raises(CheckFailed, match="`compare` to leave the arrays that it was given"):
        recorded.check_data(seen, "compare")
    recorded.check_policy(seen, "compare")
