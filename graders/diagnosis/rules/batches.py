"""How many examples a step sees."""

from __future__ import annotations

import math

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found
from graders.diagnosis.rules.curves import row
from graders.diagnosis.rules.kinds import CROSSENTROPIES, known_loss
from graders.diagnosis.sources import SHUFFLE

# Examples below which the order of labels tells nothing.
LEAST = 60
# What Keras takes where no size is given.
USUAL = 32


def batch_of_one(facts: Facts) -> Finding | None:
    """BatchNormalization of one example takes the example away."""
    if facts.fit.batch != 1 or facts.fit.how not in ("fit", "train_on_batch"):
        return None
    layers = [
        layer
        for layer in facts.layers
        if layer.kind == "BatchNormalization" and layer.trainable and layer.input is not None
    ]
    flat = [layer for layer in layers if layer.input is not None and len(layer.input) == 2]
    if not layers:
        return None
    first = (flat or layers)[0]
    return found(
        "batch_of_one",
        "batches of several examples for BatchNormalization",
        "batches of one"
        + (
            f": {first.name} subtracts the mean of the batch, which is the example itself, so that "
            "each example comes out as the same numbers in training"
            if flat
            else f": {first.name} normalizes each example by itself in training, and with averages "
            "of all in prediction"
        ),
        "Use batch_size=32, or LayerNormalization in place of BatchNormalization.",
        line=facts.fit.line,
        argument="batch_size",
        doc="batch",
        sure=bool(flat),
    )


def sorted_batches(facts: Facts) -> Finding | None:
    """A step that sees one class teaches the model to answer that class."""
    labels = _classes(facts)
    if facts.fit.how != "fit" or not facts.fit.batched or labels is None:
        return None
    if len(labels) < LEAST:
        return None
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    by_chance = (1 - (shares**2).sum()) * len(labels)
    changes = int((np.diff(labels) != 0).sum())
    if by_chance < LEAST / 4 or changes > by_chance / 5:
        return None
    losses, classes = row(facts, "loss"), facts.units or 0
    level = math.log(classes if classes > 1 else 2)
    return found(
        "sorted_batches",
        "batches in which the classes are mixed",
        f"labels in order: from one example to the next, the class changes {changes} times in the "
        f"first {len(labels)}, and about {by_chance:.0f} times where they are mixed",
        "Shuffle the examples before they are batched: ds.shuffle(n).batch(32), not "
        "ds.batch(32).shuffle(n), with n as large as the data.",
        line=facts.fit.line,
        argument="x",
        doc=SHUFFLE,
        sure=len(losses) > 2 and min(losses) > 0.8 * level,
    )


def _classes(facts: Facts) -> np.ndarray | None:
    """Returns the classes of the first batches, in their order; `None` if there are none."""
    compiled, labels = known_loss(facts), facts.labels
    if compiled is None or compiled.loss not in CROSSENTROPIES or labels is None:
        return None
    if labels.sample is None or not labels.integers:
        return None
    rows = np.asarray(labels.sample).reshape(len(labels.sample), -1)
    # Of few batches, the numbers of the classes may have gaps.
    if rows.shape[1] == 1:
        return rows[:, 0]
    return rows.argmax(axis=1) if (rows.sum(axis=1) == 1).all() else None


def batch_beyond_data(facts: Facts) -> Finding | None:
    """A batch that is larger than the data is all of them: one step in an epoch."""
    size = facts.fit.batch
    if facts.fit.how != "fit" or not facts.inputs or not size or facts.fit.steps is not None:
        return None
    count = round(facts.inputs[0].shape[0] * (1 - facts.fit.split))
    if size == USUAL or not 0 < count < size:
        return None
    losses = facts.trained.losses if facts.trained else ()
    if losses and losses[-1] < 0.5 * losses[0]:
        # All examples at once are a way to learn, too.
        return None
    return found(
        "batch_beyond_data",
        "batches that are smaller than the data",
        f"batch_size={size} for {count} examples: each epoch is one step, {facts.fit.epochs} in "
        "all",
        f"Use batch_size={max(1, min(USUAL, count // 4))} or less.",
        line=facts.fit.line,
        argument="batch_size",
        doc="fit",
        sure=False,
    )
