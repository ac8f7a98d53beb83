"""Answers to the probes of `mixed_precision` that are none: they cost points, and earn nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.checks.optimization import mixed_precision as task
from graders.judge.faults import SubmissionError
from graders.rebuilt.claims import Watched
from graders.rebuilt.lines import NO_LINES
from tests.fuzzing import Answering

POLICIES = list(task.COMPUTE)
ROW = {"val_accuracy": 0.9, "seconds_per_epoch": 0.1}
DATA = SimpleNamespace(train=(np.zeros((4, 28, 28, 1)), np.zeros(4)), num_classes=10)
PARTS = task.Parts(DATA.train, DATA.train, DATA.train, POLICIES)
# Of another length, another type, and what a sandbox that was taken over would like to send.
FORGED = [
    {"left": [], "built": []},
    {"left": "float32", "built": []},
    {"left": "float32", "built": None},
    {"left": "float32", "built": {}},
    {"left": ["float32"], "built": {}},
    {},
    [],
    None,
    np.zeros(3),
]


@pytest.mark.parametrize("answer", FORGED)
def test_policy_restored_needs_an_answer(answer: Any) -> None:
    """An answer that compares nothing is no pass."""
    with pytest.raises(SubmissionError, match="not what the grader asked for"):
        task.policy_restored(Answering(answer), {}, DATA)


@pytest.mark.parametrize("answer", [*FORGED, ["float32"], [None]])
def test_loss_scaling_needs_an_answer(answer: Any) -> None:
    """The policy of the model is one string."""
    snapshot = SimpleNamespace(optimizer={"wrapper": "", "class_name": "Adam"}, lines=NO_LINES)
    models = {"mixed_float16": SimpleNamespace(handle=0, snapshot=snapshot)}
    with pytest.raises(SubmissionError, match="not what the grader asked for"):
        task.loss_scaling(Answering(answer), models)


def test_loss_scaling_is_asked_for_where_keras_does_it() -> None:
    """A model whose layers have the policy one by one needs none."""
    snapshot = SimpleNamespace(optimizer={"wrapper": "", "class_name": "Adam"}, lines=NO_LINES)
    models = {"mixed_float16": SimpleNamespace(handle=0, snapshot=snapshot)}
    with pytest.raises(CheckFailed, match="Found Adam without it"):
        task.loss_scaling(Answering("mixed_float16"), models)
    task.loss_scaling(Answering("float32"), models)


def compared(value: Any, returned: str = "dict") -> task.Compared:
    """Returns a comparison that trained nothing and returned a value."""
    return task.Compared(
        Watched(returned, value, 1.0, "float32", "float32", True, ()), 2.0, POLICIES
    )


def rows(**changes: Any) -> dict[str, Any]:
    """Returns what `compare` returns, with other figures for one of the policies."""
    return {policy: dict(ROW) for policy in POLICIES} | {"float32": {**ROW, **changes}}


def test_figures_are_read() -> None:
    """Numbers come as floats, and what else a row holds is left out."""
    assert compared(rows(val_accuracy=1, loss=0.3)).figures()["float32"] == {
        **ROW,
        "val_accuracy": 1.0,
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (compared(None, "NoneType"), "None: is a `return` missing?"),
        (compared([], "list"), "Found list"),
        (compared(None), "Found none"),
        (compared([ROW] * 3), "Found none"),
        (compared({}), "Found none"),
        (compared({"float32": ROW, 3: ROW}), "Found 3, float32"),
        (compared(rows() | {"float32": []}), "Found list for float32"),
        (compared(rows() | {"float32": None}), "Found None for float32"),
        (compared(rows() | {"float32": {}}), "Found an empty dict for float32"),
        (compared(rows() | {"float32": {"accuracy": 1}}), "Found accuracy for float32"),
        (compared(rows(val_accuracy=[0.5])), "Found list for float32"),
        (compared(rows(val_accuracy="0.5")), "Found str for float32"),
        (compared(rows(val_accuracy=True)), "Found bool for float32"),
        (compared(rows(val_accuracy=None)), "Found None for float32"),
        (compared(rows(val_accuracy={"kind": "History"})), "Found History for float32"),
        (compared(rows(val_accuracy=np.zeros(3))), "Found ndarray for float32"),
        (compared(rows(seconds_per_epoch=10**400)), "Found a far too large one for float32"),
    ],
)
def test_figures_that_are_none(found: task.Compared, words: str) -> None:
    """What stands in the place of a table, a row or a number is named."""
    with pytest.raises(CheckFailed) as caught:
        task.compare_returns(found, {})
    assert words in str(caught.value)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0.0])
def test_seconds_that_are_none(seconds: float) -> None:
    """A number that is no duration is reported, and costs the grader nothing."""
    with pytest.raises(CheckFailed, match="positive number of seconds"):
        task.timings(compared(rows(seconds_per_epoch=seconds)), PARTS, {}, {"device": "cpu"})


def test_policies_without_a_model_are_named() -> None:
    """A table alone is no comparison."""
    with pytest.raises(CheckFailed, match="Found none under float32"):
        task.equal_terms(compared(rows()), PARTS)


def test_timings_need_the_models_that_were_timed() -> None:
    """Figures alone are no comparison: with no model claimed, nothing tells that they are true."""
    with pytest.raises(CheckFailed, match="Found none under float32"):
        task.timings(compared(rows()), PARTS, {}, {"device": "cpu"})


@pytest.mark.parametrize("answer", [*FORGED, ["mixed_bfloat16"], 1])
def test_compare_restores_needs_an_answer(answer: Any) -> None:
    """The policy that compare leaves is one string."""
    with pytest.raises(SubmissionError, match="not what the grader asked for"):
        task.compare_restores(Answering(answer), compared(rows()), PARTS)


def test_compare_restores() -> None:
    """Whatever was set before is there again; float32 in its place is another policy."""
    task.compare_restores(Answering(task.OTHER), compared(rows()), PARTS)
    with pytest.raises(CheckFailed, match="Found float32"):
        task.compare_restores(Answering("float32"), compared(rows()), PARTS)
