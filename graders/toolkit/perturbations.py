"""Which parts of a rebuilt model influence its output, found by disturbing it.

Names and claims play no part: a layer counts if the output changes with its weights, a time step
if the output's gradient reaches it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from graders.checking import fail
from graders.toolkit import graph
from graders.toolkit.outputs import at_once, last_activation_call, only, predict


def _stirred(model: Any, rng: np.random.Generator) -> list[np.ndarray]:
    """Returns a model's weights with a little noise, variances still positive."""

    def noisy(weight: np.ndarray) -> np.ndarray:
        if not np.issubdtype(weight.dtype, np.floating):
            return weight
        shift = np.abs(rng.normal(0, 0.05, weight.shape))
        return (weight + np.where(weight < 0, -1, 1) * shift).astype(weight.dtype)

    return [noisy(weight) for weight in model.get_weights()]


@contextlib.contextmanager
def without_constant_end(model: Any) -> Iterator[None]:
    """Takes the softmax away from a single output unit, for as long as the context lasts.

    It is 1 whatever comes in. That is a fault of its own; what comes before it is asked about here.

    Args:
        model: A rebuilt Keras model.
    """
    name, node = last_activation_call(model)
    if name != "softmax" or model.outputs[0].shape[-1] != 1:
        yield
        return
    attribute = "activation" if hasattr(node.op, "activation") else "call"
    kept = getattr(node.op, attribute)
    setattr(node.op, attribute, lambda x, *args, **options: x)
    try:
        yield
    finally:
        setattr(node.op, attribute, kept)


@contextlib.contextmanager
def silenced(layers: Iterable[Any]) -> Iterator[None]:
    """Sets the weights of layers to 0, for as long as the context lasts.

    Args:
        layers: Iterable of Keras layers.
    """
    kept = [(layer, layer.get_weights()) for layer in layers]
    try:
        for layer, weights in kept:
            layer.set_weights([np.zeros_like(weight) for weight in weights])
        yield
    finally:
        for layer, weights in kept:
            layer.set_weights(weights)


def reaches_output(model: Any, layer: Any, x: Any, rng: np.random.Generator) -> bool:
    """Returns whether the output changes with a layer's weights.

    Tried with the weights as they are, then with all of them stirred a little, since some good
    models start with a layer of zeros. The weights are put back.

    Args:
        model: A rebuilt Keras model.
        layer: One of its layers.
        x: Some inputs.
        rng: Where random numbers come from.
    """
    kept, own = model.get_weights(), layer.get_weights()
    try:
        for stirred in (False, True):
            if stirred:
                model.set_weights(_stirred(model, rng))
            before = predict(model, x)
            layer.set_weights([w + rng.normal(0, 0.5, w.shape).astype(w.dtype) for w in own])
            after = predict(model, x)
            layer.set_weights(own)
            if not np.allclose(after, before, rtol=1e-5, atol=1e-7):
                return True
        return False
    finally:
        model.set_weights(kept)


def same_output(model: Any, x: Any, other: Any, rng: np.random.Generator) -> bool:
    """Returns whether a model gives the same for two inputs, whatever its weights.

    Args:
        model: A rebuilt Keras model. Its weights are put back.
        x: Some inputs.
        other: As many others.
        rng: Where random numbers come from.
    """
    kept = model.get_weights()
    try:
        for stirred in (False, True):
            if stirred:
                model.set_weights(_stirred(model, rng))
            if not np.allclose(predict(model, x), predict(model, other), rtol=1e-4, atol=1e-5):
                return False
        return True
    finally:
        model.set_weights(kept)


def steps_that_matter(model: Any, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Finds the time steps the output's gradient reaches.

    Args:
        model: A rebuilt Keras model. Its weights are put back.
        x: Array `(n, timesteps, features)`.
        rng: Where random numbers come from.

    Returns:
        Array of booleans, one for each step.
    """
    import tensorflow as tf

    kept = model.get_weights()
    reached = np.zeros(x.shape[1], bool)
    batch = at_once(model, x, len(x), gradients=True)
    try:
        for stirred in (False, True):
            if stirred:
                model.set_weights(_stirred(model, rng))
            for start in range(0, len(x), batch):
                inputs = tf.constant(x[start : start + batch])
                with tf.GradientTape() as tape:
                    tape.watch(inputs)
                    outputs = only(model(inputs, training=False))
                    total = tf.reduce_sum(tf.cast(outputs, "float32"))
                gradient = tape.gradient(total, inputs)
                if gradient is not None:
                    reached |= np.abs(gradient.numpy()).max(axis=(0, 2)) > 0
        return reached
    finally:
        model.set_weights(kept)


def received(model: Any, layer: Any, x: Any) -> np.ndarray:
    """Returns what a layer gets to see, in inference, however deep in the model it is.

    Args:
        model: A rebuilt Keras model.
        layer: One of its layers, with one input.
        x: Some inputs of the model.

    Returns:
        Float64 array, the layer's input.
    """
    import keras

    seen: list[Any] = []
    original = layer.call

    def call(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(keras.ops.convert_to_numpy(keras.ops.cast(inputs, "float32")))
        return original(inputs, *args, **kwargs)

    layer.call = call
    try:
        predict(model, x)
    finally:
        layer.call = original
    if not seen:
        fail(
            "a layer that the data pass through",
            f"a {type(layer).__name__} that is never called",
            "Look at how the layers are connected",
        )
    return np.concatenate(seen).astype("float64")


def silent_units(model: Any, x: Any) -> float:
    """Returns the largest share of units of one layer that ReLU keeps at zero for every example.

    Only layers that can learn are looked at: a frozen base may well have features that these
    examples do not show.

    Args:
        model: A rebuilt Keras model.
        x: A few hundred inputs.
    """
    watched = {
        id(node.op): node.op
        for node in graph.nodes(model)
        if node.kind in ("ReLU", "Relu")
        or (
            graph.activation_name(node.op) == "relu"
            and (node.kind == "Activation" or getattr(node.op, "trainable_weights", None))
        )
    }
    silent: dict[int, np.ndarray] = {}

    def watch(key: int, call: Any) -> Any:
        def watching(*args: Any, **kwargs: Any) -> Any:
            found = call(*args, **kwargs)
            values = np.asarray(found, dtype="float32")
            zero = (values.reshape(-1, values.shape[-1]) == 0).all(axis=0)
            silent[key] = silent.get(key, True) & zero
            return found

        return watching

    calls = {key: op.call for key, op in watched.items()}
    for key, op in watched.items():
        op.call = watch(key, calls[key])
    try:
        predict(model, x)
    finally:
        for key, op in watched.items():
            op.call = calls[key]
    return max((float(zero.mean()) for zero in silent.values()), default=0.0)
