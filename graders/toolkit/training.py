"""Whether a training moved, helped and reported what it should; computed on rebuilt models."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.checking import At, Changes, Uses, fail
from graders.rebuilt.lines import line_of
from graders.rebuilt.live import put_back
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph, hints
from graders.toolkit.learning_rates import ended, unusual
from graders.toolkit.losses import DISTANCES, loss_of
from graders.toolkit.outputs import Scores, at_once, only, part_scores, rows, size
from graders.toolkit.perturbations import silent_units
from graders.toolkit.scaling import scaled_away, scaled_by

# The share of itself that a training loss must lose, and the points (of 1) that an accuracy in a
# History may be above the grader's own.
LEAST_FALL, CLAIM = 0.05, 0.2
# So many examples at a time show which weights a gradient reaches; most often the first ones do.
FEW = 32


# Losses that take labels for numbers.
NO_CLASSES = (*DISTANCES, "poisson", "cosine_similarity")


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
            hints.SAME_LAYERS,
            about=after.lines.fitted,
        )
    return [not np.array_equal(b, a) for b, a in zip(before.weights, after.weights, strict=True)]


def layers_of_weights(snapshot: Snapshot) -> list[str]:
    """Returns for each weight the name of the layer that it belongs to."""
    return [variable.path.rpartition("/")[0] for variable in snapshot.model.weights]


def _without_step(after: Snapshot) -> Any:
    """Returns where it stands that a fit takes no step: the learning rate, or its epochs."""
    if (after.optimizer or {}).get("learning_rate") == 0:
        return after.lines.of_rate()
    return At(after.lines.fitted, "epochs")


def _layer_of(snapshot: Snapshot, index: int) -> Any:
    """Returns the layer of a rebuilt model that a weight belongs to, `None` if none does."""
    model = snapshot.model
    variable = model.weights[index]
    layers = [layer for layer in model._flatten_layers(include_self=False) if line_of(layer)]
    owners = (each for each in layers if any(variable is weight for weight in each.weights))
    # A model within the model has it, too: the innermost is meant.
    return min(owners, key=lambda layer: len(layer.weights), default=None)


def check_finite(training: Any) -> None:
    """Fails unless all weights are finite after a training.

    Args:
        training: The judge's `Training`.

    Raises:
        CheckFailed: If one is NaN or infinite.
    """
    if not training.after.finite():
        training.require_given_values()
    _check_finite(training.after, training.function)


def _check_finite(after: Snapshot, function: str) -> None:
    if not after.finite():
        fail(
            f"finite weights after `{function}`",
            "weights that are NaN or infinite: the training diverged",
            f"Look at the learning rate in `{function}` or in compile (too high?), and at the loss",
            hints.DIVERGED,
            about=after.lines.of_rate(),
        )


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
    _check_finite(after, function)
    free = [i for i, flag in enumerate(before.trainable) if flag or after.trainable[i]]
    if not free:
        fail(
            "trainable weights",
            "a model in which every layer is frozen",
            "Look for trainable=False",
            hints.FROZEN,
            about=Uses("trainable"),
        )
    # By layer, because some weights of a good layer never move: a bias before BatchNormalization,
    # or the recurrent weights of a state that is read before they act.
    owners = layers_of_weights(before)
    alive = {owners[i] for i in free if changes[i]}
    still = [before.paths[i] for i in free if owners[i] not in alive]
    if len(still) == len(free):
        fail(
            f"`{function}` to change the weights of the model that it is given",
            "every weight as it was before",
            f"Look at `{function}`: it must call fit on that very model, for at least one epoch "
            "and with a learning rate above 0",
            hints.NO_STEP,
            about=(Uses("clone_model", function), _without_step(after), Uses("fit", function)),
        )
    if still:
        fail(
            f"`{function}` to change the trainable weights of every layer",
            f"weights that never moved: {', '.join(still[:4])}",
            "Look at how these layers are connected: is their output used, and not cut off by a "
            "stop_gradient or multiplied by 0?",
            hints.NOT_CONNECTED,
            about=(Uses("stop_gradient"), _layer_of(before, before.paths.index(still[0]))),
        )


def check_moved(training: Any) -> None:
    """Fails unless a training moved the trainable weights to finite values.

    A fit on other values than those of the training data explains a training that fails, whatever
    it fails by, so it is reported first. It is a claim: it explains and costs, and earns nothing.

    Args:
        training: The judge's `Training`.

    Raises:
        CheckFailed: With what was expected and found.
    """
    if any(moved(training.before, training.after)):
        training.require_given_values()
    check_trained(training.before, training.after, training.function)


def count_learned(training: Any, counts: Callable[[Any], bool]) -> int:
    """Counts the layers that training moved.

    Args:
        training: The judge's `Training`.
        counts: Function that returns whether a call (`graders.toolkit.graph.Node`) is counted.

    Returns:
        Integer, the number of different layers.
    """
    before, after = graph.nodes(training.before.model), graph.nodes(training.after.model)
    learned = set()
    for old, new in zip(before, after, strict=False):
        if counts(new):
            weights = zip(old.op.get_weights(), new.op.get_weights(), strict=True)
            if any(not np.array_equal(a, b) for a, b in weights):
                learned.add(id(new.op))
    return len(learned)


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
    owners = layers_of_weights(snapshot)
    x, y = data
    trainable = [
        i for i, weight in enumerate(model.weights) if snapshot.trainable[i] and weight.trainable
    ]
    alive: set[str] = set()
    batch = min(FEW, at_once(model, x, size(x), gradients=True))
    for start in range(0, size(x), batch):
        if alive >= {owners[i] for i in trainable}:
            break
        labels = tf.constant(np.asarray(y[start : start + batch]).reshape(-1).astype("int64"))
        # Watching these alone saves the way back through a frozen base, whose variables the tape
        # would watch as well.
        with put_back(model), tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([model.weights[i].value for i in trainable])
            outputs = only(model(rows(x, start, start + batch), training=True))
            if outputs.shape[-1] == 1:
                loss = keras.ops.binary_crossentropy(
                    tf.cast(labels, outputs.dtype)[:, None], outputs, from_logits=kind == "logits"
                )
            else:
                logits = outputs if kind == "logits" else tf.math.log(tf.maximum(outputs, 1e-12))
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            total = tf.reduce_mean(loss)
        gradients = tape.gradient(total, [model.weights[i].value for i in trainable])
        reached = [
            gradient is not None and np.abs(np.asarray(tf.convert_to_tensor(gradient))).max() > 0
            for gradient in gradients
        ]
        alive |= {owners[i] for i, flag in zip(trainable, reached, strict=True) if flag}
    return [snapshot.paths[i] for i in trainable if owners[i] not in alive]


def check_claimed_accuracy(
    history: dict[str, list[float]] | None, snapshot: Snapshot, data: Any, function: str = "train"
) -> None:
    """Fails if the History has a validation accuracy that the model is far from.

    The claim earns nothing, but where it differs, it explains why a model does badly here.

    Args:
        history: Dict of lists of floats, or `None`.
        snapshot: `Snapshot` of the trained model.
        data: `datasets.Dataset`.
        function: String, the function that trained it.

    Raises:
        CheckFailed: With both accuracies.
    """
    rows = [v for k, v in (history or {}).items() if k.startswith("val_") and "acc" in k and v]
    if not rows:
        return
    found = part_scores(snapshot, data, "validation").accuracy
    if rows[0][-1] > found + CLAIM:
        fail(
            "a model that takes the data as they are given, and so gets about as many of them "
            f"right as its History tells (at most {100 * CLAIM:.0f} points fewer)",
            f"one that gets {found:.1%} of the validation data right, while the History shows "
            f"{rows[0][-1]:.1%}",
            "Look for a change of the data in the training function (scaling, another order of "
            "steps, rows or columns): what the data need must be part of the model, as a layer",
            hints.IN_THE_MODEL,
            about=(Changes(function), At(snapshot.lines.fitted, "x")),
        )


def taking_labels_for_numbers(loss: str) -> str:
    """Returns what to look at if a loss takes labels for numbers; empty if it does not.

    Args:
        loss: String, its name in snake case.
    """
    if not loss.startswith(NO_CLASSES):
        return ""
    return (
        f"Look at the loss: {loss} compares outputs with labels as if these were numbers; "
        "classes need a cross-entropy"
    )


def check_loss_fell(
    before: Scores,
    after: Scores,
    function: str,
    loss: str = "",
    advice: Callable[[], str] = str,
    own: tuple[str, ...] = (),
    about: Callable[[], Any] = lambda: None,
) -> None:
    """Fails unless the loss on the training data, computed by the grader, fell.

    Args:
        before: `Scores` on training data, of the model as given.
        after: `Scores` on the same data, of the same model afterwards.
        function: String, the function that trained it.
        loss: String, the name of the loss that it was compiled with, for the message.
        advice: Function that returns what to look at where the caller knows better, or nothing.
        own: Tuple of strings, the hints that go with that advice; the check's own if empty.
        about: Function that returns what the message is about, see `graders.checking.fail`. Like
            the advice, it is asked for after a failure alone: to find it, the model runs.

    Raises:
        CheckFailed: With both losses.
    """
    if not after.loss < (1 - LEAST_FALL) * before.loss:
        look_at = advice()
        own = own if look_at else hints.NO_PROGRESS
        look_at = look_at or (
            "Look at the learning rate, the loss, and whether fit gets x and y that belong together"
        )
        if words := taking_labels_for_numbers(loss):
            own, look_at = hints.OUTPUT_AND_LOSS, words
        fail(
            f"a training loss that falls by at least {100 * LEAST_FALL:.0f} %",
            f"a cross-entropy of {after.loss:.3f} after `{function}`, {before.loss:.3f} before"
            + _by_how_much(before.loss, after.loss)
            + " (computed by the grader on the training data)",
            look_at,
            own,
            about(),
        )


def _by_how_much(before: float, after: float) -> str:
    """Tells by which share a loss fell or rose, in words that follow both values."""
    if not np.isfinite([before, after]).all() or before <= 0 or after == before:
        return ""
    share = (after - before) / before
    return f": {100 * abs(share):.1f} % {'more' if share > 0 else 'less'}"


def reordered(function: str) -> tuple[Uses, ...]:
    """Returns where a function may put examples and labels into another order.

    Args:
        function: String, the function that trains.
    """
    return tuple(Uses(word, function) for word in ("permutation", "sort", "roll"))


def check_training(training: Any, data: Any) -> None:
    """Fails unless a training moved the model, helped, and was reported as asked.

    Args:
        training: The judge's `Training`.
        data: `datasets.Dataset`, integer labels.

    Raises:
        CheckFailed: With what was expected and found.
    """
    function, before, after = training.function, training.before, training.after
    check_moved(training)
    if not training.data_unchanged:
        training.require_history()
    old, new = (part_scores(snapshot, data, "train") for snapshot in (before, after))
    check_claimed_accuracy(training.history, after, data, function)
    arriving = functools.partial(scaled_away, before.model, rows(data.train[0], 0, 100))
    # A schedule may begin or end at next to nothing.
    rate = (unusual(before.optimizer) and unusual(after.optimizer)) or _schedule(training.run)
    loss = loss_of(before)[0]

    def about() -> Any:
        if loss.startswith(NO_CLASSES):
            return before.lines.of_loss()
        if arriving():
            return scaled_by(before.model)
        if ended(training.run) is not None:
            return Uses("decay_steps"), after.lines.of_rate()
        return after.lines.of_rate() if rate else reordered(function)

    check_loss_fell(old, new, function, loss, lambda: arriving() or rate, about=about)
    few = (rows(data.train[0], 0, 200), data.train[1][:200])
    # A layer that starts with zeros lets no gradient through at first, and a model that is sure of
    # every training example has none at the end. A layer is cut off if it gets none either time.
    dead = dead_weights(after, few, new.kind)
    dead = dead and sorted(set(dead) & set(dead_weights(before, few, old.kind)))
    if dead:
        fail(
            "gradients that reach every trainable layer",
            f"none for {', '.join(dead[:4])}",
            "Look for a stop_gradient, or units that ReLU has shut for good",
            hints.NOT_CONNECTED,
            about=(Uses("stop_gradient"), _layer_of(before, before.paths.index(dead[0]))),
        )
    training.require_history()


def _schedule(run: Any) -> str:
    """Returns what to look at where a schedule ended a training; empty if none did."""
    rates = ended(run)
    if rates is None:
        return ""
    return (
        f"Look at the schedule of the learning rate: it falls from {rates[0]:.3g} to "
        f"{rates[1]:.3g}; decay_steps counts batches, not epochs"
    )


def note_training(training: Any, data: Any, evidence: dict[str, Any]) -> None:
    """Notes a training's History and what the grader sees of it, for the reading of the curves.

    Args:
        training: The judge's `Training`.
        data: `datasets.Dataset`, integer labels.
        evidence: Dict, takes `"history"`, and the grader's figures under `"training"`.
    """
    loss, from_logits = loss_of(training.before)
    figures: dict[str, Any] = {"chance": 1 / data.num_classes, "loss": loss[:60]}
    figures["from_logits"] = from_logits
    rate = (training.after.optimizer or {}).get("learning_rate")
    if isinstance(rate, int | float) and not isinstance(rate, bool):
        figures["learning_rate"] = float(rate)
    evidence.update(history=training.history, training=figures)
    # The checks report what goes wrong here.
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
            figures["silent_units"] = silent_units(model, rows(data.train[0], 0, 200))
