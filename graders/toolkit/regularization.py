"""Dropout and penalties of a rebuilt model: where they stand, and whether they are at work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from graders.checking import At
from graders.toolkit import graph
from graders.toolkit.outputs import predict

DROPOUTS = (
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "GaussianDropout",
    "AlphaDropout",
)
# Layers that are an activation and nothing else: as good as an `activation=` argument.
ACTIVATIONS = ("Activation", "ReLU", "Relu", "LeakyReLU", "ELU", "PReLU", "Softmax", "Sigmoid")
# What may change its output from call to call in training without being dropout.
OTHER_NOISE = ("GaussianNoise", "Random", "RandAugment", "AugMix", "CutMix", "MixUp")


def is_dropout(node: graph.Node) -> bool:
    """Returns whether a call is one of a dropout layer."""
    return node.kind in DROPOUTS


def is_other_noise(node: graph.Node) -> bool:
    """Returns whether a call is random in training, but no dropout (augmentation, say)."""
    return node.kind.startswith(OTHER_NOISE)


def rate(node: graph.Node) -> float:
    """Returns the rate of a dropout layer, 0 for any other call."""
    return float(getattr(node.op, "rate", 0.0) or 0.0)


@contextlib.contextmanager
def only_these(found: Sequence[graph.Node], on: Sequence[graph.Node]) -> Iterator[None]:
    """Switches all dropout layers off but some.

    Args:
        found: Sequence of `Node`, all calls.
        on: Sequence of `Node`, the calls whose layers stay on.
    """
    stay = {id(node.op) for node in on}
    off = [node.op for node in found if is_dropout(node) and id(node.op) not in stay]
    kept = [(layer, layer.rate) for layer in off]
    try:
        for layer in off:
            layer.rate = 0.0
        yield
    finally:
        # A layer that is called twice stands in the list twice.
        for layer, before in kept:
            layer.rate = before


def skeleton(found: Sequence[graph.Node]) -> list[str]:
    """Describes what is left of a network without its dropout: kinds, sizes, activations.

    An activation is described alike as an argument and as a layer of its own.
    """
    rows = []
    for node in found:
        if node.kind in ("InputLayer", "Identity", "ActivityRegularization") or is_dropout(node):
            continue
        activation = graph.activation_name(node.op)
        if node.kind in ACTIVATIONS and node.kind != "Activation":
            activation = node.kind
        elif node.kind != "Activation":
            rows.append(f"{node.kind}({_size(node)})")
        if activation != "linear":
            rows.append(activation.lower().replace("_", ""))
    return rows


def _size(node: graph.Node) -> str:
    """Returns the shapes of a call's kernels; without any, the shape of its output."""
    shapes = [tuple(weight.shape) for weight in getattr(node.op, "weights", [])]
    kernels = ["x".join(map(str, shape)) for shape in shapes if len(shape) > 1]
    return " + ".join(kernels) or ", ".join(str(n) for n in node.shape[1:])


class Regularizer(NamedTuple):
    """A regularizer of a layer.

    Attributes:
        argument: String, the argument that has it: `"kernel_regularizer"`.
        value: The regularizer.
        layer: The layer.
    """

    argument: str
    value: Any
    layer: Any = None

    @property
    def about(self) -> Any:
        """What a message on it is about, see `graders.checking.fail`."""
        return At(self.layer, self.argument)

    @property
    def kind(self) -> str:
        """String, its class name."""
        return type(self.value).__name__

    @property
    def on_kernel(self) -> bool:
        """Boolean, whether it is one on a kernel (a recurrent or depthwise one, too)."""
        return self.argument not in ("bias_regularizer", "activity_regularizer")

    @property
    def l2(self) -> float:
        """Float, its coefficient of the squares, 0 if it has none."""
        return float(np.asarray(getattr(self.value, "l2", 0.0) or 0.0))


def regularizers(model: Any) -> list[Regularizer]:
    """Lists the regularizers of all layers of a model, as its config has them."""
    return [
        Regularizer(name, value, layer)
        for layer in model._flatten_layers(include_self=False)
        for name, value in sorted(vars(layer).items())
        if name.endswith("_regularizer") and value is not None
    ]


def penalty(model: Any, x: Any) -> float:
    """Computes what a rebuilt model adds to its loss.

    Args:
        model: A Keras model.
        x: Some inputs.
    """
    predict(model, x)  # a penalty on activities exists after a call only
    return float(sum(float(np.sum(np.asarray(loss))) for loss in model.losses))


def quadratic_penalty(model: Any, x: Any) -> float:
    """Computes the part of the penalty that grows fourfold when a trainable kernel is doubled.

    Args:
        model: A Keras model. It is left as it was.
        x: Some inputs.
    """
    total = 0.0
    for weight in model.trainable_weights:
        if len(weight.shape) < 2:
            continue
        kept = np.array(weight)
        values = []
        for factor in (0.0, 1.0, 2.0):
            weight.assign(factor * kept)
            values.append(penalty(model, x))
        weight.assign(kept)
        total += max(0.0, (values[2] - 2 * values[1] + values[0]) / 2)
    return total
