"""Data that are made far smaller before a model looks at them are named as the cause."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from graders.rebuilt.claims import Fingerprint, Fit, Run
from graders.toolkit.scaling import other_values, scaled_away
from tests.keras.models import functional, layers, sequential

IMAGES = np.random.default_rng(0).random((20, 8, 8, 1), dtype="float32")


def dense() -> list[Any]:
    """Returns the layers of a small classifier."""
    return [layers.Flatten(), layers.Dense(5, activation="relu"), layers.Dense(3)]


@pytest.mark.parametrize("name", ["rescaling", "twice", "division", "nested"])
def test_a_second_division_is_named(name: str) -> None:
    """However it is written, and however deep the first layer with weights lies."""
    stacks: dict[str, Any] = {
        "rescaling": lambda: sequential((8, 8, 1), layers.Rescaling(1 / 255), *dense()),
        "twice": lambda: sequential(
            (8, 8, 1), layers.Rescaling(1 / 255), layers.Rescaling(1 / 255), *dense()
        ),
        "division": lambda: functional(
            (8, 8, 1), lambda x: layers.Dense(3)(layers.Flatten()(x / 255))
        ),
        "nested": lambda: sequential(
            (8, 8, 1), layers.Rescaling(1 / 255), sequential((8, 8, 1), *dense())
        ),
    }
    found = scaled_away(stacks[name](), IMAGES)
    assert "the data have values up to 1, and only values up to" in found
    assert "leave out the Rescaling, or the division by 255" in found


@pytest.mark.parametrize(
    "stack",
    [
        [],
        [layers.Rescaling(2.0, offset=-1.0)],
        [layers.AveragePooling2D(4)],
        [layers.BatchNormalization()],
        [layers.Conv2D(2, 3, kernel_initializer="zeros")],
    ],
)
def test_data_that_arrive_are_not_blamed(stack: list[Any]) -> None:
    """Other scalings, poolings, and what comes after the first weights, make no difference."""
    assert scaled_away(sequential((8, 8, 1), *stack, *dense()), IMAGES) == ""


def test_larger_data_are_not_called_scaled_already() -> None:
    """What is not in [0, 1] may need a scaling, only not this one."""
    found = scaled_away(sequential((8, 8, 1), layers.Rescaling(1e-4), *dense()), 255 * IMAGES)
    assert "up to 255" in found
    assert found.endswith("Leave out what makes them smaller")


@pytest.mark.parametrize("scale", [1.0, 1 / 255])
def test_each_input_is_looked_at(scale: float) -> None:
    """An input that arrives does not hide another one that does not."""
    image, context = layers.Input((8, 8, 1), name="image"), layers.Input((3,), name="context")
    parts = [layers.Dense(2)(layers.Flatten()(layers.Rescaling(scale)(image)))]
    parts.append(layers.Dense(2)(context))
    model = keras.Model(
        {"image": image, "context": context}, layers.Dense(2)(layers.Concatenate()(parts))
    )
    x = {"image": IMAGES, "context": 3 * np.ones((20, 3), "float32")}
    assert bool(scaled_away(model, x)) is (scale < 1)


def test_a_model_that_cannot_take_the_data_is_not_judged() -> None:
    """What fails here is another check's business."""
    assert scaled_away(sequential((4,), layers.Dense(3)), IMAGES) == ""


TRAIN = IMAGES, np.arange(20) % 3


def run(x: np.ndarray | None, y: np.ndarray = TRAIN[1]) -> Run:
    """Returns a training of one fit on some data."""
    return Run("under a", (Fit(1, 1, data=None if x is None else Fingerprint.of((x, y))),))


@pytest.mark.parametrize(
    ("x", "words"),
    [(IMAGES / 255, "255 times smaller under a"), (IMAGES * 255, "255 times larger under a")],
)
def test_scaled_inputs_of_a_fit_are_named(x: np.ndarray, words: str) -> None:
    """Equal labels and other sums of the inputs tell by what they were multiplied."""
    found, advice = other_values([run(IMAGES), run(x)], TRAIN)
    assert found == f"a fit on inputs {words}"
    assert "leave the second scaling out" in advice


@pytest.mark.parametrize(
    "seen", [run(IMAGES), run(None), run(IMAGES[:9] / 255, TRAIN[1][:9]), run(-IMAGES), Run("")]
)
def test_other_fits_are_not_called_scaled(seen: Run) -> None:
    """The data as they are, some of them, or none that were noted."""
    assert other_values([seen], TRAIN) == ("", "")
