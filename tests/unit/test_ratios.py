"""Seconds per epoch of several trainings: clocks agree with the recorder, made-up figures do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.rebuilt.claims import Fit, Run
from graders.toolkit import ratios
from graders.toolkit.durations import Durations

NAMES = ("a", "b", "c")
# How long an epoch takes, on a machine that is now and then busy.
SPEED = {"a": 0.05, "b": 0.08, "c": 0.3}


def fit(*whole: float) -> Fit:
    """Returns a fit of epochs that take so long, of which the steps are four fifths."""
    epochs = tuple((0.8 * seconds, seconds) for seconds in whole)
    return Fit(len(epochs), len(epochs), len(epochs), seconds=0.02 + sum(whole), epochs=epochs)


def run(*fits: Fit, steps: int | None = None) -> Run:
    """Returns a training that nothing but its fits were part of."""
    return Run("", fits, iterations=sum(f.steps for f in fits) if steps is None else steps)


def trainings(
    seed: int = 0, speed: dict[str, float] = SPEED, **changes: Any
) -> dict[str, list[Run]]:
    """Returns for each name a training of one epoch and of seven, slowed by chance up to threefold."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, seconds in speed.items():
        later = seconds * rng.choice([1, 1, 1, 3], 7) * rng.uniform(1, 1.2, 7)
        found[name] = [run(fit(0.5 + seconds), fit(*later), **changes)]
    return found


# How a student may read a clock: from what the recorder noted to seconds.
CLOCKS = {
    "mean of the epochs": lambda noted: np.mean(noted.whole[1:]),
    "the fit": lambda noted: noted.share[-1],
    "the fit and an evaluation": lambda noted: noted.share[-1] + 0.06,
    "median": lambda noted: np.median(noted.whole[1:]),
    "the steps alone": lambda noted: np.mean(noted.alone[1:]),
    "last epoch": lambda noted: noted.whole[-1],
    "best epoch": lambda noted: min(noted.whole[1:]),
    "three epochs": lambda noted: np.mean(noted.whole[-3:]),
    "hundredths": lambda noted: round(float(np.mean(noted.whole[1:])), 2),
    # Wrong clocks have messages of their own.
    "first epoch too": lambda noted: np.mean(noted.whole),
    "not divided": lambda noted: np.sum(noted.whole[1:]),
    "milliseconds": lambda noted: 1000 * noted.share[-1],
}


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("seed", range(20))
def test_a_clock_is_believed_however_it_is_read(name: str, seed: int) -> None:
    """What slows an epoch slows the clock as well."""
    runs = trainings(seed)
    read = {key: float(CLOCKS[name](Durations.of(runs[key][0]))) for key in NAMES}
    ratios.check_ratios(read, runs)


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        ({"a": 0.06, "b": 0.03, "c": 0.03}, "c took "),
        ({"a": 0.3, "b": 0.1, "c": 0.08}, "0.08 s under c and 0.3 s under a: 0.27 times as long"),
        ({"a": 0.0712345, "b": 0.0712345, "c": 0.3512345}, "0.0712345 under a and under b"),
    ],
)
def test_made_up_seconds_are_named(reported: dict[str, float], words: str) -> None:
    """With the ratio that is farthest off, or with the figure that stands there twice."""
    with pytest.raises(CheckFailed) as caught:
        ratios.check_ratios(reported, trainings())
    assert words in str(caught.value)


def test_any_training_of_several_may_have_been_timed() -> None:
    """One model to time, another one to evaluate."""
    runs, others = trainings(1), trainings(2, dict.fromkeys(NAMES, 0.1))
    both = {name: [*runs[name], *others[name]] for name in NAMES}
    read = {name: Durations.of(runs[name][0]).share[-1] for name in NAMES}
    ratios.check_ratios(read, both)
    with pytest.raises(CheckFailed):
        ratios.check_ratios(read, others)


@pytest.mark.parametrize(
    "runs",
    [
        # Too short to tell, a loop by hand, a single epoch, none at all.
        trainings(0, {name: seconds / 10 for name, seconds in SPEED.items()}),
        trainings(0, steps=100),
        {name: [run(fit(0.5))] for name in NAMES},
        {name: [run()] for name in NAMES},
        {name: [] for name in NAMES},
        {**trainings(), "b": []},
    ],
    ids=["short", "by hand", "one epoch", "no fit", "untrained", "one missing"],
)
def test_what_nobody_can_tell_is_not_judged(runs: dict[str, list[Run]]) -> None:
    """Without epochs that were noted, and long enough, any figures pass."""
    ratios.check_ratios({"a": 0.5, "b": 0.0123456, "c": 0.0123456}, runs)


def test_figures_far_off_are_another_mistake() -> None:
    """A clock that is read too early shows next to nothing, whatever the ratios are."""
    ratios.check_ratios({"a": 2e-7, "b": 9e-7, "c": 3e-7}, trainings())


def test_equal_figures_of_equal_trainings() -> None:
    """Trainings that took as long as each other may show the same on a coarse clock."""
    runs = {name: [run(fit(0.5), fit(*[0.1] * 7))] for name in NAMES}
    ratios.check_ratios(dict.fromkeys(NAMES, 0.1012345), runs)


def test_forged_notes_break_nothing() -> None:
    """Epochs of no seconds, of less than none, and of very many."""
    for seconds in (0.0, -1.0, 1e300):
        runs = {name: [run(fit(1.0), fit(seconds, 0.1))] for name in NAMES}
        ratios.check_ratios(dict.fromkeys(NAMES, 0.1), runs)
    with pytest.raises(CheckFailed):
        many = {"a": [run(fit(*[0.1] * 3000))], "b": [run(fit(*[0.5] * 3000))]}
        ratios.check_ratios({"a": 0.5, "b": 0.1}, many)
