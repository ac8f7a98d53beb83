"""Feature extraction with a pretrained VGG16, then fine-tuning."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from datasets import vgg16_weights
from graders.checking import At, Uses, check, fail
from graders.toolkit import graph, hints
from graders.toolkit.accuracy import check_accuracy
from graders.toolkit.closed_forms import diagnose, near
from graders.toolkit.live import check_same_model
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.outputs import part_scores
from graders.toolkit.perturbations import reaches_output, received
from graders.toolkit.scaling import scaled_by
from graders.toolkit.shapes import check_image_classifier, input_shape
from graders.toolkit.training import check_finite, check_training, moved, note_training

DATA = "small_shapes"
SOURCES = ("cifar10",)
ORDER = 3
WALKTHROUGH = 3
FILES = ("vgg16_weights",)

# Filters of VGG16's convolutions, block by block; every kernel is 3x3.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# What preprocess_input subtracts from blue, green and red: ImageNet's means.
MEAN = np.array([103.939, 116.779, 123.68])
# Off by one step of 255 in a colour: of preprocessed ones the largest is about 150.
ONE_STEP = 1 / 150
SMALL_RATE = 1e-4
SMALLER_STEPS = (
    "Look at the optimizer that fine_tune compiles with: a learning_rate of at most 1e-4 (or a "
    "tenth of train's) keeps what pretraining has found"
)
VGG16 = Uses("VGG16", "build_model"), Uses("VGG16")
OTHER_SHAPE, OTHER_CLASSES = (48, 64, 3), 4


@dataclasses.dataclass(frozen=True)
class Base:
    """VGG16's convolutions within a model.

    Attributes:
        layers: List of Conv2D layers, as many as were found, at most 13.
        blocks: List of lists, for each block the indices of its weights in `model.get_weights()`.
    """

    layers: list[Any]
    blocks: list[list[int]]

    @classmethod
    def of(cls, model: Any) -> Base:
        """Finds them in a rebuilt model, nested or not: by their shapes, in order."""
        filters = [(number, size) for number, block in enumerate(BLOCKS) for size in block]
        index = {id(variable): i for i, variable in enumerate(model.weights)}
        found, channels = cls([], [[] for _ in BLOCKS]), 3
        for layer in graph.layers_of(graph.nodes(model), "Conv2D"):
            if found.complete:
                break
            number, size = filters[len(found.layers)]
            if tuple(layer.kernel.shape) == (3, 3, channels, size) and layer.use_bias:
                found.layers.append(layer)
                found.blocks[number] += [index[id(layer.kernel)], index[id(layer.bias)]]
                channels = size
        return found

    @property
    def complete(self) -> bool:
        """Boolean, whether all 13 convolutions were found."""
        return len(self.layers) == sum(map(len, BLOCKS))

    @property
    def indices(self) -> list[int]:
        """List of integers, the indices of all weights of the base."""
        return [index for block in self.blocks for index in block]

    def moved_blocks(self, training: Any) -> list[int]:
        """Lists the numbers, from 1, of the blocks of which a training changed a weight."""
        changed = moved(training.before, training.after)
        return [
            number
            for number, block in enumerate(self.blocks, 1)
            if any(changed[index] for index in block)
        ]


def _names(blocks):
    return ", ".join(f"block{number}" for number in blocks)


@pytest.fixture(scope="module")
def model(submission, data, settings):
    """The model as the student builds it for the task's data, with the pretrained weights."""
    shape = data.train[0].shape[1:]
    weights = settings["files"]["vgg16_weights"]
    return submission.build("build_model", shape, data.num_classes, weights, input_shape=shape)


@pytest.fixture(scope="module")
def built(model):
    """The model before any training."""
    return model.snapshot


@pytest.fixture(scope="module")
def base(built):
    """VGG16's convolutions within it."""
    return Base.of(built.model)


@pytest.fixture(scope="module")
def pretrained(settings):
    """The weights of the base as the file holds them, read by the grader."""
    return vgg16_weights.read(settings["files"]["vgg16_weights"])


@pytest.fixture(scope="module")
def training(model, built, given):
    """What `train` left behind."""
    return model.train("train", "train", "validation")


@pytest.fixture(scope="module")
def tuning(model, training):
    """What `fine_tune` left behind, after `train`."""
    return model.train("fine_tune", "train", "validation")


@check(
    points=1,
    doc="https://keras.io/guides/transfer_learning/",
    hints=(
        *hints.BUILDS,
        "keras.applications.VGG16 takes weights, include_top and input_shape.",
        "The last layer of your head has num_classes units; then compile, and return the model.",
    ),
)
def builds(model, built, data):
    """build_model returns a compiled model with one output per class."""
    shape, classes = data.train[0].shape[1:], data.num_classes
    advice = (
        "Look at the head: a pooling or Flatten after the base, and Dense(num_classes) at the end "
        "(VGG16's own top has 1000 classes: include_top=False leaves it out)"
    )
    call = f"build_model({shape}, {classes}, weights)"
    check_image_classifier(built.model, shape, classes, call, advice)
    check_same_model(model)


@check(
    points=1,
    doc="https://keras.io/api/applications/vgg/",
    needs=("builds",),
    hints=(
        "Where do the weights of the base come from? build_model is given an argument for that.",
        "keras.applications.VGG16(weights=weights, include_top=False, …)",
    ),
)
def pretrained_base(built, base, pretrained, data, rng):
    """The model has VGG16's convolutional base with the weights that were given."""
    if not base.complete:
        convolutions = graph.layers_of(graph.nodes(built.model), "Conv2D")
        fail(
            "VGG16's 13 convolutions, from block1_conv1 to block5_conv3, on the path from input to "
            "output",
            f"{len(convolutions)} convolutions, of which {len(base.layers)} fit",
            "Take the whole base: keras.applications.VGG16(weights=weights, include_top=False, …)",
            ("How much of VGG16 does the model take? include_top=False leaves out its top alone.",),
            # A base that was cut off within begins as the whole one.
            about=(Uses("get_layer", "build_model") if base.layers else None, VGG16),
        )
    held = [built.weights[index] for index in base.indices]
    same = [near(mine, theirs, 1e-5) for mine, theirs in zip(held, pretrained, strict=True)]
    if not all(same):
        found = f"{same.count(False)} of 26 arrays changed" if any(same) else "random ones"
        fail(
            "a base with the pretrained weights",
            f"other weights ({found})",
            "Look at the call of keras.applications.VGG16: does it get the argument weights?",
            about=At(VGG16, "weights"),
        )
    if not reaches_output(built.model, base.layers[-1], data.validation[0][:8], rng):
        fail(
            "a base whose features reach the output",
            "that the output stays the same when the grader changes block5_conv3",
            "Look at what the head takes as its input",
            hints.NOT_CONNECTED,
            about=(graph.leaving(graph.nodes(built.model), base.layers), VGG16),
        )


@check(
    points=1,
    doc="https://keras.io/guides/transfer_learning/",
    needs=("pretrained_base",),
    hints=(
        "Which weights may the first training change? Which are trainable after build_model?",
        "base.trainable = False, before compile.",
    ),
)
def base_is_frozen(built, base):
    """The base is frozen and the head trainable when build_model returns."""
    loose = [built.paths[i] for i in base.indices if built.trainable[i]]
    if loose:
        fail(
            "a base that is frozen",
            f"{len(loose)} of its 26 weights trainable: {', '.join(loose[:3])}"
            + (", …" if len(loose) > 3 else ""),
            "Set base.trainable = False before compile: large steps of an untrained head would "
            "wreck the pretrained features",
            about=(Uses("trainable", "build_model"), VGG16),
        )
    if not any(flag for i, flag in enumerate(built.trainable) if i not in base.indices):
        fail(
            "a head that can be trained",
            "no trainable weight in the whole model",
            "Freeze the base, not the model: base.trainable = False",
            ("Which is frozen: the base, or the model around it? Print model.trainable_weights.",),
            about=Uses("trainable", "build_model", last=True),
        )


@check(
    points=1,
    doc="https://keras.io/api/applications/vgg/",
    needs=("pretrained_base",),
    hints=(
        "Which pixels did VGG16 see in its training: from 0 to 255, from 0 to 1, or others? RGB?",
        "keras.applications.vgg16.preprocess_input, inside the model, once.",
    ),
)
def preprocessing(built, base, rng):
    """Raw pixels get VGG16's own preprocessing, once, inside the model."""
    # Pictures of one colour each: a Resizing before the base leaves them as they are.
    size = tuple(side or 32 for side in input_shape(built.model)[1:3])
    colours = rng.uniform(0, 255, (24, 3)).astype("float32")
    pictures = np.broadcast_to(colours[:, None, None], (24, *size, 3)).copy()
    seen = received(built.model, base.layers[0], pictures)
    seen = seen[:, seen.shape[1] // 2, seen.shape[2] // 2]
    mistakes = _mistakes(colours)
    found = diagnose(seen, colours[:, ::-1] - MEAN, mistakes, ONE_STEP)
    if found:
        if found not in mistakes:
            found = f"{_pixel(seen[0])} for the colour {_pixel(colours[0])}"
        fail(
            "block1_conv1 to get what keras.applications.vgg16.preprocess_input makes of raw "
            "pixels (BGR, minus ImageNet's means)",
            found,
            "Look at what stands between keras.Input and the base: preprocess_input, once, and "
            "nothing else that scales",
            about=(
                Uses("preprocess_input", "build_model", last="twice" in found),
                scaled_by(built.model),
                Uses("preprocess_input"),
                VGG16,
            ),
        )


def _mistakes(colours):
    """Returns what block1_conv1 gets to see of RGB colours after each known mistake."""
    flipped = colours[:, ::-1]
    right = flipped - MEAN
    return {
        "raw pixels, without any preprocessing": colours,
        "pixels that were preprocessed twice": right[:, ::-1] - MEAN,
        "pixels scaled to [0, 1]": colours / 255,
        "pixels scaled to [-1, 1]": colours / 127.5 - 1,
        "RGB with the mean subtracted, but red and blue not exchanged": colours - MEAN[::-1],
        "BGR, but without the mean subtracted": flipped,
        "preprocessed pixels that were scaled to [0, 1] first": flipped / 255 - MEAN,
        "preprocessed pixels that were scaled afterwards": right / 255,
    }


def _pixel(values):
    return f"({', '.join(f'{value:.1f}' for value in values)})"


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(built, data):
    """The output is class probabilities or logits, and the loss matches it."""
    check_classifier_output(built, data.validation[0][:100], data.num_classes)


@check(
    points=1,
    doc="https://keras.io/api/layers/core_layers/input/",
    needs=("builds",),
    hints=(
        *hints.ARGUMENTS,
        "input_shape goes to keras.Input and to VGG16, weights to VGG16 (None means random ones).",
    ),
)
def honours_arguments(submission, pretrained):
    """build_model works for other image sizes, class counts and weights=None too."""
    other = submission.build(
        "build_model", OTHER_SHAPE, OTHER_CLASSES, None, input_shape=OTHER_SHAPE
    )
    called = f"build_model({OTHER_SHAPE}, {OTHER_CLASSES}, None)"
    check_image_classifier(other.keras, OTHER_SHAPE, OTHER_CLASSES, called)
    base = Base.of(other.keras)
    if base.complete and near(other.snapshot.weights[base.indices[0]], pretrained[0], 1e-5):
        fail(
            f"{called} to give a base with random weights",
            "the pretrained ones",
            "Look at the call of keras.applications.VGG16: weights=weights",
            about=At(VGG16, "weights"),
        )


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/guides/transfer_learning/",
    needs=("base_is_frozen", "preprocessing", "output_and_loss"),
    hints=(
        "Which weights must differ after train, and which must not?",
        "model.fit on the model as it is given trains the head alone, if the base is frozen.",
    ),
)
def trains_head(training, base, data, evidence):
    """train moves the head, leaves the base as it is, lowers the loss and returns the History."""
    note_training(training, data, evidence)
    blocks = base.moved_blocks(training)
    if blocks:
        fail(
            "train to leave the pretrained base as it is",
            f"changed weights in {_names(blocks)}",
            "Look for trainable = True (and a compile after it) in train: it trains the head only",
            about=Uses("trainable", "train"),
        )
    check_training(training, data)


THE_OTHERS = (
    "Print (layer.name, layer.trainable) for the layers of the base, right before fit.",
    "base.trainable = True, then freeze every layer whose name does not start with block5.",
)


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/guides/transfer_learning/",
    needs=("trains_head",),
    hints=(
        "Which layers must move in fine_tune? Are they trainable, and does the optimizer know it?",
        "A compiled model goes on training the weights that its first fit found trainable: "
        "unfreeze, compile again, then fit.",
        "base.trainable = True, then freeze every layer whose name does not start with block5.",
    ),
)
def tunes_block5(tuning, base, evidence):
    """fine_tune moves block5 and leaves blocks 1 to 4 as they are."""
    evidence["fine_tuning_history"] = tuning.history
    check_finite(tuning)
    blocks = base.moved_blocks(tuning)
    if set(blocks) - {5}:
        fail(
            "blocks 1 to 4 to stay as they are",
            f"changed weights in {_names(blocks)}",
            "Look at which layers fine_tune makes trainable: those whose names start with block5, "
            "and the head",
            THE_OTHERS,
            about=Uses("trainable", "fine_tune", last=True),
        )
    changed = moved(tuning.before, tuning.after)
    if not blocks:
        fail(
            "fine_tune to change the weights of block5",
            "that only the head has changed" if any(changed) else "every weight as it was before",
            _how_to_unfreeze(tuning.after, base),
            about=(Uses("trainable", "fine_tune", last=True), "fine_tune"),
        )
    still = [tuning.after.paths[i] for i in base.blocks[4] if not changed[i]]
    if still:
        fail(
            "fine_tune to change all three convolutions of block5",
            f"weights that never moved: {', '.join(still)}",
            "Look at which layers fine_tune makes trainable: the names of all three start with "
            "block5",
            about=Uses("trainable", "fine_tune", last=True),
        )
    tuning.require_history()


def _how_to_unfreeze(after, base):
    """Tells what to look at where block5 did not move: the order of steps, or the layers."""
    if any(after.trainable[index] for index in base.blocks[4]):
        return (
            "Look at the order of steps: make block5 trainable, then compile again (a compiled "
            "model goes on training what its first fit found trainable), then fit"
        )
    first = after.paths[base.blocks[4][0]].split("/")[-2:-1]
    held = graph.path_in_config(after.config, first[0] if first else "")
    where = ""
    if len(held) > 1:
        got = "".join(f'.get_layer("{name}")' for name in held)
        where = (
            f", which are in the nested model and not in model.layers: model{got} is the first of "
            "them"
        )
    return f"Make the layers of block5 trainable{where}; compile again, then fit"


@check(
    points=1,
    doc="https://keras.io/guides/transfer_learning/",
    needs=("tunes_block5",),
    hints=(
        "How large may a step be, if the features are good already?",
        "Compile again in fine_tune with an optimizer whose learning_rate is 1e-4 or less.",
    ),
)
def small_steps(training, tuning, built, base, data, threshold, evidence):
    """fine_tune takes small steps: at most 1e-4 (or a tenth of train's), features intact."""
    evidence["block5_change"] = change = _change_of_kernels(tuning, base.blocks[4])
    # A callback or a schedule may have changed it on the way: the largest one counts.
    rate = max(_rate(tuning.after), tuning.rate)
    allowed = max(SMALL_RATE, max(_rate(built), _rate(training.after), training.rate) / 10)
    if rate > 1.01 * allowed:
        fail(
            f"a learning rate of at most {allowed:g} in fine_tune",
            f"{rate:g} (the kernels of block5 changed by {change:.2g} times their size)",
            SMALLER_STEPS,
            about=(Uses("schedules", "fine_tune"), tuning.after.lines.of_rate()),
        )
    limit = threshold("block5_change", change, upper=True)
    if change > limit:
        fail(
            f"kernels of block5 that change by at most {limit:g} times their size",
            f"{change:.2g} times: nothing is left of the pretrained features",
            SMALLER_STEPS,
            about=(Uses("schedules", "fine_tune"), tuning.after.lines.of_rate()),
        )
    _check_not_wrecked(tuning, data)


def _change_of_kernels(training, block):
    """Returns by how much the kernels of a block changed: the largest share of their own size."""
    changes = []
    for index in block[::2]:
        before, after = training.before.weights[index], training.after.weights[index]
        changes.append(np.linalg.norm(after - before) / np.maximum(np.linalg.norm(before), 1e-12))
    return float(max(changes))


def _check_not_wrecked(tuning, data):
    """Fails if fine-tuning left a model that is hardly better than guessing, and was better."""
    before, after = (
        part_scores(snapshot, data, "train") for snapshot in (tuning.before, tuning.after)
    )
    # A few steps of Adam may unsettle a head that had the training data by heart; wrecked is what
    # tells hardly more than guessing does.
    most = max(2 * before.loss + 0.25, 0.75 * np.log(data.num_classes))
    if after.loss > most:
        fail(
            "fine_tune to improve the model, or to leave it about as good as it was: a "
            f"cross-entropy of at most {most:.3f}",
            f"a cross-entropy of {after.loss:.3f} on the training data, {before.loss:.3f} before",
            SMALLER_STEPS,
            about=(Uses("schedules", "fine_tune"), tuning.after.lines.of_rate()),
        )


def _rate(snapshot):
    """Returns the learning rate as claimed, 0 if it is not known."""
    rate = (snapshot.optimizer or {}).get("learning_rate")
    return float(rate) if isinstance(rate, int | float) and np.isfinite(rate) else 0.0


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/guides/transfer_learning/",
    needs=("small_steps",),
    hints=(
        *hints.ACCURACY,
        "Too low on both: train the head for more epochs, or with a larger learning rate, before "
        "fine-tuning. Low on validation only: Dropout in the head, or a smaller head.",
    ),
)
def accuracy(tuning, data, threshold, evidence):
    """The fine-tuned model reaches the accuracy threshold on images that it has never seen."""
    check_accuracy(tuning, data, threshold, evidence, "images")
