"""The shapes of a model's inputs and outputs, and whether it honours the sizes it is built for.

A size that a model leaves open, as `keras.Input((None, None, 3))` does, fits every size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graders.checking import fail
from graders.toolkit import graph, hints
from graders.toolkit.reproductions import of_shape

INPUT_ADVICE = "Look at keras.Input: it takes the argument input_shape"
OUTPUT_ADVICE = (
    "Look at the last layer: its units are num_classes, and a Flatten or a global pooling stands "
    "somewhere before it"
)
FREE_BATCH = "a model for batches of any size (its batch axis is None)"


def input_shape(model: Any) -> Any:
    """Returns the shape of a model's only input, or `None` if it has several."""
    return tuple(model.inputs[0].shape) if len(model.inputs) == 1 else None


def output_shape(model: Any) -> Any:
    """Returns the shape of a model's only output, or `None` if it has several."""
    return tuple(model.outputs[0].shape) if len(model.outputs) == 1 else None


def fits(found: tuple[int | None, ...], wanted: tuple[int, ...]) -> bool:
    """Returns whether a shape, in which some sizes may be open, fits another one.

    Args:
        found: Tuple of integers, `None` for a size that is open.
        wanted: Tuple of integers.
    """
    return len(found) == len(wanted) and all(
        mine in (None, size) for mine, size in zip(found, wanted, strict=True)
    )


def takes(model: Any, shape: tuple[int, ...]) -> bool:
    """Returns whether a model has one input, which takes examples of a shape.

    Args:
        model: A Keras model.
        shape: Tuple of integers, without the batch axis. A size that the model leaves open fits.
    """
    found = input_shape(model)
    return found is not None and fits(found[1:], shape)


def check_free_batch(model: Any) -> None:
    """Fails if a model takes batches of one size only.

    Args:
        model: A Keras model.

    Raises:
        CheckFailed: With what has fixed the batch axis.
    """
    for tensor in model.inputs:
        if tensor.shape[0] is not None:
            fail(
                FREE_BATCH,
                f"an input of shape {tuple(tensor.shape)}, which takes batches of "
                f"{tensor.shape[0]} only",
                "Look at keras.Input: leave out batch_size=…, and give shape=… in place of "
                "batch_shape=…",
                hints.FREE_BATCH,
                about=tensor._keras_history.operation,
            )
    for tensor in model.outputs:
        if len(tensor.shape) and tensor.shape[0] is not None:
            fail(
                FREE_BATCH,
                f"an output of shape {tuple(tensor.shape)}",
                "Look for a reshape that has a number in the place of the batch size: -1 belongs "
                "there",
                hints.FREE_BATCH,
                about=_first_fixed(model),
            )


def _first_fixed(model: Any) -> Any:
    """Returns the first call whose result has a fixed batch axis, `None` if there is none."""
    found = graph.nodes(model)
    return next((node for node in found if node.shape and node.shape[0] is not None), None)


def check_input(model: Any, shape: tuple[int, ...], call: str, noun: str, advice: str) -> None:
    """Fails unless a model has one input, for examples of a shape, in batches of any size.

    Args:
        model: A Keras model.
        shape: Tuple of integers, without the batch axis.
        call: String, the call that gave the model, such as `"build_model((32, 32, 3), 10)"`.
        noun: String, what the examples are, in the plural.
        advice: String, what to look at.

    Raises:
        CheckFailed: With the shapes that were expected and found.
    """
    if not takes(model, shape):
        found = ", ".join(str(tuple(tensor.shape)[1:]) for tensor in model.inputs)
        fail(
            f"{call} to give a model with one input, for {noun} of shape {shape}",
            f"{len(model.inputs)} input{'s' * (len(model.inputs) != 1)} of shape {found}",
            advice,
            hints.INPUT,
            model.inputs[0]._keras_history.operation,
            of_shape(call, "input_shape", (None, *shape), input_shape(model)),
        )
    check_free_batch(model)


def check_output(
    model: Any,
    outputs: int,
    call: str,
    advice: str,
    each: str = "one value for each class",
    about: Any = None,
) -> None:
    """Fails unless a model has one output of shape `(batch, outputs)`.

    Args:
        model: A Keras model.
        outputs: Integer, the number of classes, say.
        call: String, the call that gave the model.
        advice: String, what to look at.
        each: String, what the output holds.
        about: What comes before the output layer in what the message is about, see `fail`.

    Raises:
        CheckFailed: With the shapes that were expected and found.
    """
    check_free_batch(model)
    found = output_shape(model)
    if found != (None, outputs):
        fail(
            f"{call} to give one output of shape (batch, {outputs}), {each}",
            f"{len(model.outputs)} outputs" if found is None else f"the shape {found}",
            advice,
            hints.OUTPUT,
            (about, graph.output_layer(model)),
            of_shape(call, "output_shape", (None, outputs), found),
        )


def check_image_classifier(
    model: Any,
    shape: tuple[int, ...],
    classes: int,
    call: str,
    advice: str = OUTPUT_ADVICE,
) -> None:
    """Fails unless a model takes images of a shape and gives one value for each class.

    Args:
        model: A Keras model.
        shape: Tuple of integers, an image's height, width and channels.
        classes: Integer, the number of classes.
        call: String, the call that gave the model, such as `"build_model((32, 32, 3), 10)"`.
        advice: String, what to look at if the output is another one.

    Raises:
        CheckFailed: With the shapes that were expected and found.
    """
    check_input(model, shape, call, "images", INPUT_ADVICE)
    check_output(model, classes, call, advice)


def check_named_inputs(
    inputs: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], call: str
) -> None:
    """Fails unless each of several inputs has the shape that it should have.

    Args:
        inputs: Mapping from names to a model's input tensors.
        shapes: Mapping from the same names to tuples of integers, without the batch axis.
        call: String, the call that gave the model.

    Raises:
        CheckFailed: With the shapes that were expected and found.
    """
    for name, wanted in shapes.items():
        found = tuple(inputs[name].shape)[1:]
        if not fits(found, wanted):
            fail(
                f'{call} to give a model whose input "{name}" has the shape {wanted}',
                f"the shape {found}",
                f"Look at keras.Input for {name}: it takes the argument of build_model",
                hints.INPUT,
                about=inputs[name]._keras_history.operation,
            )
