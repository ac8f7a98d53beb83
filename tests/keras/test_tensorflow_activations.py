"""Activations by TensorFlow's functions: rebuilt as Keras's own, wherever one may stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from graders.rebuilt.allowlist import NotRebuilt, activation_of
from graders.rebuilt.rebuild import rebuild
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.outputs import output_kind, predict

layers = keras.layers
X = np.linspace(-2, 2, 60).reshape(5, 12).astype("float32")
# What `tf.nn` and `tf` hold, and the activation of Keras's that is the same.
NAMES = {
    tf.nn.softmax: "softmax",
    tf.nn.log_softmax: "log_softmax",
    tf.math.softmax: "softmax",
    tf.nn.relu: "relu",
    tf.nn.relu6: "relu6",
    tf.nn.leaky_relu: "leaky_relu",
    tf.nn.gelu: "gelu",
    tf.nn.elu: "elu",
    tf.nn.selu: "selu",
    tf.nn.silu: "silu",
    tf.nn.swish: "silu",
    tf.nn.sigmoid: "sigmoid",
    tf.nn.tanh: "tanh",
    tf.nn.softplus: "softplus",
    tf.nn.softsign: "softsign",
    tf.math.log_sigmoid: "log_sigmoid",
    tf.exp: "exponential",
    tf.identity: "linear",
    tf.sigmoid: "sigmoid",
    tf.tanh: "tanh",
}
CASES = [
    pytest.param(function, name, id=f"{name}-{i}")
    for i, (function, name) in enumerate(NAMES.items())
]


def config(model: Any) -> str:
    """Returns the JSON that a sandbox sends of a model."""
    return json.dumps(keras.saving.serialize_keras_object(model))


def rebuilt(model: Any) -> Any:
    """Returns a model as the grader rebuilds it."""
    return rebuild(config(model), model.get_weights())


@pytest.mark.parametrize(("function", "name"), CASES)
def test_a_function_of_tensorflow_is_rebuilt(function: Callable[..., Any], name: str) -> None:
    """The rebuilt layer has Keras's activation, and computes the same."""
    model = keras.Sequential([keras.Input((12,)), layers.Dense(4, activation=function)])
    again = rebuilt(model)
    assert graph.activation_name(again.layers[-1]) == name
    np.testing.assert_allclose(predict(again, X), predict(model, X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Activation(tf.nn.softmax),
        lambda: layers.Dense(3, activation=tf.identity),
        lambda: layers.TimeDistributed(layers.Dense(3, activation=tf.nn.log_softmax)),
        lambda: layers.LSTM(3, activation=tf.nn.swish, recurrent_activation=tf.identity),
        lambda: layers.GRU(3, activation=tf.identity),
        lambda: layers.SimpleRNN(3, activation=tf.nn.silu),
        lambda: layers.RNN(layers.LSTMCell(3, activation=tf.nn.silu)),
        # Keras itself copies no layer inside Bidirectional whose function it does not know.
        lambda: layers.Bidirectional(layers.LSTM(3, activation=tf.nn.softsign)),
        lambda: layers.Conv1D(3, 2, activation=tf.nn.softmax),
        lambda: layers.SeparableConv1D(3, 2, activation=tf.nn.silu),
        lambda: layers.EinsumDense("abc,cd->abd", (None, 3), activation=tf.nn.softmax),
    ],
)
def test_wherever_an_activation_may_stand(layer: Callable[[], Any]) -> None:
    """Layers, cells and wrappers of all kinds take TensorFlow's functions."""
    model = keras.Sequential([keras.Input((4, 3)), layer()])
    x = X.reshape(5, 4, 3)
    expected = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(rebuilt(model)(x)), expected, rtol=1e-5, atol=1e-6
    )


def test_nested_and_functional_models() -> None:
    """The name is known at any depth, and a layer's new name does not hide it."""
    inner = keras.Sequential([keras.Input((12,)), layers.Dense(4, activation=tf.nn.softmax)])
    inputs = keras.Input((12,))
    model = keras.Model(inputs, layers.Activation(tf.identity)(inner(inputs)))
    np.testing.assert_allclose(predict(rebuilt(model), X), predict(model, X), rtol=1e-6)


@pytest.mark.parametrize("function", [tf.nn.softmax, keras.activations.softmax])
def test_softmax_of_tensorflow_gives_probabilities(function: Callable[..., Any]) -> None:
    """The toolkit finds probabilities behind either softmax, and the loss matches."""
    model = keras.Sequential([keras.Input((12,)), layers.Dense(4, activation=function)])
    model.compile("adam", "sparse_categorical_crossentropy")
    claim = {"config": config(model), "weights": model.get_weights(), "compiled": True}
    count = len(claim["weights"])
    claim |= {"paths": ["w"] * count, "dtypes": ["float32"] * count, "trainable": [True] * count}
    snapshot = Snapshot.from_claim(claim)
    assert output_kind(snapshot.model, predict(snapshot.model, X)) == "probabilities"
    assert check_classifier_output(snapshot, X, 4) == "probabilities"


def own(x: Any) -> Any:
    """A student's own activation."""
    return 2 * x


@pytest.mark.parametrize("function", [own, tf.nn.crelu, tf.square])
def test_other_functions_are_refused(function: Callable[..., Any]) -> None:
    """A function that is no activation of Keras's is named in the message."""
    model = keras.Sequential([keras.Input((12,)), layers.Dense(4, activation=function)])
    with pytest.raises(NotRebuilt, match=f"a function of your own .`{function.__name__}`"):
        rebuilt(model)


@pytest.mark.parametrize(
    "name", ["get", "serialize", "deserialize", "__import__", "", None, 3, ["relu"]]
)
def test_helpers_of_the_module_are_no_activations(name: Any) -> None:
    """`keras.activations` holds functions that are none; a config may give anything as a name."""
    assert activation_of(name) == ""
