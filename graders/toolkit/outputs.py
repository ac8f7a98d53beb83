"""What the grader computes itself on rebuilt models: outputs, losses, accuracies, gradients.

A rebuilt model is still the student's: whatever it does when it runs is reported as its fault.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.checking import CheckFailed, fail
from graders.rebuilt.rebuild import Snapshot

# Examples that a model gets at once: no fewer than BATCH, and of short ones as many as make VALUES
# numbers together (an RNN takes as long for 1000 sequences as for 100).
BATCH, VALUES, MOST = 250, 200_000, 2000
# Training examples that accuracies and losses on the training data are computed on.
TRAIN_SAMPLE = 1000


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


def _batch_size(x: Any) -> int:
    """Returns how many examples a model gets at once."""
    arrays = [np.asarray(part) for part in (x.values() if isinstance(x, dict) else [x])]
    numbers = sum(array.size for array in arrays) // max(1, size(x))
    return min(MOST, max(BATCH, VALUES // max(1, numbers)))


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
        batch = _batch_size(x)
        for start in range(0, size(x), batch):
            answer = model(_parts(x, start, start + batch), training=training)
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
    from graders.toolkit import graph

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


# Keras's short names, and a class's that is not in camel case.
_ALIASES = {
    "bce": "binary_crossentropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kldivergence": "kl_divergence",
}


def _snake(name: str) -> str:
    if name.lower() in _ALIASES:
        return _ALIASES[name.lower()]
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
        kept[part] = Scores(snapshot.model, (_parts(x, 0, count), y[:count]))
    return kept[part]


def keras_sees_logits(model: Any, x: Any) -> bool:
    """Returns whether Keras finds the logits behind a model's softmax or sigmoid.

    It does if nothing that computes comes after the activation: then `from_logits=True` on
    probabilities is only a warning. Otherwise the activation is applied twice.
    """
    import tensorflow as tf

    found = []

    def look(given: Any) -> Any:
        answer = model(given, training=False)
        if isinstance(answer, dict):
            [answer] = answer.values()
        if isinstance(answer, list | tuple):
            [answer] = answer
        kind = answer.op.type if hasattr(answer, "op") else ""
        found.append(hasattr(answer, "_keras_logits") or kind in ("Softmax", "Sigmoid"))
        return answer

    # As a loss sees it in `fit`.
    tf.function(look).get_concrete_function(tf.nest.map_structure(tf.constant, _parts(x, 0, 2)))
    return bool(found[-1])


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
    if (
        loss in crossentropies
        and kind == "probabilities"
        and from_logits
        and not keras_sees_logits(snapshot.model, x)
    ):
        fail(
            "a loss that matches the outputs",
            f"probabilities with {loss}(from_logits=True), which applies softmax once more",
            "Leave from_logits out, or return the logits",
        )
    if loss in crossentropies and activation in ("tanh", "elu", "selu", "softplus"):
        fail(
            "class probabilities (softmax) or logits (no activation) from the last layer",
            f"{activation} on the output layer",
            "Look at the activation of the last layer: it bends the score of each class",
        )
    return kind


def check_binary_output(snapshot: Snapshot, x: Any) -> str:
    """Fails unless the one output is a probability or a logit, with a loss that matches.

    Sigmoid with `from_logits=True` passes: Keras 3 notices, and computes the right loss. So do the
    hinge losses (on a score around 0), and the squared error of a probability (Brier's score).

    Args:
        snapshot: A `Snapshot` of a compiled model with one output unit.
        x: A few hundred inputs.

    Returns:
        String, what the outputs are.

    Raises:
        CheckFailed: If they are something else.
    """
    outputs = predict(snapshot.model, x)
    if not np.isfinite(outputs).all():
        fail(
            "finite outputs from a fresh model",
            "NaN or infinity",
            "Look for a division by zero, a log, or exp in the model",
        )
    kind = output_kind(snapshot.model, outputs)
    activation, (loss, from_logits) = last_activation(snapshot.model), loss_of(snapshot)
    wanted = "a probability (sigmoid) or a logit (no activation) from the last layer"
    if activation == "softmax":
        fail(
            wanted,
            "softmax on a single unit, which is 1 whatever comes in",
            "Look at the activation of the last layer: softmax is for several units, sigmoid for "
            "one",
        )
    if kind == "nonnegative":
        fail(
            wanted,
            f"{'ReLU' if activation in ('relu', 'relu6') else 'a value never below zero'} on the "
            "output layer",
            "Look at the activation of the last layer: with ReLU, a score below zero gets no "
            "gradient",
        )
    if "categorical" in loss or "kl_divergence" in loss:
        fail(
            "a loss that matches one output unit, such as binary cross-entropy",
            f"{loss}, which compares several classes that sum to 1: of one unit it learns nothing",
            'Look at compile: loss="binary_crossentropy"',
        )
    if "hinge" in loss:
        return kind
    if activation in ("tanh", "softsign", "elu", "selu", "softplus"):
        fail(
            wanted,
            f"{activation} on the output layer",
            "Look at the activation of the last layer: sigmoid gives values from 0 to 1",
        )
    if kind == "logits" and "crossentropy" in loss and not from_logits:
        fail(
            "a loss that matches the output",
            f"logits (a last layer without sigmoid) with {loss}(from_logits=False), which takes "
            "its input for probabilities",
            "Add sigmoid to the last layer, or give the loss from_logits=True",
        )
    if (
        kind == "scores"
        and "crossentropy" in loss
        and from_logits
        and not keras_sees_logits(snapshot.model, x)
    ):
        fail(
            "a loss that matches the output",
            f"probabilities with {loss}(from_logits=True), which applies sigmoid once more",
            "Leave from_logits out, or return the logits",
        )
    if kind == "logits" and loss.startswith(("mean_", "huber", "log_cosh")):
        fail(
            wanted + ", with a loss for classes",
            f"a linear output with {loss}, as for a number that is measured",
            "Use sigmoid and binary cross-entropy: the label is one of two classes",
        )
    return kind


def dead_weights(snapshot: Snapshot, data: tuple[Any, np.ndarray], kind: str) -> list[str]:
    """Names the weights of the trainable layers that the loss's gradient does not reach.

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
    kept, owners = model.get_weights(), layers_of_weights(snapshot)
    x, y = data
    labels = tf.constant(np.asarray(y).reshape(-1).astype("int64"))
    trainable = [
        i for i, weight in enumerate(model.weights) if snapshot.trainable[i] and weight.trainable
    ]
    # Watching these alone spares the way back through a frozen base, of which Keras's variables
    # are watched as well.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([model.weights[i].value for i in trainable])
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
    gradients = tape.gradient(total, [model.weights[i].value for i in trainable])
    reached = [
        gradient is not None and np.abs(np.asarray(tf.convert_to_tensor(gradient))).max() > 0
        for gradient in gradients
    ]
    alive = {owners[i] for i, flag in zip(trainable, reached, strict=True) if flag}
    return [snapshot.paths[i] for i in trainable if owners[i] not in alive]


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


def layers_of_weights(snapshot: Snapshot) -> list[str]:
    """Returns for each weight the name of the layer that it belongs to."""
    return [variable.path.rpartition("/")[0] for variable in snapshot.model.weights]


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
    # By layer: some weights of a good layer never move (a bias before BatchNormalization, the
    # recurrent weights of a state that is read before they act).
    owners = layers_of_weights(before)
    alive = {owners[i] for i in free if changes[i]}
    still = [before.paths[i] for i in free if owners[i] not in alive]
    if len(still) == len(free):
        fail(
            f"`{function}` to change the weights of the model that it is given",
            "every weight as it was before",
            f"Look at `{function}`: it must call fit on that very model, for at least one epoch "
            "and with a learning rate above 0",
        )
    if still:
        fail(
            f"`{function}` to change the trainable weights of every layer",
            f"weights that never moved: {', '.join(still[:4])}",
            "Look at how these layers are connected: is their output used, and not cut off by a "
            "stop_gradient or multiplied by 0?",
        )


def count_learned(training: Any, counts: Callable[[Any], bool]) -> int:
    """Counts the layers that training moved.

    Args:
        training: `graders.judge.submission.Training`.
        counts: Callable that says which calls (`graders.toolkit.graph.Node`) are counted.

    Returns:
        Integer, the number of different layers.
    """
    from graders.toolkit import graph

    before, after = graph.nodes(training.before.model), graph.nodes(training.after.model)
    learned = set()
    for old, new in zip(before, after, strict=False):
        if counts(new):
            weights = zip(old.op.get_weights(), new.op.get_weights(), strict=True)
            if any(not np.array_equal(a, b) for a, b in weights):
                learned.add(id(new.op))
    return len(learned)


def check_claimed_accuracy(
    history: dict[str, list[float]] | None, snapshot: Snapshot, data: Any
) -> None:
    """Fails if the History tells of a validation accuracy that the model is far from.

    What is claimed earns nothing; that it differs says why a model does badly here.

    Args:
        history: Dict of lists of floats, or `None`.
        snapshot: `Snapshot` of the trained model.
        data: `datasets.Dataset`.

    Raises:
        CheckFailed: With both accuracies.
    """
    rows = [v for k, v in (history or {}).items() if k.startswith("val_") and "acc" in k and v]
    if not rows:
        return
    found = part_scores(snapshot, data, "validation").accuracy
    if rows[0][-1] > found + 0.2:
        fail(
            "a model that takes the data as they are given",
            f"one that gets {found:.1%} of the validation data right, while the History says "
            f"{rows[0][-1]:.1%}",
            "Look for a change of the data in the training function (scaling, normalising): what "
            "the data need must be part of the model, as a layer",
        )


def check_loss_fell(
    before: Scores, after: Scores, function: str, loss: str = "", advice: str = ""
) -> None:
    """Fails unless the loss on the training data, computed by the grader, fell.

    Args:
        before: `Scores` on training data, of the model as given.
        after: `Scores` on the same data, of the same model afterwards.
        function: String, the function that trained it.
        loss: String, the name of the loss that it was compiled with, for the message.
        advice: String, what to look at where the caller knows better.

    Raises:
        CheckFailed: With both losses.
    """
    if not after.loss < 0.95 * before.loss:
        advice = advice or (
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


def note_training(training: Any, data: Any, evidence: dict[str, Any]) -> None:
    """Notes a training's History and what the grader sees of it, for the reading of the curves.

    Args:
        training: `graders.judge.submission.Training`.
        data: `datasets.Dataset`, integer labels.
        evidence: Dict, takes `"history"`, and the grader's figures under `"training"`.
    """
    from graders.toolkit.perturbations import silent_units

    loss, from_logits = loss_of(training.before)
    figures: dict[str, Any] = {"chance": 1 / data.num_classes, "loss": loss[:60]}
    figures["from_logits"] = from_logits
    rate = (training.after.optimizer or {}).get("learning_rate")
    if isinstance(rate, int | float) and not isinstance(rate, bool):
        figures["learning_rate"] = float(rate)
    evidence.update(history=training.history, training=figures)
    # What goes wrong here is for the checks to say.
    with contextlib.suppress(Exception):
        model = training.after.model
        pairs = zip(training.before.weights, training.after.weights, strict=True)
        figures["moved"] = not all(np.array_equal(old, new) for old, new in pairs)
        for name in ("train", "validation"):
            found = part_scores(training.after, data, name)
            figures[f"{name}_accuracy"], figures[f"{name}_loss"] = found.accuracy, found.loss
        figures["output"] = found.kind
        # Worth a look only where training did not get far.
        if figures["train_accuracy"] < 0.7:
            figures["silent_units"] = silent_units(model, _parts(data.train[0], 0, 200))


def check_training(training: Any, data: Any) -> None:
    """Fails unless a training moved the model, helped, and was reported as asked.

    Args:
        training: `graders.judge.submission.Training`.
        data: `datasets.Dataset`, integer labels.

    Raises:
        CheckFailed: With what was expected and found.
    """
    function, before, after = training.function, training.before, training.after
    check_trained(before, after, function)
    if not training.data_unchanged:
        training.require_history()
    old, new = (part_scores(snapshot, data, "train") for snapshot in (before, after))
    check_claimed_accuracy(training.history, after, data)
    check_loss_fell(old, new, function, loss_of(before)[0])
    few = (_parts(data.train[0], 0, 200), data.train[1][:200])
    # A layer that starts with zeros lets no gradient through at first, one that is sure of every
    # training example none at the end; only what never gets one is cut off.
    dead = dead_weights(after, few, new.kind)
    dead = dead and sorted(set(dead) & set(dead_weights(before, few, old.kind)))
    if dead:
        fail(
            "gradients that reach every trainable layer",
            f"none for {', '.join(dead[:4])}",
            "Look for a stop_gradient, or units that ReLU has shut for good",
        )
    training.require_history()


def confused_pictures(snapshot: Snapshot, data: Any, most: int = 3) -> list[dict[str, Any]]:
    """Returns an example of each of the pairs that are confused most, for the report.

    Of the validation data, which the submission has seen: a picture of the hidden ones with its
    label would help to prepare for them.

    Args:
        snapshot: `Snapshot` of the trained model.
        data: `datasets.Dataset`; if it holds no pictures, nothing is returned.
        most: Integer, the most pairs.

    Returns:
        List of dicts with the labels `true` and `predicted`, and `picture`, a list of rows.
    """
    x, _ = data.validation
    pictures = x.get("image") if isinstance(x, dict) else x
    if not (isinstance(pictures, np.ndarray) and pictures.ndim == 4):
        return []
    if pictures.shape[3] not in (1, 3) or max(pictures.shape[1:3]) > 48:
        return []
    scores = part_scores(snapshot, data, "validation")
    table = np.array(scores.confusion())
    np.fill_diagonal(table, 0)
    found = []
    for flat in np.argsort(-table, axis=None, kind="stable")[:most]:
        true, predicted = (int(i) for i in np.unravel_index(flat, table.shape))
        if table[true, predicted]:
            index = np.flatnonzero((scores.labels == true) & (scores.predicted == predicted))[0]
            picture = pictures[index] * (255 if pictures.max() <= 1 else 1)
            picture = picture.clip(0, 255).astype("uint8").tolist()
            found.append({"true": true, "predicted": predicted, "picture": picture})
    return found


def _by_luck(scores: Scores, others: int) -> float:
    """Returns how far two accuracies of an equally good model lie apart, but for 1 in 100,000."""
    p = min(max(scores.accuracy, 0.05), 0.95)
    deviation = float(np.sqrt(p * (1 - p) * (1 / len(scores.labels) + 1 / others)))
    return max(0.1, 4.3 * deviation)


def check_accuracy(
    training: Any,
    data: Any,
    threshold: Callable[..., float],
    evidence: dict[str, Any],
    noun: str,
) -> None:
    """Fails unless a trained model reaches an accuracy on the hidden test data.

    Args:
        training: `graders.judge.submission.Training`.
        data: `datasets.Dataset`, integer labels.
        threshold: Callable that gives a measure's bound, and notes its value.
        evidence: Dict, takes the accuracy, the threshold and the confusion matrix.
        noun: String, what the examples are, in the plural.

    Raises:
        CheckFailed: With the accuracies.
    """
    scores = part_scores(training.after, data, "test")
    wanted = threshold("accuracy", scores.accuracy)
    evidence.update(accuracy=scores.accuracy, threshold=wanted, confusion=scores.confusion())
    with contextlib.suppress(Exception):
        evidence["confused"] = confused_pictures(training.after, data)
    on_train, on_validation = (
        part_scores(training.after, data, part).accuracy for part in ("train", "validation")
    )
    expected = f"an accuracy of at least {wanted:.1%} on hidden test {noun}"
    if on_validation > max(on_train, scores.accuracy) + _by_luck(scores, len(data.validation[1])):
        fail(
            f"a model that learns from train_data alone, and {expected}",
            f"{scores.accuracy:.1%}, {on_train:.1%} on the training {noun}, and more on the "
            f"validation {noun}: {on_validation:.1%}",
            "Look at the call of fit: are train_data and val_data swapped?",
        )
    if scores.accuracy >= wanted:
        return
    found = (
        f"{scores.accuracy:.1%} (on training {noun} it is {on_train:.1%}; guessing gives "
        f"{1 / data.num_classes:.0%})"
    )
    if on_train > scores.accuracy + 0.15:
        fail(
            expected,
            found,
            f"It knows the training {noun} by heart: regularise (Dropout, fewer weights) or stop "
            "earlier",
        )
    fail(
        expected,
        found,
        f"It does not do well on the training {noun} either: train longer, with another learning "
        "rate, or with a larger model",
    )
