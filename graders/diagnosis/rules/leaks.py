"""Inputs that hold the answer."""

from __future__ import annotations

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found
from graders.diagnosis.neighbours import targets

# Examples below which nothing is told, and those that each class should have, on average.
LEAST, OF_A_CLASS = 60, 10
# Columns beyond which nothing is looked for.
MOST = 5000
# How near to a whole correlation a column of values must come: rounding of float32 stays below.
EXACT = 1e-6


def label_in_inputs(facts: Facts) -> Finding | None:
    """One column from which the label follows leaves nothing to learn from the others."""
    y = targets(facts, facts.labels)
    if y is None or len(y) < LEAST or facts.fit.how != "fit":
        return None
    of_classes = np.issubdtype(y.dtype, np.integer)
    for part in facts.inputs:
        sample = part.sample
        if sample is None or np.ndim(sample) not in (2, 3) or len(sample) != len(y):
            continue
        x = np.asarray(sample, "float64").reshape(len(y), -1)
        if not 2 <= x.shape[1] <= MOST or not np.isfinite(x).all():
            continue
        telling = _of_classes(x, y) if of_classes else _of_values(x, y)
        # Where several tell it, as in a window of a straight line, the task is made so.
        if len(telling) != 1:
            continue
        if np.ndim(sample) == 3:
            steps = np.shape(sample)[1]
            # An earlier step may be what is to be remembered.
            if of_classes or telling[0] // np.shape(sample)[2] != steps - 1:
                continue
            return _last_step(facts, len(y))
        name = "the inputs" if len(facts.inputs) == 1 else f"the input {part.name}"
        return found(
            "label_in_inputs",
            "inputs that do not hold the label",
            f"that column {telling[0]} of {name} (counted from 0) tells the label exactly, in all "
            f"{len(y)} examples that were looked at",
            "Take the label's column out of x before training (of a DataFrame: "
            "x = table.drop(columns=[label])).",
            line=facts.fit.line,
            argument="x",
            doc="fit",
        )
    return None


def _last_step(facts: Facts, count: int) -> Finding:
    return found(
        "label_in_inputs",
        "values to predict that come after the window that is given",
        "that the last step of each window holds the value to predict exactly, in all "
        f"{count} examples that were looked at: nothing is forecast",
        "Look at where windows and targets are cut: after series[i : i + n] comes series[i + n].",
        line=facts.fit.line,
        argument="y",
        doc="fit",
    )


def _of_classes(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Lists the columns that have one value for each class, and no two classes the same."""
    classes = np.unique(y)
    if len(classes) < 2 or len(y) < OF_A_CLASS * len(classes):
        return []
    low, high = (np.array([f(x[y == c], axis=0) for c in classes]) for f in (np.min, np.max))
    spread = np.maximum(x.max(axis=0) - x.min(axis=0), 1e-12)
    constant = (high - low).max(axis=0) <= EXACT * spread
    return [
        int(column)
        for column in np.flatnonzero(constant)
        if np.diff(np.sort(low[:, column])).min() > 100 * EXACT * spread[column]
    ]


def _of_values(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Lists the columns that give the values up to a factor and a constant."""
    if len(np.unique(y)) < 10:
        return []
    x, y = x - x.mean(axis=0), y - y.mean()
    length = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    alike = np.abs(x.T @ y) / np.maximum(length, 1e-300)
    return [int(column) for column in np.flatnonzero(alike > 1 - EXACT)]
