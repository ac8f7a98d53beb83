"""A softmax over one unit hides nothing of what comes before it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from graders.toolkit.perturbations import (
    reaches_output,
    same_output,
    steps_that_matter,
    without_constant_end,
)
from tests.keras.models import functional, layers, snapshot

X = np.random.default_rng(0).normal(size=(8, 6, 2)).astype("float32")
ENDS: dict[str, Any] = {
    "argument": lambda x: layers.Dense(1, activation="softmax")(x),
    "Activation": lambda x: layers.Activation("softmax")(layers.Dense(1)(x)),
    "Softmax": lambda x: layers.Softmax()(layers.Dense(1)(x)),
    "operation": lambda x: keras.ops.softmax(layers.Dense(1)(x)),
}


def rebuilt(end: Any) -> Any:
    """Returns an LSTM with an end, as the grader rebuilds it."""
    model = functional((6, 2), lambda x: end(layers.LSTM(3, name="memory")(x)))
    model.compile("sgd", "binary_crossentropy")
    return snapshot(model).model


@pytest.mark.parametrize("name", ENDS)
def test_what_comes_before_is_seen(name: str) -> None:
    """The LSTM, its steps and their order reach the output, except for the softmax."""
    model, rng = rebuilt(ENDS[name]), np.random.default_rng(0)
    [memory] = [layer for layer in model.layers if isinstance(layer, layers.LSTM)]
    assert not reaches_output(model, memory, X, rng)
    with without_constant_end(model):
        assert reaches_output(model, memory, X, rng)
        assert steps_that_matter(model, X, rng).all()
        assert not same_output(model, X, X[:, ::-1], rng)
    assert np.asarray(model(X)) == pytest.approx(1.0)


def test_other_ends_stay() -> None:
    """Sigmoid on one unit, and softmax on several, are no constants."""
    for units, activation in ((1, "sigmoid"), (2, "softmax")):
        model = rebuilt(layers.Dense(units, activation=activation))
        before = np.asarray(model(X))
        with without_constant_end(model):
            assert np.array_equal(np.asarray(model(X)), before)
