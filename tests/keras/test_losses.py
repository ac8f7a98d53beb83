"""Which loss a model was compiled with, and whether it matches the outputs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from graders import checking
from graders.toolkit import losses, outputs
from tests.keras import models
from tests.keras.models import functional, layers, sequential

ops = keras.ops
X = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
SPARSE = "sparse_categorical_crossentropy"
SPARSE_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
BINARY = "binary_crossentropy"
BINARY_LOGITS = keras.losses.BinaryCrossentropy(from_logits=True)


def dense(units: int, activation: str | None, loss: Any, *more: Any) -> Any:
    """Returns a snapshot of one Dense layer, what follows it, and a loss."""

    def build(x: Any) -> Any:
        x = layers.Dense(units, activation=activation)(x)
        for layer in more:
            x = layer(x)
        return x

    keras.utils.set_random_seed(0)
    model = functional((4,), build)
    model.compile(loss=loss)
    return models.snapshot(model)


# --- loss_of ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (SPARSE, (SPARSE, False)),
        ("SparseCategoricalCrossentropy", (SPARSE, False)),
        ("mse", ("mean_squared_error", False)),
        ("MSE", ("mean_squared_error", False)),
        ("mae", ("mean_absolute_error", False)),
        ("bce", (BINARY, False)),
        ("kld", ("kl_divergence", False)),
        ("KLDivergence", ("kl_divergence", False)),
        (keras.losses.SparseCategoricalCrossentropy(), (SPARSE, False)),
        (SPARSE_LOGITS, (SPARSE, True)),
        (BINARY_LOGITS, (BINARY, True)),
        (keras.losses.MeanSquaredError(), ("mean_squared_error", False)),
        (keras.losses.KLDivergence(), ("kl_divergence", False)),
        (keras.losses.binary_crossentropy, (BINARY, False)),
        ([SPARSE_LOGITS], (SPARSE, True)),
        ([SPARSE], (SPARSE, False)),
        ({"out": SPARSE_LOGITS}, (SPARSE, True)),
        ({"out": "mse"}, ("mean_squared_error", False)),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_loss_of(loss: Any, expected: tuple[str, bool]) -> None:
    """Names long and short, objects, functions, and one loss in a list or dict."""
    model = sequential((4,), layers.Dense(3, name="out"))
    model.compile(loss=loss)
    assert losses.loss_of(models.snapshot(model)) == expected


def test_loss_of_a_model_without_one() -> None:
    """A model that was not compiled, or has a loss for each of two outputs, has none to name."""
    assert losses.loss_of(models.snapshot(sequential((4,), layers.Dense(3)))) == ("", False)
    two = functional((4,), lambda x: [layers.Dense(3)(x), layers.Dense(3)(x)])
    two.compile(loss=["mse", "mae"])
    assert losses.loss_of(models.snapshot(two)) == ("", False)


# --- keras_sees_logits ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "more", "expected"),
    [
        ("softmax", [], True),
        ("sigmoid", [], True),
        (None, [layers.Softmax()], True),
        (None, [ops.sigmoid], True),
        (None, [], False),
        ("tanh", [], False),
        ("softmax", [layers.Rescaling(1.0)], False),
        ("sigmoid", [lambda y: y * 1.0], False),
    ],
    ids=[
        "softmax", "sigmoid", "Softmax layer", "ops.sigmoid", "linear", "tanh",
        "scaled softmax", "scaled sigmoid",
    ],
)  # fmt: skip
def test_keras_sees_logits(activation: str | None, more: list[Any], expected: bool) -> None:
    """Keras finds the logits behind softmax and sigmoid, unless something is computed after."""
    snapshot = dense(3, activation, SPARSE, *more)
    assert losses.keras_sees_logits(snapshot.model, X) is expected


def test_keras_sees_logits_as_fit_does() -> None:
    """Where it says that Keras sees them, Keras's own loss is the right one."""
    y = np.arange(200) % 3
    for more, seen in (([], True), ([layers.Rescaling(1.0)], False)):
        snapshot = dense(3, "softmax", SPARSE_LOGITS, *more)
        right = outputs.Scores(snapshot.model, (X, y)).loss
        model = snapshot.model
        model.compile(loss=SPARSE_LOGITS)
        found = model.evaluate(X, y, batch_size=200, verbose=0)
        assert (abs(found - right) < 1e-3) is seen
        assert losses.keras_sees_logits(snapshot.model, X) is seen


# --- several classes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "loss", "more", "expected"),
    [
        ("softmax", SPARSE, [], "probabilities"),
        ("softmax", "categorical_crossentropy", [], "probabilities"),
        ("softmax", SPARSE_LOGITS, [], "probabilities"),
        ("softmax", "mse", [], "probabilities"),
        ("softmax", SPARSE, [layers.Rescaling(1.0)], "probabilities"),
        (None, SPARSE_LOGITS, [], "logits"),
        (None, SPARSE, [layers.Softmax()], "probabilities"),
        ("softmax", SPARSE, [layers.Dense(3, activation="softmax")], "probabilities"),
        ("sigmoid", BINARY, [], "scores"),
        ("tanh", "mse", [], "logits"),
    ],
    ids=[
        "softmax", "one-hot labels", "softmax and from_logits", "squared error", "scaled softmax",
        "logits", "Softmax layer", "softmax further in", "sigmoid with binary loss",
        "tanh with squared error",
    ],
)  # fmt: skip
def test_classifier_outputs_that_are_right(
    activation: str | None, loss: Any, more: list[Any], expected: str
) -> None:
    """What matches its loss passes, and is named."""
    assert losses.check_classifier_output(dense(3, activation, loss, *more), X, 3) == expected


@pytest.mark.parametrize(
    ("activation", "loss", "more", "words"),
    [
        ("relu", SPARSE, [], "Found ReLU on the output layer"),
        (None, SPARSE_LOGITS, [layers.ReLU()], "Found ReLU on the output layer"),
        ("relu6", SPARSE, [], "Found outputs that are never below zero"),
        (None, SPARSE_LOGITS, [ops.square], "Found outputs that are never below zero"),
        (
            "sigmoid",
            SPARSE,
            [],
            f"Found sigmoid on the output layer with the loss {SPARSE}. Sigmoid scores each",
        ),
        (
            None,
            SPARSE,
            [],
            r"Found logits \(a last layer without softmax\) with "
            rf"{SPARSE}\(from_logits=False\).*Add softmax",
        ),
        (None, "categorical_crossentropy", [], "logits .* with categorical_crossentropy"),
        (None, "categorical_focal_crossentropy", [], "with categorical_focal_crossentropy"),
        ("tanh", SPARSE, [], r"Found logits \(a last layer with tanh\)"),
        (
            "softmax",
            SPARSE_LOGITS,
            [layers.Rescaling(1.0)],
            rf"Found probabilities with {SPARSE}\(from_logits=True\), which applies softmax once",
        ),
        ("tanh", SPARSE_LOGITS, [], "Found tanh on the output layer.*it bends the score"),
        ("elu", SPARSE_LOGITS, [], "Found elu on the output layer"),
        ("softmax", SPARSE, [layers.Softmax()], "Found a softmax of a softmax"),
        ("softmax", SPARSE, [layers.Reshape((3,)), ops.softmax], "Found a softmax of a softmax"),
        ("softmax", SPARSE, [layers.Activation("softmax")], "Found a softmax of a softmax"),
    ],
    ids=[
        "ReLU", "ReLU layer", "ReLU6", "square", "sigmoid", "logits", "logits with one-hot labels",
        "logits with focal loss", "tanh as logits", "softmax twice", "tanh", "elu",
        "Softmax layer too", "ops.softmax too", "Activation too",
    ],
)  # fmt: skip
def test_classifier_outputs_that_are_wrong(
    activation: str | None, loss: Any, more: list[Any], words: str
) -> None:
    """Each mistake has words of its own."""
    with pytest.raises(checking.CheckFailed, match=words):
        losses.check_classifier_output(dense(3, activation, loss, *more), X, 3)


def test_classifier_of_another_loss() -> None:
    """Sigmoid with a loss that the grader does not know is named as such."""
    snapshot = models.snapshot(sequential((4,), layers.Dense(3, activation="sigmoid")))
    with pytest.raises(checking.CheckFailed, match=r"sigmoid .* with the loss of your own"):
        losses.check_classifier_output(snapshot, X, 3)


def test_classifier_of_another_shape() -> None:
    """The number of units, and a model without Flatten."""
    with pytest.raises(
        checking.CheckFailed, match=r"shape \(batch, 5\).*Found the shape \(batch, 3\)"
    ):
        losses.check_classifier_output(dense(3, "softmax", SPARSE), X, 5)
    model = sequential((2, 2), layers.Dense(3, activation="softmax"), loss=SPARSE)
    with pytest.raises(checking.CheckFailed, match=r"Found the shape \(batch, 2, 3\)"):
        losses.check_classifier_output(models.snapshot(model), X.reshape(-1, 2, 2), 3)


# --- one unit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "loss", "more", "expected"),
    [
        ("sigmoid", BINARY, [], "scores"),
        ("sigmoid", BINARY_LOGITS, [], "scores"),
        ("sigmoid", "mse", [], "scores"),
        ("sigmoid", BINARY, [layers.Rescaling(1.0)], "scores"),
        (None, BINARY_LOGITS, [], "logits"),
        (None, BINARY, [ops.sigmoid], "scores"),
        (None, "hinge", [], "logits"),
        ("tanh", "squared_hinge", [], "logits"),
    ],
    ids=[
        "sigmoid", "sigmoid and from_logits", "Brier's score", "scaled sigmoid", "logit",
        "ops.sigmoid", "hinge", "tanh with hinge",
    ],
)  # fmt: skip
def test_binary_outputs_that_are_right(
    activation: str | None, loss: Any, more: list[Any], expected: str
) -> None:
    """What matches its loss passes, and is named."""
    assert losses.check_binary_output(dense(1, activation, loss, *more), X) == expected


@pytest.mark.parametrize(
    ("activation", "loss", "more", "words"),
    [
        ("softmax", BINARY, [], "Found softmax on a single unit, which is 1 whatever comes in"),
        ("relu", BINARY, [], "Found ReLU on the output layer"),
        ("relu6", BINARY, [], "Found ReLU on the output layer"),
        (None, BINARY, [ops.square], "Found a value never below zero on the output layer"),
        ("sigmoid", SPARSE, [], f"Found {SPARSE}, which compares several classes"),
        (None, "categorical_hinge", [], "Found categorical_hinge, which compares several"),
        ("sigmoid", keras.losses.KLDivergence(), [], "Found kl_divergence, which compares"),
        ("tanh", BINARY_LOGITS, [], "Found tanh on the output layer.*sigmoid gives values from 0"),
        ("softplus", "mse", [], "Found softplus on the output layer"),
        (
            None,
            BINARY,
            [],
            rf"Found logits \(a last layer without sigmoid\) with {BINARY}\(from_logits=False\)"
            ".*Add sigmoid",
        ),
        (
            "sigmoid",
            BINARY_LOGITS,
            [layers.Rescaling(1.0)],
            rf"Found probabilities with {BINARY}\(from_logits=True\), which applies sigmoid once",
        ),
        (None, "mse", [], "Found a linear output with mean_squared_error, as for a number"),
        (None, "huber", [], "Found a linear output with huber"),
    ],
    ids=[
        "softmax", "ReLU", "ReLU6", "square", "sparse loss", "categorical hinge", "divergence",
        "tanh", "softplus", "logit", "sigmoid twice", "squared error", "Huber's loss",
    ],
)  # fmt: skip
def test_binary_outputs_that_are_wrong(
    activation: str | None, loss: Any, more: list[Any], words: str
) -> None:
    """Each mistake has words of its own."""
    with pytest.raises(checking.CheckFailed, match=words):
        losses.check_binary_output(dense(1, activation, loss, *more), X)


def test_outputs_that_are_not_finite() -> None:
    """NaN from a fresh model is told before anything else."""
    broken = dense(1, "sigmoid", BINARY)
    broken.model.set_weights([np.full((4, 1), np.nan), np.zeros(1)])
    with pytest.raises(checking.CheckFailed, match="Found NaN or infinity"):
        losses.check_binary_output(broken, X)
    with pytest.raises(checking.CheckFailed, match="Found NaN or infinity"):
        losses.check_classifier_output(broken, X, 1)
