"""Fairness of several trainings: each unfair one is named, and what was not noted is not judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.rebuilt.claims import Fingerprint, Fit, Run
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import fairness as fair

TRAIN = (np.ones((100, 4)), np.arange(100) % 3)
HELD = (np.full((40, 4), 0.5), np.arange(40) % 3)
EACH = "under each policy"
FIT = Fit(5, 5, 50, 0.01, "start", Fingerprint.of(TRAIN), True, 1.5, ((0.5, 0.7),))
RUN = Run("under a", (FIT,), frozenset({"start"}), 0, ((4, 3), (3,)), 50, 0.01)


def pair(fit: dict[str, Any] | None = None, **changes: Any) -> list[Run]:
    """Returns two equal runs, of which the second is changed."""
    fits = (dataclasses.replace(FIT, **fit),) if fit else RUN.fits
    return [RUN, dataclasses.replace(RUN, label="under b", **{"fits": fits, **changes})]


def decayed(rate: float, **more: Any) -> list[Run]:
    """Returns two runs, of which the second ends with another learning rate."""
    first = dataclasses.replace(RUN, fits=(dataclasses.replace(FIT, last_rate=0.01),))
    return [first, pair({"last_rate": rate, **more})[1]]


def data(runs: list[Run]) -> None:
    """Compares the data of runs."""
    fair.same_data(runs, "compare", EACH, TRAIN, HELD)


CHECKS: dict[str, Callable[[list[Run]], None]] = {
    "sizes": lambda runs: fair.same_sizes(runs, EACH),
    "start": lambda runs: fair.same_start(runs, EACH),
    "epochs": lambda runs: fair.same_epochs(runs, EACH),
    "stop": lambda runs: fair.no_early_stop(runs, ", so that it can overfit"),
    "steps": lambda runs: fair.same_steps(runs, EACH),
    "rate": lambda runs: fair.same_rate(runs, EACH),
    "decay": lambda runs: fair.same_decay(runs, EACH),
    "data": data,
}


@pytest.mark.parametrize("name", CHECKS)
def test_equal_trainings_are_fair(name: str) -> None:
    """Two trainings that differ in nothing pass every comparison."""
    CHECKS[name](pair())


@pytest.mark.parametrize("name", CHECKS)
def test_what_was_not_noted_is_not_judged(name: str) -> None:
    """Batches by hand leave no fit, no rate and no data: they are equal as far as is known."""
    empty = Run("under a", starts=frozenset({"start"}))
    CHECKS[name]([empty, dataclasses.replace(empty, label="under b")])


OTHER = Fingerprint.of((TRAIN[0], TRAIN[1] + 1))
UNFAIR = [
    ("sizes", pair(sizes=((4, 3),)), "models of different sizes"),
    ("start", pair(starts=frozenset({"other"})), "other ones for each"),
    ("epochs", pair({"asked": 6}), "5 under a and 6 under b"),
    ("stop", pair({"done": 4}), "so that it can overfit. Found 4 of 5 epochs under b"),
    (
        "steps",
        pair({"done": 4}),
        r"5 epochs \(50 steps\) under a and 4 epochs \(50 steps\) under b",
    ),
    ("steps", pair(iterations=40), r"and 5 epochs \(40 steps\) under b"),
    ("rate", pair({"rate": 0.02}), "0.01 under a and 0.02 under b"),
    ("decay", decayed(1e-7), "0.01 under a and 1e-07 under b"),
    ("data", pair({"data": OTHER}), "other examples or labels"),
    ("data", pair(fits=(FIT, dataclasses.replace(FIT, data=OTHER))), "other examples or labels"),
    (
        "data",
        [dataclasses.replace(r, examples=n) for r, n in zip(pair(), (9, 8), strict=True)],
        "9 examples in all under a and 8 examples in all under b",
    ),
]


@pytest.mark.parametrize(("name", "runs", "words"), UNFAIR)
def test_unfair_trainings_are_named(name: str, runs: list[Run], words: str) -> None:
    """What differs is in the message, with the training that it belongs to."""
    with pytest.raises(CheckFailed, match=words):
        CHECKS[name](runs)


def test_a_fit_on_validation_data_is_named() -> None:
    """Training on the validation data is no training on the training data, in any order of them."""
    held = dataclasses.replace(FIT, data=Fingerprint.of(HELD))
    runs = [dataclasses.replace(run, fits=(held, FIT)) for run in pair()]
    with pytest.raises(CheckFailed, match="a fit on val_data under a"):
        data(runs)


def test_too_few_examples_are_named() -> None:
    """A fit on a part of the data that never sees as many examples as there are is named."""
    few = dataclasses.replace(FIT, asked=2, data=Fingerprint(40, 1.0, 1.0))
    runs = [dataclasses.replace(run, fits=(few,)) for run in pair()]
    with pytest.raises(CheckFailed, match="saw 80 examples in all under a"):
        data(runs)
    # More steps than fit took: something else has trained the model too.
    data([dataclasses.replace(run, iterations=51) for run in runs])
    data([dataclasses.replace(run, iterations=None) for run in runs])


def test_a_fit_that_is_taken_back_does_not_count() -> None:
    """Epochs before the weights were set back to the start are no part of the training."""
    warm_up = dataclasses.replace(FIT, asked=1)
    later = dataclasses.replace(FIT, start="later", asked=3)
    fair.same_epochs(pair(fits=(warm_up, FIT)), EACH)
    with pytest.raises(CheckFailed, match="5 under a and 8 under b"):
        fair.same_epochs(pair(fits=(warm_up, FIT, later)), EACH)


def test_other_built_rates_are_the_builders_choice() -> None:
    """Where the models were compiled with different rates, train is not to blame."""
    fair.same_rate(pair({"rate": 0.02}, built_rate=0.02), EACH)
    fair.same_rate(pair({"rate": 0.02}, built_rate=None), EACH)
    fair.same_rate(pair({"rate": None}), EACH)


def test_one_training_without_notes_spoils_no_comparison() -> None:
    """One model fitted and the other trained by hand: nothing is known to compare."""
    fair.same_epochs(pair(fits=()), EACH)
    data(pair(examples=100))
    fair.same_rate([*pair({"rate": 0.02}), dataclasses.replace(RUN, fits=())], EACH)
    unknown = dataclasses.replace(FIT, rate=None)
    fair.same_rate([*pair({"rate": 0.02}), dataclasses.replace(RUN, fits=(unknown,))], EACH)


def test_a_fit_on_a_data_set_may_have_seen_the_rest() -> None:
    """Where one fit got arrays and another a data set, nobody knows how many examples it saw."""
    few = dataclasses.replace(FIT, asked=2, data=Fingerprint(40, 1.0, 1.0))
    unknown = dataclasses.replace(FIT, data=None)
    data([dataclasses.replace(run, fits=(few, unknown), iterations=100) for run in pair()])


NOTED = {
    "asked": 5,
    "done": 5,
    "steps": 50,
    "rate": 0.01,
    "start": "start",
    "seconds": 1.5,
    "epochs": [[0.5, 0.7]],
    "data": [100, 400.0, 99.0],
    "kept": True,
}
CLAIM = {"starts": ["start"], "examples": 0, "fits": [NOTED]}


def snapshot(optimizer: dict[str, Any] | None) -> Snapshot:
    """Returns a snapshot of a model with two weights."""
    weights = [np.zeros((4, 3)), np.zeros(3)]
    return Snapshot("Functional", True, "{}", weights, [], [], [], optimizer)


def test_a_claim_becomes_a_run() -> None:
    """What a recorder notes, and what the snapshots hold, is in the run."""
    before, after = snapshot({"learning_rate": 0.01}), snapshot({"iterations": 50})
    assert Run.from_claim("under a", CLAIM, before, after) == RUN
    known = Run.from_claim("under a", CLAIM, snapshot(None), snapshot({"iterations": True}))
    assert (known.built_rate, known.iterations) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"asked": -1},
        {"asked": 2.5},
        {"asked": True},
        {"asked": 2**60},
        {"done": None},
        {"steps": "50"},
        {"rate": float("nan")},
        {"rate": "0.1"},
        {"rate": 10**400},
        {"seconds": "1"},
        {"epochs": [[1.0]]},
        {"epochs": [[1.0, "2"]]},
        {"start": "x" * 1000},
        {"start": 7},
        {"data": [1, 2.0]},
        {"data": [-1, 2.0, 3.0]},
        {"data": [1, float("inf"), 3.0]},
        {"data": "abc"},
        {"kept": 1},
    ],
)
def test_a_forged_fit_is_refused(change: dict[str, Any]) -> None:
    """A note of a wrong type, or with numbers that cannot be, is no note."""
    with pytest.raises(ValueError):
        Run.from_claim("under a", {**CLAIM, "fits": [{**NOTED, **change}]})


@pytest.mark.parametrize(
    "claim",
    [
        None,
        [],
        {},
        {**CLAIM, "fits": {}},
        {**CLAIM, "fits": [None]},
        {**CLAIM, "fits": [NOTED] * 5001},
        {**CLAIM, "starts": "start"},
        {**CLAIM, "starts": [1]},
        {**CLAIM, "examples": None},
        {key: value for key, value in CLAIM.items() if key != "examples"},
    ],
)
def test_a_forged_run_is_refused(claim: Any) -> None:
    """A claim that is not what a recorder sends is refused as a whole."""
    with pytest.raises(ValueError):
        Run.from_claim("under a", claim)


@pytest.mark.parametrize("runs", [decayed(0.001), decayed(1e-7, adapts=True), decayed(0.01)])
def test_a_rate_that_adapts_or_falls_a_little_is_fair(runs: list[Run]) -> None:
    """ReduceLROnPlateau is the same treatment, whatever comes of it."""
    fair.same_decay(runs, EACH)


def test_starts_that_all_but_the_first_share_are_told() -> None:
    """The weights were copied after the first training, not before it."""
    late = [dataclasses.replace(RUN, label=f"under {x}", starts=frozenset({"late"})) for x in "bc"]
    with pytest.raises(CheckFailed, match=r"all but the first, under a.*before the first fit"):
        fair.same_start([RUN, *late], EACH)
