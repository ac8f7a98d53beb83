"""What `doctor` sees of training steps: which weights move, and in which mode layers run."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from graders.sandbox.scripts.steps import OF_TRAINING, Steps

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X[:, :1]


class Own(keras.Model):
    """Trains with a step of its own: `apply` tells whether it moves weights, `mode` in which it runs."""

    apply, mode = True, True

    def train_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(x, training=self.mode) - y) ** 2)
        if self.apply:
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def built(kind: type = keras.Model, *more: Any) -> Any:
    """Returns a compiled model with a Dropout."""
    inputs = keras.Input((4,))
    hidden = layers.Dropout(0.5)(layers.Dense(8, activation="relu")(inputs))
    model = kind(inputs, layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    return model


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """What watches; the layers are put back afterwards."""
    for name in OF_TRAINING:
        kind = getattr(keras.layers, name)
        monkeypatch.setattr(kind, "call", kind.call)
    found = Steps(__file__)
    found.install()
    return found


def fit(steps: Steps, model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains for two epochs, and returns what was told before and after."""
    before = steps.begins(model)
    steps.first_step(model)
    model.fit(X, Y, epochs=2, verbose=0)
    return before, steps.ends(model)


def test_an_ordinary_training_moves_weights_in_training_mode(steps: Steps) -> None:
    """There is no step of its own, and nothing is stale."""
    before, after = fit(steps, built())
    assert before == {"own_step": 0, "stale": []}
    assert after == {"moved": True, "inactive": []}


def test_a_step_of_its_own_may_do_less(steps: Steps) -> None:
    """Without `apply_gradients` nothing moves; without training=True, Dropout drops nothing."""
    model = built(Own)
    model.apply = False
    before, after = fit(steps, model)
    assert before["own_step"] > 0 and after["moved"] is False
    other = built(Own)
    other.mode = None
    name = other.layers[2].name
    assert fit(steps, other)[1] == {"moved": True, "inactive": [name]}


def test_what_is_unfrozen_after_a_training_needs_a_compile(steps: Steps) -> None:
    """Keras goes on with the function that it made for the weights of then."""
    model = built()
    model.layers[1].trainable = False
    model.compile("adam", "mse")
    steps.compiled(model)
    assert fit(steps, model)[0]["stale"] == []
    model.layers[1].trainable = True
    assert len(steps.begins(model)["stale"]) == 2
    model.compile("adam", "mse")
    steps.compiled(model)
    assert steps.begins(model)["stale"] == []
