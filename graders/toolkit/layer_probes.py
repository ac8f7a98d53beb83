"""What checks ask of a layer of the student's with weights w and b, and what its answers hold.

The probes run in the sandbox. Their answers are claims, which are parsed into dataclasses.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from graders.checking import probe
from graders.toolkit.answers import read

# A layer of this size answers in milliseconds; what takes longer does not end.
SECONDS = 60.0

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Weight:
    """An attribute that should be a weight: see `graders.sandbox.objects.weight`."""

    kind: str
    shape: tuple[int, ...]
    dtype: str
    tracked: bool
    frozen: bool
    value: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Made:
    """A layer before its first call.

    Attributes:
        policy: String, the name of its dtype policy.
        trainable: Integer, how many trainable weights it has.
        w: `Weight`.
        b: `Weight`.
        borrowed: Tuple of strings, what of Keras's computes in its place.
        shared: Tuple of strings, which of its weights a second layer like it has, too.
    """

    policy: str
    trainable: int
    w: Weight
    b: Weight
    borrowed: tuple[str, ...]
    shared: tuple[str, ...]


@probe
def make_layer(student, box, kind, units, input_dim, between=(), options=None):
    """Builds a layer, and describes what it holds before any call."""
    import keras

    zeros = keras.ops.zeros((2, *between, input_dim))

    def built():
        found = box.make(kind, keras.layers.Layer, units, **(options or {}))
        found.build((None, *between, input_dim))
        if not (hasattr(found, "w") and hasattr(found, "b")):
            found(zeros)
        return found

    layer, second = built(), built()
    has = [name for name in ("w", "b") if hasattr(layer, name) and hasattr(second, name)]
    dense = (keras.layers.Dense, keras.layers.EinsumDense)
    return {
        "policy": layer.dtype_policy.name,
        "trainable": len(layer.trainable_weights),
        "w": box.objects.weight(layer, "w"),
        "b": box.objects.weight(layer, "b"),
        "borrowed": box.objects.parts(layer, dense)
        + box.objects.computed_by(lambda: layer(zeros), dense),
        "shared": [name for name in has if getattr(layer, name) is getattr(second, name)],
    }


@dataclasses.dataclass(frozen=True)
class Computed:
    """The output of a layer with the grader's weights, and how many weights it has."""

    y: np.ndarray
    dtype: str
    weights: int
    trainable: int


@probe
def compute(student, box, kind, units, given, activation=None, options=None, frozen=False):
    """Calls a layer that has the grader's weights; freezes it afterwards if asked to."""
    import keras

    options = {"activation": box.objects.activation(activation), **(options or {})}
    layer = box.make(kind, keras.layers.Layer, units, **options)
    y = box.objects.call_with(layer, **given)
    if frozen:
        layer.trainable = False
    return {
        "y": box.objects.result(y, "call"),
        "dtype": keras.backend.standardize_dtype(y.dtype),
        "weights": len(layer.weights),
        "trainable": len(layer.trainable_weights),
    }


@dataclasses.dataclass(frozen=True)
class Gradients:
    """What arrives at the weights and at the input."""

    w: np.ndarray | None
    b: np.ndarray | None
    x: np.ndarray | None


@probe
def differentiate(student, box, kind, units, given, upstream):
    """Takes the gradients of `sum(upstream * output)`."""
    import keras
    import tensorflow as tf

    layer = box.make(kind, keras.layers.Layer, units, activation=None)
    x = tf.constant(given["x"])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = box.objects.call_with(layer, x, w=given["w"], b=given["b"])
        total = tf.reduce_sum(tf.cast(y, x.dtype) * upstream)
    found = tape.gradient(total, [layer.w.value, layer.b.value, x])
    return dict(zip("wbx", map(box.objects.optional, found), strict=True))


@dataclasses.dataclass(frozen=True)
class Copy:
    """A copy of a layer, and its output with the grader's weights."""

    name: str
    dtype: str
    trainable: bool
    w: Weight
    b: Weight
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class CopiedByConfig:
    """A layer as it was made, its config, and its copy by from_config."""

    config: Any
    original: Copy
    by_config: Copy


@dataclasses.dataclass(frozen=True)
class Copied(CopiedByConfig):
    """A copy by saving and loading too."""

    by_saving: Copy


@probe
def copy_layer(student, box, kind, units, given, activation, options, shown):
    """Makes a layer, and copies of it; all of them get the grader's weights."""
    import keras

    chosen = box.objects.activation(activation)
    layer = box.make(kind, keras.layers.Layer, units, activation=chosen, **options)
    layer(given["x"])
    config, copies = box.objects.copies(layer, saved=not callable(chosen), shown=shown)
    answer = {"config": box.objects.plain(config)}
    ways = ("original", "by_config", "by_saving")
    for way, copy in zip(ways, (layer, *copies), strict=False):
        y = box.objects.call_with(copy, **given)
        answer[way] = {
            "name": copy.name,
            "dtype": copy.dtype_policy.name,
            "trainable": copy.trainable,
            "w": box.objects.weight(copy, "w"),
            "b": box.objects.weight(copy, "b"),
            "y": box.objects.result(y, "call"),
        }
    return answer


@dataclasses.dataclass(frozen=True)
class Trained:
    """Two layers after training."""

    trainable: int
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray


@probe
def train_two(student, box, kind, x, y, start, rate, steps):
    """Trains a model of two layers, from the grader's weights, by plain gradient descent."""
    import keras

    hidden, outputs = len(start["b1"]), len(start["b2"])
    first = box.make(kind, keras.layers.Layer, hidden, activation="tanh")
    second = box.make(kind, keras.layers.Layer, outputs)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, second(first(inputs)))
    weights = {"w1": first.w, "b1": first.b, "w2": second.w, "b2": second.b}
    for name, weight in weights.items():
        weight.assign(start[name])
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    # The same batch, again and again: each epoch of its own would cost more than its step.
    batch_size = len(x)
    x, y = (keras.ops.tile(values, (steps, 1)) for values in (x, y))
    model.fit(x, y, batch_size=batch_size, epochs=1, shuffle=False, verbose=0)
    after = {name: keras.ops.convert_to_numpy(weight) for name, weight in weights.items()}
    return {"trainable": len(model.trainable_weights), **after}


@dataclasses.dataclass(frozen=True)
class Layers:
    """A class of layers of the student's, and the questions to it.

    Its layers are made with `units`, `activation` and the base class's options, and have the
    weights w and b.

    Attributes:
        submission: The judge's `Submission`.
        name: String, what the class is called.
    """

    submission: Any
    name: str

    def made(self, **asked: Any) -> Made:
        """Asks `make_layer`."""
        return self._ask(Made, make_layer, asked)

    def computed(self, **asked: Any) -> Computed:
        """Asks `compute`."""
        return self._ask(Computed, compute, asked)

    def gradients(self, **asked: Any) -> Gradients:
        """Asks `differentiate`."""
        return self._ask(Gradients, differentiate, asked)

    def copied(self, saved: bool, **asked: Any) -> CopiedByConfig:
        """Asks `copy_layer`.

        Args:
            saved: Boolean, whether the layer can be saved: a function of the student's cannot.
            **asked: See `copy_layer`.

        Returns:
            `CopiedByConfig`; `Copied` if it can be saved.
        """
        return self._ask(Copied if saved else CopiedByConfig, copy_layer, asked)

    def trained(self, **asked: Any) -> Trained:
        """Asks `train_two`."""
        return self._ask(Trained, train_two, asked)

    def _ask(self, answer: type[T], probe: Callable[..., Any], asked: dict[str, Any]) -> T:
        reads = functools.partial(read, answer)
        return self.submission.run(probe, reads, seconds=SECONDS, kind=self.name, **asked)
