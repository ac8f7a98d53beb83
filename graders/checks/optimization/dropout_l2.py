"""Dropout and L2 against overfitting."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from graders.checking import check, fail, probe
from graders.toolkit import graph, hints
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.outputs import part_scores, predict
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import check_loss_fell, check_trained, note_training

DATA = "noisy_digits"
SOURCES = ("mnist",)
ORDER = 2

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
# Below this many nats, a penalty does not move the loss of any training.
SMALLEST_PENALTY = 1e-4
TOO_STRONG = (
    "The baseline learns with the same `train`: look at build_regularized, where the penalty or "
    "the dropout rate is too high"
)


@probe
def watch_fits(student, box):
    """Has every `fit` note its epochs, its first learning rate and its last epoch's weights."""
    import functools

    import keras
    import numpy as np

    original = keras.Model.fit
    notes = []

    class Look(keras.callbacks.Callback):
        """Stands last in the list: it sees what the student's own callbacks leave."""

        def __init__(self):
            super().__init__()
            self.rate = self.weights = None

        def on_epoch_begin(self, epoch, logs=None):
            if self.rate is None:
                self.rate = float(np.asarray(self.model.optimizer.learning_rate))

        def on_epoch_end(self, epoch, logs=None):
            self.weights = [np.array(w) for w in self.model.trainable_weights]

    @functools.wraps(original)
    def fit(self, *args, **kwargs):
        given = kwargs.get("callbacks") or []
        several = [given] if isinstance(given, keras.callbacks.Callback) else given
        look = Look()
        if len(args) < 6 and isinstance(several, list | tuple):
            kwargs["callbacks"] = [*several, look]
        history = original(self, *args, **kwargs)
        done = list(getattr(history, "epoch", None) or [])
        asked = (getattr(history, "params", None) or {}).get("epochs")
        if isinstance(asked, int) and done:
            notes.append([asked - int(done[0]), len(done), self, look])
        return history

    keras.Model.fit = fit
    return box.keep(notes)


@probe
def noted_fits(student, box, handle):
    """Hands over what was noted since it was last asked.

    Of each fit: the epochs asked for and run, the learning rate of its first epoch (-1 if not
    known), and whether the weights are still those of its last epoch.
    """
    import numpy as np

    notes = []
    for asked, done, model, look in box[handle]:
        now = [np.array(w) for w in model.trainable_weights]
        kept = look.weights is None or (
            len(now) == len(look.weights)
            and all(np.array_equal(a, b) for a, b in zip(now, look.weights, strict=True))
        )
        notes.append([asked, done, -1.0 if look.rate is None else look.rate, kept])
    box[handle].clear()
    return notes


class Fit(NamedTuple):
    """What is claimed of a fit: epochs, first learning rate, whether its last weights are kept."""

    asked: int
    done: int
    rate: float
    kept: bool


@pytest.fixture(scope="module")
def baseline(submission, data):
    """The network without regularisation."""
    shape = data.train[0].shape[1:]
    return submission.build("build_baseline", shape, data.num_classes, input_shape=shape)


@pytest.fixture(scope="module")
def regularized(submission, data):
    """The network with Dropout and L2."""
    shape = data.train[0].shape[1:]
    return submission.build("build_regularized", shape, data.num_classes, input_shape=shape)


@pytest.fixture(scope="module")
def trainings(submission, given, baseline, regularized):
    """What `train` left of either model, by the name of its function, with the epochs of each."""
    handle = submission.run(watch_fits)
    found = {}
    for model in (baseline, regularized):
        training = model.train("train", "train", "validation")
        notes = submission.run(noted_fits, handle=handle)
        try:
            fits = [Fit(*note) for note in notes]
        except TypeError:
            fail("the fits of `train` as Keras runs them", "something else", "Look at train")
        found[model.function] = training, fits
    return found


@pytest.fixture(scope="module")
def scores(trainings, data):
    """The grader's own figures: function -> part of the data -> `Scores`."""
    return {
        name: {
            part: part_scores(training.after, data, part)
            for part in ("train", "validation", "test")
        }
        for name, (training, _) in trainings.items()
    }


def _is_dropout(node: graph.Node) -> bool:
    return node.kind in DROPOUTS


def _rate(node: graph.Node) -> float:
    return float(getattr(node.op, "rate", 0.0) or 0.0)


def _skeleton(found: list[graph.Node]) -> list[str]:
    """Describes what stays of a network without its dropout layers: kinds, sizes, activations."""
    rows = []
    for node in found:
        if node.kind in ("InputLayer", "Identity", "ActivityRegularization") or _is_dropout(node):
            continue
        weights = [tuple(w.shape) for w in getattr(node.op, "weights", [])]
        activation = graph.activation_name(node.op)
        if node.kind in ACTIVATIONS and node.kind != "Activation":
            activation = node.kind
        elif node.kind != "Activation":
            sizes = " + ".join("x".join(map(str, shape)) for shape in weights if len(shape) > 1)
            size = sizes or ", ".join(str(n) for n in node.shape[1:])
            rows.append(f"{node.kind}({size})")
        if activation != "linear":
            rows.append(activation.lower().replace("_", ""))
    return rows


def _penalty(model: Any, x: np.ndarray) -> float:
    """Computes what a model adds to its loss."""
    predict(model, x)  # a penalty on activities exists after a call only
    return float(sum(float(np.sum(np.asarray(loss))) for loss in model.losses))


def _training_outputs(model: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs a model twice as in training, and leaves it as it was."""
    kept = model.get_weights()
    first, second = (predict(model, x, training=True) for _ in range(2))
    model.set_weights(kept)  # BatchNormalization has moved its averages
    return first, second


def _has_kernel(node: graph.Node) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(node.op, "weights", []))


def _between(found: list[graph.Node]) -> list[graph.Node]:
    """Lists the dropout calls that have a layer with a kernel before them and another after."""
    before: dict[int, bool] = {}
    for node in found:
        before[id(node)] = any(_has_kernel(p) or before[id(p)] for p in node.parents)
    after: dict[int, bool] = {}
    for node in reversed(found):
        for parent in node.parents:
            after[id(parent)] = (
                after.get(id(parent), False) or _has_kernel(node) or after.get(id(node), False)
            )
    return [n for n in found if _is_dropout(n) and before[id(n)] and after.get(id(n), False)]


def _regularizers(model: Any) -> list[tuple[Any, str, Any]]:
    """Lists the regularizers of a model: layer, argument, regularizer."""
    return [
        (layer, name, value)
        for layer in model._flatten_layers(include_self=False)
        for name, value in sorted(vars(layer).items())
        if name.endswith("_regularizer") and value is not None
    ]


def _coefficient(regularizer: Any, name: str) -> float:
    return float(np.asarray(getattr(regularizer, name, 0.0) or 0.0))


@check(
    points=1,
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


@check(
    points=1,
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
    plain, other = (_skeleton(graph.nodes(m.keras)) for m in (baseline, regularized))
    if plain != other:
        if len(plain) == len(other):
            [first, *_] = [pair for pair in zip(plain, other, strict=True) if pair[0] != pair[1]]
            found = f"{first[0]} in the baseline where the regularised network has {first[1]}"
        else:
            found = f"{', '.join(plain)} in the baseline, and {', '.join(other)} in the other"
        fail(
            "the same layers, sizes and activations in both networks, apart from dropout layers "
            "and regularizers",
            found,
            "Make them equal: otherwise nobody can tell whether Dropout and L2 helped, or the "
            "other size",
        )


@check(
    points=1,
    needs=("builds",),
    hints=(
        "What is a baseline for? Which of its parts are there against overfitting?",
        "Look for Dropout layers and for arguments that end in _regularizer in build_baseline.",
    ),
)
def baseline_plain(baseline, data, rng):
    """The baseline has neither dropout nor a weight penalty."""
    model = baseline.keras
    found = graph.nodes(model)
    dropped = [node for node in found if _is_dropout(node) and _rate(node) > 0]
    if dropped:
        fail(
            "a baseline without dropout",
            f"{dropped[0].kind}({_rate(dropped[0]):g}) in it",
            "Look at build_baseline: the dropout layers belong into build_regularized only",
        )
    x = rng.random((32, *data.train[0].shape[1:]), dtype="float32")
    penalty = _penalty(model, x)
    if penalty != 0:
        [*_, last] = [f"{name}" for _, name, _ in _regularizers(model)] or ["a penalty"]
        fail(
            "a baseline whose loss is the cross-entropy alone",
            f"{last} at work: it adds {penalty:.3g} to the loss of the fresh model",
            "Look at build_baseline: the regularizers belong into build_regularized only",
        )
    if any(node.kind.startswith(OTHER_NOISE) for node in found):
        return
    first, second = _training_outputs(model, x)
    if not np.allclose(first, second, atol=1e-6):
        fail(
            "a baseline that gives the same output for the same images in training",
            "an output that changes from call to call",
            "Look for a dropout argument or a layer with dropout inside in build_baseline",
        )


@check(
    points=1,
    needs=("builds",),
    hints=(
        "Where in the network can a unit come to rely on its neighbours?",
        "Put a Dropout layer after a hidden layer's activation, before the next layer.",
        "Between means: a Dense or convolution before it, and another one after it.",
    ),
)
def dropout_active(regularized, data, rng):
    """The regularised model has a dropout layer between its layers, at work in training only."""
    model = regularized.keras
    found = graph.nodes(model)
    dropouts = [node for node in found if _is_dropout(node)]
    if not dropouts:
        fail(
            "at least one dropout layer in the regularised network",
            f"none (the image passes {graph.describe(found)})",
            "Look at build_regularized: add Dropout after a hidden layer, and use its result as "
            "the next layer's input",
        )
    on_output = [
        node
        for node in dropouts
        if tuple(node.shape) == tuple(model.output_shape)
        and not any(_has_kernel(other) for other in found[found.index(node) + 1 :])
    ]
    between = _between(found)
    if on_output or not between:
        where = "after the output layer" if on_output else "on the inputs"
        if not on_output and any(_has_kernel(p) for node in dropouts for p in node.parents):
            where = "after the last layer"
        fail(
            "dropout between layers: a Dense or convolution before it and another one after it",
            f"{dropouts[-1].kind} {where}",
            "Move it: after the output it would drop whole classes from the answer, on the inputs "
            "it hides pixels and leaves the hidden units to rely on each other",
        )
    if not any(0 < _rate(node) < 1 for node in between):
        fail(
            "a dropout rate above 0 and below 1",
            f"{_rate(between[0]):g}",
            "The rate is the share of values that is dropped: 0.2 to 0.5 is usual",
        )
    x = rng.random((64, *data.train[0].shape[1:]), dtype="float32")
    if not np.allclose(predict(model, x), predict(model, x), atol=1e-6):
        fail(
            "the same answer for the same images in inference",
            "an answer that changes from call to call",
            "Look for training=True in the call of a layer: leave it to Keras when to drop",
        )
    # Only the dropout between layers is left on: it is that one that must reach the output.
    kept = [(node.op, node.op.rate) for node in dropouts]
    for node in dropouts:
        if not any(node.op is other.op for other in between):
            node.op.rate = 0.0
    first, second = _training_outputs(model, x)
    for layer, rate in kept:
        layer.rate = rate
    if np.allclose(first, second, rtol=1e-5, atol=1e-7):
        fail(
            "outputs that vary in training, as dropout makes them",
            "the same outputs in two calls with training=True",
            "Look at where the dropped values go: is the result of the dropout layer used, and "
            "not called with training=False?",
        )


@check(
    points=1,
    needs=("builds",),
    hints=(
        "Which argument of a layer adds a penalty on its weights to the loss?",
        "kernel_regularizer takes an object of keras.regularizers.",
        "print(model.losses) shows the penalties of a model; an empty list means none.",
    ),
)
def l2_active(regularized, data, rng):
    """An L2 penalty on at least one kernel is part of the regularised model's loss."""
    model = regularized.keras
    regularizers = _regularizers(model)
    kernels = [
        (layer, name, value)
        for layer, name, value in regularizers
        if name not in ("bias_regularizer", "activity_regularizer")
    ]
    if not kernels:
        fail(
            "an L2 penalty on the kernel of at least one layer",
            f"only {regularizers[0][1]}" if regularizers else "no regularizer in the model",
            "Look at build_regularized: pass kernel_regularizer=keras.regularizers.L2(...) to its "
            "Dense or convolution layers",
        )
    squares = [v for _, _, v in kernels if type(v).__name__ in ("L2", "L1L2")]
    if not squares:
        fail(
            "an L2 penalty (keras.regularizers.L2 or L1L2)",
            f"{type(kernels[0][2]).__name__}, which is another penalty",
            "Look at kernel_regularizer: L2 adds the sum of the squared weights, L1 that of their "
            "absolute values",
        )
    if max(_coefficient(v, "l2") for v in squares) <= 0:
        fail(
            "an L2 coefficient above 0",
            f"{type(squares[0]).__name__} with l2={_coefficient(squares[0], 'l2'):g}",
            "Look at the argument of the regularizer: 1e-4 to 1e-2 is usual",
        )
    # The penalty as the loss has it: its quadratic part, kernel by kernel.
    x = rng.random((8, *data.train[0].shape[1:]), dtype="float32")
    quadratic = 0.0
    for weight in model.trainable_weights:
        if len(weight.shape) < 2:
            continue
        kept = np.array(weight)
        values = []
        for factor in (0.0, 1.0, 2.0):
            weight.assign(factor * kept)
            values.append(_penalty(model, x))
        weight.assign(kept)
        quadratic += max(0.0, (values[2] - 2 * values[1] + values[0]) / 2)
    if quadratic < SMALLEST_PENALTY:
        fail(
            "an L2 penalty that grows fourfold when the kernels are doubled, and that the loss "
            "can feel",
            f"{quadratic:.2g} added to the loss of the fresh model, whose cross-entropy is about "
            f"{np.log(model.output_shape[-1]):.1f}",
            "Look at the coefficient (1e-4 to 1e-2 is usual), and whether the layer is trainable",
        )


@check(
    points=0.5,
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(baseline, regularized, data):
    """Both outputs are class probabilities or logits, and the losses match them."""
    for model in (baseline, regularized):
        check_classifier_output(model.snapshot, data.validation[0][:250], data.num_classes)


@check(
    points=0.5,
    needs=("builds",),
    hints=(
        "Do the builders use their two arguments everywhere, or a number of the task's data?",
        "keras.Input(input_shape) and Dense(num_classes).",
    ),
)
def honours_arguments(submission):
    """Both builders work for other image sizes and class counts too."""
    shape, classes = (36, 32, 3), 7
    for name in ("build_baseline", "build_regularized"):
        other = submission.build(name, shape, classes, input_shape=shape)
        check_image_classifier(other.keras, shape, classes, f"{name}({shape}, {classes})")


@check(
    points=1,
    needs=("same_architecture", "baseline_plain", "dropout_active", "l2_active", "output_and_loss"),
    hints=(
        *hints.TRAINS,
        "val_data is there to watch: fit must not learn from it.",
    ),
)
def trains(trainings, scores, data, evidence):
    """train fits either model on the training data alone and returns the History."""
    # Both are noted before either is judged: the curves are read where the baseline fails, too.
    evidence["history_baseline"] = trainings["build_baseline"][0].history
    note_training(trainings["build_regularized"][0], data, evidence)
    for name, (training, _) in trainings.items():
        check_trained(training.before, training.after, "train")
        before = part_scores(training.before, data, "train")
        # The baseline comes first: where it learned, train is not what keeps the other from it.
        advice = "" if name == "build_baseline" else TOO_STRONG
        check_loss_fell(before, scores[name]["train"], "train", advice=advice)
        training.require_history()
    for found in scores.values():
        watched, unseen = found["validation"].accuracy, found["test"].accuracy
        if watched - unseen > 0.1:
            fail(
                "a model that learns from train_data alone, and so is as good on val_data as on "
                "hidden images",
                f"an accuracy of {watched:.1%} on val_data and {unseen:.1%} on hidden images",
                "Look at what fit is given as x and y: val_data belongs into validation_data only",
            )


@check(
    points=0.5,
    needs=("trains",),
    hints=(
        "Which callbacks does train use? Which of them end the training before its last epoch?",
        "Both models get the same number of epochs, whatever happens in them.",
    ),
)
def no_early_stopping(trainings):
    """train gives both models the same number of steps, without early stopping."""
    for name, (_, fits) in trainings.items():
        for fit in fits:
            if fit.done < fit.asked:
                fail(
                    "a training without early stopping, so that the baseline can overfit",
                    f"{fit.done} of {fit.asked} epochs for the model of `{name}`",
                    "Look at the callbacks in train: leave out EarlyStopping and whatever else "
                    "sets stop_training",
                )
    steps = {}
    for name, (training, fits) in trainings.items():
        optimizer = training.after.optimizer or {}
        epochs = sum(fit.done for fit in fits)
        steps[name] = epochs, optimizer.get("iterations")
    if len(set(steps.values())) > 1:
        (plain, plain_steps), (other, other_steps) = steps.values()
        fail(
            "the same training for both models",
            f"{plain} epochs ({plain_steps} steps) for the baseline and {other} epochs "
            f"({other_steps} steps) for the regularised model",
            "Look at train: epochs and batch size must not depend on the model",
        )
    (plain, plain_fits), (other, other_fits) = (
        trainings[name] for name in ("build_baseline", "build_regularized")
    )
    if not plain_fits or not other_fits:
        return
    # Who restores for both treats both alike, even if the last epoch of one is its best.
    if plain_fits[-1].kept and not other_fits[-1].kept and not _ended_best(plain.history):
        fail(
            "the weights of the last epoch in both models, or in neither",
            "them in the baseline, and other ones in the regularised model after `train`",
            "Look for a callback or set_weights that keeps the best epoch of one model only",
        )
    # The builders may choose other rates; then nothing is said of what train makes of them.
    built = [(training.before.optimizer or {}).get("learning_rate") for training in (plain, other)]
    one, two = plain_fits[0], other_fits[0]
    known = built[0] is not None and min(one.rate, two.rate) >= 0
    if known and built[0] == built[1] and not np.isclose(one.rate, two.rate, rtol=1e-4, atol=0):
        fail(
            "the same training for both models",
            f"a first epoch with a learning rate of {one.rate:g} for the baseline and "
            f"{two.rate:g} for the regularised model, which were built with the same",
            "Look at train: the learning rate must not depend on the model",
        )


def _ended_best(history):
    """Returns whether the last epoch is the best one by a validation metric."""
    rows = [(name, row) for name, row in (history or {}).items() if name.startswith("val_") and row]
    return any(row[-1] == (min(row) if "loss" in name else max(row)) for name, row in rows)


@check(
    points=0.5,
    needs=("trains",),
    hints=(
        "What does overfitting look like in figures? Compare accuracy and val_accuracy.",
        "One training label in five is wrong: what must a network do to get those right as well?",
        "Train longer, or with a larger network or learning rate, until the baseline knows the "
        "training labels by heart; keep the weights of the last epoch.",
    ),
)
def baseline_overfits(scores, threshold, evidence):
    """The baseline, trained by train, ends up overfitting."""
    found = scores["build_baseline"]
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
            "Look at train: are there enough epochs, and does it keep the weights of the last "
            "epoch (no restoring of the best ones)? And is the baseline large enough?",
        )


@check(
    points=1,
    needs=("no_early_stopping", "baseline_overfits"),
    hints=(
        "Compare loss and val_loss of both models at the end: whose are closer together?",
        "If they are as far apart with Dropout and L2 as without, both may be too weak to matter.",
        "Raise the dropout rate or the L2 coefficient step by step, and watch both losses.",
    ),
)
def gap_shrinks(scores, threshold, evidence):
    """Dropout and L2 shrink the gap between training and hidden loss clearly."""
    gaps = {name: found["test"].loss - found["train"].loss for name, found in scores.items()}
    plain, other = gaps["build_baseline"], gaps["build_regularized"]
    ratio = other / max(plain, 1e-6)
    wanted = threshold("gap_ratio", ratio, upper=True)
    evidence.update(loss_gap=other, baseline_loss_gap=plain)
    if ratio > wanted:
        fail(
            "a gap between hidden and training loss (cross-entropy, computed by the grader) of at "
            f"most {wanted:.0%} of the baseline's",
            f"{other:.2f} with Dropout and L2, and {plain:.2f} without",
            "Look at the dropout rate and the L2 coefficient: too small, they change nothing",
        )


@check(
    points=1,
    needs=("trains",),
    hints=(
        "Is the regularised model's accuracy low on the training data too? Then it underfits.",
        "Lower the dropout rate or the L2 coefficient, or train longer.",
    ),
)
def accuracy(scores, data, threshold, evidence):
    """The regularised model's accuracy on hidden images does not suffer."""
    found, plain = scores["build_regularized"], scores["build_baseline"]
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
            "Look at the curves: if the training accuracy is low as well, the penalty or the "
            "dropout rate is too high, or the training too short",
        )
