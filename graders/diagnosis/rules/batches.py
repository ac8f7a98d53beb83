"""How many examples a step sees."""

from __future__ import annotations

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found

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
