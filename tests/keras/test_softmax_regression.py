"""Softmax regression in NumPy does what Keras does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from graders.toolkit.softmax_regression import (
    Weights,
    accuracy,
    accuracy_curve,
    nearest_mean,
    step,
    train,
)
from tests.keras.models import layers, sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3, 2)).astype("float32")
Y = RNG.integers(0, 4, 40)
START = Weights(RNG.normal(size=(6, 4)).astype("float32"), RNG.normal(size=4).astype("float32"))


def model(weights: Weights = START, rate: float = 0.1) -> Any:
    """Returns a Keras model of softmax regression with given weights."""
    found = sequential(
        (3, 2),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
        optimizer=keras.optimizers.SGD(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    found.set_weights(list(weights))
    return found


def check_same(found: Weights, wanted: list[np.ndarray]) -> None:
    """Compares weights with those of a Keras model."""
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("count", [1, 7, 40])
def test_a_step_is_that_of_sgd(count: int) -> None:
    """One step on a batch of any size gives the weights that SGD gives."""
    twin = model(rate=0.3)
    twin.train_on_batch(X[:count], Y[:count])
    check_same(step(START, (X[:count], Y[:count]), 0.3), twin.get_weights())


def test_a_training_is_that_of_fit() -> None:
    """Batches one after the other, the smaller last one too, give the weights that fit gives."""
    twin = model()
    twin.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    batches = [np.arange(start, min(start + 16, 40)) for start in (0, 16, 32)] * 3
    states = list(train(START, (X, Y), batches, 0.1))
    assert len(states) == 9
    assert states[-1].kernel.dtype == "float64"
    check_same(states[-1], twin.get_weights())


def test_the_order_of_the_examples_counts() -> None:
    """A batch holds the examples whose places it lists, with their labels."""
    chosen = np.array([5, 31, 5])
    twin = model()
    twin.train_on_batch(X[chosen], Y[chosen])
    [found] = train(START, (X, Y), [chosen], 0.1)
    check_same(found, twin.get_weights())


def test_accuracy_is_that_of_evaluate() -> None:
    """The share of right examples is Keras's metric."""
    assert accuracy(START, (X, Y)) == pytest.approx(
        model().evaluate(X, Y, verbose=0, return_dict=True)["accuracy"]
    )


def test_accuracy_of_weights_that_are_infinite() -> None:
    """A training that diverged has an accuracy, and no warning."""
    weights = Weights(np.full((6, 4), np.inf, "float32"), np.full(4, np.nan, "float32"))
    assert 0 <= accuracy(weights, (X, Y)) <= 1


def test_the_curve_follows_the_states() -> None:
    """Each state has its accuracy, in their order."""
    right = Weights(np.zeros((6, 4)), np.array([0.0, 0, 1, 0]))
    curve = accuracy_curve([START, right], (X, Y))
    assert curve == [accuracy(START, (X, Y)), pytest.approx((Y == 2).mean())]


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_nearest_mean(scale: float) -> None:
    """The class is that of the nearest mean, whatever the scale."""
    flat = X.reshape(40, -1)
    means = np.stack([flat[label == Y].mean(axis=0) for label in range(4)])
    nearest = ((flat[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    kernel, bias = nearest_mean((X, Y), 4, scale)
    assert ((flat @ kernel + bias).argmax(axis=1) == nearest).all()
    assert (kernel.dtype, bias.dtype) == ("float32", "float32")


def test_the_scale_scales_the_scores() -> None:
    """At a tenth of the scale, all weights are a tenth."""
    for small, large in zip(nearest_mean((X, Y), 4, 0.1), nearest_mean((X, Y), 4), strict=True):
        np.testing.assert_allclose(10 * small, large, rtol=1e-5)


def test_a_class_without_examples_has_the_mean_of_all() -> None:
    """A class that does not occur gives finite weights: its mean is that of all examples."""
    kernel, bias = nearest_mean((X, Y), 5)
    means = [X.reshape(40, -1)[label == Y].mean(axis=0) for label in range(4)]
    means.append(X.reshape(40, -1).mean(axis=0))
    np.testing.assert_allclose(kernel[:, 4], means[4] - np.mean(means, axis=0), atol=1e-5)
    assert np.isfinite(bias).all()
