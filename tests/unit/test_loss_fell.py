"""A training loss that does not fall: the advice fits the loss that the model was compiled with."""

from __future__ import annotations

import types
from typing import Any

import pytest

from graders.checking import CheckFailed
from graders.toolkit.training import check_loss_fell


def scores(loss: float) -> Any:
    """Returns what the check looks at of a model's scores."""
    return types.SimpleNamespace(loss=loss)


def test_a_loss_that_falls_passes() -> None:
    """A loss that is clearly smaller than before is all that is asked for."""
    check_loss_fell(scores(2.0), scores(1.8), "train")


@pytest.mark.parametrize("after", [2.0, 1.95, float("nan")])
def test_a_loss_that_stays_fails(after: float) -> None:
    """A loss that hardly moves, or is no number, has not fallen."""
    with pytest.raises(CheckFailed, match="a training loss that falls"):
        check_loss_fell(scores(2.0), scores(after), "train")


@pytest.mark.parametrize(
    ("loss", "numbers"),
    [
        ("mean_squared_error", True),
        ("huber", True),
        ("poisson", True),
        ("sparse_categorical_crossentropy", False),
        # A class of the student's own may be any loss, as in the task on losses.
        ("penalized_loss", False),
        ("", False),
    ],
)
def test_only_losses_for_numbers_are_blamed(loss: str, numbers: bool) -> None:
    """A loss of the student's own is not called one that compares numbers."""
    with pytest.raises(CheckFailed) as caught:
        check_loss_fell(scores(2.0), scores(2.1), "train", loss)
    assert ("as if these were numbers" in str(caught.value)) is numbers


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (0.653, "0.687 before: 4.9 % less"),
        (0.7, "0.687 before: 1.9 % more"),
        (0.687, "before (comp"),
    ],
)
def test_by_how_much_it_fell_is_told(after: float, words: str) -> None:
    """A loss that fell by too little is not said to have stayed: the bound is there, and the fall."""
    with pytest.raises(CheckFailed) as caught:
        check_loss_fell(scores(0.687), scores(after), "train")
    assert "Expected a training loss that falls by at least 5 %." in str(caught.value)
    assert words in str(caught.value)
