"""What of the inputs a model reads, which weights nobody trained, and which get no gradient."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from graders.diagnosis import reached
from graders.diagnosis.facts import Unread
from graders.sandbox.scripts import held
from graders.sandbox.scripts.unreached import Unreached

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(64, 6)).astype("float32"), RNG.normal(size=(64, 4)).astype("float32")
WORDS = RNG.integers(0, 10, (64, 4)).astype("float32")
layers = keras.layers


def two(read: bool) -> keras.Model:
    """Returns a model of two inputs, whose second one leads nowhere if it is not read."""
    a, b = keras.Input((6,), name="a"), keras.Input((4,), name="b")
    h, g = layers.Dense(8, activation="relu")(a), layers.Dense(8, activation="relu")(b)
    joined = layers.Concatenate()([h, g if read else h])
    return keras.Model([a, b], layers.Dense(2)(joined))


def cut(*parts: slice, words: bool = False) -> keras.Model:
    """Returns a model that reads parts of the columns of its input."""
    a = keras.Input((6,))
    read = [layers.Dense(8, activation="relu")(a[:, part]) for part in parts]
    if words:
        read.append(layers.Flatten()(layers.Embedding(10, 3)(a[:, 5:6])))
    return keras.Model(a, layers.Dense(2)(layers.Concatenate()(read)))


def test_an_input_that_leads_nowhere_is_seen() -> None:
    """Under its own name, or its place."""
    assert reached.unread(two(False), [A, B], None) == (Unread("x1"),)
    assert reached.unread(two(False), {"a": A, "b": B}, None) == (Unread("b"),)
    assert reached.unread(two(True), [A, B], None) == ()


def test_an_input_that_is_multiplied_by_nothing_is_not_sure() -> None:
    """There is a way to the output; nothing comes along."""
    a, b = keras.Input((6,), name="a"), keras.Input((4,), name="b")
    nothing = layers.Rescaling(0.0)(b)
    model = keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([a, nothing])))
    assert reached.unread(model, [A, B], None) == (Unread("x1", sure=False),)


def test_columns_between_two_parts_are_seen() -> None:
    """Those that no part holds."""
    found = reached.unread(cut(slice(0, 2), slice(4, 6)), A, None)
    assert found == (Unread("x", (2, 3), False),)
    assert reached.unread(cut(slice(0, 3), slice(3, 6)), A, None) == ()


def test_what_is_looked_up_is_read() -> None:
    """An Embedding passes no gradient to the numbers of its words."""
    x = np.concatenate([A[:, :5], WORDS[:, :1]], axis=1)
    assert reached.unread(cut(slice(0, 5), words=True), x, None) == ()


def test_dead_units_and_zeros_do_not_hide_what_is_read() -> None:
    """With other weights, the column has an effect."""
    dead = layers.Dense(8, activation="relu", bias_initializer=keras.initializers.Constant(-99.0))
    a = keras.Input((6,))
    parts = [dead(a[:, :2]), layers.Dense(8, kernel_initializer="zeros")(a[:, 2:4]), a[:, 4:]]
    model = keras.Model(a, layers.Dense(2)(layers.Concatenate()(parts)))
    before = model.get_weights()
    assert reached.unread(model, A, before) == ()
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def test_a_column_that_never_varies_is_not_spoken_of() -> None:
    """There is nothing to be read."""
    x = A.copy()
    x[:, 2:4] = 1.0
    assert reached.unread(cut(slice(0, 2), slice(4, 6)), x, None) == ()


def test_pixels_that_no_window_reaches_are_not_columns() -> None:
    """A convolution with strides leaves the last ones out."""
    pixels = RNG.normal(size=(16, 64)).astype("float32")
    model = keras.Sequential(
        [keras.Input((64,)), layers.Reshape((8, 8, 1)), layers.Conv2D(4, 3, strides=2),
         layers.Flatten(), layers.Dense(2)]
    )  # fmt: skip
    assert reached.unread(model, pixels, None) == ()


def stack(trainable: bool, activation: str = "relu") -> keras.Sequential:
    """Returns a model whose first layer is frozen, or is not."""
    first = layers.Dense(32, activation=activation, trainable=trainable)
    return keras.Sequential([keras.Input((6,)), first, layers.Dense(2)])


def test_frozen_random_weights_are_told_from_trained_ones() -> None:
    """A little training moves them out of their even spread, or the bias away from 0."""
    model = stack(trainable=False)
    assert reached.frozen_at_random(model) == (model.layers[0].name,)
    assert reached.frozen_at_random(stack(trainable=True)) == ()
    trained = stack(trainable=True)
    trained.compile("adam", "mse")
    trained.fit(A, B[:, :2], epochs=2, verbose=0)
    trained.layers[0].trainable = False
    assert reached.frozen_at_random(trained) == ()
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([RNG.normal(0, 0.1, kernel.shape), bias])
    assert reached.frozen_at_random(model) == ()


class Stopped(keras.layers.Layer):
    """A layer that computes with a copy of its weight."""

    def build(self, shape: Any) -> None:
        """Makes the weight."""
        self.w = self.add_weight(shape=(shape[-1], 8))

    def call(self, inputs: Any) -> Any:
        """Multiplies."""
        return keras.ops.matmul(inputs, keras.ops.stop_gradient(self.w))


def test_weights_without_a_gradient_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the model whose optimizer got none; a healthy one has none of them."""
    monkeypatch.setattr(keras.optimizers.Optimizer, "apply", keras.optimizers.Optimizer.apply)
    notes = Unreached()
    notes.install()
    copies = Stopped()
    wrong = keras.Sequential([keras.Input((6,)), copies, layers.Dense(2)])
    for model in (wrong, right := stack(trainable=True)):
        model.compile("adam", "mse")
        model.fit(A, B[:, :2], verbose=0)
    assert notes.of(wrong) == [copies.w.path]
    assert notes.of(right) == []


def test_rows_of_the_training_are_found_in_the_validation_data() -> None:
    """Equal rows count, whatever their type."""
    y = np.arange(64)
    found = held.described({"validation_data": (A[:20].astype("float64"), y[:20])}, A)
    assert found is not None and (found["rows"], found["twins"], found["repeated"]) == (20, 20, 0.0)
    other = held.described({"validation_data": (A[32:], y[32:])}, A[:32])
    assert other is not None and other["twins"] == 0
    both = {"a": A, "b": B}
    swapped = held.described({"validation_data": ({"a": A, "b": B[::-1]}, y)}, both)
    assert swapped is not None and swapped["twins"] == 0
    assert held.described({"validation_data": iter([])}, A) is None
