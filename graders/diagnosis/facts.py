"""What is known of a training: the model, how it was compiled, the data, and what it left."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

# What labels are.
Labels = Literal["integers", "one_hot", "multi_hot", "binary", "values", "text", "none"]

NORMALIZERS = (
    *("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization"),
    *("GroupNormalization", "UnitNormalization"),
)
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "RNN", "ConvLSTM2D")


# Steps on the kit's data that stand in for others, from which on a training tells something.
ENOUGH_STEPS = 500


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer, or operation, in the order of the data's way.

    Attributes:
        name: String.
        kind: String, its class.
        activation: String, `"linear"` if it has none.
        line: Integer, where the file makes it; 0 if not known.
        parameters: Integer, how many numbers its weights hold.
        trainable: Boolean, whether it has weights that training moves.
        config: Mapping, a part of its config.
        input: Tuple, the shape that it gets, with `None` for open sizes; `None` if not known.
        output: Tuple, likewise.
        inner: String, the class of a layer that it wraps.
        readers: Tuple of strings, the names of the layers that read what it gives; an empty one
            stands for the end of the model. `None` if not known.
    """

    name: str
    kind: str
    activation: str = "linear"
    line: int = 0
    parameters: int = 0
    trainable: bool = True
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    input: tuple[int | None, ...] | None = None
    output: tuple[int | None, ...] | None = None
    inner: str = ""
    readers: tuple[str, ...] | None = None

    @property
    def units(self) -> int | None:
        """Integer, the size of its last axis; `None` if not known."""
        found = self.config.get("units", self.config.get("filters"))
        if found is None and self.output:
            found = self.output[-1]
        return found if isinstance(found, int) else None

    @property
    def has_kernel(self) -> bool:
        """Boolean, whether it multiplies its input with weights."""
        return self.kind == "Dense" or self.kind in CONVOLUTIONS or self.kind in RECURRENT

    @property
    def softmax(self) -> bool:
        return self.kind == "Softmax" or self.activation == "softmax"


@dataclasses.dataclass(frozen=True)
class Compiled:
    """How a model was compiled.

    Attributes:
        loss: String, the loss's name in snake case; empty if not known.
        from_logits: Boolean.
        optimizer: String, its class.
        rate: Float, its learning rate; `None` if not known.
        momentum: Float.
        metrics: Tuple of strings.
        line: Integer, of the call of `compile`.
        loss_line: Integer, where a loss object is made; 0 if a name was given.
        optimizer_line: Integer, likewise.
        own_loss: Boolean, whether the file itself defines the loss.
        losses: Tuple of strings, the loss of each output where there are several.
        of_right, of_wrong: Floats, what that loss gives for predictions that meet the labels, and
            for such that do not; `None` if it was not tried.
    """

    loss: str = ""
    from_logits: bool = False
    optimizer: str = ""
    rate: float | None = None
    momentum: float = 0.0
    metrics: tuple[str, ...] = ()
    line: int = 0
    loss_line: int = 0
    optimizer_line: int = 0
    own_loss: bool = False
    losses: tuple[str, ...] = ()
    of_right: float | None = None
    of_wrong: float | None = None


@dataclasses.dataclass(frozen=True)
class Input:
    """One input, or the labels, of a training.

    Attributes:
        name: String.
        dtype: String.
        shape: Tuple of integers, with the number of examples.
        low, high, mean, spread: Floats over all finite numbers; 0 if there are none.
        missing: Integer, how many numbers are NaN or infinite.
        sample: Array, some rows; `None` if they are no numbers.
        values: Tuple of pairs of a value and its count, of few different values; else empty.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    missing: int = 0
    sample: np.ndarray | None = None
    values: tuple[tuple[float, int], ...] = ()

    @property
    def largest(self) -> float:
        return max(abs(self.low), abs(self.high))

    @property
    def integers(self) -> bool:
        """Boolean, whether all values are whole numbers."""
        if self.values:
            return all(float(value).is_integer() for value, _ in self.values)
        if self.sample is None or not self.sample.size:
            return False
        return bool((np.mod(self.sample, 1) == 0).all())


@dataclasses.dataclass(frozen=True)
class Monitor:
    """A callback of Keras's that does something by a figure of each epoch.

    Attributes:
        kind: String, its class.
        monitor: String, the figure's name.
        mode: String, `"min"`, `"max"` or `"auto"`.
        line: Integer, where the file makes it; 0 if not known.
    """

    kind: str
    monitor: str
    mode: str = "auto"
    line: int = 0


@dataclasses.dataclass(frozen=True)
class Fit:
    """How a training was asked for.

    Attributes:
        how: String, `"fit"`, `"train_on_batch"`, `"evaluate"` or `"compile"`.
        line: Integer, of the call.
        epochs: Integer.
        batch: Integer, `None` if the data come in batches of their own.
        steps: Integer, of an epoch, where that is given; `None` otherwise.
        validation: String, `"none"`, `"split"`, `"same"`, `"reshuffled"` (cut from a
            `tf.data.Dataset` that is shuffled anew for each epoch) or `"data"`.
        callbacks: Tuple of strings.
        split: Float, the share of the data that `validation_split` keeps apart; 0 if none.
        again: Boolean, whether weights of the model were trained before.
        watching: Tuple of `Monitor`.
        met: Float, the share of what the model was tested on, after a later fit of this line, that
            an earlier one had trained it on.
        class_weight: Tuple of pairs of a class and its weight.
        own_step: Integer, the line of a `train_step` of the script's own; 0 if there is none.
        batched: Boolean, whether the data came in batches of their own, of which the first are the
            sample.
        stale: Tuple of strings, the paths of weights whose `trainable` was changed after the last
            training, without a `compile` since.
    """

    how: str = "fit"
    line: int = 0
    epochs: int = 1
    batch: int | None = 32
    steps: int | None = None
    validation: str = "none"
    callbacks: tuple[str, ...] = ()
    split: float = 0.0
    again: bool = False
    watching: tuple[Monitor, ...] = ()
    met: float = 0.0
    class_weight: tuple[tuple[int, float], ...] = ()
    own_step: int = 0
    stale: tuple[str, ...] = ()
    batched: bool = False


@dataclasses.dataclass(frozen=True)
class Held:
    """The arrays that a training is validated on.

    Attributes:
        inputs: Tuple of `Input`.
        labels: `Input`.
        rows: Integer, how many of its rows were looked for in the training data.
        twins: Integer, how many of these were found there.
        repeated: Float, the share of the training data's own rows that are there more than once.
    """

    inputs: tuple[Input, ...]
    labels: Input
    rows: int = 0
    twins: int = 0
    repeated: float = 0.0


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        history: Mapping from names to rows of floats.
        epochs: Integer, how many ran to their end.
        steps: Integer, how many steps were made.
        cut: Boolean, whether it was ended before its time.
        weights: Tuple of arrays; `None` if not known.
        rate: Float, the learning rate at the end; `None` if not known.
        unreached: Tuple of strings, the paths of trainable weights that got no gradient.
        evaluated: Float, the loss that `evaluate` gave afterwards on other data; `None` if it was
            not called.
        moved: Boolean, whether a trainable weight changed; `None` if it is not known.
        inactive: Tuple of strings, layers as Dropout that never ran in training mode.
    """

    history: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    epochs: int = 0
    steps: int = 0
    cut: bool = False
    weights: tuple[np.ndarray, ...] | None = None
    rate: float | None = None
    unreached: tuple[str, ...] = ()
    evaluated: float | None = None
    moved: bool | None = None
    inactive: tuple[str, ...] = ()

    @property
    def losses(self) -> tuple[float, ...]:
        return tuple(self.history.get("loss", ()))


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a layer gives on the sample.

    Attributes:
        low, high, spread: Floats over all its numbers.
        dead: Float, the share of units that give 0 for every example.
        saturated: Float, the share of numbers at the flat ends of sigmoid or tanh.
        alike: Float, the largest spread of one unit over the examples.
    """

    low: float
    high: float
    spread: float
    dead: float = 0.0
    saturated: float = 0.0
    alike: float = 0.0


@dataclasses.dataclass(frozen=True)
class Unread:
    """An input, or columns of one, that the output does not depend on.

    Attributes:
        name: String, the input's.
        columns: Tuple of integers, places along its last axis; empty if all of it is meant.
        sure: Boolean, whether no path leads from it to the output.
    """

    name: str
    columns: tuple[int, ...] = ()
    sure: bool = True


@dataclasses.dataclass(frozen=True)
class Facts:
    """All that a rule looks at.

    Attributes:
        layers: Tuple of `Layer`.
        tail: Tuple of `Layer`, from the output back to the last layer with weights.
        compiled: `Compiled`, `None` if the model was not.
        inputs: Tuple of `Input`.
        labels: `Input`, `None` if there are none.
        fit: `Fit`.
        trained: `Trained`, `None` if nothing was trained.
        output: Tuple, the shape of what the model gives; `None` if not known.
        before: Mapping from layers' names to `Seen`, with the starting weights; empty if unknown.
        after: Mapping, likewise after the training.
        gradients: Mapping from layers' names to the norm of their kernel's gradient by that of the
            kernel, with the starting weights.
        penalty: Float, what the model adds to its loss; 0 if nothing, or not known.
        trainable: Integer, how many numbers training may move; `None` if not known.
        goes_on: Boolean, whether the same model is trained by several calls.
        held: `Held`, `None` if the training is not validated on arrays of its own.
        unread: Tuple of `Unread`.
        frozen_at_random: Tuple of strings, layers that do not train and still have the random
            weights that they were made with.
        stand_in_weights: Boolean, whether weights that the script would load were replaced, or the
            training that was to make them was cut.
        stand_in_data: Boolean, whether data that the script would load were replaced, by fewer.
    """

    layers: tuple[Layer, ...] = ()
    tail: tuple[Layer, ...] = ()
    compiled: Compiled | None = None
    inputs: tuple[Input, ...] = ()
    labels: Input | None = None
    fit: Fit = Fit()
    trained: Trained | None = None
    output: tuple[int | None, ...] | None = None
    before: Mapping[str, Seen] = dataclasses.field(default_factory=dict)
    after: Mapping[str, Seen] = dataclasses.field(default_factory=dict)
    gradients: Mapping[str, float] = dataclasses.field(default_factory=dict)
    penalty: float = 0.0
    trainable: int | None = None
    goes_on: bool = False
    held: Held | None = None
    unread: tuple[Unread, ...] = ()
    frozen_at_random: tuple[str, ...] = ()
    stand_in_weights: bool = False
    stand_in_data: bool = False

    # --- the end of the model -----------------------------------------------------------------

    @property
    def last(self) -> Layer | None:
        """The last layer with weights; `None` if not known."""
        weighted = [layer for layer in self.tail if layer.has_kernel]
        return weighted[0] if weighted else None

    @property
    def end(self) -> Layer | None:
        """The layer that gives the output its activation; the last one if none does."""
        for layer in self.tail:
            if layer.softmax or layer.activation != "linear" or layer.kind in ACTIVATION_LAYERS:
                return layer
            if layer.has_kernel:
                return layer
        return self.tail[0] if self.tail else None

    @property
    def activation(self) -> str:
        """String, the activation of the output, `"linear"` if it has none."""
        end = self.end
        if end is None:
            return ""
        if end.softmax:
            return "softmax"
        if end.activation != "linear":
            return end.activation
        return ACTIVATION_LAYERS.get(end.kind, "linear")

    @property
    def units(self) -> int | None:
        """Integer, how many numbers the model gives for each example (or step)."""
        if self.output and self.output[-1] is not None:
            return self.output[-1]
        return self.last.units if self.last is not None else None

    @property
    def is_range_test(self) -> bool:
        """Boolean, whether the training itself raised its learning rate tenfold and more.

        A range test does so until the training diverges: what it leaves is no fault.
        """
        first = self.compiled.rate if self.compiled else None
        last = self.trained.rate if self.trained else None
        return first is not None and last is not None and last >= 10 * first > 0

    # --- the way of the data ------------------------------------------------------------------

    def after_alone(self, layer: Layer) -> Layer | None:
        """Returns the one layer that reads a layer, and reads nothing else.

        Args:
            layer: `Layer`.

        Returns:
            `Layer`; `None` if there are several, a branch ends there, or it is not known.
        """
        if layer.readers is None or len(layer.readers) != 1:
            return None
        [name] = layer.readers
        named = [other for other in self.layers if other.name == name]
        given = sum((other.readers or ()).count(name) for other in self.layers)
        return named[0] if len(named) == 1 and given == 1 else None

    # --- labels -------------------------------------------------------------------------------

    @property
    def labels_are(self) -> Labels:
        """String, what the labels are."""
        y = self.labels
        if y is None:
            return "none"
        if y.dtype[:3] in ("str", "obj", "<U3") or y.sample is None:
            return "text" if y.dtype.startswith(("str", "bytes")) else "none"
        wide = len(y.shape) > 1 and y.shape[-1] > 1
        inside = y.low >= 0 and y.high <= 1
        if wide and inside and y.integers:
            sums = y.sample.reshape(-1, y.shape[-1]).sum(axis=1)
            return "one_hot" if bool((sums == 1).all()) else "multi_hot"
        if wide or not y.integers:
            return "values"
        if self.compiled is not None and self.compiled.loss == "poisson":
            return "values"
        if inside and len(y.values) <= 2:
            return "binary"
        # Counts, ages and prices are whole numbers too.
        few = 0 < len(y.values) <= max(2, min(100, y.shape[0] // 2))
        dense = y.low in (0, 1) and y.high - y.low + 1 <= 1.5 * max(1, len(y.values))
        return "integers" if few and dense else "values"

    @property
    def classes(self) -> int:
        """Integer, how many classes the labels name; 0 if they name none."""
        y, kind = self.labels, self.labels_are
        if y is None or kind in ("values", "text", "none"):
            return 0
        if kind in ("one_hot", "multi_hot"):
            return y.shape[-1]
        return len(y.values)

    @property
    def stands_in(self) -> bool:
        """Boolean, whether the training tells nothing of the script's own.

        So it is with other weights, and with a few steps on other data.
        """
        steps = self.trained.steps if self.trained is not None else 0
        return self.stand_in_weights or (self.stand_in_data and steps < ENOUGH_STEPS)

    @property
    def steps_asked(self) -> int | None:
        """Integer, the steps that all epochs asked for have; `None` if not known."""
        steps = self.fit.steps
        if steps is None:
            if not self.inputs or not self.fit.batch:
                return None
            steps = -(-self.inputs[0].shape[0] // self.fit.batch)
        return steps * self.fit.epochs


ACTIVATION_LAYERS = {
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    "ReLU": "relu",
    "Relu": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Tanh": "tanh",
    "LogSoftmax": "log_softmax",
}


def in_a_row(layers: Iterable[Layer]) -> list[Layer]:
    """Returns layers of which each reads the one before it.

    Args:
        layers: Iterable of `Layer`, in their order.
    """
    listed = list(layers)
    names = [*(layer.name for layer in listed[1:]), ""]
    return [
        dataclasses.replace(layer, readers=(name,))
        for layer, name in zip(listed, names, strict=True)
    ]
