"""Which inputs of a rebuilt model its output depends on, and which weights nobody has trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graders.diagnosis.facts import Unread
from graders.toolkit import outputs

# Examples that are looked at, and the widest input whose columns are told apart.
EXAMPLES, WIDEST = 64, 512
# Layers that lay columns out anew, or leave out what their windows do not fill.
WINDOWS = ("Reshape", "Permute", "Cropping", "Conv2D", "Conv3D", "Pooling2D", "Pooling3D")
# A kernel needs so many numbers to show how they are spread.
LEAST_KERNEL = 100


def unread(model: Any, x: Any, trained: Sequence[np.ndarray] | None) -> tuple[Unread, ...]:
    """Finds inputs, and columns of them, that the output does not depend on.

    They are tried with the starting weights, with the trained ones, and with others that are
    drawn: a unit may be dead, and a layer may start with zeros.

    Args:
        model: A rebuilt Keras model. Its weights are put back.
        x: Array, or list or dict of arrays: real data.
        trained: List of arrays, the weights after the training; `None` if not known.
    """
    names, parts = _named(model, x)
    if len(parts) != len(model.inputs):
        return ()
    found = [] if len(parts) < 2 else _whole(model, names)
    known = {part.name for part in found}
    kept = model.get_weights()
    count = outputs.at_once(model, x, min(EXAMPLES, outputs.size(x)), gradients=True)
    chosen = np.linspace(0, outputs.size(x) - 1, count).astype(int)
    rows = [part[chosen] for part in parts]
    try:
        if len(parts) > 1:
            open_ones = [i for i, name in enumerate(names) if name not in known]
            still = _without_effect(model, rows, open_ones, trained)
            found += [Unread(names[i], sure=False) for i in still]
            known |= {names[i] for i in still}
        if not _has_windows(model):
            for i, name in enumerate(names):
                columns = () if name in known else _columns(model, rows, i, trained)
                found += [Unread(name, columns, False)] if columns else []
    finally:
        model.set_weights(kept)
    return tuple(found)


def _named(model: Any, x: Any) -> tuple[list[str], list[np.ndarray]]:
    """Returns the inputs in the model's order, with the names that they have in the facts."""
    if isinstance(x, dict):
        own = [str(tensor.name) for tensor in model.inputs]
        names = own if set(own) == set(x) else list(x)
        return names, [x[name] for name in names]
    if isinstance(x, list):
        return [f"x{i}" for i in range(len(x))], x
    return ["x"], [x]


def _whole(model: Any, names: list[str]) -> list[Unread]:
    """Finds inputs from which no path leads to an output."""
    reached: set[int] = set()
    waiting = list(model.outputs)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in reached:
            continue
        reached.add(id(tensor))
        op, node, _ = tensor._keras_history
        waiting += op._inbound_nodes[node].input_tensors
    return [
        Unread(name)
        for name, tensor in zip(names, model.inputs, strict=True)
        if id(tensor) not in reached
    ]


def _has_windows(model: Any) -> bool:
    inner = getattr(model, "_functional", None) or model
    kinds = [type(op).__name__ for op in inner.operations]
    kinds += [type(layer).__name__ for layer in model._flatten_layers()]
    return any(window in kind for kind in kinds for window in WINDOWS)


def _states(model: Any, trained: Sequence[np.ndarray] | None, rounds: int = 3) -> Iterator[None]:
    """Sets the weights that a model is tried with, one after the other."""
    rng = np.random.default_rng(0)
    start = model.get_weights()
    yield
    if trained is not None and [w.shape for w in start] == [w.shape for w in trained]:
        model.set_weights([np.asarray(weight) for weight in trained])
        yield
    for _ in range(rounds):
        model.set_weights([_drawn(weight, rng) for weight in start])
        yield


def _drawn(weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws weights anew: what was dead, or zero, is not any more."""
    if not np.issubdtype(weight.dtype, np.floating) or not weight.size:
        return weight
    if weight.ndim >= 2:
        given = int(np.prod(weight.shape[:-1]))
        found = rng.normal(0, 1 / np.sqrt(given), weight.shape)
    elif (weight > 0).all():
        # A variance, or a factor.
        found = rng.uniform(0.5, 1.5, weight.shape)
    else:
        found = rng.normal(0, 0.1, weight.shape)
    return np.asarray(found, weight.dtype)


def _answer(model: Any, parts: list[Any]) -> list[np.ndarray]:
    given = parts[0] if len(parts) == 1 else parts
    answer = model(_as_inputs(model, given), training=False)
    values = list(answer.values()) if isinstance(answer, dict) else answer
    return [np.asarray(v, "float32") for v in (values if isinstance(values, list) else [values])]


def _as_inputs(model: Any, given: Any) -> Any:
    structure = getattr(getattr(model, "_functional", None) or model, "_inputs_struct", None)
    if isinstance(structure, dict) and isinstance(given, list):
        named = {id(tensor): key for key, tensor in structure.items()}
        return {named[id(t)]: part for t, part in zip(model.inputs, given, strict=True)}
    return given


def _same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True))


def _swapped(part: np.ndarray, columns: Sequence[int] | None = None) -> np.ndarray:
    """Gives each example another one's values, which are values that can be."""
    changed = part.copy()
    turned = np.roll(part, 1 + len(part) // 3, axis=0)
    if columns is None:
        return turned
    changed[..., list(columns)] = turned[..., list(columns)]
    return changed


def _without_effect(
    model: Any, rows: list[np.ndarray], which: list[int], trained: Sequence[np.ndarray] | None
) -> list[int]:
    """Returns the inputs that vary, and change nothing with any weights."""
    left = [i for i in which if not np.array_equal(_swapped(rows[i]), rows[i])]
    for _ in _states(model, trained):
        before = _answer(model, rows)
        if all(float(np.ptp(part, axis=0).max()) == 0 for part in before):
            # Nothing comes through at all: that is another fault.
            return []
        left = [
            i for i in left
            if _same(before, _answer(model, [*rows[:i], _swapped(rows[i]), *rows[i + 1 :]]))
        ]  # fmt: skip
        if not left:
            return []
    return left


def _columns(
    model: Any, rows: list[np.ndarray], at: int, trained: Sequence[np.ndarray] | None
) -> tuple[int, ...]:
    """Returns the columns of an input that vary, and change nothing with any weights."""
    part = rows[at]
    if part.ndim not in (2, 3) or not 2 <= part.shape[-1] <= WIDEST:
        return ()
    varies = np.ptp(part.reshape(-1, part.shape[-1]), axis=0) > 0
    left = {int(column) for column in np.flatnonzero(varies)}
    for _ in _states(model, trained):
        left -= _with_gradient(model, rows, at)
        if not left:
            return ()
    # What is looked up, or rounded, has an effect without a gradient.
    for _ in _states(model, trained, 1):
        before = _answer(model, rows)
        if _same(before, _answer(model, _replaced(rows, at, left))):
            continue
        left = {c for c in left if _same(before, _answer(model, _replaced(rows, at, {c})))}
        if not left:
            return ()
    return tuple(sorted(left)) if len(left) < part.shape[-1] else ()


def _replaced(rows: list[np.ndarray], at: int, columns: set[int]) -> list[np.ndarray]:
    return [*rows[:at], _swapped(rows[at], sorted(columns)), *rows[at + 1 :]]


def _with_gradient(model: Any, rows: list[np.ndarray], at: int) -> set[int]:
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(part) for part in rows]
    with tf.GradientTape() as tape:
        tape.watch(tensors[at])
        given = tensors[0] if len(tensors) == 1 else tensors
        answer = model(_as_inputs(model, given), training=False)
        values = list(answer.values()) if isinstance(answer, dict) else answer
        values = values if isinstance(values, list) else [values]
        rng = np.random.default_rng(0)
        total = sum(
            tf.reduce_sum(tf.cast(v, "float32") * rng.normal(size=v.shape).astype("float32"))
            for v in values
        )
    gradient = tape.gradient(total, tensors[at])
    if gradient is None:
        return set()
    size = np.abs(np.asarray(gradient)).reshape(-1, rows[at].shape[-1])
    return {int(column) for column in np.flatnonzero(size.max(axis=0) > 0)}


def frozen_at_random(model: Any) -> tuple[str, ...]:
    """Lists the layers that do not train and still have the random weights they were made with.

    Glorot's, He's and LeCun's uniform weights lie between two ends, evenly, and the bias is 0:
    weights that have been trained do not.

    Args:
        model: A rebuilt Keras model, with its starting weights.
    """
    found = []
    for layer in model._flatten_layers():
        kernel = getattr(layer, "kernel", None)
        if kernel is None or layer.trainable or getattr(layer, "trainable_weights", None):
            continue
        bias = getattr(layer, "bias", None)
        still = bias is None or not np.any(np.asarray(bias))
        # Of a depthwise kernel, it has another name.
        initializer = getattr(layer, "kernel_initializer", None)
        if still and _even(np.asarray(kernel, "float64"), initializer):
            found.append(str(layer.name))
    return tuple(found)


def _even(kernel: np.ndarray, initializer: Any) -> bool:
    mode = {
        "GlorotUniform": lambda given, made: 6 / (given + made),
        "HeUniform": lambda given, made: 6 / given,
        "LecunUniform": lambda given, made: 3 / given,
    }.get(type(initializer).__name__)
    if mode is None or kernel.size < LEAST_KERNEL or kernel.ndim < 2:
        return False
    field = int(np.prod(kernel.shape[:-2]))
    limit = float(np.sqrt(mode(field * kernel.shape[-2], field * kernel.shape[-1])))
    shares = np.sort(np.abs(kernel).ravel()) / limit
    if shares[-1] > 1.0001:
        return False
    # The largest distance to an even spread, as Kolmogorov and Smirnov have it.
    expected = (np.arange(len(shares)) + 0.5) / len(shares)
    return float(np.abs(shares - expected).max()) < 1.63 / np.sqrt(len(shares))
