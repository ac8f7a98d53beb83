"""Output layer and loss: each mistake is named, and what works passes."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit.losses import check_binary_output, check_classifier_output

layers, losses = keras.layers, keras.losses
X = np.random.default_rng(0).normal(size=(250, 12)).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def snapshot(loss: Any, *ending: Any) -> Snapshot:
    """Returns a compiled model that ends in some layers."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((12,)), *ending])
    model.compile("adam", loss)
    count = len(model.weights)
    return Snapshot(
        "Sequential",
        True,
        json.dumps(keras.saving.serialize_keras_object(model)),
        model.get_weights(),
        ["w"] * count,
        ["float32"] * count,
        [True] * count,
        None,
    )


@pytest.mark.parametrize(
    ("loss", "ending", "kind"),
    [
        (SPARSE, [layers.Dense(4, activation="softmax")], "probabilities"),
        (SPARSE, [layers.Dense(4), layers.Softmax()], "probabilities"),
        (losses.SparseCategoricalCrossentropy(from_logits=True), [layers.Dense(4)], "logits"),
        # Keras notices, and takes the logits.
        (
            losses.SparseCategoricalCrossentropy(from_logits=True),
            [layers.Dense(4, activation="softmax")],
            "probabilities",
        ),
        ("binary_crossentropy", [layers.Dense(4, activation="sigmoid")], "scores"),
    ],
)
def test_what_a_classifier_may_end_in(loss: Any, ending: list[Any], kind: str) -> None:
    """Probabilities and logits pass, with the loss that matches."""
    assert check_classifier_output(snapshot(loss, *ending), X, 4) == kind


@pytest.mark.parametrize(
    ("loss", "ending", "found"),
    [
        (SPARSE, [layers.Dense(4, activation="relu")], "Found ReLU on the output layer"),
        (SPARSE, [layers.Dense(4, activation="relu6")], "Found outputs that are never below zero"),
        (SPARSE, [layers.Dense(4, activation="sigmoid")], f"sigmoid .* with the loss {SPARSE}"),
        (SPARSE, [layers.Dense(4)], r"without softmax\) with sparse"),
        (SPARSE, [layers.Dense(4, activation="tanh")], r"a last layer with tanh\)"),
        (
            losses.SparseCategoricalCrossentropy(from_logits=True),
            [layers.Dense(4, activation="softmax"), layers.Rescaling(1.0)],
            "applies softmax once more",
        ),
        (
            losses.SparseCategoricalCrossentropy(from_logits=True),
            [layers.Dense(4, activation="elu")],
            "Found elu on the output layer",
        ),
        (SPARSE, [layers.Dense(5)], r"Found the shape \(batch, 5\)"),
    ],
)
def test_what_a_classifier_may_not_end_in(loss: Any, ending: list[Any], found: str) -> None:
    """The message names the activation and the loss that do not match."""
    with pytest.raises(CheckFailed, match=found):
        check_classifier_output(snapshot(loss, *ending), X, 4)


@pytest.mark.parametrize(
    ("loss", "ending", "kind"),
    [
        ("binary_crossentropy", [layers.Dense(1, activation="sigmoid")], "scores"),
        (losses.BinaryCrossentropy(from_logits=True), [layers.Dense(1)], "logits"),
        ("mse", [layers.Dense(1, activation="sigmoid")], "scores"),
        ("hinge", [layers.Dense(1, activation="tanh")], "logits"),
    ],
)
def test_what_a_yes_or_no_may_end_in(loss: Any, ending: list[Any], kind: str) -> None:
    """A probability or a logit passes, and a hinge loss on a score around 0."""
    assert check_binary_output(snapshot(loss, *ending), X) == kind


@pytest.mark.parametrize(
    ("loss", "ending", "found"),
    [
        ("binary_crossentropy", [layers.Dense(1, activation="softmax")], "softmax on a single"),
        ("binary_crossentropy", [layers.Dense(1, activation="relu")], "Found ReLU"),
        (
            "binary_crossentropy",
            [layers.Dense(1), layers.Activation("relu"), layers.Rescaling(2.0)],
            "Found ReLU",
        ),
        (
            "categorical_crossentropy",
            [layers.Dense(1, activation="sigmoid")],
            "categorical_crossentropy, which compares several classes",
        ),
        ("binary_crossentropy", [layers.Dense(1, activation="tanh")], "Found tanh"),
        ("bce", [layers.Dense(1)], r"with binary_crossentropy\(from_logits=False\)"),
        (
            losses.BinaryCrossentropy(from_logits=True),
            [layers.Dense(1, activation="sigmoid"), layers.Rescaling(1.0)],
            "applies sigmoid once more",
        ),
        ("mse", [layers.Dense(1)], "a linear output with mean_squared_error"),
    ],
)
def test_what_a_yes_or_no_may_not_end_in(loss: Any, ending: list[Any], found: str) -> None:
    """The message names the activation and the loss that do not match."""
    with pytest.raises(CheckFailed, match=found):
        check_binary_output(snapshot(loss, *ending), X)


def test_infinite_outputs_are_named_first() -> None:
    """A fresh model that gives NaN is not told about its loss."""
    made = snapshot("mse", layers.Dense(4), layers.Rescaling(float("nan")))
    with pytest.raises(CheckFailed, match="NaN or infinity"):
        check_classifier_output(made, X, 4)
