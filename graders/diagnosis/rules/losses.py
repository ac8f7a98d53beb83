"""A loss that asks another question than the labels answer."""

from __future__ import annotations

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, number, plain
from graders.diagnosis.rules.kinds import (
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    DISTANCES,
    HINGES,
    known_loss,
)
from graders.diagnosis.rules.training import learned

# Losses that are 0 or more whatever the model predicts.
NEVER_NEGATIVE = {*CROSSENTROPIES, *DISTANCES, *HINGES}


def distances_of_integers(facts: Facts) -> Finding | None:
    """Numbers of classes are names, and have no distance."""
    compiled = known_loss(facts)
    if (
        compiled is None
        or compiled.loss not in DISTANCES
        or facts.labels_are not in ("integers", "binary")
    ):
        return None
    units, classes = facts.units or 0, facts.classes
    if units < 2 or facts.activation not in ("softmax", "sigmoid", "linear", "relu"):
        return None
    if facts.labels is None or (len(facts.labels.shape) > 1 and facts.labels.shape[-1] > 1):
        return None
    return found(
        "distances_of_integers",
        "a loss that compares probabilities with the class of each example",
        f"{compiled.loss} between {units} outputs and one integer: where Keras computes it, all "
        f"{units} are compared with the same number",
        f'Use loss="sparse_categorical_crossentropy" with {max(units, classes)} softmax units.',
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
    )


def distances_of_classes(facts: Facts) -> Finding | None:
    """A squared error of probabilities has hardly a gradient where the model is wrong."""
    compiled = known_loss(facts)
    if compiled is None or compiled.loss not in DISTANCES:
        return None
    kind, units = facts.labels_are, facts.units
    one_hot = (
        kind == "one_hot"
        and (units or 0) > 1
        and facts.output is not None
        and len(facts.output) == 2
    )
    two = (
        kind == "binary"
        and units == 1
        and facts.activation in ("sigmoid", "softmax", "tanh", "linear")
    )
    if facts.labels is None or not (one_hot or two) or facts.labels.shape[0] < 3:
        return None
    # Values that happen to be 0 and 1 are not always classes: an autoencoder's inputs, say.
    right = (
        "binary_crossentropy"
        if two or facts.activation == "sigmoid"
        else "categorical_crossentropy"
    )
    last = "sigmoid" if two else "softmax"
    odd = compiled.loss not in ("mean_squared_error", "mean_absolute_error", "huber")
    fits = facts.activation == last
    return found(
        "distances_of_classes",
        "a cross-entropy for classes",
        f"{compiled.loss} between "
        + ("labels of two classes" if two else f"one-hot labels of {facts.classes} classes")
        + " and "
        + (
            f"{facts.activation} outputs: where the model is surely wrong, its gradient is next to "
            "nothing"
            if facts.activation != "linear"
            else "outputs without an activation: they may be any numbers, and one that is more "
            "than right counts as wrong"
        ),
        f'Use loss="{right}"' + ("." if fits else f' with activation="{last}" in the last layer.'),
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
        # Of two classes, a squared error beside a sigmoid learns all the same.
        sure=one_hot or facts.activation != "sigmoid" or odd or learned(facts) is False,
    )


def crossentropy_of_values(facts: Facts) -> Finding | None:
    """Cross-entropy compares probabilities; values are none."""
    compiled, y = known_loss(facts), facts.labels
    if compiled is None or y is None or compiled.loss not in (*BINARY, *CATEGORICAL):
        return None
    if facts.labels_are not in ("values", "integers") or y.missing == y.shape[0]:
        return None
    if compiled.loss in CATEGORICAL and facts.labels_are == "integers":
        return None
    outside = y.low < -1e-6 or y.high > 1 + 1e-6
    if not outside:
        return None
    classes = facts.classes
    return found(
        "crossentropy_of_values",
        f"labels from 0 to 1 for the loss {compiled.loss}",
        f"labels from {number(y.low)} to {number(y.high)}"
        + (
            ": the loss can become negative, and its least value means nothing"
            if not classes
            else ""
        ),
        (
            f"For {classes} classes use {classes} softmax units and "
            '"sparse_categorical_crossentropy".'
            if classes > 2
            else "Label the two classes 0 and 1."
            if classes
            else 'To predict values, use loss="mean_squared_error" and no activation in the last '
            "layer."
        ),
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="losses",
    )


def binary_for_classes(facts: Facts) -> Finding | None:
    """`binary_crossentropy` asks of each class alone whether it is the one."""
    compiled = known_loss(facts)
    if compiled is None or compiled.loss not in BINARY or facts.labels_are != "one_hot":
        return None
    if (facts.units or 0) < 2 or facts.units != facts.classes or facts.output is None:
        return None
    if len(facts.output) > 2:
        return None
    right = facts.activation == "softmax"
    # One question for each class is a way to learn, too: what was seen of the training decides.
    sure = facts.classes > 2 if right else learned(facts) is not True
    return found(
        "binary_for_classes",
        "one question with several answers: softmax with categorical_crossentropy",
        f"{compiled.loss} on {facts.units} {facts.activation} outputs and one-hot labels: it asks "
        "of each class by itself, and its accuracy counts all the easy no's",
        'Use loss="categorical_crossentropy"'
        + ("." if right else ' with activation="softmax" in the last layer.'),
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
        sure=sure,
    )


def rewards_mistakes(facts: Facts) -> Finding | None:
    """A similarity without a minus is smallest where all is wrong."""
    compiled = facts.compiled
    if compiled is None or compiled.of_right is None or compiled.of_wrong is None:
        return None
    right, wrong = compiled.of_right, compiled.of_wrong
    if facts.activation not in ("sigmoid", "softmax") or right - wrong <= 0.05 * abs(right):
        return None
    return found(
        "rewards_mistakes",
        "a loss that is smaller the better the predictions are",
        f"that {compiled.loss} gives {number(right)} for predictions that meet the labels, and "
        f"{number(wrong)} for predictions that are all wrong: training makes the model worse",
        "A similarity (Dice, IoU) becomes a loss as 1 - similarity, a log-likelihood with a minus "
        "before it.",
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="losses",
        # With a frozen part, as in a GAN, it may be meant so.
        sure=all(layer.trainable for layer in facts.layers if layer.parameters),
    )


def negative_loss(facts: Facts) -> Finding | None:
    """A cross-entropy falls below 0 where labels are no probabilities."""
    compiled, losses = facts.compiled, facts.trained.losses if facts.trained else ()
    names = compiled.losses if compiled is not None else ()
    crossing = sorted({name for name in names if name in CROSSENTROPIES})
    if compiled is None or not crossing or not set(names) <= NEVER_NEGATIVE:
        return None
    if not losses or not losses[-1] < -0.01:
        return None
    return found(
        "negative_loss",
        f"a loss of 0 or more, as {plain(list(names))} give for fitting labels",
        f"a loss of {number(losses[-1])}: labels of an output with {plain(crossing)} lie outside "
        "of 0 to 1",
        "Look at which loss belongs to which output: values want mse or mae, classes a "
        "cross-entropy. A dict by the outputs' names (loss={name: …}) cannot be mixed up.",
        line=compiled.line,
        argument="loss",
        doc="compile",
    )
