"""What `doctor` concludes from several trainings of one script."""

from __future__ import annotations

import collections
import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from graders.diagnosis.facts import Trained
from graders.doctor import process
from tests.unit.test_diagnosis_rules import CLASSES, FALLING, FLAT, HIDDEN, SOFTMAX, SPARSE, facts

LEARNS = dataclasses.replace(
    facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES), trained=Trained({"loss": FALLING}, 20, 320)
)
STAYS = dataclasses.replace(LEARNS, trained=Trained({"loss": FLAT}, len(FLAT), 320))
OTHERS = dataclasses.replace(
    LEARNS,
    layers=tuple(dataclasses.replace(layer, name=f"{layer.name}_1") for layer in LEARNS.layers),
)


def cut(given: Any) -> Any:
    """Returns a training that was ended before its time."""
    return dataclasses.replace(given, trained=dataclasses.replace(given.trained, cut=True))


def faults(*trainings: Any, later: bool = False) -> list[str]:
    """Returns the faults of a script of these trainings."""
    script = SimpleNamespace(
        trainings=[process._Training(each, None, "") for each in trainings],
        notes=(),
        met={},
        asked=collections.Counter(),
        trouble="",
        stopped="",
    )
    script.trainings[-1].later = later
    found = process._examination({"source": "", "why": 0.0}, script)  # type: ignore[arg-type]
    return [fault.id for fault in found.faults]


@pytest.mark.parametrize(
    ("first", "told"),
    [(LEARNS, True), (cut(LEARNS), False), (cut(OTHERS), True)],
    ids=["whole", "cut", "other layers"],
)
def test_what_a_cut_training_was_to_make_is_missing_later(first: Any, told: bool) -> None:
    """A loss that stays is no fault of layers whose first training was ended by us."""
    assert bool(faults(first, STAYS)) is told


def test_one_setting_of_many_may_be_bad_on_purpose() -> None:
    """In a loop, what a later model does is a remark."""
    assert faults(LEARNS, STAYS) and not faults(LEARNS, STAYS, later=True)


def stopped(given: Any, steps: int) -> Any:
    """Returns a training that was ended after so many steps."""
    trained = dataclasses.replace(given.trained, cut=True, steps=steps)
    return dataclasses.replace(given, trained=trained)


def of_another_rate(given: Any) -> Any:
    """Returns the training of a model that was compiled with another learning rate."""
    return dataclasses.replace(given, compiled=dataclasses.replace(given.compiled, rate=0.02))


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (LEARNS, False),
        (STAYS, True),
        (stopped(LEARNS, STAYS.trained.steps - 1), True),
        (stopped(LEARNS, STAYS.trained.steps), False),
        (of_another_rate(stopped(LEARNS, 20)), False),
        (of_another_rate(stopped(LEARNS, 5)), True),
    ],
    ids=[
        "the other one learns",
        "so does the other one",
        "cut short",
        "cut later",
        "of another rate",
        "next to nothing seen",
    ],
)
def test_the_first_setting_of_many_may_be_the_bad_one(second: Any, told: bool) -> None:
    """What is wrong with the first setting alone is a remark; what all share is a fault."""
    assert bool(faults(STAYS, second, later=True)) is told


def test_another_line_takes_nothing_back() -> None:
    """A training elsewhere that goes well excuses no other one."""
    elsewhere = dataclasses.replace(
        LEARNS, fit=dataclasses.replace(LEARNS.fit, line=LEARNS.fit.line + 1)
    )
    assert faults(STAYS, elsewhere, later=True)
