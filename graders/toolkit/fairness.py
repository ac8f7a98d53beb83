"""Whether several trainings are comparable: equal sizes, starts, epochs, data and rates.

What is known of a training was noted in the sandbox, beside the student's code, so it is a claim:
it can cost points, and earns none. What was not noted (a loop by hand, a data set) is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.checking import Cuts, Uses, fail
from graders.rebuilt.claims import Fingerprint, Run
from graders.toolkit import hints
from graders.toolkit.learning_rates import ENDED


def _listed(runs: Sequence[Run], values: Sequence[str]) -> str:
    rows = [f"{value} {run.label}" for run, value in zip(runs, values, strict=True)]
    return rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} and {rows[-1]}"


def _differ(values: Sequence[Any]) -> bool:
    return len(set(values)) > 1


def same_sizes(runs: Sequence[Run], each: str, builder: str = "build_model") -> None:
    """Fails unless all models have the same layers and sizes.

    Args:
        runs: Sequence of `Run`.
        each: String, a phrase such as `"under each policy"`.
        builder: String, the function that builds the models.

    Raises:
        CheckFailed: If they do not.
    """
    if _differ([run.sizes for run in runs]):
        fail(
            f"the same layers and sizes {each}",
            "models of different sizes",
            f"Look at {builder}: the layers and sizes must be the same {each}",
            hints.SAME_TERMS,
        )


def common_starts(runs: Sequence[Run]) -> frozenset[str]:
    """Returns the digests of the weights that every one of several trainings started from."""
    return frozenset.intersection(*(run.starts for run in runs))


def same_start(runs: Sequence[Run], each: str, about: Any = None) -> None:
    """Fails unless all trainings start from the same weights.

    Args:
        runs: Sequence of `Run`.
        each: String, a phrase such as `"under each policy"`.
        about: What a message is about, see `graders.checking.fail`.

    Raises:
        CheckFailed: If they do not.
    """
    if common_starts(runs):
        return
    first, *others = runs
    if len(others) > 1 and common_starts(others):
        fail(
            f"the same starting weights {each}",
            f"the same ones for all but the first, {first.label}",
            "Look at where the weights are taken that the others start from: get_weights() before "
            "the first fit, not after it",
            about=(Uses("get_weights"), about),
        )
    fail(
        f"the same starting weights {each}",
        "other ones for each",
        "Every build draws new random weights: make them equal before fit",
        about=about,
    )


def same_epochs(runs: Sequence[Run], each: str) -> None:
    """Fails unless all fits ask for the same number of epochs since the common start.

    Args:
        runs: Sequence of `Run`. If one has no fits (batches by hand), nothing is compared.
        each: String, a phrase such as `"under each policy"`.

    Raises:
        CheckFailed: With the epochs of each.
    """
    starts = common_starts(runs)
    epochs = [run.asked_since(starts) for run in runs]
    if all(epochs) and _differ(epochs):
        fail(
            f"the same number of epochs {each}, from the common starting weights on",
            _listed(runs, [str(count) for count in epochs]),
            f"Look at what fit gets as epochs: it must be the same {each}",
            hints.SAME_TERMS,
        )


def no_early_stop(runs: Sequence[Run], why: str = "") -> None:
    """Fails if a fit ended before its last epoch.

    Args:
        runs: Sequence of `Run`.
        why: String, what early stopping would spoil, as in `", so that the baseline can overfit"`.

    Raises:
        CheckFailed: With the epochs of the first that did.
    """
    for run in runs:
        for fit in run.fits:
            if fit.done < fit.asked:
                fail(
                    f"a training without early stopping{why}",
                    f"{fit.done} of {fit.asked} epochs {run.label}",
                    "Look at the callbacks in train: leave out EarlyStopping and whatever else "
                    "sets stop_training",
                    about=(Uses("EarlyStopping"), Uses("stop_training")),
                )


def same_steps(runs: Sequence[Run], each: str) -> None:
    """Fails unless all trainings ran the same number of epochs and steps.

    Args:
        runs: Sequence of `Run`.
        each: String, a phrase such as `"for both models"`.

    Raises:
        CheckFailed: With the epochs and steps of each.
    """
    if _differ([(run.done, run.iterations) for run in runs]):
        counts = [
            f"{run.done} epochs" + ("" if run.iterations is None else f" ({run.iterations} steps)")
            for run in runs
        ]
        fail(
            f"the same training {each}",
            _listed(runs, counts),
            "Look at train: epochs and batch size must not depend on the model",
            about=Uses("epochs", "train"),
        )


def same_rate(runs: Sequence[Run], each: str) -> None:
    """Fails unless the first epochs of models compiled with the same rate have the same rate.

    Models that were compiled with different rates are not compared.

    Args:
        runs: Sequence of `Run`.
        each: String, a phrase such as `"for both models"`.

    Raises:
        CheckFailed: With the learning rates.
    """
    built = [run.built_rate for run in runs]
    rates = [run.fits[0].rate for run in runs if run.fits]
    if None in built or _differ(built) or None in rates or len(rates) < len(runs):
        return
    known = [rate for rate in rates if rate is not None]
    if not np.allclose(known, known[0], rtol=1e-4, atol=0):
        fail(
            f"the same training {each}",
            f"a first epoch with a learning rate of {_listed(runs, [f'{r:g}' for r in known])}, "
            "which were built with the same",
            "Look at train: the learning rate must not depend on the model",
            about=Uses("learning_rate", "train"),
        )


def same_decay(runs: Sequence[Run], each: str) -> None:
    """Fails if the learning rate of one training all but ends it, and that of another does not.

    A callback that lowers the rate by what a training reaches (ReduceLROnPlateau) is the same
    treatment, whatever comes of it.

    Args:
        runs: Sequence of `Run`.
        each: String, a phrase such as `"for both models"`.

    Raises:
        CheckFailed: With the learning rates of the last epochs.
    """
    last = [run.fits[-1] for run in runs if run.fits]
    rates = [fit.last_rate for fit in last if fit.last_rate is not None]
    if len(rates) < len(runs) or any(fit.adapts for fit in last) or max(rates) <= 0:
        return
    if min(rates) < max(rates) / ENDED:
        fail(
            f"the same training {each}",
            f"a last epoch with a learning rate of {_listed(runs, [f'{r:g}' for r in rates])}: "
            "where it is that small, nothing is learned any more",
            "Look at train: what becomes of the learning rate must not depend on the model",
            about=(Uses("learning_rate", "train"), Uses("callbacks", "train")),
        )


def same_data(
    runs: Sequence[Run],
    function: str,
    each: str,
    train: tuple[np.ndarray, np.ndarray],
    never: tuple[np.ndarray, np.ndarray],
) -> None:
    """Fails unless all trainings see the same data: all of the training data, and nothing else.

    Args:
        runs: Sequence of `Run`. Fits that got no arrays are not judged.
        function: String, the function that trains.
        each: String, a phrase such as `"under each policy"`.
        train: Pair of arrays, the training data.
        never: Pair of arrays, the validation data.

    Raises:
        CheckFailed: With what was seen in place of it.
    """
    parts = Cuts(function)
    given = {run.label: [fit.data for fit in run.fits if fit.data] for run in runs}
    if _differ([data[-1] for data in given.values() if data]):
        fail(
            f"the same training data {each}",
            "fits on other examples or labels",
            f"Look at what fit is given: x and y of train_data, the same {each}",
            hints.SAME_TERMS,
            about=parts,
        )
    held, wanted = Fingerprint.of(never), len(train[0])
    for run in runs:
        data = given[run.label]
        if any(found.same_inputs(held) for found in data):
            fail(
                f"`{function}` to train on train_data",
                f"a fit on val_data {run.label}, which then tell nothing of new data",
                "Look at what fit gets as x and y",
                hints.SWAPPED_PARTS,
                about=Uses("val_data", function),
            )
        seen = sum(fit.data.examples * fit.asked for fit in run.fits if fit.data)
        if data and len(data) == len(run.fits) and run.only_fits and seen < wanted:
            fail(
                f"`{function}` to train on all {wanted} examples of train_data",
                f"fits that saw {seen} examples in all {run.label}",
                "Look at what fit gets as x and y, and at the number of epochs",
                hints.SAME_TERMS,
                about=parts,
            )
    examples = [run.examples for run in runs]
    if all(examples) and _differ(examples):
        fail(
            f"the same training data {each}",
            _listed(runs, [f"{count} examples in all" for count in examples]),
            "Look at the batches that train_on_batch gets: all of train_data, in each training",
            hints.SAME_TERMS,
            about=parts,
        )
