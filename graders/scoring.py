"""What the grader computes itself on rebuilt models: outputs, losses, accuracies, gradients.

A rebuilt model is still the student's: whatever it does when it runs is reported as its fault.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checking import CheckFailed, fail
from graders.rebuild import Snapshot

BATCH = 250


def _parts(x: Any, start: int, stop: int) -> Any:
    if isinstance(x, dict):
        return {key: value[start:stop] for key, value in x.items()}
    return x[start:stop]


def size(x: Any) -> int:
    """Returns the number of examples."""
    return len(next(iter(x.values())) if isinstance(x, dict) else x)


def input_shape(model: Any) -> Any:
    """Returns the shape of a model's only input, or `None` if it has several."""
    return tuple(model.inputs[0].shape) if len(model.inputs) == 1 else None


def output_shape(model: Any) -> Any:
    """Returns the shape of a model's only output, or `None` if it has several."""
    return tuple(model.outputs[0].shape) if len(model.outputs) == 1 else None


def takes(model: Any, shape: tuple[int, ...]) -> bool:
    """Returns whether a model has one input, which takes examples of a shape.

    Args:
        model: A Keras model.
        shape: Tuple of integers, without the batch axis. A size that the model leaves open fits.
    """
    found = input_shape(model)
    return (
        found is not None
        and len(found) == len(shape) + 1
        and all(mine in (None, wanted) for mine, wanted in zip(found[1:], shape, strict=True))
    )


def predict(model: Any, x: Any, training: bool = False) -> np.ndarray:
    """Runs a rebuilt model.

    Args:
        model: A Keras model.
        x: Array, or dict of arrays.
        training: Boolean, whether Dropout and the like are on.

    Returns:
        Float64 array of shape `(n, outputs)`.

    Raises:
        CheckFailed: If the model cannot take the data.
    """
    import keras

    parts = []
    try:
        for start in range(0, size(x), BATCH):
            answer = model(_parts(x, start, start + BATCH), training=training)
            if isinstance(answer, dict):
                [answer] = answer.values()
            if isinstance(answer, list | tuple):
                [answer] = answer
            parts.append(keras.ops.convert_to_numpy(keras.ops.cast(answer, "float32")))
    except Exception as error:
        line = str(error).strip().splitlines()[0][:300] if str(error).strip() else ""
        raise CheckFailed(
            f"Expected a model that takes the task's data. Found {type(error).__name__} when the "
            f"grader ran it: {line}. Look at the input shape and the layers after it."
        ) from None
    return np.concatenate(parts).astype("float64")


def output_kind(model: Any, outputs: np.ndarray) -> str:
    """Says what a classifier's outputs are.

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
    last, node = _last_activation(model)
    if last == "sigmoid" or (inside and last == "hard_sigmoid"):
        return "scores"
    if last in ("relu", "relu6"):
        return "nonnegative"
    # A linear layer gives logits, whatever sign they happen to have before training. Of another
    # operation, only its values tell (all of them 0, where the weights are, tell nothing).
    if not hasattr(node.op, "kernel") and outputs.size >= 100:
        varies = np.ptp(outputs, axis=0).max() > 0
        if varies and bool((outputs >= 0).all()):
            return "nonnegative"
    return "logits"


def _last_activation(model: Any) -> tuple[str, Any]:
    """Returns the name of the activation nearest the output, and the node that applies it."""
    from graders import graph

    node = graph.nodes(model)[-1]
    while len(node.parents) == 1 and (
        node.kind in graph.NOT_ACTIVATIONS
        or (node.kind == "Activation" and graph.activation_name(node.op) == "linear")
    ):
        node = node.parents[0]
    if node.kind in ("Sigmoid", "Softmax", "Relu", "ReLU", "Tanh"):
        return node.kind.lower(), node
    return graph.activation_name(node.op), node


def last_activation(model: Any) -> str:
    """Returns the name of the activation nearest the output, `"linear"` if it has none."""
    return _last_activation(model)[0]


def loss_of(snapshot: Snapshot) -> tuple[str, bool]:
    """Says which loss a model was compiled with, as it claims.

    Args:
        snapshot: A `Snapshot`.

    Returns:
        A pair: the loss's name in snake case (`""` if there is none), and `from_logits`.
    """
    loss = snapshot.compile_config.get("loss")
    while isinstance(loss, list | dict) and "class_name" not in loss and len(loss) == 1:
        loss = loss[0] if isinstance(loss, list) else next(iter(loss.values()))
    if isinstance(loss, str):
        return _snake(loss), False
    if isinstance(loss, dict):
        config = loss.get("config")
        if loss.get("class_name") == "function":
            return _snake(str(config)), False
        flag = config.get("from_logits") if isinstance(config, dict) else False
        return _snake(str(loss.get("class_name", ""))), flag is True
    return "", False


def _snake(name: str) -> str:
    if name.islower():
        return name
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def probabilities(outputs: np.ndarray, kind: str) -> np.ndarray:
    """Turns outputs into class probabilities.

    Args:
        outputs: Array `(n, classes)`, or `(n, 1)` for two classes.
        kind: What `output_kind` said.

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


def check_classifier_output(snapshot: Snapshot, x: Any, classes: int) -> str:
    """Fails unless the outputs are class probabilities or logits, with a loss that matches.

    Softmax with `from_logits=True` passes: Keras 3 notices, and computes the right loss.

    Args:
        snapshot: A `Snapshot` of a compiled model.
        x: A few hundred inputs.
        classes: Integer, the number of classes.

    Returns:
        String, what the outputs are.

    Raises:
        CheckFailed: If they are something else.
    """
    outputs = predict(snapshot.model, x)
    if outputs.ndim != 2 or outputs.shape[1] != classes:
        fail(
            f"an output of shape (batch, {classes}), one value for each class",
            f"the shape (batch, {', '.join(map(str, outputs.shape[1:]))})",
            "Look at the last layer: its units are num_classes, and it comes after a Flatten or "
            "global pooling",
        )
    if not np.isfinite(outputs).all():
        fail(
            "finite outputs from a fresh model",
            "NaN or infinity",
            "Look for a division by zero, a log, or exp in the model",
        )
    kind = output_kind(snapshot.model, outputs)
    loss, from_logits = loss_of(snapshot)
    activation = last_activation(snapshot.model)
    if kind == "nonnegative" or activation in ("relu", "relu6"):
        fail(
            "class probabilities (softmax) or logits (no activation) from the last layer",
            "outputs that are never below zero and do not sum to 1, as ReLU gives"
            if activation != "relu"
            else "ReLU on the output layer",
            "Look at the activation of the last Dense layer: with ReLU, a class whose score is "
            "below zero gets no gradient",
        )
    if kind == "scores" and "binary" not in loss:
        fail(
            "class probabilities that sum to 1 (softmax) or logits (no activation)",
            f"sigmoid on the output layer with the loss {loss or 'of your own'}",
            "Sigmoid scores each class on its own; for one label out of several use softmax",
        )
    crossentropies = (
        "sparse_categorical_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
    )
    if loss in crossentropies and kind == "logits" and not from_logits:
        ending = "without softmax" if activation == "linear" else f"with {activation}"
        fail(
            "a loss that matches the outputs",
            f"logits (a last layer {ending}) with {loss}(from_logits=False), which takes its "
            "input for probabilities",
            "Add softmax to the last layer, or give the loss from_logits=True",
        )
    if loss in crossentropies and activation in ("tanh", "elu", "selu", "softplus"):
        fail(
            "class probabilities (softmax) or logits (no activation) from the last layer",
            f"{activation} on the output layer",
            "Look at the activation of the last layer: it bends the score of each class",
        )
    return kind


def reaches_output(model: Any, layer: Any, x: Any, rng: np.random.Generator) -> bool:
    """Returns whether a layer has a say: whether the output changes with its weights.

    Tried with the weights as they are, then with all of them stirred a little, since some good
    models start with a layer of zeros. The weights are put back.

    Args:
        model: A rebuilt Keras model.
        layer: One of its layers.
        x: Some inputs.
        rng: Where random numbers come from.
    """
    kept, own = model.get_weights(), layer.get_weights()

    def noisy(weight: np.ndarray, size: float) -> np.ndarray:
        if not np.issubdtype(weight.dtype, np.floating):
            return weight
        # Variances stay positive.
        shift = np.abs(rng.normal(0, size, weight.shape))
        sign = np.where(weight < 0, -1, 1)
        return (weight + sign * shift).astype(weight.dtype)

    try:
        for stirred in (False, True):
            if stirred:
                model.set_weights([noisy(weight, 0.05) for weight in kept])
            before = predict(model, x)
            layer.set_weights([w + rng.normal(0, 0.5, w.shape).astype(w.dtype) for w in own])
            after = predict(model, x)
            layer.set_weights(own)
            if not np.allclose(after, before, rtol=1e-5, atol=1e-7):
                return True
        return False
    finally:
        model.set_weights(kept)


def dead_weights(snapshot: Snapshot, data: tuple[Any, np.ndarray], kind: str) -> list[str]:
    """Names the trainable weights that the loss's gradient does not reach.

    Args:
        snapshot: A `Snapshot`.
        data: A pair `(x, y)` of some hundred examples.
        kind: What the outputs are.

    Returns:
        List of the student's names of weights.
    """
    import keras
    import tensorflow as tf

    model = snapshot.model
    kept = model.get_weights()
    x, y = data
    labels = tf.constant(np.asarray(y).reshape(-1).astype("int64"))
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        if isinstance(outputs, dict):
            [outputs] = outputs.values()
        if outputs.shape[-1] == 1:
            loss = keras.ops.binary_crossentropy(
                tf.cast(labels, outputs.dtype)[:, None], outputs, from_logits=kind == "logits"
            )
        else:
            logits = outputs if kind == "logits" else tf.math.log(tf.maximum(outputs, 1e-12))
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        total = tf.reduce_mean(loss)
    # BatchNormalization has moved its averages.
    model.set_weights(kept)
    trainable = [
        (path, weight)
        for path, flag, weight in zip(
            snapshot.paths, snapshot.trainable, model.weights, strict=True
        )
        if flag and weight.trainable
    ]
    gradients = tape.gradient(total, [weight.value for _, weight in trainable])
    dead = []
    for (path, _), gradient in zip(trainable, gradients, strict=True):
        if gradient is None or not np.abs(np.asarray(tf.convert_to_tensor(gradient))).max() > 0:
            dead.append(path)
    return dead


def moved(before: Snapshot, after: Snapshot) -> list[bool]:
    """Returns for each weight whether it changed.

    Raises:
        CheckFailed: If the two do not have the same weights.
    """
    shapes = [weight.shape for weight in before.weights]
    if shapes != [weight.shape for weight in after.weights]:
        fail(
            "the same model after training as before",
            "a model with other layers or sizes",
            "Train the model that is given; do not add or remove layers",
        )
    return [not np.array_equal(b, a) for b, a in zip(before.weights, after.weights, strict=True)]


def check_trained(before: Snapshot, after: Snapshot, function: str) -> None:
    """Fails unless training moved the trainable weights to finite values.

    Args:
        before: `Snapshot` of the model as given.
        after: `Snapshot` of the same model afterwards.
        function: String, the function that trained it.

    Raises:
        CheckFailed: With what was expected and found.
    """
    changes = moved(before, after)
    if not after.finite():
        fail(
            "finite weights after training",
            "weights that are NaN or infinite: the training diverged",
            f"Look at the learning rate in `{function}` or in compile (too high?), and at the loss",
        )
    free = [i for i, flag in enumerate(before.trainable) if flag or after.trainable[i]]
    if not free:
        fail(
            "trainable weights",
            "a model in which every layer is frozen",
            "Look for trainable=False",
        )
    still = [before.paths[i] for i in free if not changes[i]]
    if len(still) == len(free):
        fail(
            f"`{function}` to change the weights of the model that it is given",
            "every weight as it was before",
            f"Look at `{function}`: it must call fit on that very model, for at least one epoch "
            "and with a learning rate above 0",
        )
    if still:
        fail(
            f"`{function}` to change every trainable weight",
            f"weights that never moved: {', '.join(still[:4])}",
            "Look at how these layers are connected: is their output used, and not cut off by a "
            "stop_gradient or multiplied by 0?",
        )


def check_loss_fell(before: Scores, after: Scores, function: str, loss: str = "") -> None:
    """Fails unless the loss on the training data, computed by the grader, fell.

    Args:
        before: `Scores` on training data, of the model as given.
        after: `Scores` on the same data, of the same model afterwards.
        function: String, the function that trained it.
        loss: String, the name of the loss that it was compiled with, for the message.

    Raises:
        CheckFailed: With both losses.
    """
    if not after.loss < 0.95 * before.loss:
        advice = (
            "Look at the learning rate, the loss, and whether fit gets x and y that belong together"
        )
        if loss and "crossentropy" not in loss:
            advice = (
                f"Look at the loss: {loss} compares outputs with labels as if these were numbers; "
                "classes need a cross-entropy"
            )
        fail(
            "a training loss that falls",
            f"a cross-entropy of {after.loss:.3f} after `{function}`, {before.loss:.3f} before "
            "(computed by the grader on the training data)",
            advice,
        )
