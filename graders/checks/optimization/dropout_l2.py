"""Dropout and L2 against overfitting."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from graders.checking import At, Uses, check, fail
from graders.toolkit import fairness as fair
from graders.toolkit import graph, hints, live
from graders.toolkit import regularization as reg
from graders.toolkit.losses import check_classifier_output, loss_of
from graders.toolkit.outputs import part_scores, varies
from graders.toolkit.scaling import scaled_away, scaled_by
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import (
    check_loss_fell,
    check_moved,
    note_training,
    taking_labels_for_numbers,
)

DATA = "noisy_digits"
SOURCES = ("mnist",)
ORDER = 2
WALKTHROUGH = 3

BUILDERS = BASELINE, REGULARIZED = "build_baseline", "build_regularized"
# Below this many nats, a penalty does not move the loss of any training.
SMALLEST_PENALTY = 1e-4
TOO_STRONG = (
    "The baseline learns with the same `train`, so look at build_regularized: the penalty or the "
    "dropout rate is too high for what the layers get"
)
MOVE_IT = (
    "Move it: after the output it would drop whole classes from the answer, on the inputs it hides "
    "pixels and leaves the hidden units to rely on each other"
)


@pytest.fixture(scope="module")
def baseline(submission, data):
    """The network without regularisation."""
    shape = data.train[0].shape[1:]
    return submission.build(BASELINE, shape, data.num_classes, input_shape=shape)


@pytest.fixture(scope="module")
def regularized(submission, data):
    """The network with Dropout and L2."""
    shape = data.train[0].shape[1:]
    return submission.build(REGULARIZED, shape, data.num_classes, input_shape=shape)


@pytest.fixture(scope="module")
def images(data, rng):
    """Random images, for checks in which only their shape matters."""
    return rng.random((64, *data.train[0].shape[1:]), dtype="float32")


@pytest.fixture(scope="module")
def trainings(given, baseline, regularized):
    """What `train` left of either model, by the name of its function: the baseline's first."""
    return {
        model.function: model.train("train", "train", "validation")
        for model in (baseline, regularized)
    }


@pytest.fixture(scope="module")
def scores(trainings, data):
    """The grader's own figures: function -> part of the data -> `Scores`."""
    parts = ("train", "validation", "test")
    return {
        name: {part: part_scores(training.after, data, part) for part in parts}
        for name, training in trainings.items()
    }


@check(
    points=1,
    doc="https://keras.io/guides/sequential_model/",
    hints=(
        "Read the docstrings: what do the two builders take, and what do they return?",
        "Both end with model.compile(...) and return model.",
        "The last layer has num_classes units, in both networks.",
    ),
)
def builds(baseline, regularized, data):
    """Both builders return a compiled Sequential or Functional model with one output per class."""
    shape, classes = data.train[0].shape[1:], data.num_classes
    for model in (baseline, regularized):
        call = f"{model.function}({shape}, {classes})"
        check_image_classifier(model.keras, shape, classes, call)
        live.check_same_model(model)


@check(
    points=1,
    doc="https://keras.io/api/layers/regularizers/",
    needs=("builds",),
    hints=(
        "What would you learn from a comparison of two networks that differ in two ways?",
        "Write both from one helper function, so that they cannot drift apart.",
        "Take the dropout layers and the kernel_regularizer out of build_regularized: what is left "
        "is build_baseline, unit by unit.",
    ),
)
def same_architecture(baseline, regularized):
    """The two networks have the same layers and sizes, apart from dropout and regularizers."""
    plain, other = (reg.skeleton(graph.nodes(model.keras)) for model in (baseline, regularized))
    if plain == other:
        return
    found = f"{', '.join(plain)} in the baseline, and {', '.join(other)} in the other"
    if len(plain) == len(other):
        pairs = zip(plain, other, strict=True)
        one, two = next((one, two) for one, two in pairs if one != two)
        found = f"{one} in the baseline where the regularised network has {two}"
    fail(
        "the same layers, sizes and activations in both networks, apart from dropout layers "
        "and regularizers",
        found,
        "Make them equal: otherwise nobody can tell whether Dropout and L2 helped, or the "
        "other size",
        about=_odd_layer(baseline, regularized),
    )


def _odd_layer(baseline: Any, regularized: Any) -> Any:
    """Returns the first layer of the regularised network that the baseline does not have so."""
    plain = reg.skeleton(graph.nodes(baseline.keras))
    found = graph.nodes(regularized.keras)
    for count, node in enumerate(found, 1):
        rows = reg.skeleton(found[:count])
        if rows != plain[: len(rows)]:
            return node
    return REGULARIZED


@check(
    points=1,
    doc="https://keras.io/api/layers/regularizers/",
    needs=("builds",),
    hints=(
        "What is a baseline for? Which of its parts are there against overfitting?",
        "Look for Dropout layers and for arguments that end in _regularizer in build_baseline.",
    ),
)
def baseline_plain(baseline, images):
    """The baseline has neither dropout nor a weight penalty."""
    live.check_same_penalty(baseline)
    found = graph.nodes(baseline.keras)
    for node in found:
        if reg.is_dropout(node) and reg.rate(node) > 0:
            fail(
                "a baseline without dropout",
                f"{node.kind}({reg.rate(node):g}) in it",
                "Look at build_baseline: the dropout layers belong into build_regularized only",
                about=node,
            )
    penalty = reg.penalty(baseline.keras, images)
    if penalty != 0:
        at_work = reg.regularizers(baseline.keras)
        names = [regularizer.argument for regularizer in at_work]
        fail(
            "a baseline whose loss is the cross-entropy alone",
            f"{names[-1] if names else 'a penalty'} at work: it adds {penalty:.3g} to the loss of "
            "the fresh model",
            "Look at build_baseline: the regularizers belong into build_regularized only",
            about=at_work[-1].about if at_work else BASELINE,
        )
    noisy = any(reg.is_other_noise(node) for node in found)
    if not noisy and varies(baseline.keras, images, training=True):
        fail(
            "a baseline that gives the same output for the same images in training",
            "an output that changes from call to call",
            "Look for a dropout argument or a layer with dropout inside in build_baseline",
            about=(Uses("dropout", BASELINE), BASELINE),
        )


@check(
    points=1,
    doc="https://keras.io/api/layers/regularization_layers/dropout/",
    needs=("builds",),
    hints=(
        "Where in the network can a unit come to rely on its neighbours?",
        "Put a Dropout layer after a hidden layer's activation, before the next layer.",
        "Between means: a Dense or convolution before it, and another one after it.",
    ),
)
def dropout_active(regularized, images):
    """The regularised model has a dropout layer between its layers, at work in training only."""
    model, found = regularized.keras, graph.nodes(regularized.keras)
    between = [node for node in graph.between(found, graph.has_kernel) if reg.is_dropout(node)]
    _check_place(model, found, between)
    if not any(0 < reg.rate(node) < 1 for node in between):
        fail(
            "a dropout rate above 0 and below 1",
            f"{reg.rate(between[0]):g}",
            "The rate is the share of values that is dropped: 0.2 to 0.5 is usual",
            ("Print layer.rate of each Dropout layer: which share of the values is dropped?",),
            about=between[0],
        )
    if varies(model, images, training=False):
        fail(
            "the same answer for the same images in inference",
            "an answer that changes from call to call",
            "Look for training=True in the call of a layer: leave it to Keras when to drop",
            ("Who tells a Dropout layer that a training is going on: you, or fit?",),
            about=(Uses("training"), between),
        )
    # It is the dropout between layers that must reach the output.
    with reg.only_these(found, between):
        at_work = varies(model, images, training=True, least=1e-7)
    if not at_work:
        fail(
            "outputs that vary in training, as dropout makes them",
            "the same outputs in two calls with training=True",
            "Look at where the dropped values go: is the result of the dropout layer used, and "
            "not called with training=False?",
            about=(Uses("training"), between),
        )


def _check_place(model: Any, found: list[graph.Node], between: list[graph.Node]) -> None:
    """Fails unless dropout stands between layers, and none after the output."""
    dropouts = [node for node in found if reg.is_dropout(node)]
    if not dropouts:
        fail(
            "at least one dropout layer in the regularised network",
            f"none (the image passes {graph.describe(found)})",
            "Look at build_regularized: add Dropout after a hidden layer, and use its result as "
            "the next layer's input",
            about=(Uses("Dropout", REGULARIZED), REGULARIZED),
        )
    last = max((i for i, node in enumerate(found) if graph.has_kernel(node)), default=-1)
    on_output = any(
        reg.is_dropout(node) and node.shape == tuple(model.outputs[0].shape)
        for node in found[last + 1 :]
    )
    if between and not on_output:
        return
    where = "on the inputs"
    if on_output:
        where = "after the output layer"
    elif any(graph.has_kernel(parent) for node in dropouts for parent in node.parents):
        where = "after the last layer"
    fail(
        "dropout between layers: a Dense or convolution before it and another one after it",
        f"{dropouts[-1].kind} {where}",
        MOVE_IT,
        about=dropouts[-1],
    )


@check(
    points=1,
    doc="https://keras.io/api/layers/regularizers/",
    needs=("builds",),
    hints=(
        "Which argument of a layer adds a penalty on its weights to the loss?",
        "kernel_regularizer takes an object of keras.regularizers.",
        "print(model.losses) shows the penalties of a model; an empty list means none.",
    ),
)
def l2_active(regularized, images):
    """An L2 penalty on at least one kernel is part of the regularised model's loss."""
    live.check_same_penalty(regularized)
    model = regularized.keras
    found = reg.regularizers(model)
    _check_l2(found)
    added = reg.quadratic_penalty(model, images[:8])
    if added < SMALLEST_PENALTY:
        fail(
            "an L2 penalty that grows fourfold when the kernels are doubled, and adds at least "
            f"{SMALLEST_PENALTY:g} to the loss of the fresh model",
            f"{added:.2g} added to the loss of the fresh model, whose cross-entropy is about "
            f"{np.log(model.outputs[0].shape[-1]):.1f}",
            "Look at the coefficient (1e-4 to 1e-2 is usual), and whether the layer is trainable",
            about=next(each.about for each in found if each.on_kernel),
        )


def _check_l2(found: list[reg.Regularizer]) -> None:
    """Fails unless one of the regularizers is an L2 on a kernel, with a coefficient above 0."""
    on_kernels = [regularizer for regularizer in found if regularizer.on_kernel]
    if not on_kernels:
        fail(
            "an L2 penalty on the kernel of at least one layer",
            f"only {found[0].argument}" if found else "no regularizer in the model",
            "Look at build_regularized: pass kernel_regularizer=keras.regularizers.L2(...) to its "
            "Dense or convolution layers",
            about=found[0].about if found else REGULARIZED,
        )
    squares = [regularizer for regularizer in on_kernels if regularizer.kind in ("L2", "L1L2")]
    if not squares:
        fail(
            "an L2 penalty (keras.regularizers.L2 or L1L2)",
            f"{on_kernels[0].kind}, which is another penalty",
            "Look at kernel_regularizer: L2 adds the sum of the squared weights, L1 that of their "
            "absolute values",
            about=on_kernels[0].about,
        )
    if max(regularizer.l2 for regularizer in squares) <= 0:
        fail(
            "an L2 coefficient above 0",
            f"{squares[0].kind} with l2={squares[0].l2:g}",
            "Look at the argument of the regularizer: 1e-4 to 1e-2 is usual",
            about=squares[0].about,
        )


@check(
    points=0.5,
    repairs=True,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(baseline, regularized, data):
    """Both outputs are class probabilities or logits, and the losses match them."""
    for model in (baseline, regularized):
        check_classifier_output(model.snapshot, data.validation[0][:250], data.num_classes)


@check(
    points=0.5,
    doc="https://keras.io/api/layers/core_layers/input/",
    needs=("builds",),
    hints=(
        "Do the builders use their two arguments everywhere, or a number of the task's data?",
        "keras.Input(input_shape) and Dense(num_classes).",
    ),
)
def honours_arguments(submission):
    """Both builders work for other image sizes and class counts too."""
    shape, classes = (36, 32, 3), 7
    for name in BUILDERS:
        other = submission.build(name, shape, classes, input_shape=shape)
        check_image_classifier(other.keras, shape, classes, f"{name}({shape}, {classes})")


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("same_architecture", "baseline_plain", "dropout_active", "l2_active", "output_and_loss"),
    hints=(
        *hints.TRAINS,
        "val_data is there to watch: fit must not learn from it.",
    ),
)
def trains(trainings, regularized, scores, data, evidence):
    """train fits either model on the training data alone and returns the History."""
    # Both are noted before either is judged: the curves are read where the baseline fails, too.
    evidence["history_baseline"] = trainings[BASELINE].history
    note_training(trainings[REGULARIZED], data, evidence)
    evidence["training"]["fixed_epochs"] = True
    for name, training in trainings.items():
        check_moved(training)
        before = part_scores(training.before, data, "train")
        # The baseline comes first: where it learned, train is not what keeps the other from it.
        other = "" if name == BASELINE else TOO_STRONG
        advice = functools.partial(_what_keeps_it, trainings, data, name, other)
        own = () if name == BASELINE else hints.TOO_STRONG
        loss = loss_of(training.before)[0] if name == BASELINE else ""
        kept = training.about if name == BASELINE else _of_penalty(regularized)
        if taking_labels_for_numbers(loss):
            kept = training.before.lines.of_loss()
        about = functools.partial(_about_loss, trainings, data, name, kept)
        after = scores[name]["train"]
        check_loss_fell(before, after, "train", loss, advice, own, about)
        training.require_history()
    for found in scores.values():
        watched, unseen = found["validation"].accuracy, found["test"].accuracy
        if watched - unseen > 0.1:
            fail(
                "a model that learns from train_data alone, and so is at most 10 points better on "
                "val_data than on hidden images",
                f"an accuracy of {watched:.1%} on val_data and {unseen:.1%} on hidden images",
                "Look at what fit is given as x and y: val_data belongs into validation_data only",
                hints.SWAPPED_PARTS,
                about=At(trainings[REGULARIZED].after.lines.fitted, "x"),
            )


def _of_penalty(regularized: Any) -> Any:
    """Returns where dropout and L2 stand: a dropout of nearly everything comes first."""
    dropouts = [n for n in graph.nodes(regularized.keras) if reg.is_dropout(n)]
    penalties = [each.about for each in reg.regularizers(regularized.keras) if each.on_kernel]
    strong = [node for node in dropouts if reg.rate(node) > 0.8]
    return [*strong, *penalties, *dropouts, REGULARIZED]


def _scaled(trainings: Any, data: Any, *names: str) -> str:
    """Tells what to look at if one of the models makes its images far smaller than they are."""
    few = data.train[0][:100]
    advice = {name: scaled_away(trainings[name].before.model, few) for name in names}
    return next((f"{words} (in {name})" for name, words in advice.items() if words), "")


def _of_scaling(trainings: Any, data: Any, *names: str) -> Any:
    """Returns where one of the models makes its images far smaller, `None` if none does."""
    few = data.train[0][:100]
    models = [trainings[name].before.model for name in names]
    return [scaled_by(model) for model in models if scaled_away(model, few)]


def _about_loss(trainings: Any, data: Any, name: str, other: Any) -> Any:
    """Returns what a loss that did not fall is about: the scaling of the images, or another."""
    return _of_scaling(trainings, data, name), other


def _what_keeps_it(trainings: Any, data: Any, name: str, other: str) -> str:
    """Tells what keeps a model from learning: its images, or another thing."""
    return _scaled(trainings, data, name) or other


@check(
    points=0.5,
    doc="https://keras.io/api/callbacks/early_stopping/",
    needs=("trains",),
    hints=(
        "Which callbacks does train use? Which of them end the training before its last epoch?",
        "Both models get the same number of epochs, whatever happens in them.",
    ),
)
def no_early_stopping(trainings):
    """train gives both models the same number of steps, without early stopping."""
    runs = [training.run for training in trainings.values()]
    fair.no_early_stop(runs, ", so that the baseline can overfit")
    fair.same_steps(runs, "for both models")
    _check_same_end(*trainings.values())
    fair.same_rate(runs, "for both models")
    fair.same_decay(runs, "for both models")


def _check_same_end(plain: Any, other: Any) -> None:
    """Fails if only the baseline keeps the weights of its last epoch.

    Who restores the best epoch of both treats both alike, even if the baseline's last epoch is its
    best.
    """
    if not plain.run.fits or not other.run.fits or _ended_best(plain.history):
        return
    if plain.run.fits[-1].kept and not other.run.fits[-1].kept:
        fail(
            "the weights of the last epoch in both models, or in neither",
            "them in the baseline, and other ones in the regularised model after `train`",
            "Look for a callback or set_weights that keeps the best epoch of one model only",
            ("Which weights does each model end with: its last epoch's, or its best one's?",),
            about=(Uses("restore_best_weights"), Uses("ModelCheckpoint"), Uses("set_weights")),
        )


def _ended_best(history: dict[str, list[float]] | None) -> bool:
    """Returns whether the last epoch is the best one by a validation metric."""
    rows = [(name, row) for name, row in (history or {}).items() if name.startswith("val_") and row]
    return any(row[-1] == (min(row) if "loss" in name else max(row)) for name, row in rows)


@check(
    points=0.5,
    repairs=True,
    doc="https://www.tensorflow.org/tutorials/keras/overfit_and_underfit",
    needs=("trains",),
    hints=(
        "What does overfitting look like in figures? Compare loss and val_loss at the end.",
        "One training label in five is wrong: what must a network do to get those right as well?",
        "Train longer, or with a larger network or learning rate, until the baseline knows the "
        "training labels by heart; keep the weights of the last epoch.",
    ),
)
def baseline_overfits(trainings, scores, data, threshold, evidence):
    """The baseline, trained by train, ends up overfitting."""
    found = scores[BASELINE]
    on_train, unseen = found["train"], found["test"]
    # A share, not a difference: how steep the losses are depends on the network, this hardly does.
    ratio = on_train.loss / max(unseen.loss, 1e-6)
    wanted = threshold("baseline_loss_ratio", ratio, upper=True)
    evidence.update(baseline_accuracy=unseen.accuracy, baseline_loss_ratio=ratio)
    if ratio > wanted:
        fail(
            "a baseline that overfits: its loss on the training labels, the wrong ones included, "
            f"is at most {wanted:.0%} of that on hidden images",
            f"a training loss of {on_train.loss:.2f} and {unseen.loss:.2f} on hidden images "
            f"(accuracies {on_train.accuracy:.1%} and {unseen.accuracy:.1%})",
            _scaled(trainings, data, BASELINE)
            or "Look at train: are there enough epochs, and does it keep the weights of the last "
            "epoch (no restoring of the best ones)? And is the baseline large enough?",
            about=(_of_scaling(trainings, data, BASELINE), Uses("restore_best_weights")),
        )


@check(
    points=1,
    repairs=True,
    doc="https://www.tensorflow.org/tutorials/keras/overfit_and_underfit",
    needs=("no_early_stopping", "baseline_overfits"),
    hints=(
        "Compare loss and val_loss of both models at the end: whose are closer together?",
        "If they are as far apart with Dropout and L2 as without, both may be too weak to matter.",
        "Raise the dropout rate or the L2 coefficient step by step, and watch both losses.",
    ),
)
def gap_shrinks(trainings, regularized, scores, data, threshold, evidence):
    """Dropout and L2 shrink the gap between training and hidden loss clearly."""
    gaps = {name: found["test"].loss - found["train"].loss for name, found in scores.items()}
    plain, other = gaps[BASELINE], gaps[REGULARIZED]
    ratio = other / max(plain, 1e-6)
    wanted = threshold("gap_ratio", ratio, upper=True)
    evidence.update(loss_gap=other, baseline_loss_gap=plain)
    if ratio > wanted:
        fail(
            "a gap between hidden and training loss (cross-entropy, computed by the grader) of at "
            f"most {wanted:.0%} of the baseline's",
            f"{other:.2f} with Dropout and L2, and {plain:.2f} without",
            _scaled(trainings, data, *BUILDERS)
            or "Look at the dropout rate and the L2 coefficient: too small, they change nothing",
            about=(_of_scaling(trainings, data, *BUILDERS), _of_penalty(regularized)),
        )


@check(
    points=1,
    repairs=True,
    doc="https://www.tensorflow.org/tutorials/keras/overfit_and_underfit",
    needs=("trains",),
    hints=(
        "Is the regularised model's accuracy low on the training data too? Then it underfits.",
        "Lower the dropout rate or the L2 coefficient, or train longer.",
    ),
)
def accuracy(trainings, regularized, scores, data, threshold, evidence):
    """The regularised model's accuracy on hidden images does not suffer."""
    found, plain = scores[REGULARIZED], scores[BASELINE]
    reached, without = found["test"].accuracy, plain["test"].accuracy
    loss = threshold("accuracy_loss", without - reached, upper=True)
    wanted = max(threshold("accuracy", reached), without - loss)
    evidence.update(accuracy=reached, threshold=wanted, confusion=found["test"].confusion())
    if reached < wanted:
        fail(
            f"an accuracy of at least {wanted:.1%} on hidden images with Dropout and L2",
            f"{reached:.1%} (the baseline reaches {without:.1%}; on its training labels the "
            f"regularised model reaches {found['train'].accuracy:.1%}, and guessing gives "
            f"{1 / data.num_classes:.0%})",
            _scaled(trainings, data, REGULARIZED)
            or "Look at the curves: if the training accuracy is low as well, the penalty or the "
            "dropout rate is too high, or the training too short",
            about=(_of_scaling(trainings, data, *BUILDERS), _of_penalty(regularized)),
        )
