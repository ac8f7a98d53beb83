"""What the layers of a rebuilt model get and give on a sample of the real data."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any, TypeVar

import numpy as np

from graders.diagnosis import reached
from graders.diagnosis.facts import RECURRENT, Facts, Seen
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import outputs

# Examples that are sent through the layers.
EXAMPLES = 128
# Layers that read each column of what they get.
READS_ALL = ("Dense", *RECURRENT, "Conv1D", "Conv2D", "BatchNormalization", "Embedding", "Flatten")
FLAT = {"sigmoid": (0.02, 0.98), "tanh": (-0.98, 0.98), "hard_sigmoid": (0.001, 0.999)}


def measured(facts: Facts, snapshot: Snapshot | None) -> Facts:
    """Adds to facts what the layers do with the starting weights, and with those of the end.

    Args:
        facts: `Facts`.
        snapshot: `Snapshot` of the model as the training found it; `None` if there is none.

    Returns:
        `Facts`; the same where the model cannot be rebuilt, or does not take the data.
    """
    x = sample_of(facts)
    if snapshot is None or x is None:
        return facts
    changed: dict[str, Any] = {}
    with contextlib.suppress(Exception):
        model = snapshot.model
        names = _names(model, facts)
        changed["before"] = _renamed(through(model, x), names)
        if _may_fade(facts):
            changed["gradients"] = _renamed(gradients(model, x), names)
        changed["penalty"] = float(sum(np.sum(np.asarray(loss)) for loss in model.losses))
        trained = facts.trained
        if trained is not None and trained.weights is not None:
            start = model.get_weights()
            if [w.shape for w in start] == [w.shape for w in trained.weights]:
                model.set_weights(list(trained.weights))
                changed["after"] = _renamed(through(model, x), names)
                model.set_weights(start)
        frozen = reached.frozen_at_random(model)
        changed["frozen_at_random"] = tuple(names[name] for name in frozen if name in names)
        if _worth_it(facts):
            weights = trained.weights if trained is not None else None
            changed["unread"] = reached.unread(model, x, weights)
    return dataclasses.replace(facts, **changed)


def sample_of(facts: Facts) -> Any:
    """Returns the sample of the inputs as a model takes it, `None` if there is none."""
    parts = {given.name: given.sample for given in facts.inputs}
    if not parts or any(part is None or not len(part) for part in parts.values()):
        return None
    arrays = {name: np.asarray(part, "float32") for name, part in parts.items() if part is not None}
    if any(not np.isfinite(array).all() for array in arrays.values()):
        return None
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    # Several inputs come under their names, or in their order.
    listed = all(name == f"x{i}" for i, name in enumerate(arrays))
    return list(arrays.values()) if listed else arrays


def _may_fade(facts: Facts) -> bool:
    """Returns whether gradients are worth their time: through many steps they take long."""
    if any(layer.kind in RECURRENT for layer in facts.layers):
        return False
    return sum(layer.activation in FLAT for layer in facts.layers) > 2


def _worth_it(facts: Facts) -> bool:
    """Returns whether an input, or a column of one, may go unread.

    A layer with weights that a lone input runs into first reads all its columns.
    """
    first = facts.layers[0] if facts.layers else None
    return len(facts.inputs) > 1 or first is None or first.kind not in READS_ALL


T = TypeVar("T")


def _names(model: Any, facts: Facts) -> dict[str, str]:
    """Returns the names that layers have in the facts, by those that they have in a rebuilt model.

    Their order is the same. If they are not the same layers, there are no names.
    """
    ops = flat(model)
    if [type(op).__name__ for op in ops] != [layer.kind for layer in facts.layers]:
        return {}
    return {op.name: layer.name for op, layer in zip(ops, facts.layers, strict=True)}


def _renamed(found: dict[str, T], names: dict[str, str]) -> dict[str, T]:
    return {names[name]: value for name, value in found.items() if name in names}


def _operations(model: Any) -> list[Any]:
    import keras

    inner = getattr(model, "_functional", None) or model
    return [op for op in inner.operations if not isinstance(op, keras.layers.InputLayer)]


def flat(model: Any) -> list[Any]:
    """Lists the operations of a model, those of models within it too."""
    import keras

    found = []
    for op in _operations(model):
        found += flat(op) if isinstance(op, keras.Model) else [op]
    return found


def _tensors(model: Any) -> list[tuple[str, Any, Any]]:
    """Lists the operations of a model with what they give, in the order of the data's way."""
    inner = getattr(model, "_functional", None) or model
    return [
        (node.operation.name, node.operation, node.outputs[0])
        for depth in sorted(inner._nodes_by_depth, reverse=True)
        for node in inner._nodes_by_depth[depth]
        if not node.is_input and node.outputs
    ]


def _spread(x: Any, count: int) -> Any:
    """Returns some examples from all over a sample: the first ones may be all of one kind."""
    chosen = np.linspace(0, outputs.size(x) - 1, count).astype(int)
    if isinstance(x, dict):
        return {name: part[chosen] for name, part in x.items()}
    return [part[chosen] for part in x] if isinstance(x, list) else x[chosen]


def through(model: Any, x: Any) -> dict[str, Seen]:
    """Sends a sample through a model.

    Args:
        model: A rebuilt Keras model.
        x: Array, or list or dict of arrays.

    Returns:
        Dict from the layers' names to `Seen`.
    """
    import keras

    rows = _spread(x, outputs.at_once(model, x, min(EXAMPLES, outputs.size(x))))
    named = _tensors(model)
    given = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    looking = keras.Model(given, [tensor for _, _, tensor in named])
    answer = looking(rows)
    values = answer if isinstance(answer, list | tuple) else [answer]
    return {
        name: _seen(np.asarray(value, "float32"), op)
        for (name, op, _), value in zip(named, values, strict=True)
    }


def _seen(value: np.ndarray, op: Any) -> Seen:
    flat = value.reshape(-1, value.shape[-1]) if value.ndim > 1 else value.reshape(-1, 1)
    if not flat.size:
        return Seen(0.0, 0.0, 0.0)
    activation = getattr(getattr(op, "activation", None), "__name__", "")
    kind = type(op).__name__
    dead = saturated = 0.0
    if activation in ("relu", "relu6") or kind == "ReLU":
        dead = float((flat == 0).all(axis=0).mean())
    ends = FLAT.get(activation)
    if ends is not None:
        saturated = float(((flat < ends[0]) | (flat > ends[1])).mean())
    with np.errstate(all="ignore"):
        examples = value.reshape(value.shape[0], -1)
        alike = float(np.ptp(examples, axis=0).max())
        figures = float(flat.min()), float(flat.max()), float(flat.std(dtype="float64"))
    return Seen(*figures, dead, saturated, alike)


def gradients(model: Any, x: Any) -> dict[str, float]:
    """Returns how large the gradient of each layer's kernel is, by the size of the kernel.

    The outputs are pulled up and down at random, which tells how well a signal travels back.
    """
    import tensorflow as tf

    rows = outputs.rows(x, 0, outputs.at_once(model, x, min(32, outputs.size(x)), gradients=True))
    kernels = {
        layer.name: layer.kernel.value
        for layer in model._flatten_layers()
        if hasattr(layer, "kernel") and getattr(layer, "trainable_weights", None)
    }
    if not kernels:
        return {}
    with tf.GradientTape() as tape:
        answer = model(rows, training=False)
        first = answer[0] if isinstance(answer, list | tuple) else answer
        pull = np.random.default_rng(0).choice((-1.0, 1.0), tuple(first.shape)).astype("float32")
        loss = tf.reduce_mean(tf.cast(first, "float32") * pull)
    found = tape.gradient(loss, list(kernels.values()))
    return {
        name: float(tf.norm(gradient)) / max(1e-12, float(tf.norm(kernel)))
        for (name, kernel), gradient in zip(kernels.items(), found, strict=True)
        if gradient is not None
    }
