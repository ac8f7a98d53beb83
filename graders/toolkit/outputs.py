"""What a rebuilt model computes: its outputs, what they are, and how good they are.

A rebuilt model is still the student's: whatever it does when it runs is reported as its fault.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checking import CheckFailed, fail
from graders.rebuilt.room import fitting
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph

# Examples that a model gets at once: no fewer than BATCH, and of short ones as many as make VALUES
# numbers together (an RNN takes as long for 1000 sequences as for 100).
BATCH, VALUES, MOST = 250, 200_000, 2000
# Training examples that accuracies and losses on the training data are computed on.
TRAIN_SAMPLE = 1000


def _parts(x: Any) -> list[Any]:
    """Returns the arrays of an array, of a list of arrays, or of a dict of arrays."""
    if isinstance(x, dict):
        return list(x.values())
    return list(x) if isinstance(x, list | tuple) else [x]


def size(x: Any) -> int:
    """Returns the number of examples."""
    return len(_parts(x)[0])


def rows(x: Any, start: int, stop: int) -> Any:
    """Returns the examples from `start` to `stop` of an array, or of a dict or list of arrays."""
    if isinstance(x, dict):
        return {key: value[start:stop] for key, value in x.items()}
    if isinstance(x, list | tuple):
        return [value[start:stop] for value in x]
    return x[start:stop]


def _batch_size(x: Any) -> int:
    """Returns how many examples a model gets at once."""
    arrays = [np.asarray(part) for part in _parts(x)]
    numbers = sum(array.size for array in arrays) // max(1, size(x))
    return min(MOST, max(BATCH, VALUES // max(1, numbers)))


def at_once(model: Any, x: Any, most: int, gradients: bool = False) -> int:
    """Returns how many of some examples a model may get at once, for the memory that it needs.

    Args:
        model: A Keras model.
        x: Array, or dict or list of arrays.
        most: Integer, the most that are wanted.
        gradients: Boolean, whether gradients are computed.

    Raises:
        CheckFailed: If a few of them are too many.
    """
    parts = x
    if isinstance(x, dict):
        named = [str(tensor.name) for tensor in model.inputs]
        parts = [x[name] for name in named] if set(named) == set(x) else _parts(x)
    shapes = [tuple(np.shape(part)[1:]) for part in _parts(parts)]
    return fitting(model, shapes, most, gradients)


def only(answer: Any) -> Any:
    """Returns what a model with one output gave, taken out of a dict, list or tuple."""
    if isinstance(answer, dict):
        [answer] = answer.values()
    if isinstance(answer, list | tuple):
        [answer] = answer
    return answer


def predict(model: Any, x: Any, training: bool = False) -> np.ndarray:
    """Runs a rebuilt model.

    Args:
        model: A Keras model.
        x: Array, or dict or list of arrays.
        training: Boolean, whether Dropout and the like are on.

    Returns:
        Float64 array of shape `(n, outputs)`.

    Raises:
        CheckFailed: If the model cannot take the data.
    """
    import keras

    parts = []
    try:
        batch = at_once(model, x, _batch_size(x))
        for start in range(0, size(x), batch):
            answer = only(model(rows(x, start, start + batch), training=training))
            parts.append(keras.ops.convert_to_numpy(keras.ops.cast(answer, "float32")))
    except CheckFailed:
        raise
    except Exception as error:
        line = str(error).strip().splitlines()[0][:300] if str(error).strip() else ""
        raise CheckFailed(
            f"Expected a model that takes the task's data. Found {type(error).__name__} when the "
            f"grader ran it: {line}. Look at the input shape and the layers after it."
        ) from None
    outputs = np.concatenate(parts).astype("float64")
    if len(outputs) != size(x):
        fail(
            "one row of outputs for each example",
            f"{len(outputs)} rows for {size(x)} examples",
            "Look for what takes the axis of the batch for another one: Concatenate(axis=0), a "
            "reshape, or a mean over axis 0 (axis 0 is the batch's, the last one the features')",
            about=next((node for node in graph.nodes(model) if _along_batch(node)), None),
        )
    return outputs


def _along_batch(node: graph.Node) -> bool:
    """Returns whether an operation works along the axis of the batch."""
    return getattr(node.op, "axis", None) in (0, (0,), [0])


def varies(model: Any, x: Any, training: bool, least: float = 1e-6) -> bool:
    """Returns whether a rebuilt model gives other outputs when it gets the same again.

    Args:
        model: A Keras model. It is left as it was.
        x: Array, or dict of arrays.
        training: Boolean, whether Dropout and the like are on.
        least: Float, the smallest difference that counts.

    Raises:
        CheckFailed: If the model cannot take the data.
    """
    kept = model.get_weights()
    first, second = (predict(model, x, training=training) for _ in range(2))
    model.set_weights(kept)  # BatchNormalization has moved its averages
    return not np.allclose(first, second, atol=least)


def output_kind(model: Any, outputs: np.ndarray) -> str:
    """Names what a classifier's outputs are.

    Args:
        model: A rebuilt model.
        outputs: Array `(n, classes)` or `(n, 1)`.

    Returns:
        `"probabilities"`, `"logits"`, `"scores"` (in [0, 1] one by one, as sigmoid's), or
        `"nonnegative"` (as ReLU's).
    """
    if outputs.ndim != 2:
        return "logits"
    inside = bool((outputs >= 0).all() and (outputs <= 1 + 1e-3).all())
    if outputs.shape[1] > 1 and inside and np.abs(outputs.sum(axis=1) - 1).max() < 2e-2:
        return "probabilities"
    last, node = last_activation_call(model)
    if last == "sigmoid" or (inside and last == "hard_sigmoid"):
        return "scores"
    if last in ("relu", "relu6"):
        return "nonnegative"
    # A linear layer gives logits, whatever sign they happen to have before training. What another
    # operation gives shows in its values, unless all of them are 0, as with weights of 0.
    if not hasattr(node.op, "kernel") and outputs.size >= 100:
        varies = np.ptp(outputs, axis=0).max() > 0
        if varies and bool((outputs >= 0).all()):
            return "nonnegative"
    return "logits"


def last_activation_call(model: Any) -> tuple[str, Any]:
    """Returns the name of the activation nearest the output, and the node that applies it."""
    return _activation_at(graph.nodes(model)[-1])


def _activation_at(node: Any) -> tuple[str, Any]:
    """Returns the activation of a node, or of the one whose values it passes on, and that node."""
    while len(node.parents) == 1 and (
        node.kind in graph.NOT_ACTIVATIONS
        or (node.kind == "Activation" and graph.activation_name(node.op) == "linear")
    ):
        node = node.parents[0]
    if node.kind in ("Sigmoid", "Softmax", "Relu", "ReLU", "Tanh"):
        return node.kind.lower(), node
    return graph.activation_name(node.op), node


def softmax_of_softmax(model: Any) -> bool:
    """Returns whether the output is a softmax of what another softmax gave."""
    name, node = last_activation_call(model)
    if name != "softmax" or hasattr(node.op, "kernel") or len(node.parents) != 1:
        return False
    return _activation_at(node.parents[0])[0] == "softmax"


def last_activation(model: Any) -> str:
    """Returns the name of the activation nearest the output, `"linear"` if it has none."""
    return last_activation_call(model)[0]


def probabilities(outputs: np.ndarray, kind: str) -> np.ndarray:
    """Turns outputs into class probabilities.

    Args:
        outputs: Array `(n, classes)`, or `(n, 1)` for two classes.
        kind: What `output_kind` found.

    Returns:
        Array `(n, classes)` whose rows sum to 1.
    """
    if outputs.shape[1] == 1:
        p = (
            outputs
            if kind in ("scores", "nonnegative")
            else 1 / (1 + np.exp(-outputs.clip(-50, 50)))
        )
        p = p.clip(0, 1)
        return np.concatenate([1 - p, p], axis=1)
    if kind == "logits":
        shifted = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)
    clipped = outputs.clip(1e-12, None)
    return clipped / clipped.sum(axis=1, keepdims=True)


class Scores:
    """What a model does on one part of the data.

    Attributes:
        kind: What the outputs are, see `output_kind`.
        outputs: Array, raw.
        probabilities: Array `(n, classes)`.
        accuracy: Float in [0, 1].
        loss: Float, mean cross-entropy in nats.
    """

    def __init__(self, model: Any, data: tuple[Any, np.ndarray], kind: str | None = None):
        x, y = data
        self.outputs = predict(model, x)
        if self.outputs.ndim != 2:
            fail(
                "one row of outputs for each example",
                f"outputs of shape {self.outputs.shape}",
                "Look at the last layers: is a Flatten or a pooling missing?",
            )
        self.kind = kind or output_kind(model, self.outputs)
        self.probabilities = probabilities(self.outputs, self.kind)
        labels = np.asarray(y).reshape(-1).astype(int)
        self.predicted = self.probabilities.argmax(axis=1)
        self.labels = labels
        self.accuracy = float((self.predicted == labels).mean())
        picked = self.probabilities[np.arange(len(labels)), labels]
        self.loss = float(-np.log(picked.clip(1e-12, None)).mean())

    def confusion(self) -> list[list[int]]:
        """Returns the confusion matrix, a list of rows (true label) of counts."""
        classes = self.probabilities.shape[1]
        table = np.zeros((classes, classes), int)
        np.add.at(table, (self.labels, self.predicted), 1)
        return table.tolist()


def part_scores(snapshot: Snapshot, data: Any, part: str) -> Scores:
    """Returns what a model does on one part of the data, computed once for each snapshot.

    Args:
        snapshot: `Snapshot`, with its weights as they came.
        data: `datasets.Dataset`, always the same one.
        part: String, `"train"` (of which a sample is enough), `"validation"` or `"test"`.

    Raises:
        CheckFailed: If the model cannot take the data.
    """
    x, y = getattr(data, part)
    kept: dict[str, Scores] = snapshot.__dict__.setdefault("_scores", {})
    if part not in kept:
        count = TRAIN_SAMPLE if part == "train" else len(y)
        kept[part] = Scores(snapshot.model, (rows(x, 0, count), y[:count]))
    return kept[part]
