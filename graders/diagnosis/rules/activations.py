"""The activation of the output against the loss and the labels."""

from __future__ import annotations

import math

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, number
from graders.diagnosis.rules.kinds import (
    BINARY,
    BOUNDS,
    CATEGORICAL,
    CROSSENTROPIES,
    DISTANCES,
    HINGES,
    RECTIFIED,
    SPARSE,
    is_class,
    known_loss,
    line_of,
)
from graders.diagnosis.rules.training import learned


def softmax_on_one_unit(facts: Facts) -> Finding | None:
    """Softmax over one number is 1, whatever the number."""
    if facts.activation != "softmax" or facts.units != 1:
        return None
    if facts.end is not None and facts.end.units not in (None, 1):
        # An operation after the softmax makes one number of its several.
        return None
    values = facts.labels_are == "values"
    instead = (
        "To predict a value, take the activation out."
        if values
        else "For two classes use sigmoid on one unit with binary_crossentropy; for several, one "
        "unit for each class."
    )
    return found(
        "softmax_on_one_unit",
        "an output that can change with the input",
        "softmax over a single unit, which is e^z / e^z = 1 for every example: no gradient, and "
        "nothing is learned",
        instead,
        line=line_of(facts.end),
        argument="activation",
        doc="activations",
    )


def softmax_twice(facts: Facts) -> Finding | None:
    """A softmax of a softmax squeezes all classes together."""
    twice = [layer for layer in facts.tail if layer.softmax]
    last = facts.tail[-1] if facts.tail else None
    if len(twice) < 2 or last is None or facts.units == 1:
        return None
    return found(
        "softmax_twice",
        "softmax once, at the end",
        "a softmax of a softmax: with ten classes no probability can get above 0.23, so the loss "
        "cannot come near 0",
        "Leave the activation of the last Dense layer out, or the Softmax layer after it.",
        line=line_of(twice[0]),
        argument="activation",
        doc="activations",
    )


def sigmoid_for_classes(facts: Facts) -> Finding | None:
    """Categorical cross-entropy wants probabilities that sum to 1."""
    compiled = known_loss(facts)
    if compiled is None or compiled.loss not in (*CATEGORICAL, *SPARSE) or compiled.from_logits:
        return None
    if facts.activation not in ("sigmoid", "hard_sigmoid", "tanh") or (facts.units or 0) < 2:
        return None
    if facts.labels_are == "multi_hot":
        return found(
            "sigmoid_for_classes",
            "binary_crossentropy where an example may have several labels at once",
            f"{facts.activation} with the loss {compiled.loss}, which takes one label for each",
            'Use loss="binary_crossentropy".',
            line=compiled.loss_line or compiled.line,
            argument="loss",
            doc="probabilistic",
        )
    return found(
        "sigmoid_for_classes",
        "class probabilities that sum to 1 (softmax) or logits (no activation, from_logits=True)",
        f"{facts.activation} on {facts.units} units with the loss {compiled.loss}",
        'Use activation="softmax" in the last layer: each example has exactly one class.',
        line=line_of(facts.end),
        argument="activation",
        doc="activations",
    )


def softmax_for_several_labels(facts: Facts) -> Finding | None:
    """Softmax shares one answer out; several labels of an example are answers of their own."""
    compiled, y = known_loss(facts), facts.labels
    if compiled is None or compiled.loss not in (*CATEGORICAL, *BINARY) or y is None:
        return None
    if facts.activation != "softmax" or facts.labels_are != "multi_hot" or y.sample is None:
        return None
    several = float((y.sample.reshape(len(y.sample), -1).sum(axis=1) > 1).mean())
    if len(y.shape) != 2 or several < 0.02:
        return None
    return found(
        "softmax_for_several_labels",
        "an answer for each label by itself (sigmoid): an example may have several at once",
        f"softmax, whose {facts.units} probabilities sum to 1, and labels of which {several:.0%} "
        "of the examples have more than one",
        'Use activation="sigmoid" in the last layer and loss="binary_crossentropy".',
        line=line_of(facts.end),
        argument="activation",
        doc="activations",
    )


def rectified_output(facts: Facts) -> Finding | None:
    """ReLU before the loss gives no gradient below zero."""
    compiled = known_loss(facts)
    if compiled is None or facts.activation not in RECTIFIED:
        return None
    y = facts.labels
    if compiled.loss in (*CROSSENTROPIES, *HINGES) or is_class(facts):
        two = facts.units == 1
        return found(
            "rectified_output",
            "class probabilities (" + ("sigmoid" if two else "softmax") + ") from the last layer",
            f"{facts.activation} on the output layer: an output below zero gets no gradient, and "
            "one above 1 is no probability",
            f'Use activation="{"sigmoid" if two else "softmax"}" in the last layer.',
            line=line_of(facts.end),
            argument="activation",
            doc="activations",
        )
    if y is None or not y.shape or y.low >= 0 or compiled.loss not in DISTANCES:
        return None
    return found(
        "rectified_output",
        f"outputs that can be as low as the values to predict ({number(y.low)})",
        f"{facts.activation} on the output layer, which gives nothing below 0",
        "Leave the activation of the last layer out.",
        line=line_of(facts.end),
        argument="activation",
        doc="activations",
    )


def logits_for_probabilities(facts: Facts) -> Finding | None:
    """A loss for probabilities gets any numbers."""
    compiled = known_loss(facts)
    if compiled is None or compiled.from_logits or compiled.loss not in CROSSENTROPIES:
        return None
    if facts.activation not in (
        "linear",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "swish",
        "silu",
        "tanh",
    ):
        return None
    if facts.last is None:
        return None
    one = facts.units == 1 or compiled.loss in BINARY
    right = "sigmoid" if one else "softmax"
    what = "no activation" if facts.activation == "linear" else facts.activation
    return found(
        "logits_for_probabilities",
        f"probabilities for the loss {compiled.loss}",
        f"{what} on the last layer: its outputs may be any numbers, and the loss cuts them off at "
        "0 and 1",
        f'Use activation="{right}" in the last layer, or the loss with from_logits=True.',
        line=line_of(facts.end),
        argument="activation",
        doc="probabilistic",
    )


def probabilities_for_logits(facts: Facts) -> Finding | None:
    """`from_logits=True` applies softmax or sigmoid once more."""
    compiled = known_loss(facts)
    if compiled is None or not compiled.from_logits:
        return None
    if facts.activation not in ("softmax", "sigmoid"):
        return None
    hidden = bool(facts.tail) and facts.tail[0] is not facts.end
    return found(
        "probabilities_for_logits",
        "logits (no activation in the last layer) for a loss with from_logits=True",
        f"{facts.activation} in the last layer"
        + (
            ", which the loss applies once more"
            if hidden
            else ": Keras warns, and takes the logits"
        ),
        "Leave the activation out, or from_logits=True.",
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
        # Keras finds an activation that is the last step, and computes with what came before it.
        sure=hidden,
    )


def out_of_reach(facts: Facts) -> Finding | None:
    """A bounded output cannot reach values outside of its bounds."""
    compiled, y = known_loss(facts), facts.labels
    if compiled is None or y is None or compiled.loss not in (*DISTANCES, "poisson"):
        return None
    bounds = BOUNDS.get(facts.activation)
    if bounds is None or facts.labels_are in ("text", "none", "one_hot", "multi_hot", "binary"):
        return None
    low, high = bounds
    if (facts.labels_are == "integers" and (facts.units or 1) > 1) or (
        y.low >= low - 0.05 and y.high <= high + 0.05
    ):
        return None
    values = np.asarray(y.sample)
    middle, spread = (float(values.mean()), float(values.std())) if values.size else (math.nan,) * 2
    # Standardized values for tanh, say: some are out of reach, and there is much to learn.
    mostly = low <= middle - spread and middle + spread <= high
    return found(
        "out_of_reach",
        f"outputs that can reach the values to predict ({number(y.low)} to {number(y.high)})",
        f"{facts.activation} on the output layer, which gives {number(low)} to {number(high)} only",
        "Leave the activation of the last layer out, or scale the values to predict.",
        line=line_of(facts.end),
        argument="activation",
        doc="activations",
        sure=not mostly or learned(facts) is False,
    )
