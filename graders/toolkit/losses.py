"""Which loss a model was compiled with, and whether it fits what the output layer gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.checking import At, fail
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph, hints
from graders.toolkit.outputs import (
    last_activation,
    last_activation_call,
    only,
    output_kind,
    predict,
    rows,
    softmax_of_softmax,
)

CROSSENTROPIES = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
)
# Losses that compare numbers, whatever classes they may stand for.
DISTANCES = ("mean_", "huber", "log_cosh")
# Keras's short names.
ALIASES = {
    "bce": "binary_crossentropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kldivergence": "kl_divergence",
}


def loss_of(snapshot: Snapshot) -> tuple[str, bool]:
    """Finds the loss that a model was compiled with, as it claims.

    Args:
        snapshot: A `Snapshot`.

    Returns:
        A pair: the loss's name in snake case (`""` if there is none), and `from_logits`.
    """
    loss = snapshot.compile_config.get("loss")
    while isinstance(loss, list | dict) and "class_name" not in loss and len(loss) == 1:
        loss = loss[0] if isinstance(loss, list) else next(iter(loss.values()))
    if isinstance(loss, str):
        return _snake(loss), False
    if isinstance(loss, dict):
        config = loss.get("config")
        if loss.get("class_name") == "function":
            return _snake(str(config)), False
        flag = config.get("from_logits") if isinstance(config, dict) else False
        return _snake(str(loss.get("class_name", ""))), flag is True
    return "", False


def _snake(name: str) -> str:
    if name.lower() in ALIASES:
        return ALIASES[name.lower()]
    if name.islower():
        return name
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def keras_sees_logits(model: Any, x: Any) -> bool:
    """Returns whether Keras finds the logits behind a model's softmax or sigmoid.

    It does if nothing that computes comes after the activation: then `from_logits=True` on
    probabilities is only a warning. Otherwise the activation is applied twice.
    """
    import tensorflow as tf

    found = []

    def look(given: Any) -> Any:
        answer = only(model(given, training=False))
        kind = answer.op.type if hasattr(answer, "op") else ""
        found.append(hasattr(answer, "_keras_logits") or kind in ("Softmax", "Sigmoid"))
        return answer

    # As a loss sees it in `fit`.
    tf.function(look).get_concrete_function(tf.nest.map_structure(tf.constant, rows(x, 0, 2)))
    return bool(found[-1])


@dataclasses.dataclass(frozen=True)
class Ending:
    """The end of a model: its output layer, and the loss that takes its output.

    Attributes:
        kind: String, what the outputs are, see `output_kind`.
        activation: String, the activation nearest the output.
        loss: String, the loss's name in snake case; empty if it has none.
        twice: Boolean, whether the loss applies softmax or sigmoid to probabilities once more.
        unscaled: Boolean, whether a loss for probabilities gets logits.
        squeezed: Boolean, whether the output is a softmax of a softmax.
    """

    kind: str
    activation: str
    loss: str
    twice: bool
    unscaled: bool
    squeezed: bool = False


def _ending(snapshot: Snapshot, x: Any, outputs: np.ndarray) -> Ending:
    kind, (loss, from_logits) = output_kind(snapshot.model, outputs), loss_of(snapshot)
    bounded = kind in ("probabilities", "scores")
    return Ending(
        kind,
        last_activation(snapshot.model),
        loss,
        twice=bounded and from_logits and not keras_sees_logits(snapshot.model, x),
        unscaled=kind == "logits" and not from_logits,
        squeezed=softmax_of_softmax(snapshot.model),
    )


@dataclasses.dataclass(frozen=True)
class Rule:
    """A mistake at the end of a model, and its words.

    Attributes:
        applies: Function from an `Ending` to whether it makes the mistake.
        expected: String.
        found: String, in which `{loss}` and `{activation}` are filled in.
        look_at: String.
        of_loss: Boolean, whether it is one of the loss; else it is one of the output's activation.
    """

    applies: Callable[[Ending], bool]
    expected: str
    found: str
    look_at: str
    of_loss: bool = False


_CLASSES = "class probabilities (softmax) or logits (no activation) from the last layer"
_NO_GRADIENT = (
    "Look at the activation of the last Dense layer: with ReLU, a class whose score is below zero "
    "gets no gradient"
)
_MATCHING = "a loss that matches the outputs"
_NOT_PROBABILITIES = "{loss}(from_logits=False), which takes its input for probabilities"
_ADD_SOFTMAX = "Add softmax to the last layer, or give the loss from_logits=True"
# The first rule that applies is the one that is reported.
CLASSIFIER_RULES = (
    Rule(
        lambda end: end.squeezed,
        "softmax once, at the end",
        "a softmax of a softmax: of ten classes none gets a probability above 0.23, however sure "
        "the model is",
        "Leave out one of them: the activation of the last Dense layer, or what comes after it",
    ),
    Rule(
        lambda end: end.activation == "relu",
        _CLASSES,
        "ReLU on the output layer",
        _NO_GRADIENT,
    ),
    Rule(
        lambda end: end.kind == "nonnegative" or end.activation == "relu6",
        _CLASSES,
        "outputs that are never below zero and do not sum to 1, as ReLU gives",
        _NO_GRADIENT,
    ),
    Rule(
        lambda end: end.kind == "scores" and "binary" not in end.loss,
        "class probabilities that sum to 1 (softmax) or logits (no activation)",
        "sigmoid on the output layer with the loss {loss}",
        "Sigmoid scores each class on its own; for one label out of several use softmax",
    ),
    Rule(
        lambda end: end.unscaled and end.loss in CROSSENTROPIES and end.activation == "linear",
        _MATCHING,
        f"logits (a last layer without softmax) with {_NOT_PROBABILITIES}",
        _ADD_SOFTMAX,
        of_loss=True,
    ),
    Rule(
        lambda end: end.unscaled and end.loss in CROSSENTROPIES,
        _MATCHING,
        f"logits (a last layer with {{activation}}) with {_NOT_PROBABILITIES}",
        _ADD_SOFTMAX,
        of_loss=True,
    ),
    Rule(
        lambda end: end.twice and end.kind == "probabilities" and end.loss in CROSSENTROPIES,
        _MATCHING,
        "probabilities with {loss}(from_logits=True), which applies softmax once more",
        "Leave from_logits out, or return the logits",
        of_loss=True,
    ),
    Rule(
        lambda end: (
            end.activation in ("tanh", "elu", "selu", "softplus") and end.loss in CROSSENTROPIES
        ),
        _CLASSES,
        "{activation} on the output layer",
        "Look at the activation of the last layer: it bends the score of each class",
    ),
)

_ONE = "a probability (sigmoid) or a logit (no activation) from the last layer"
_SHUT = "Look at the activation of the last layer: with ReLU, a score below zero gets no gradient"
BINARY_RULES = (
    Rule(
        lambda end: end.activation == "softmax",
        _ONE,
        "softmax on a single unit, which is 1 whatever comes in",
        "Look at the activation of the last layer: softmax is for several units, sigmoid for one",
    ),
    Rule(
        lambda end: end.kind == "nonnegative" and end.activation in ("relu", "relu6"),
        _ONE,
        "ReLU on the output layer",
        _SHUT,
    ),
    Rule(
        lambda end: end.kind == "nonnegative",
        _ONE,
        "a value never below zero on the output layer",
        _SHUT,
    ),
    Rule(
        lambda end: "categorical" in end.loss or "kl_divergence" in end.loss,
        "a loss that matches one output unit, such as binary cross-entropy",
        "{loss}, which compares several classes that sum to 1: of one unit it learns nothing",
        'Look at compile: loss="binary_crossentropy"',
        of_loss=True,
    ),
    Rule(
        lambda end: (
            end.activation in ("tanh", "softsign", "elu", "selu", "softplus")
            and "hinge" not in end.loss
        ),
        _ONE,
        "{activation} on the output layer",
        "Look at the activation of the last layer: sigmoid gives values from 0 to 1",
    ),
    Rule(
        lambda end: end.unscaled and "crossentropy" in end.loss,
        "a loss that matches the output",
        f"logits (a last layer without sigmoid) with {_NOT_PROBABILITIES}",
        "Add sigmoid to the last layer, or give the loss from_logits=True",
        of_loss=True,
    ),
    Rule(
        lambda end: end.twice and end.kind == "scores" and "crossentropy" in end.loss,
        "a loss that matches the output",
        "probabilities with {loss}(from_logits=True), which applies sigmoid once more",
        "Leave from_logits out, or return the logits",
        of_loss=True,
    ),
    Rule(
        lambda end: end.kind == "logits" and end.loss.startswith(DISTANCES),
        f"{_ONE}, with a loss for classes",
        "a linear output with {loss}, as for a number that is measured",
        "Use sigmoid and binary cross-entropy: the label is one of two classes",
        of_loss=True,
    ),
)


def _check(snapshot: Snapshot, x: Any, outputs: np.ndarray, rules: tuple[Rule, ...]) -> str:
    """Fails with the first rule that applies; returns what the outputs are."""
    if not np.isfinite(outputs).all():
        fail(
            "finite outputs from a fresh model",
            "NaN or infinity",
            "Look for a division by zero, a log, or exp in the model",
            hints.FINITE_OUTPUTS,
        )
    ending = _ending(snapshot, x, outputs)
    for rule in rules:
        if rule.applies(ending):
            words = {"activation": ending.activation, "loss": ending.loss or "of your own"}
            _, node = last_activation_call(snapshot.model)
            about = snapshot.lines.of_loss() if rule.of_loss else At(node, "activation")
            fail(rule.expected, rule.found.format(**words), rule.look_at, about=about)
    return ending.kind


def check_classifier_output(snapshot: Snapshot, x: Any, classes: int) -> str:
    """Fails unless the outputs are class probabilities or logits, with a loss that matches.

    Softmax with `from_logits=True` passes: Keras 3 notices, and computes the right loss.

    Args:
        snapshot: A `Snapshot` of a compiled model.
        x: A few hundred inputs.
        classes: Integer, the number of classes.

    Returns:
        String, what the outputs are.

    Raises:
        CheckFailed: If they are something else.
    """
    outputs = predict(snapshot.model, x)
    if outputs.ndim != 2 or outputs.shape[1] != classes:
        fail(
            f"an output of shape (batch, {classes}), one value for each class",
            f"the shape (batch, {', '.join(map(str, outputs.shape[1:]))})",
            "Look at the last layer: its units are num_classes, and it comes after a Flatten or "
            "global pooling",
            hints.OUTPUT,
            about=graph.output_layer(snapshot.model),
        )
    return _check(snapshot, x, outputs, CLASSIFIER_RULES)


def check_binary_output(snapshot: Snapshot, x: Any) -> str:
    """Fails unless the one output is a probability or a logit, with a loss that matches.

    Sigmoid with `from_logits=True` passes: Keras 3 notices, and computes the right loss. So do the
    hinge losses (on a score around 0), and the squared error of a probability (Brier's score).

    Args:
        snapshot: A `Snapshot` of a compiled model with one output unit.
        x: A few hundred inputs.

    Returns:
        String, what the outputs are.

    Raises:
        CheckFailed: If they are something else.
    """
    return _check(snapshot, x, predict(snapshot.model, x), BINARY_RULES)
