"""Fits on other values than those that a training was given: the claim, and its words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from graders.boundary.names import FitFault
from graders.checking import CheckFailed
from graders.judge.training import FAULTS, Training
from graders.rebuilt.claims import Change, Run, Values
from graders.rebuilt.snapshot import Snapshot

UNIT, BYTES = [0.4, 0.25, 1.0], [102.0, 63.75, 255.0]
SMALL = [value / 255 for value in UNIT]
HISTORY = {"loss": [1.0], "val_loss": [1.0]}


def training(fault: FitFault, given: list[float], found: list[float]) -> Training:
    """Returns a training with a fault that is about changed values."""
    changes = {fault: Change.from_claim([given, found])}
    nothing = Snapshot("Sequential", True, "{}", [], [], [], [], None)
    run = Run("for the model")
    return Training("train", nothing, nothing, HISTORY, "", True, [fault], 0.1, run, changes)


def message(found: Training) -> str:
    """Returns what the student reads."""
    with pytest.raises(CheckFailed) as caught:
        found.require_history()
    return str(caught.value)


def test_change_is_read() -> None:
    """Two lists of three numbers."""
    assert Change.from_claim([UNIT, BYTES]) == Change(Values(0.4, 0.25, 1.0), Values(*BYTES))


@pytest.mark.parametrize(
    "claim",
    [None, [], [UNIT], [UNIT, UNIT, UNIT], [UNIT, [1.0, 2.0]], [UNIT, ["1", 2.0, 3.0]],
     [UNIT, [math.nan, 1.0, 1.0]], [UNIT, [10**400, 1.0, 1.0]], {"given": UNIT, "found": UNIT}],
    ids=str,
)  # fmt: skip
def test_what_is_no_change_is_a_value_error(claim: Any) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError):
        Change.from_claim(claim)


@pytest.mark.parametrize(
    ("given", "found", "factor"),
    [
        (UNIT, BYTES, 255.0),
        (UNIT, SMALL, 1 / 255),
        (UNIT, [0.4 * 250, 0.25 * 260, 255.0], 250.0),
        (UNIT, [-0.4, 0.25, 0.0], None),
        (UNIT, [0.0, 0.5, 1.0], None),
        (UNIT, [0.0, 0.0, 0.0], None),
        ([0.0, 1.0, 3.0], [0.0, 5.0, 15.0], None),
        ([1.0, 0.0, 1.0], [2.0, 0.0, 2.0], None),
        ([1e-290, 1e-290, 1.0], [1e290, 1e290, 1.0], math.inf),
    ],
    ids=[
        "larger",
        "smaller",
        "roughly",
        "negative",
        "shifted",
        "zeros",
        "mean 0",
        "constant",
        "overflow",
    ],
)
def test_factor(given: list[float], found: list[float], factor: float | None) -> None:
    """The factor, where mean and spread have the same."""
    seen = Change.from_claim([given, found]).factor
    assert seen == (factor if factor is None else pytest.approx(factor))


def test_second_scaling_is_named() -> None:
    """Values in [0, 1] that were divided once more."""
    text = message(training(FitFault.CHANGED_TRAINING, UNIT, SMALL))
    assert "about 255 times smaller: only values up to 0.00392 reach the first layer" in text
    assert "where train_data has values up to 1." in text and "second scaling" in text


def test_first_scaling_belongs_into_the_model() -> None:
    """Values in [0, 255] that were divided outside the model are scaled for the first time."""
    text = message(training(FitFault.CHANGED_TRAINING, BYTES, UNIT))
    assert "only values up to 1 reach" in text and "part of the model" in text
    assert "second scaling" not in text


def test_larger_values_are_named() -> None:
    """Values in [0, 1] that were multiplied, of the validation data here."""
    text = message(training(FitFault.CHANGED_VALIDATION, UNIT, BYTES))
    assert "validates on values about 255 times larger: up to 255, where val_data has" in text


def test_another_change_has_no_factor() -> None:
    """Shifted values, and faults that are about no values at all, keep their words."""
    text = message(training(FitFault.CHANGED_TRAINING, UNIT, [9.0, 0.25, 10.0]))
    assert text.endswith(FAULTS[FitFault.CHANGED_TRAINING][1])
    assert message(training(FitFault.SPLIT, UNIT, SMALL)).endswith(FAULTS[FitFault.SPLIT][1])


def test_only_the_values_of_the_training_explain_it() -> None:
    """What fit validates on does not explain why a training fails."""
    training(FitFault.CHANGED_VALIDATION, UNIT, SMALL).require_given_values()
    with pytest.raises(CheckFailed, match="255 times smaller"):
        training(FitFault.CHANGED_TRAINING, UNIT, SMALL).require_given_values()
