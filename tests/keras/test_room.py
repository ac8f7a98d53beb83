"""How much memory a rebuilt model takes: counted from its shapes, and bounded when it runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from graders.rebuilt import room
from graders.rebuilt.allowlist import NotRebuilt
from graders.rebuilt.rebuild import rebuild
from graders.toolkit import outputs, perturbations, training
from tests.fuzzing import growth
from tests.keras import models

BESIDE, MEGABYTE = room.BESIDE, 2**20


def chain(shape: tuple[int | None, ...], *stack: Any) -> Any:
    """Returns a Functional model of layers, one after the other."""
    x = given = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(given, x)


def inner() -> Any:
    """Returns a model that makes 40 numbers of 4, and of these one."""
    return keras.Sequential([keras.Input((4,)), layers.Dense(40), layers.Dense(1)])


CASES: dict[str, tuple[Callable[[], Any], int]] = {
    "two layers": (lambda: chain((4,), layers.Dense(10), layers.Dense(20)), 30 + BESIDE * 20),
    "a nested model": (lambda: chain((4,), layers.Dense(4), inner()), 45 + BESIDE * 40),
    "a Sequential": (inner, 41 + BESIDE * 40),
    "examples hidden in one axis": (
        lambda: chain((6,), lambda x: ops.reshape(x, (-1, 1)), ops.relu, ops.tanh),
        18 + BESIDE * 6,
    ),
    "a size left open": (lambda: chain((None, 2), layers.Dense(3)), 30 + BESIDE * 30),
    "attention": (
        lambda: chain((10, 2), lambda x: layers.MultiHeadAttention(3, 4)(x, x)),
        20 + 2 * 3 * (100 + 2 * 4 * 20),
    ),
    "a model for each step": (
        lambda: chain((10, 4), layers.TimeDistributed(inner())),
        10 + 410 + BESIDE * 400,
    ),
    "a separable convolution": (
        lambda: chain((5, 5, 2), layers.SeparableConv2D(1, 1, depth_multiplier=50)),
        25 + 25 * 2 * 50,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_counted_from_shapes(name: str) -> None:
    """Each layer's output stays; the largest is there a few times, or what is made on its way."""
    build, expected = CASES[name]
    model = build()
    assert room.numbers(model, [(10, 2)], 1) == expected


def test_numbers_may_grow_with_the_square_of_the_batch() -> None:
    """Products of examples with each other are counted as they are."""
    x = keras.Input((8,))
    model = keras.Model(x, ops.matmul(x, ops.transpose(x)))
    assert room.numbers(model, None, 100) == 800 + 100**2 * (1 + BESIDE)


def one_large_picture() -> Any:
    """A picture made large: 1.2 million numbers for each example, and a few weights."""
    stack = (layers.UpSampling2D(10), layers.GlobalMaxPooling2D(), layers.Dense(3))
    return chain((64, 64, 3), *stack)


def long_attention() -> Any:
    """Attention over 1000 steps: 2 million scores for each example."""
    given = keras.Input((1000, 2))
    y = layers.MultiHeadAttention(1, 2)(given, given)
    return keras.Model(given, layers.Dense(3)(layers.GlobalAveragePooling1D()(y)))


@pytest.mark.parametrize("build", [one_large_picture, long_attention])
def test_memory_is_bounded(build: Callable[[], Any]) -> None:
    """A model that is allowed takes less than 300 MB for 250 examples, with gradients too."""
    model = build()
    room.check_room(model)
    x = np.ones((250, *model.inputs[0].shape[1:]), "float32")
    outputs.predict(model, x[:1])
    with growth() as grown:
        outputs.predict(model, x)
    assert grown[0] < 300 * MEGABYTE
    snapshot = models.snapshot(model)
    with growth() as grown:
        training.dead_weights(snapshot, (x[:100], np.zeros(100)), "logits")
    assert grown[0] < 400 * MEGABYTE


def test_many_small_layers_take_no_more() -> None:
    """Keras keeps what every layer gives until the model has run: few examples come at once."""
    model = chain((64, 64, 4), *[layers.ReLU() for _ in range(480)], layers.GlobalMaxPooling2D())
    room.check_room(model)
    x = np.ones((100, 64, 64, 4), "float32")
    with growth() as grown:
        outputs.predict(model, x)
    assert grown[0] < 300 * MEGABYTE


def test_gradients_of_a_long_sequence_are_bounded() -> None:
    """Each step of a recurrent layer keeps its gates: few sequences come at once."""
    model = chain((400, 2), layers.LSTM(64), layers.Dense(1))
    x = np.random.default_rng(0).normal(size=(600, 400, 2)).astype("float32")
    assert 1 < outputs.at_once(model, x, 600, gradients=True) < 300
    assert outputs.at_once(model, x, 600) == 600
    with growth() as grown:
        reached = perturbations.steps_that_matter(model, x[:200], np.random.default_rng(0))
    assert reached.all()
    assert grown[0] < 500 * MEGABYTE


def test_what_makes_far_too_much_is_refused() -> None:
    """Nothing of it runs; the number and the limit are named."""
    with pytest.raises(NotRebuilt, match=r"about 30,000,000 numbers for each example"):
        room.check_room(
            chain((1000, 1000, 1), layers.Rescaling(2), *[layers.ReLU() for _ in range(26)])
        )
    wide = chain((None, 2), layers.Dense(1000))
    room.check_room(wide)
    with pytest.raises(NotRebuilt, match="numbers for each example"):
        outputs.predict(wide, np.zeros((3, 30_000, 2), "float32"))


def test_a_large_right_model_fits_well() -> None:
    """VGG16 fits, on pictures that are enlarged to the size that it was made for too."""
    vgg16 = keras.applications.VGG16(include_top=False, weights=None)
    room.check_room(chain((32, 32, 3), layers.Resizing(224, 224), vgg16))
    assert outputs.at_once(vgg16, np.zeros((200, 32, 32, 3)), 250) > 50


def test_no_random_weights_are_made_for_a_model_that_brings_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They would take three times the memory of the weights, which replace them at once."""
    model = chain((4,), layers.Dense(3), layers.BatchNormalization(), layers.Dense(2))
    config = json.dumps(keras.saving.serialize_keras_object(model))
    weights = model.get_weights()

    def drawn(*_: Any, **__: Any) -> Any:
        raise AssertionError("random weights")

    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", drawn)
    again = rebuild(config, weights)
    for found, expected in zip(again.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert isinstance(again.layers[1].kernel_initializer, keras.initializers.GlorotUniform)
