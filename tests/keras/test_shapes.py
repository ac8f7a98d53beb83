"""Shapes of inputs and outputs: open sizes fit, fixed batches are named."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from graders.checking import CheckFailed
from graders.toolkit.shapes import check_image_classifier, check_input, fits, takes

layers = keras.layers
SHAPE, CLASSES = (8, 6, 3), 5
CALL = "build_model((8, 6, 3), 5)"


def classifier(*start: Any, classes: int = CLASSES, middle: Any = None) -> keras.Model:
    """Returns a small classifier that begins with a `keras.Input` of these arguments."""
    between = [middle] if middle else [layers.GlobalMaxPooling2D()]
    return keras.Sequential([keras.Input(*start), *between, layers.Dense(classes)])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((8, 6, 3), True),
        ((None, None, 3), True),
        ((8, None, 3), True),
        ((6, 8, 3), False),
        ((8, 6), False),
        ((None, None, None, 3), False),
    ],
)
def test_a_size_left_open_fits(found: tuple[int | None, ...], expected: bool) -> None:
    """An open size fits every size; a fixed one fits itself, and the number of axes counts."""
    assert fits(found, SHAPE) is expected


@pytest.mark.parametrize("shape", [SHAPE, (None, None, 3)])
def test_right_classifiers_pass(shape: Any) -> None:
    """A model for the images, or for images of any size, gives one value for each class."""
    check_image_classifier(classifier(shape), SHAPE, CLASSES, CALL)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: classifier((6, 8, 3)), r"Found 1 input of shape \(6, 8, 3\). Look at keras.Input"),
        (lambda: classifier(SHAPE, classes=7), r"Found the shape \(None, 7\)"),
        (lambda: classifier(SHAPE, middle=layers.ReLU()), r"Found the shape \(None, 8, 6, 5\)"),
        (lambda: classifier(SHAPE, 64), "of 64 only. Look at keras.Input: leave out batch_size="),
    ],
)
def test_other_shapes_are_named(model: Any, words: str) -> None:
    """The message has the shape that was found, and what fixes it."""
    with pytest.raises(CheckFailed, match=words):
        check_image_classifier(model(), SHAPE, CLASSES, CALL)


def test_batch_shape_is_named() -> None:
    """`batch_shape=` fixes the batch size as `batch_size=` does."""
    inputs = keras.Input(batch_shape=(4, *SHAPE))
    model = keras.Model(inputs, layers.Dense(CLASSES)(layers.Flatten()(inputs)))
    with pytest.raises(CheckFailed, match="batch_shape="):
        check_image_classifier(model, SHAPE, CLASSES, CALL)


def test_a_batch_fixed_on_the_way_is_named() -> None:
    """A reshape to a number of examples fixes the output's batch axis alone."""
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, layers.Dense(CLASSES)(keras.ops.reshape(inputs, (4, 144))))
    with pytest.raises(CheckFailed, match="Look for a reshape"):
        check_image_classifier(model, SHAPE, CLASSES, CALL)


def test_several_inputs_and_outputs_are_named() -> None:
    """A model with two inputs takes no images alone; one with two outputs is told so."""
    one, two = keras.Input(SHAPE), keras.Input((4,))
    assert not takes(keras.Model([one, two], one), SHAPE)
    with pytest.raises(CheckFailed, match=r"Found 2 inputs of shape \(8, 6, 3\), \(4,\)"):
        check_input(keras.Model([one, two], one), SHAPE, CALL, "images", "Look")
    flat = layers.Flatten()(one)
    model = keras.Model(one, [layers.Dense(CLASSES)(flat), layers.Dense(CLASSES)(flat)])
    with pytest.raises(CheckFailed, match="Found 2 outputs"):
        check_image_classifier(model, SHAPE, CLASSES, CALL)
