"""Configs of models, changed at random: they are rebuilt, or refused in a student's words.

    KERAS_KIT_FUZZ=500 python -m pytest tests/keras/test_fuzzed_configs.py

changes 500 configs; without the variable a few.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.boundary import challenge
from graders.checking import CheckFailed
from graders.rebuilt.rebuild import rebuild
from graders.toolkit import graph
from tests.fuzzing import growth, search
from tests.hostile import mutants

layers = keras.layers


def _image_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(2.0),
            layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.2, seed=3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def _sequence_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.RNN(layers.LSTMCell(4)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def _two_inputs() -> keras.Model:
    image, context = keras.Input((6, 6, 1), name="image"), keras.Input((4,), name="context")
    x = layers.Flatten()(layers.Conv2D(2, 3)(image))
    y = layers.Dense(3)(context) * 2.0
    outputs = layers.Dense(2)(keras.ops.concatenate([x, keras.ops.relu(y)], axis=-1))
    return keras.Model({"image": image, "context": context}, outputs)


MODELS = [made() for made in (_image_model, _sequence_model, _two_inputs)]
TREES = [json.loads(json.dumps(keras.saving.serialize_keras_object(made))) for made in MODELS]
WEIGHTS = [made.get_weights() for made in MODELS]


@pytest.fixture(scope="module", autouse=True)
def memory() -> Iterator[None]:
    """All configs together take less than the 500 MB that a judge may."""
    with growth() as grown:
        yield
    assert grown[0] < 500 * 2**20


@pytest.mark.parametrize("number", range(len(TREES)))
def test_the_right_configs_are_rebuilt(number: int) -> None:
    """What is changed below is right before."""
    assert len(rebuild(json.dumps(TREES[number]), WEIGHTS[number]).weights) == len(WEIGHTS[number])


@search(60)
@given(st.data())
def test_changed_configs_are_rebuilt_or_refused(drawn: st.DataObject) -> None:
    """Nothing else is raised, and a model that comes of it can be asked and looked at."""
    number = drawn.draw(st.integers(0, len(TREES) - 1))
    tree = drawn.draw(mutants(TREES[number]))
    config = json.dumps(tree, default=lambda value: np.asarray(value).tolist())
    began = time.monotonic()
    try:
        model: Any = rebuild(config, WEIGHTS[number])
    except CheckFailed:
        pass
    else:
        challenge.ask(model, 1)
        graph.nodes(model)
    assert time.monotonic() - began < 30
