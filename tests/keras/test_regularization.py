"""Dropout and penalties of a model: where they stand, and whether they are at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from graders.toolkit import graph
from graders.toolkit import regularization as reg
from graders.toolkit.outputs import varies
from tests.keras.models import functional, sequential

layers, regularizers = keras.layers, keras.regularizers
X = np.random.default_rng(0).random((16, 6), dtype="float32")


def _kinds(model: Any, question: Callable[[graph.Node], bool]) -> list[str]:
    return [node.kind for node in graph.nodes(model) if question(node)]


def test_dropout_layers_are_told_from_other_noise() -> None:
    """GaussianDropout is dropout; GaussianNoise and augmentation are random for other reasons."""
    model = sequential(
        (8, 8, 3),
        layers.RandomFlip(),
        layers.SpatialDropout2D(0.2),
        layers.GaussianDropout(0.3),
        layers.GaussianNoise(0.1),
        layers.BatchNormalization(),
    )
    assert _kinds(model, reg.is_dropout) == ["SpatialDropout2D", "GaussianDropout"]
    assert _kinds(model, reg.is_other_noise) == ["RandomFlip", "GaussianNoise"]
    rates = [reg.rate(node) for node in graph.nodes(model)]
    assert rates == pytest.approx([0, 0, 0.2, 0.3, 0, 0])


@pytest.mark.parametrize("on", [0, 1])
def test_only_these_stay_on(on: int) -> None:
    """All other dropout is off meanwhile, and has its rate again, even after an error."""
    model = sequential((6,), layers.Dropout(0.4), layers.Dense(4), layers.AlphaDropout(0.2))
    found = graph.nodes(model)
    dropouts = [node for node in found if reg.is_dropout(node)]
    with pytest.raises(RuntimeError), reg.only_these(found, [dropouts[on]]):
        expected = [[0.4, 0.0], [0.0, 0.2]][on]
        assert [reg.rate(node) for node in dropouts] == pytest.approx(expected)
        raise RuntimeError
    assert [reg.rate(node) for node in dropouts] == pytest.approx([0.4, 0.2])


def test_a_layer_called_twice_has_its_rate_again() -> None:
    """Its rate is kept before it is switched off for either call."""

    def twice(x: Any) -> Any:
        shared = layers.Dropout(0.4)
        return layers.Dense(3)(shared(layers.Dense(4)(shared(x))))

    found = graph.nodes(functional((6,), twice))
    with reg.only_these(found, []):
        assert {reg.rate(node) for node in found} == {0.0}
    assert [reg.rate(node) for node in found if reg.is_dropout(node)] == pytest.approx([0.4] * 2)


SKELETONS: dict[str, tuple[list[Any], list[str]]] = {
    "argument": ([layers.Dense(4, activation="relu")], ["Dense(6x4)", "relu"]),
    "layer": ([layers.Dense(4), layers.ReLU()], ["Dense(6x4)", "relu"]),
    "by name": ([layers.Dense(4), layers.Activation("relu")], ["Dense(6x4)", "relu"]),
    "linear": ([layers.Dense(4), layers.Activation("linear")], ["Dense(6x4)"]),
    "underscores": ([layers.Dense(4, activation="leaky_relu")], ["Dense(6x4)", "leakyrelu"]),
    "dropout": ([layers.Dropout(0.5), layers.Dense(4), layers.Dropout(0.5)], ["Dense(6x4)"]),
    "penalties": (
        [layers.Dense(4, kernel_regularizer="l2"), layers.ActivityRegularization(0.1)],
        ["Dense(6x4)"],
    ),
    "without kernels": ([layers.Reshape((3, 2))], ["Reshape(3, 2)"]),
    "several kernels": (
        [layers.Reshape((3, 2)), layers.LSTM(4)],
        ["Reshape(3, 2)", "LSTM(2x16 + 4x16)", "tanh"],
    ),
}


@pytest.mark.parametrize("name", SKELETONS)
def test_what_is_left_without_regularization(name: str) -> None:
    """Kinds, sizes and activations stay, however an activation is written."""
    stack, expected = SKELETONS[name]
    assert reg.skeleton(graph.nodes(sequential((6,), *stack))) == expected


def test_open_sizes_have_a_skeleton() -> None:
    """A size that the model leaves open is described as such."""
    model = sequential((None, None, 3), layers.MaxPooling2D(), layers.Conv2D(4, 3))
    assert reg.skeleton(graph.nodes(model)) == ["MaxPooling2D(None, None, 3)", "Conv2D(3x3x3x4)"]


def test_regularizers_are_listed_with_their_arguments() -> None:
    """Those of a nested model, too; what is on a kernel and has squares is known."""
    inner = sequential((6,), layers.Dense(4, kernel_regularizer=regularizers.L1(0.1)))
    model = sequential(
        (6,),
        inner,
        layers.Dense(
            3, bias_regularizer=regularizers.L1L2(0.1, 0.2), activity_regularizer=regularizers.L2()
        ),
        layers.Reshape((3, 1)),
        layers.LSTM(2, recurrent_regularizer=regularizers.L2(0.5)),
    )
    found = {(r.argument, r.kind, r.on_kernel, round(r.l2, 3)) for r in reg.regularizers(model)}
    # A recurrent layer's cell has the regularizer as well.
    assert found == {
        ("kernel_regularizer", "L1", True, 0.0),
        ("bias_regularizer", "L1L2", False, 0.2),
        ("activity_regularizer", "L2", False, 0.01),
        ("recurrent_regularizer", "L2", True, 0.5),
    }


PENALTIES: dict[str, tuple[Any, float]] = {
    "none": (layers.Dense(1), 0.0),
    "l2": (layers.Dense(1, kernel_regularizer=regularizers.L2(0.5)), 0.5 * 24),
    "l1": (layers.Dense(1, kernel_regularizer=regularizers.L1(0.5)), 0.0),
    "l1 and l2": (layers.Dense(1, kernel_regularizer=regularizers.L1L2(0.5, 0.25)), 0.25 * 24),
    "bias": (layers.Dense(1, bias_regularizer=regularizers.L2(0.5)), 0.0),
    "frozen": (layers.Dense(1, kernel_regularizer="l2", trainable=False), 0.0),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_the_quadratic_part_of_a_penalty(name: str) -> None:
    """It is what L2 adds for the kernels that learn; the model keeps its weights."""
    layer, expected = PENALTIES[name]
    model = sequential((6,), layer)
    weights = [np.full((6, 1), 2.0), np.ones(1)]
    model.set_weights(weights)
    assert reg.quadratic_penalty(model, X) == pytest.approx(expected, abs=1e-6)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


def test_a_penalty_on_activities_is_there_after_a_call() -> None:
    """The penalty is what the loss would have for these inputs."""
    model = sequential((6,), layers.Dense(1, activity_regularizer=regularizers.L2(1.0)))
    model.set_weights([np.zeros((6, 1)), np.full(1, 3.0)])
    assert reg.penalty(model, X) == pytest.approx(9.0)


def test_outputs_vary_where_dropout_is_at_work() -> None:
    """In training only; BatchNormalization does not make them vary, and keeps its averages."""
    plain = sequential((6,), layers.Dense(8), layers.BatchNormalization())
    dropped = sequential((6,), layers.Dense(8), layers.Dropout(0.5))
    before = plain.get_weights()
    assert not varies(plain, X, training=True)
    for old, new in zip(before, plain.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert varies(dropped, X, training=True)
    assert not varies(dropped, X, training=False)
    assert not varies(dropped, X, training=True, least=1e3)
