"""A CNN with at least two convolutions."""

import pytest

from graders.checking import Uses, check, fail
from graders.toolkit import graph, hints
from graders.toolkit.accuracy import check_accuracy
from graders.toolkit.live import check_same_model
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.perturbations import reaches_output
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import check_moved, check_training, count_learned, note_training

DATA = "shapes"
SOURCES = ("cifar10",)
ORDER = 1
WALKTHROUGH = 1


@pytest.fixture(scope="module")
def model(submission, data):
    """The model as the student builds it for the task's data."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", shape, data.num_classes, input_shape=shape)


@pytest.fixture(scope="module")
def nodes(model):
    """The calls on the way from input to output."""
    return graph.nodes(model.keras)


@pytest.fixture(scope="module")
def training(model, given):
    """What `train` left behind."""
    return model.train("train", "train", "validation")


@check(
    points=1,
    doc="https://keras.io/guides/sequential_model/",
    hints=(
        *hints.COMPILES,
        "The last layer has num_classes units.",
    ),
)
def builds(model, data):
    """build_model returns a compiled Sequential or Functional model with one output per class."""
    shape, classes = data.train[0].shape[1:], data.num_classes
    check_image_classifier(model.keras, shape, classes, f"build_model({shape}, {classes})")
    check_same_model(model)


@check(
    points=2,
    doc="https://keras.io/api/layers/convolution_layers/convolution2d/",
    needs=("builds",),
    hints=(
        "Count the Conv2D layers that the image really passes through.",
        "A layer counts if changing its weights changes the output. Is its result used?",
        'layers.Conv2D(filters, 3, activation="relu") twice, one after the other, is enough.',
    ),
)
def two_convolutions(model, nodes, data, rng):
    """The model has at least two Conv2D layers."""
    convolutions = graph.layers_where(nodes, graph.is_convolution)
    if len(convolutions) < 2:
        small = any(max(layer.kernel_size) == 1 for layer in graph.layers_of(nodes, "Conv2D"))
        remark = "; a kernel of 1x1 looks at one pixel at a time" if small else ""
        fail(
            "at least two Conv2D layers with kernels larger than 1x1 between input and output",
            f"{len(convolutions)} (the image passes {graph.describe(nodes)}{remark})",
            "Look at build_model: add a convolution, and use its result as the next layer's input",
        )
    images = data.validation[0][:32]
    alive = [layer for layer in convolutions if reaches_output(model.keras, layer, images, rng)]
    if len(alive) < 2:
        fail(
            "at least two Conv2D layers whose result reaches the output",
            f"{len(convolutions)} Conv2D layers, of which {len(alive) or 'none'} changes the "
            "output when the grader changes its weights",
            "Look for a convolution whose result is multiplied by 0 or thrown away",
            hints.NOT_CONNECTED,
            about=next(layer for layer in convolutions if layer not in alive),
        )


@check(
    points=1,
    doc="https://keras.io/api/layers/activations/",
    needs=("two_convolutions",),
    hints=(
        "What does a convolution of a convolution compute, if nothing bends the line in between?",
        "One activation between two convolutions is enough; most networks have one after each.",
    ),
)
def nonlinear(nodes):
    """A nonlinear activation stands between the convolutions."""
    if graph.effective_depth(nodes, graph.is_convolution) >= 2:
        return
    if graph.depth(nodes, graph.is_convolution) < 2:
        fail(
            "a convolution of what another convolution has found, with an activation in between",
            "convolutions side by side: no path from input to output goes through two of them",
            "Look at build_model: the second Conv2D takes the first one's result as its input",
            ("Draw the way of an image: whose result does the second convolution take?",),
            about=graph.layers_where(nodes, graph.is_convolution)[-1],
        )
    fail(
        "an activation such as ReLU between the convolutions",
        "convolutions in a row without one (pooling between them does not count: it picks or "
        "averages what linear convolutions give)",
        'Look at the Conv2D layers: pass activation="relu", or put layers.ReLU() after each',
        about=graph.layers_where(nodes, graph.is_convolution)[0],
    )


@check(
    points=1,
    doc="https://keras.io/api/layers/pooling_layers/max_pooling2d/",
    needs=("two_convolutions",),
    hints=(
        "How large are the feature maps before and after each layer? model.summary() tells.",
        "MaxPooling2D, AveragePooling2D, strides=2 or a global pooling makes them smaller.",
    ),
)
def downsampling(nodes):
    """The feature maps get smaller by pooling or strides."""
    if not any(graph.shrinks(node) for node in nodes):
        fail(
            "feature maps that shrink by pooling (global pooling too) or strides",
            f"none that does (the image passes {graph.describe(nodes)})",
            "Add MaxPooling2D after a convolution, or give it strides=2",
        )


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(model, data):
    """The output is class probabilities or logits, and the loss matches it."""
    check_classifier_output(model.snapshot, data.validation[0][:250], data.num_classes)


@check(
    points=1,
    doc="https://keras.io/api/layers/core_layers/input/",
    needs=("builds",),
    hints=hints.IMAGE_ARGUMENTS,
)
def honours_arguments(submission):
    """build_model works for other image sizes and class counts too."""
    shape, classes = (48, 40, 1), 7
    other = submission.build("build_model", shape, classes, input_shape=shape)
    check_image_classifier(other.keras, shape, classes, f"build_model({shape}, {classes})")


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("nonlinear", "downsampling", "output_and_loss"),
    hints=(
        *hints.TRAINS,
        *hints.TRY_ADAM,
    ),
)
def trains(training, data, evidence):
    """train moves the weights of every layer, lowers the loss and returns the History."""
    note_training(training, data, evidence)
    check_moved(training)
    learned = count_learned(training, graph.is_convolution)
    if learned < 2:
        fail(
            "at least two Conv2D layers that learn",
            f"{learned} whose weights changed; the others are as random as they were",
            "Look for trainable=False on a convolution",
            hints.FROZEN,
            about=Uses("trainable"),
        )
    check_training(training, data)


@check(
    points=2,
    repairs=True,
    doc="https://keras.io/guides/training_with_built_in_methods/",
    needs=("trains",),
    hints=(
        *hints.ACCURACY,
        "Too low on both: more epochs, more filters, or another learning rate. "
        "Low on validation only: Dropout, or fewer weights.",
    ),
)
def accuracy(training, data, threshold, evidence):
    """The trained model reaches the accuracy threshold on images that it has never seen."""
    check_accuracy(training, data, threshold, evidence, "images")
