"""Seconds per epoch: right clocks pass, however they are read, and each mistake has its name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.rebuilt.claims import Fit, Run
from graders.toolkit import durations
from graders.toolkit.durations import Durations

# The first epoch takes 2 s (tracing), each later one 0.2 s, of which validation takes 0.05 s; a fit
# takes 0.1 s before and after its epochs.
FIRST, LATER = (1.95, 2.0), (0.15, 0.2)


def fit(*epochs: tuple[float, float]) -> Fit:
    """Returns a fit of some epochs of ten steps."""
    seconds = 0.1 + sum(whole for _, whole in epochs)
    return Fit(len(epochs), len(epochs), 10 * len(epochs), seconds=seconds, epochs=epochs)


def run(*fits: Fit) -> Run:
    """Returns a training that nothing but its fits were part of."""
    return Run("under a", fits, iterations=sum(found.steps for found in fits))


ONE_FIT = run(fit(FIRST, *[LATER] * 7))
WARMED_UP = run(fit(FIRST), fit(*[LATER] * 4))
EPOCH_BY_EPOCH = run(fit(FIRST), *[fit(LATER)] * 4)
BY_HAND = run()


def test_three_readings_of_the_clock() -> None:
    """Each epoch is read alone, with validation, and as its share of its fit."""
    found = Durations.of(WARMED_UP)
    assert found.alone == (1.95, 0.15, 0.15, 0.15, 0.15)
    assert found.whole == (2.0, 0.2, 0.2, 0.2, 0.2)
    assert found.share == pytest.approx((2.1, 0.225, 0.225, 0.225, 0.225))
    assert len(found) == 5


def test_share_of_a_single_fit_has_the_first_epoch_in_it() -> None:
    """It counts for the mean over all epochs, and not for the later ones."""
    found = Durations.of(ONE_FIT)
    assert found.over_all == pytest.approx((3.4 / 8, 3.5 / 8))
    assert (found.later, found.longest, found.shortest) == pytest.approx((0.2, 0.2, 0.15))
    several = Durations.of(WARMED_UP)
    assert several.over_all == pytest.approx((2.8 / 5, 3.0 / 5))
    assert (several.later, several.longest) == pytest.approx((0.225, 0.225))


def test_fit_without_epochs_is_none_of_several() -> None:
    """A fit that ran no epoch adds nothing."""
    assert Durations.of(run(fit(FIRST, LATER), fit())).several is False
    assert len(Durations.of(BY_HAND)) == 0


@pytest.mark.parametrize(
    ("training", "seconds"),
    [
        (ONE_FIT, 0.2),
        (ONE_FIT, 0.15),  # a clock around the steps alone
        (ONE_FIT, 0.06),  # the fastest of the student's machine
        (ONE_FIT, 0.39),  # a busy machine
        (WARMED_UP, 0.225),
        (EPOCH_BY_EPOCH, 0.3),
        (BY_HAND, 100.0),
        (run(fit(LATER, LATER)), 0.2),  # no slow first epoch: the mean over all is the right one
    ],
)
def test_right_clocks_pass(training: Run, seconds: float) -> None:
    """Epochs after the first one may be timed in several ways."""
    durations.check_later_epochs(seconds, training)


@pytest.mark.parametrize(
    ("training", "seconds", "words"),
    [
        (ONE_FIT, 3.4 / 8, "the mean over all 8 epochs; without the first it is about 0.2 s"),
        (ONE_FIT, 3.5 / 8, "the mean over all 8 epochs"),
        (WARMED_UP, 3.0 / 5, "the mean over all 5 epochs"),
        (EPOCH_BY_EPOCH, 2.1, "Found 2.1 s. Look at what is timed"),
        (
            ONE_FIT,
            1.4,
            "Found 1.4 s, about the 1.4 s of the 7 epochs after the first one, not divided",
        ),
        (ONE_FIT, 0.7, "about the 1.4 s of the 7 epochs after the first one, divided by 2"),
        (ONE_FIT, 1.4 / 49, "divided by 49. Look at what the time is divided by"),
        (ONE_FIT, 1.1, "Found 1.1 s. Look at what is timed"),
        (ONE_FIT, 1.1, "Expected 0.045 to 0.4 s per epoch under a"),
        (ONE_FIT, 0.5, "Found 0.5 s. Look at what is timed"),
        (ONE_FIT, 0.02, "Look at what the time is divided by, and at when the clock is read"),
        (run(fit(FIRST)), 2.0, "a single epoch of training"),
    ],
)
def test_wrong_clocks_are_named(training: Run, seconds: float, words: str) -> None:
    """A first epoch that is timed too, and times that no later epoch took, do not pass."""
    with pytest.raises(CheckFailed, match=words.replace(".", r"\.")) as caught:
        durations.check_later_epochs(seconds, training)
    assert "under a" in str(caught.value)


def test_single_epoch_beside_a_loop_by_hand_is_not_judged() -> None:
    """What else trained the model, nobody has timed: its optimizer counts more steps."""
    durations.check_later_epochs(50.0, dataclasses.replace(run(fit(FIRST)), iterations=100))
    durations.check_later_epochs(50.0, dataclasses.replace(run(fit(FIRST)), iterations=None))


@pytest.mark.parametrize("seconds", [0.0, -0.1, float("nan"), float("inf")])
def test_seconds_are_positive(seconds: float) -> None:
    """Two times that are subtracted the wrong way round give no duration."""
    with pytest.raises(CheckFailed, match="positive number of seconds per epoch under a"):
        durations.check_positive(seconds, "under a")
    durations.check_positive(1e-3, "under a")


def test_epochs_fit_into_the_whole() -> None:
    """One epoch of each training takes no longer than all of them together."""
    durations.check_total([1.0, 2.0], 3.0, "compare", "under each")
    with pytest.raises(CheckFailed, match=r"into the 3\.0 s that compare took\. Found 4 s"):
        durations.check_total([2.0, 2.0], 3.0, "compare", "under each")


def test_epoch_holds_a_pass_forward() -> None:
    """A fiftieth of it is too short on any machine."""
    durations.check_forward(0.021, 1.0, "under a")
    with pytest.raises(CheckFailed, match="one pass forward took the grader 1 s"):
        durations.check_forward(0.019, 1.0, "under a")


def test_shorter_of_two_passes_counts(monkeypatch: Any) -> None:
    """The first pass of a model may be slow."""
    clock = iter([0.0, 5.0, 10.0, 11.0])
    asked: list[Any] = []
    predict: Callable[..., Any] = lambda model, x: asked.append((model, len(x)))  # noqa: E731
    monkeypatch.setattr(durations, "predict", predict)
    monkeypatch.setattr(durations.time, "perf_counter", lambda: next(clock))
    assert durations.forward_seconds("model", np.zeros((3, 2))) == 1.0
    assert asked == [("model", 3)] * 2
