"""Validation inputs that were prepared otherwise than the training inputs."""

from __future__ import annotations

import numpy as np

from graders.diagnosis.facts import Facts, Input
from graders.diagnosis.findings import Finding, found, number

# Rows and columns below which nothing is told.
LEAST_ROWS, LEAST_COLUMNS = 15, 4
# How far apart columns are that no split of the same data gives: a factor, and spreads.
FACTOR, SPREADS = 10.0, 5.0
# The share of the columns that must be; a part of them, where their factors differ so much that no
# growth of a series explains it.
MOST, SOME = 2 / 3, 0.25
# How much factors differ: those of one number, those of columns that go on in their own ways, and
# those of a scaler.
ALIKE, DIFFERENT, SCALED = 1.6, 3.0, 30.0
# The share of columns that look scaled where a scaler was used.
NEARLY_ALL = 0.8
# The largest values of pixels, as they are and divided.
PIXELS, DIVIDED = (100.0, 255.0), 1.01


def scaled_otherwise(facts: Facts) -> Finding | None:
    """What is learned on one scale says nothing of inputs on another."""
    held = facts.held
    if held is None:
        return None
    others = {part.name: part for part in held.inputs}
    for ours in facts.inputs:
        if (theirs := others.get(ours.name)) is None:
            continue
        sure = _pixels(ours, theirs)
        # The first batches of data in order differ in more than the scale.
        if sure is None and not facts.fit.batched:
            sure = _columns(ours, theirs)
        if sure is None:
            continue
        return found(
            "scaled_otherwise",
            "validation inputs on the scale of the training inputs",
            f"training inputs {_range(ours)}, and validation inputs {_range(theirs)}",
            "Prepare both in the same way: divide both, or transform both with the scaler that was "
            "fitted on the training inputs (fit_transform for these, transform for the others).",
            line=facts.fit.line,
            argument="validation_data",
            doc="normalization",
            sure=sure,
        )
    return None


def _range(part: Input) -> str:
    return (
        f"from {number(part.low)} to {number(part.high)} (mean {number(part.mean)}, standard "
        f"deviation {number(part.spread)})"
    )


def _pixels(ours: Input, theirs: Input) -> bool | None:
    """Returns `True` if one of two inputs are pixels up to 255, and the other ones divided."""
    raw, divided = sorted((ours, theirs), key=lambda part: part.largest, reverse=True)
    whole = raw.low >= 0 and PIXELS[0] < raw.largest <= PIXELS[1] and raw.integers
    many = raw.shape[1:] == divided.shape[1:] and int(np.prod(raw.shape[1:])) >= 16
    return True if whole and many and divided.largest <= DIVIDED and not divided.integers else None


def _columns(ours: Input, theirs: Input) -> bool | None:
    """Returns whether it is sure that columns have other scales; `None` if they have not."""
    if ours.sample is None or theirs.sample is None or (ours.integers and theirs.integers):
        return None
    a, b = (_rows(np.asarray(part.sample, "float64")) for part in (ours, theirs))
    if a.shape[1] != b.shape[1] or min(len(a), len(b)) < LEAST_ROWS:
        return None
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    kept = (a.std(axis=0) > 1e-9) & (b.std(axis=0) > 1e-9)
    a, b = a[:, kept], b[:, kept]
    if a.shape[1] < LEAST_COLUMNS:
        return None
    factors = b.std(axis=0) / a.std(axis=0)
    shifts = np.abs(b.mean(axis=0) - a.mean(axis=0)) / np.maximum(a.std(axis=0), b.std(axis=0))
    far = float(((factors >= FACTOR) | (factors <= 1 / FACTOR) | (shifts >= SPREADS)).mean())
    differ = float(np.quantile(factors, 0.9) / np.quantile(factors, 0.1))
    if differ >= SCALED and far >= SOME:
        return far >= 0.6 and _prepared(a) != _prepared(b)
    if far < MOST:
        return None
    # The steps of a series that grows are all as far away: that is how it goes on.
    return False if differ >= DIFFERENT or (differ < ALIKE and _multiplied(a, b)) else None


def _multiplied(a: np.ndarray, b: np.ndarray) -> bool:
    """Returns whether columns have the means and the spreads of others times one number."""
    means, spreads = b.mean() / a.mean(), float(np.median(b.std(axis=0) / a.std(axis=0)))
    return bool(abs(means / spreads - 1) < 0.15)


def _rows(sample: np.ndarray) -> np.ndarray:
    """Returns one row for each example, or for each of its steps or pixels."""
    return sample.reshape(-1, sample.shape[-1]) if sample.ndim > 1 else sample[:, None]


def _prepared(columns: np.ndarray) -> bool:
    """Returns whether columns look as a scaler leaves them."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    standard = (np.abs(mean) < 0.25) & (np.abs(spread - 1) < 0.3)
    between = (columns.min(axis=0) > -1.01) & (columns.max(axis=0) < 1.01)
    return bool(max(standard.mean(), between.mean()) >= NEARLY_ALL)
