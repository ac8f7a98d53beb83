"""Metrics that mean nothing for the labels or the outputs."""

from __future__ import annotations

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found
from graders.diagnosis.rules.kinds import ACCURACIES, BINARY, CROSSENTROPIES, known_loss
from graders.diagnosis.rules.training import falls


def accuracy_of_values(facts: Facts) -> Finding | None:
    """Accuracy counts outputs that are equal to the label."""
    compiled = known_loss(facts)
    if compiled is None or not any(m in ACCURACIES for m in compiled.metrics):
        return None
    if facts.labels_are != "values" or compiled.loss in CROSSENTROPIES:
        return None
    return found(
        "accuracy_of_values",
        "a metric for values, such as mae",
        'the metric "accuracy": it counts outputs that are exactly equal, of values that is none',
        'Use metrics=["mae"]; for classes, look at the labels and the loss.',
        line=compiled.line,
        argument="metrics",
        doc="regression",
        # The number that is shown is off; what was learned is not.
        sure=not falls(facts),
    )


def accuracy_of_logits(facts: Facts) -> Finding | None:
    """`"accuracy"` of one output cuts at 0.5, and logits at 0."""
    compiled = known_loss(facts)
    if compiled is None or not compiled.from_logits or facts.units != 1:
        return None
    if not any(m in (*ACCURACIES, "binary_accuracy()") for m in compiled.metrics):
        return None
    if facts.activation != "linear" or compiled.loss not in BINARY:
        return None
    return found(
        "accuracy_of_logits",
        "an accuracy that cuts logits at 0",
        'the metric "accuracy" on a single logit, which cuts at 0.5: a logit of 0.3 is a yes, and '
        "counts as a no",
        "Use keras.metrics.BinaryAccuracy(threshold=0.0), or sigmoid in the last layer without "
        "from_logits.",
        line=compiled.line,
        argument="metrics",
        doc="metrics",
        # The number that is shown is off; what was learned is not.
        sure=not falls(facts),
    )


def equality_of_outputs(facts: Facts) -> Finding | None:
    """`keras.metrics.Accuracy` compares labels with predicted labels."""
    compiled = facts.compiled
    if compiled is None or not facts.layers or "accuracy()" not in compiled.metrics:
        return None
    return found(
        "equality_of_outputs",
        "an accuracy of probabilities",
        "keras.metrics.Accuracy(), which counts outputs that are exactly equal to the label",
        'Write metrics=["accuracy"]: Keras then picks the one that fits the loss.',
        line=compiled.line,
        argument="metrics",
        doc="metrics",
    )
