"""A model with two inputs, built with the Functional API."""

import contextlib
from typing import Any, NoReturn

import numpy as np
import pytest

from graders.checking import Uses, check, fail
from graders.toolkit import graph, hints
from graders.toolkit.accuracy import check_accuracy, share_lost_by_chance
from graders.toolkit.live import check_same_model
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.outputs import Scores, part_scores
from graders.toolkit.perturbations import same_output
from graders.toolkit.shapes import check_free_batch, check_named_inputs, check_output
from graders.toolkit.training import check_training, note_training, reordered

DATA = "digits_context"
ORDER = 3
WALKTHROUGH = 3

NAMES = ("image", "context")


def _inputs(model: Any) -> dict[str, Any]:
    """Returns a rebuilt model's inputs by the names that data are fed under."""
    given = model.input
    if isinstance(given, dict):
        return dict(given)
    return {tensor.name: tensor for tensor in model.inputs}


def _shapes(x: dict[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(x[name].shape[1:]) for name in NAMES}


def _check_inputs(model: Any, shapes: dict[str, tuple[int, ...]], call: str) -> None:
    """Fails unless a model has the two inputs, with these shapes."""
    found = _inputs(model)
    if set(found) != set(NAMES):
        names = ", ".join(f'"{str(name)[:40]}"' for name in found) or "none"
        fail(
            'two inputs named "image" and "context"',
            f"{len(found)} input{'s' if len(found) != 1 else ''}: {names}",
            'Look at keras.Input(…, name="image") and keras.Input(…, name="context"), and at the '
            "inputs of keras.Model",
            about=[t._keras_history.operation for n, t in found.items() if n not in NAMES],
        )
    check_named_inputs(found, shapes, call)
    check_free_batch(model)


def _check_output(model: Any, classes: int, call: str) -> None:
    advice = (
        "Look at the last layer: its units are num_classes, and the image branch needs a Flatten "
        "or a global pooling before the merge"
    )
    check_output(model, classes, call, advice)


@pytest.fixture(scope="module")
def model(submission, data):
    """The model as the student builds it for the task's data."""
    shapes = _shapes(data.train[0])
    return submission.build("build_model", shapes["image"], *shapes["context"], data.num_classes)


@pytest.fixture(scope="module")
def training(model, given):
    """What `train` left behind."""
    return model.train("train", "train", "validation")


@check(
    points=1,
    doc="https://keras.io/guides/functional_api/",
    hints=(
        "How many inputs does the model need, and what are they called?",
        'keras.Input(image_shape, name="image") is one of them; keras.Model takes both.',
        "The last layer has num_classes units.",
    ),
)
def builds(model, data):
    """build_model returns a compiled model with the inputs "image" and "context"."""
    shapes = _shapes(data.train[0])
    call = f"build_model({shapes['image']}, {shapes['context'][0]}, {data.num_classes})"
    _check_inputs(model.keras, shapes, call)
    _check_output(model.keras, data.num_classes, call)
    check_same_model(model)


@check(
    points=1.5,
    doc="https://keras.io/api/layers/merging_layers/concatenate/",
    needs=("builds",),
    hints=(
        "What happens to each input before the two meet?",
        "Give each input a layer with weights of its own, so that it can learn features.",
        "keras.layers.Concatenate()([a, b]) puts the two feature vectors side by side.",
    ),
)
def two_paths(model):
    """Each input has its own trainable path, and the two merge by concatenation."""
    nodes = graph.nodes(model.keras)
    reached = graph.inputs_before(nodes, _inputs(model.keras))
    both = [node for node in nodes if len(reached[node]) == 2]
    if not both:
        unused = [name for name in NAMES if name not in reached[nodes[-1]]] or ["context"]
        fail(
            "an output that is computed from both inputs",
            f'no connection from the input "{unused[0]}" to the output',
            "Look at what goes into the merging layer, and at the model's outputs",
            hints.NOT_CONNECTED,
            about=_input_of(model, unused[0]),
        )
    meeting = {
        node.kind for node in both if all(len(reached[parent]) < 2 for parent in node.parents)
    }
    merges = [node for node in both if node.kind == "Concatenate"]
    if not merges:
        fail(
            "the two paths to merge by concatenation (keras.layers.Concatenate, "
            "keras.layers.concatenate or keras.ops.concatenate)",
            f"that they merge by {', '.join(sorted(meeting))}",
            "Use layers.Concatenate()([image_features, context_features])",
            ("Which layer puts two feature vectors side by side, so that both are kept?",),
            about=[node for node in both if all(len(reached[p]) < 2 for p in node.parents)],
        )
    trained = graph.trainable_before(nodes)
    own = [_own_layers(merge, reached, trained) for merge in merges]
    if not any(min(counts.values()) > 0 for counts in own):
        best = max(own, key=lambda counts: sum(counts.values()))
        without = next(name for name in NAMES if not best[name])
        first = [node for node in both if all(len(reached[p]) < 2 for p in node.parents)]
        about = (Uses("trainable", "build_model"), first, _input_of(model, without))
        _fail_without_path(without, meeting, about)


def _input_of(model: Any, name: str) -> Any:
    """Returns the layer that is an input of a model."""
    return _inputs(model.keras)[name]._keras_history.operation


def _fail_without_path(without: str, meeting: set[str], about: Any) -> NoReturn:
    """Fails because one of the inputs has no trainable layer of its own.

    Args:
        without: String, the input's name.
        meeting: Set of strings, the kinds of the calls in which the two inputs meet first.
        about: What the message is about, see `fail`.

    Raises:
        CheckFailed: Always.
    """
    if "Concatenate" not in meeting:
        fail(
            "the two paths to meet in the concatenation",
            f"that they meet in {', '.join(sorted(meeting))} first, and what is concatenated is a "
            "mixture already",
            f"Concatenate the features of image and of context themselves; here {without} goes "
            "in only as a part of the mixture",
            ("Which layer is the first that sees both inputs? It should be the concatenation.",),
            about=about,
        )
    fail(
        "a trainable path of its own (Dense, Conv2D, …) for each input before the concatenation",
        f'no trainable layer of its own between the input "{without}" and the concatenation',
        f"Give {without} a layer with weights, as Dense, and concatenate its result",
        about=about,
    )


def _own_layers(
    merge: graph.Node,
    reached: dict[graph.Node, frozenset[str]],
    trained: dict[graph.Node, frozenset[int]],
) -> dict[str, int]:
    """Counts the trainable layers that only one of the inputs passes on its way to a merge."""
    image, context = (
        frozenset[int]().union(*(trained[p] for p in merge.parents if reached[p] == {name}))
        for name in NAMES
    )
    return {"image": len(image - context), "context": len(context - image)}


@check(
    points=1,
    doc="https://keras.io/guides/functional_api/",
    needs=("builds",),
    hints=(
        "If only the context changes, does the output change?",
        "Look for a branch that is multiplied by 0, rounded, or compared with a constant.",
    ),
)
def branches_alive(model, data, rng):
    """Another image, and another context, change the output of a new model."""
    x = {name: data.validation[0][name][:64] for name in NAMES}
    for name in NAMES:
        other = {**x, name: np.roll(x[name], 7, axis=0)}
        if same_output(model.keras, x, other, rng):
            fail(
                f'an output that changes when the input "{name}" does',
                "the same output for other values, whatever the weights are",
                f"Follow {name} from its input to the output: is it multiplied by 0, or lost?",
                about=(_lost_at(model, name, x, other), _input_of(model, name)),
            )


def _lost_at(model: Any, name: str, x: dict[str, Any], other: dict[str, Any]) -> Any:
    """Returns the first call that gives the same for other values of an input, `None` if none."""
    import keras

    found = graph.nodes(model.keras)
    reached = graph.inputs_before(found, _inputs(model.keras))
    for node in found:
        lost = node.kind in graph.SHAPE_ALONE and any(reached[p] == {name} for p in node.parents)
        if lost or reached[node] == {name}:
            with contextlib.suppress(Exception):  # a layer that is called twice has no one output
                until = keras.Model(model.keras.inputs, node.op.output)
                given = [[part[key] for key in _inputs(model.keras)] for part in (x, other)]
                first, second = (np.asarray(until(part)) for part in given)
                if np.allclose(first, second, atol=1e-6):
                    return node
    return None


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(model, data):
    """The output is class probabilities or logits, and the loss matches it."""
    x = {name: data.validation[0][name][:250] for name in NAMES}
    check_classifier_output(model.snapshot, x, data.num_classes)


@check(
    points=1,
    doc="https://keras.io/api/layers/core_layers/input/",
    needs=("builds",),
    hints=(
        *hints.ARGUMENTS,
        "keras.Input(image_shape), keras.Input((context_features,)) and Dense(num_classes).",
    ),
)
def honours_arguments(submission):
    """build_model works for other image sizes, context lengths and class counts too."""
    shapes, classes = {"image": (20, 24, 3), "context": (5,)}, 7
    other = submission.build("build_model", shapes["image"], 5, classes)
    call = f"build_model({shapes['image']}, 5, {classes})"
    _check_inputs(other.keras, shapes, call)
    _check_output(other.keras, classes, call)


@check(
    points=1.5,
    repairs=True,
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("builds",),
    hints=(
        *hints.FITS,
        "x is a dictionary with the inputs' names as keys: fit takes it as it is.",
        *hints.TRY_ADAM,
    ),
)
def trains(training, data, evidence):
    """train moves the weights of every layer, lowers the loss and returns the History."""
    note_training(training, data, evidence)
    check_training(training, data)


@check(
    points=1.5,
    repairs=True,
    doc="https://keras.io/guides/functional_api/",
    needs=("trains",),
    hints=(
        "What would the accuracy be if the model looked at one input only?",
        "Does train give the model each example's image and context together, in the same order?",
    ),
)
def uses_both(training, data, rng, threshold, evidence):
    """The trained model needs both inputs: mixing up either one costs accuracy."""
    x, y = data.test
    trained = training.after.model
    right = part_scores(training.after, data, "test").accuracy
    mixed = {}
    for name in NAMES:
        other = {**x, name: x[name][rng.permutation(len(y))]}
        mixed[name] = Scores(trained, (other, y)).accuracy
    evidence["mixed"] = {"nothing": right, **mixed}
    for name in NAMES:
        # The share of the right answers that is lost. Where few are right, some are lost by chance.
        lost = 1 - mixed[name] / max(right, 1e-9)
        least = max(threshold(f"{name}_matters", lost), share_lost_by_chance(right, len(y)))
        if not lost >= least:
            fail(
                f'a model that does much worse when the "{name}" inputs are mixed up: at least '
                f"{least:.0%} of its right answers are lost then",
                f"an accuracy of {mixed[name]:.1%} then, and {right:.1%} with the right ones "
                f"(hidden examples): {max(lost, 0):.0%} are lost",
                f"Look at whether train feeds {name} as given, and at the features that its branch "
                "can learn",
                about=reordered("train"),
            )


@check(
    points=1.5,
    repairs=True,
    doc="https://keras.io/guides/training_with_built_in_methods/",
    needs=("trains",),
    hints=(
        *hints.ACCURACY,
        "Too low on both: more epochs, more units, or another learning rate. "
        "Low on validation only: Dropout, or fewer weights.",
    ),
)
def accuracy(training, data, threshold, evidence):
    """The trained model is better on hidden examples than either input alone allows."""
    check_accuracy(training, data, threshold, evidence, "examples")
