"""Softmax regression in NumPy: starting weights, steps of gradient descent, and the accuracy.

The model is `softmax(x @ kernel + bias)`, with the cross-entropy as its loss: small enough for the
grader to repeat in double precision what a submission's training did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from graders.toolkit.closed_forms import softmax

Data = tuple[np.ndarray, np.ndarray]


class Weights(NamedTuple):
    """The weights of softmax regression.

    Attributes:
        kernel: Array `(features, classes)`.
        bias: Array `(classes,)`.
    """

    kernel: np.ndarray
    bias: np.ndarray


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1).astype("float64")


def nearest_mean(data: Data, classes: int, scale: float = 1.0) -> Weights:
    """Returns weights that give each example the class whose mean is nearest.

    Args:
        data: Pair `(x, y)`: examples of any shape, and integer labels. The mean of a class without
            examples is the mean of all.
        classes: Integer.
        scale: Float above 0, of the scores: the smaller, the less sure the model is.

    Returns:
        `Weights` in float32.
    """
    x, y = _flat(data[0]), data[1]
    chosen = [x[y == label] for label in range(classes)]
    means = np.stack([(some if len(some) else x).mean(axis=0) for some in chosen])
    # |x - mean|² = |x|² - 2 (x @ mean - |mean|² / 2); what is the same for all classes may go.
    bias = -(means**2).sum(axis=1) / 2
    return Weights(
        (scale * (means - means.mean(axis=0)).T).astype("float32"),
        (scale * (bias - bias.mean())).astype("float32"),
    )


def accuracy(weights: Weights, data: Data) -> float:
    """Returns the share of examples that get their own label.

    Args:
        weights: `Weights`.
        data: Pair `(x, y)`.
    """
    x, y = data
    with np.errstate(all="ignore"):  # a training that diverged leaves infinities
        scores = _flat(x) @ weights.kernel.astype("float64") + weights.bias
    return float((scores.argmax(axis=1) == y).mean())


def accuracy_curve(states: Iterable[Weights], data: Data) -> list[float]:
    """Returns the accuracy of a model at several moments, after each epoch, say.

    Args:
        states: Iterable of `Weights`.
        data: Pair `(x, y)`.

    Returns:
        List of floats.
    """
    return [accuracy(weights, data) for weights in states]


def step(weights: Weights, batch: Data, rate: float) -> Weights:
    """Takes one step of plain gradient descent on the mean cross-entropy of a batch.

    Args:
        weights: `Weights` before it.
        batch: Pair `(x, y)`.
        rate: Float, the learning rate.

    Returns:
        `Weights` after it.
    """
    x, y = _flat(batch[0]), batch[1]
    slope = (softmax(x @ weights.kernel + weights.bias) - np.eye(len(weights.bias))[y]) / len(x)
    return Weights(weights.kernel - rate * (x.T @ slope), weights.bias - rate * slope.sum(axis=0))


def train(
    weights: Weights, data: Data, batches: Iterable[np.ndarray], rate: float
) -> Iterator[Weights]:
    """Takes a step for each batch, in double precision.

    Args:
        weights: `Weights` at the start.
        data: Pair `(x, y)`, all of the training data.
        batches: Iterable of integer arrays: which examples are in a batch.
        rate: Float, the learning rate.

    Yields:
        `Weights` after each step.
    """
    x, y = data
    for chosen in batches:
        weights = step(weights, (x[chosen], y[chosen]), rate)
        yield weights
