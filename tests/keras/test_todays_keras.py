"""What messages, hints, references and the marking scheme tell of Keras is so in this Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

layers = keras.layers
X = np.random.default_rng(0).random((32, 4), dtype="float32")
Y = np.random.default_rng(1).random((32, 1), dtype="float32")


def model(trainable: bool, optimizer: Any = "sgd") -> Any:
    """Returns a compiled model whose first layer is frozen or not."""
    made = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, trainable=trainable), layers.Dense(1)]
    )
    made.compile(optimizer, "mse")
    return made


def first_moves(made: Any, change: Callable[[Any], None]) -> bool:
    """Returns whether a fit after a change moves the weights of the first layer."""
    change(made)
    before = made.layers[0].get_weights()
    made.fit(X, Y, verbose=0)
    return not np.array_equal(before[0], made.layers[0].get_weights()[0])


@pytest.mark.parametrize("trainable", [True, False])
def test_what_is_trained_is_settled_by_the_first_fit(trainable: bool) -> None:
    """A change of `trainable` after compile counts before the first fit, and no more after it."""

    def change(made: Any) -> None:
        made.layers[0].trainable = not trainable

    def fitted(made: Any) -> None:
        made.fit(X, Y, verbose=0)
        change(made)

    def compiled_again(made: Any) -> None:
        fitted(made)
        made.compile("sgd", "mse")

    assert first_moves(model(trainable), change) is not trainable
    assert first_moves(model(trainable), fitted) is trainable
    assert first_moves(model(trainable), compiled_again) is not trainable


def test_an_optimizer_belongs_to_one_model() -> None:
    """The second model of one instance is refused; one made from its config is not."""
    optimizer = keras.optimizers.Adam(0.02)
    model(True, optimizer).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="recreate a new optimizer instance"):
        model(True, optimizer).fit(X, Y, verbose=0)
    again = optimizer.from_config(optimizer.get_config())
    model(True, again).fit(X, Y, verbose=0)
    assert float(np.asarray(again.learning_rate)) == pytest.approx(0.02)


def test_clear_session_leaves_models_and_resets_settings() -> None:
    """A model that is there goes on; the global dtype policy is the default one again."""
    made = model(True)
    made.fit(X, Y, verbose=0)
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.utils.clear_session(free_memory=False)
        assert keras.config.dtype_policy().name == "float32"
    finally:
        keras.config.set_dtype_policy("float32")
    assert first_moves(made, lambda _: None)
    assert layers.Dense(1).name == "dense"


def test_metrics_in_the_third_place_are_loss_weights() -> None:
    """Keras says nothing of metrics: graders.judge.compiling does."""
    made = model(True)
    made.compile("sgd", "mse", ["accuracy"])
    with pytest.raises(ValueError, match="dtype='string' is not a valid dtype"):
        made.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="loss_weights"):
        made.compile("sgd", "mse", "accuracy")


class Plain(layers.Layer):
    """A layer without a get_config of its own."""

    def __init__(self, units: int, activation: Any = None, **options: Any):
        super().__init__(**options)
        self.units = units


def test_keras_makes_a_config_of_plain_arguments_alone() -> None:
    """A get_config is missed where an argument is no plain value."""
    assert Plain(3, "relu").get_config()["activation"] == "relu"
    with pytest.raises(NotImplementedError, match="must override `get_config"):
        Plain(3, keras.activations.relu).get_config()


def test_the_best_epoch_comes_back_without_an_early_stop() -> None:
    """EarlyStopping with the patience of all epochs ends nothing, and restores the best weights."""
    noted: list[Any] = []
    best = keras.callbacks.EarlyStopping("loss", patience=4, restore_best_weights=True, mode="max")
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: noted.append(made.get_weights())
    )
    made = model(True)
    history = made.fit(X, Y, epochs=4, verbose=0, callbacks=[note, best]).history["loss"]
    assert len(history) == 4
    assert int(np.argmax(history)) == 0
    assert all(map(np.array_equal, made.get_weights(), noted[0]))
