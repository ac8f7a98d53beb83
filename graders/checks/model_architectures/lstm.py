"""An LSTM on sequences where order matters."""

import numpy as np
import pytest

from graders.checking import CheckFailed, Uses, check, fail
from graders.toolkit import graph, hints
from graders.toolkit.accuracy import check_accuracy
from graders.toolkit.live import check_same_model
from graders.toolkit.losses import check_binary_output
from graders.toolkit.outputs import Scores, part_scores
from graders.toolkit.perturbations import (
    reaches_output,
    same_output,
    silenced,
    steps_that_matter,
    without_constant_end,
)
from graders.toolkit.shapes import check_input, check_output, output_shape
from graders.toolkit.training import check_moved, check_training, count_learned, note_training

DATA = "sequences"
ORDER = 2
WALKTHROUGH = 2

# Sizes unlike the task's, with many divisors: models may read several steps at a time.
OTHER_TIMESTEPS, OTHER_FEATURES = 48, 5
# Calls that leave time steps out.
CUTS = ("GetItem", "Cropping1D", "Slice", "Conv1D", "MaxPooling1D", "AveragePooling1D", "Split")
# An LSTM without which the accuracy is at most so much lower does nothing.
OF_NO_USE = 0.005
LEFT_OUT = (
    "Which layer gives fewer time steps than it takes? model.summary() shows their number.",
)


@pytest.fixture(scope="module")
def model(submission, data):
    """The model as the student builds it for the task's data."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", *shape, input_shape=shape)


@pytest.fixture(scope="module")
def other(submission):
    """The model as the student builds it for other data."""
    shape = (OTHER_TIMESTEPS, OTHER_FEATURES)
    return submission.build("build_model", *shape, input_shape=shape)


@pytest.fixture(scope="module")
def nodes(model):
    """The calls on the way from input to output."""
    return graph.nodes(model.keras)


@pytest.fixture(scope="module")
def training(model, given):
    """What `train` left behind."""
    return model.train("train", "train", "validation")


def _is_lstm(node):
    """Returns whether a layer is an LSTM, or holds one: Bidirectional, RNN(LSTMCell), …"""
    return bool(_lstms_in(node.op))


def _lstms_in(layer):
    import keras

    inside = getattr(layer, "_flatten_layers", list)
    return [x for x in inside() if isinstance(x, keras.layers.LSTM | keras.layers.LSTMCell)]


def _check_shapes(model, shape):
    """Fails unless a model takes sequences of a shape, and gives one number for each."""
    call = f"build_model{shape}"
    look = "Look at keras.Input: its shape is (timesteps, features)"
    check_input(model, shape, call, "sequences", look)
    steps = len(output_shape(model) or ()) == 3
    about = Uses("return_sequences", last=True) if steps else None
    each = "one number for each sequence"
    check_output(model, 1, call, _output_advice(model), each=each, about=about)


def _output_advice(model):
    """Tells what to look at if a model's output has another shape than (batch, 1)."""
    found = output_shape(model) or ()
    if len(found) == 3:
        return (
            "There is still an answer for each time step: look at return_sequences=True of the "
            "last LSTM"
        )
    if found[1:] == (2,):
        return (
            "Two classes need one number, the probability of class 1 (or its logit): use Dense(1)"
        )
    return "Look at the last layer: Dense(1) on one vector for each sequence"


@check(
    points=1,
    doc="https://keras.io/guides/sequential_model/",
    hints=(
        *hints.BUILDS,
        "An LSTM gives its last state only, unless return_sequences=True asks for all of them.",
        "One unit is enough for a yes or no: Dense(1).",
    ),
)
def builds(model, data):
    """build_model returns a compiled Sequential or Functional model with one output unit."""
    _check_shapes(model.keras, data.train[0].shape[1:])
    check_same_model(model)


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    needs=("builds",),
    hints=(
        "What should the one unit return: a probability, or a logit? What does the loss expect?",
        'Sigmoid goes with "binary_crossentropy"; no activation goes with '
        "BinaryCrossentropy(from_logits=True).",
    ),
)
def output_and_loss(model, data):
    """The output is a probability or a logit, and the loss matches it."""
    check_binary_output(model.snapshot, data.validation[0][:250])


@check(
    points=2,
    doc="https://keras.io/api/layers/recurrent_layers/lstm/",
    needs=("builds",),
    hints=(
        "Which layer of Keras has a memory with gates? Does the sequence really pass through it?",
        "layers.LSTM(units) takes (batch, timesteps, features) and gives (batch, units).",
    ),
)
def uses_lstm(model, nodes, data, rng):
    """An LSTM lies on the path from input to output."""
    lstms = graph.layers_where(nodes, _is_lstm)
    if not lstms:
        others = [kind for kind in ("GRU", "SimpleRNN") if graph.layers_of(nodes, kind)]
        found = f"a {others[0]}, and no LSTM" if others else "none"
        fail(
            "an LSTM (or Bidirectional(LSTM), RNN(LSTMCell)) between input and output",
            f"{found} (the sequence passes {graph.describe(nodes)})",
            "Look at build_model: pass the sequence, with its time steps, to layers.LSTM, and use "
            "its result",
            # One that is made, and whose result nothing takes, is in no graph.
            about=(graph.layers_of(nodes, *others), Uses("LSTM", "build_model")),
        )
    x = data.validation[0][:32]
    with without_constant_end(model.keras):
        reached = any(reaches_output(model.keras, layer, x, rng) for layer in lstms)
    if not reached:
        fail(
            "an LSTM whose result reaches the output",
            "that the output stays the same when the grader changes the LSTM's weights",
            "Look at what happens to the LSTM's result: is it multiplied by 0, or replaced?",
            hints.NOT_CONNECTED,
            about=lstms,
        )


@check(
    points=1,
    doc="https://keras.io/api/layers/core_layers/input/",
    needs=("builds",),
    hints=(
        *hints.ARGUMENTS,
        "keras.Input((timesteps, features)).",
    ),
)
def honours_arguments(other):
    """build_model works for other numbers of time steps and features too."""
    _check_shapes(other.keras, (OTHER_TIMESTEPS, OTHER_FEATURES))


@check(
    points=1,
    doc="https://keras.io/guides/working_with_rnns/",
    needs=("uses_lstm", "honours_arguments"),
    hints=(
        "What are the axes of the LSTM's input? Which of them does it walk along?",
        "Recurrent layers take (batch, time, features), in this order, as the data have it.",
    ),
)
def time_axis(nodes, other, data):
    """The LSTM walks along time, not along the features."""
    steps = _steps(nodes)
    _, features = data.train[0].shape[1:]
    swapped = (features, OTHER_FEATURES)
    if set(zip(steps, _steps(graph.nodes(other.keras)), strict=False)) == {swapped}:
        fail(
            "an LSTM that takes one time step after the other",
            f"one that takes {features} steps for {features} features (for "
            f"{OTHER_FEATURES} features it takes {OTHER_FEATURES}): it walks along the features",
            "Look at what stands before the LSTM: Permute, Reshape or transpose has put the "
            "features where time belongs. The data come as (batch, time, features) already",
            about=_before(nodes),
        )
    if set(steps) == {1}:
        fail(
            "an LSTM that takes one time step after the other",
            "one that gets the whole sequence as a single step, so that it has nothing to remember",
            "Look at what stands before the LSTM: a Flatten, Reshape or pooling has removed time",
            ("model.summary() shows each layer's shape: where do the time steps get lost?",),
            about=_before(nodes),
        )


def _before(nodes):
    """Lists the calls before the first LSTM that take another shape than they give."""
    first = next(i for i, node in enumerate(nodes) if _is_lstm(node))
    return [
        node for node in nodes[:first] if node.input_shapes and node.shape != node.input_shapes[0]
    ]


def _cuts(nodes):
    """Lists the calls that leave steps out or mix them, in the order of the graph."""
    return [node for node in nodes if node.kind in CUTS]


def _steps(nodes):
    """Lists the numbers of time steps that the LSTMs see, as far as sizes are fixed."""
    found = [node.input_shapes[0] for node in nodes if _is_lstm(node) and node.input_shapes]
    return [shape[1] for shape in found if len(shape) == 3]


@check(
    points=1,
    doc="https://keras.io/guides/working_with_rnns/",
    needs=("time_axis",),
    hints=(
        "Change the first step of a sequence. Does the output change? And the last step?",
        "Which of its states does the LSTM hand on, and what has it seen by then?",
    ),
)
def remembers(model, nodes, data, rng):
    """The output depends on early and on late steps, and on their order."""
    x = data.validation[0][:64]
    middle = x.shape[1] // 2
    swapped = np.concatenate([x[:, middle:], x[:, :middle]], axis=1)
    with without_constant_end(model.keras):
        _check_reach(steps_that_matter(model.keras, x, rng), _cuts(nodes))
        ordered = not same_output(model.keras, x, swapped, rng)
    if not ordered:
        fail(
            "an output that depends on the order of the steps",
            "the same output when the grader swaps the two halves of each sequence",
            "Look for a mean, sum or maximum over time before the LSTM",
            ("A mean and a sum are the same in any order. Which layer stands before the LSTM?",),
            about=_before(nodes),
        )


def _check_reach(reached, cuts):
    """Fails unless the steps that the output depends on are spread over the whole sequence.

    Args:
        reached: Array of booleans, one for each step.
        cuts: List of `Node`, the calls that may have left some out.

    Raises:
        CheckFailed: With the steps that have no influence.
    """
    steps = len(reached)
    quarter = steps // 4
    for name, part in (("first", reached[:quarter]), ("last", reached[-quarter:])):
        if not part.any():
            fail(
                "an output that depends on early and on late steps of the sequence",
                f"that none of the {name} {quarter} of {steps} steps has an influence on it",
                "Look for a slice of the sequence, or one of the LSTM's states picked before it "
                "has seen everything (with return_sequences=True, the last one is [:, -1])",
                about=cuts,
            )
    # At the end, a stride or a pooling that does not divide the length may leave some out.
    if not reached[:2].any():
        fail(
            "an output that depends on the sequence from its start: on one of the first two steps",
            f"that the first {int(reached.argmax())} of {steps} steps have no influence on it",
            "Look for a slice or a Cropping1D: what matters may come at any step",
            LEFT_OUT,
            about=cuts,
        )
    if reached.sum() < steps / 2:
        fail(
            "an output that depends on the whole sequence: on half of its steps at the least",
            f"that only {reached.sum()} of {steps} steps have an influence on it",
            "Look for a slice or a stride that leaves steps out",
            LEFT_OUT,
            about=cuts,
        )


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("uses_lstm", "time_axis", "remembers", "output_and_loss"),
    hints=(
        *hints.TRAINS,
        "If the loss does not fall: try Adam with a learning rate between 0.001 and 0.01.",
    ),
)
def trains(training, data, evidence):
    """train moves the weights of every layer, lowers the loss and returns the History."""
    note_training(training, data, evidence)
    check_moved(training)
    if not count_learned(training, _is_lstm):
        fail(
            "an LSTM that learns",
            "one whose weights are as random as they were before",
            "Look for trainable=False on the LSTM",
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
        "An LSTM often stays at a coin's accuracy for some epochs before it finds out what counts. "
        "Train longer, or with a higher learning rate.",
    ),
)
def accuracy(training, data, threshold, evidence):
    """The trained model reaches the accuracy threshold on sequences that it has never seen."""
    check_accuracy(training, data, threshold, evidence, "sequences")
    lstms = graph.layers_where(graph.nodes(training.after.model), _is_lstm)
    reached = part_scores(training.after, data, "test").accuracy
    without = _accuracy_without(training.after.model, lstms, data)
    if without > reached - OF_NO_USE:
        fail(
            "a trained model that needs its LSTM",
            f"that it gets {without:.1%} of the hidden sequences right when the grader sets the "
            f"LSTM's weights to 0, and {reached:.1%} as it is: other layers do the work",
            "Look at what runs past the LSTM, and at how much of the LSTM's result the last layers "
            "get: let the sequence pass through it",
            about=lstms,
        )


def _accuracy_without(model, layers, data):
    """Returns the accuracy of a model whose LSTMs give 0; 0 if it gives no numbers then."""
    with silenced(part for layer in layers for part in _lstms_in(layer)):
        try:
            return Scores(model, data.test).accuracy
        except CheckFailed:
            return 0.0
