"""Accuracies: on hidden data, as claimed, and the pictures that are confused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import datasets
from graders import checking
from graders.toolkit import accuracy, training
from tests.keras import models
from tests.keras.models import layers, sequential

# --- check_accuracy ---------------------------------------------------------------------------


def check(
    bound: float, scale: float = 10.0, **wrong: int
) -> tuple[dict[str, Any], list[tuple[str, float]]]:
    """Checks the model that reads labels off.

    Args:
        bound: Float, the accuracy that is wanted.
        scale: Float, see `models.reader`.
        **wrong: Integers, how many of a part's 100 labels are others: its accuracy is as much
            lower.

    Returns:
        The evidence, and what the threshold was asked for.
    """
    parts = {part: models.one_hot_part(100, wrong=count) for part, count in wrong.items()}
    evidence: dict[str, Any] = {}
    asked: list[tuple[str, float]] = []

    def threshold(measure: str, value: float) -> float:
        asked.append((measure, value))
        return bound

    snapshot = models.snapshot(models.reader(scale))
    training = models.training(snapshot, snapshot)
    try:
        accuracy.check_accuracy(
            training, models.one_hot_data(**parts), threshold, evidence, "drawings"
        )
    finally:
        assert evidence["threshold"] == bound
    return evidence, asked


def test_accuracy_that_is_enough() -> None:
    """At the bound is enough; accuracy, bound and confusion matrix are kept."""
    evidence, asked = check(0.9, train=0, validation=10, test=10)
    assert asked == [("accuracy", 0.9)]
    assert evidence["accuracy"] == 0.9
    table = np.array(evidence["confusion"])
    assert table.shape == (3, 3)
    assert (table.sum(), np.trace(table)) == (100, 90)
    assert evidence["confused"] == []


def test_accuracy_of_a_model_that_knows_the_data_by_heart() -> None:
    """Much better on the training data: told so."""
    words = (
        r"Expected an accuracy of at least 91\.0% on hidden test drawings\. Found 80\.0% "
        r"\(on training drawings it is 100\.0%; guessing gives 33%\)\. It knows the training"
    )
    with pytest.raises(checking.CheckFailed, match=words):
        check(0.91, train=0, validation=20, test=20)


def test_accuracy_of_a_model_that_does_badly_everywhere() -> None:
    """No better on the training data: it needs more training."""
    words = r"Found 80\.0% \(on training drawings it is 90\.0%.*does not do well on the training"
    with pytest.raises(checking.CheckFailed, match=words):
        check(0.91, train=10, validation=20, test=20)


def test_swapped_data() -> None:
    """Better on the validation data than on both others: trained on them, however good it is."""
    words = (
        r"Found 60\.0%, 60\.0% on the training drawings, and more on the validation drawings: "
        r"100\.0%.*swapped"
    )
    with pytest.raises(checking.CheckFailed, match=words):
        check(0.5, train=40, validation=0, test=40)


@pytest.mark.parametrize(
    "wrong",
    [
        {"train": 30, "validation": 10, "test": 30},
        {"train": 0, "validation": 0, "test": 40},
        {"train": 40, "validation": 0, "test": 0},
    ],
    ids=["by luck", "as good in training", "as good on hidden data"],
)
def test_data_that_are_not_swapped(wrong: dict[str, int]) -> None:
    """A difference that luck explains, or that only one of the two others shows, is no fault."""
    check(0.5, **wrong)


# --- check_claimed_accuracy -------------------------------------------------------------------


@pytest.mark.parametrize(
    "history",
    [
        None,
        {},
        {"loss": [0.1], "val_loss": [0.1]},
        {"accuracy": [1.0]},
        {"val_accuracy": []},
        {"val_accuracy": [0.69]},
        {"val_accuracy": [1.0, 0.5]},
        {"val_sparse_categorical_accuracy": [0.1]},
    ],
    ids=["none", "empty", "losses", "training", "no epoch", "near", "earlier epoch", "lower"],
)
def test_claims_that_are_fine(history: dict[str, list[float]] | None) -> None:
    """No claim, one that is about right, and one that is too modest."""
    data = models.one_hot_data(validation=models.one_hot_part(100, wrong=50))
    training.check_claimed_accuracy(history, models.snapshot(models.reader()), data)


@pytest.mark.parametrize("name", ["val_accuracy", "val_acc", "val_sparse_categorical_accuracy"])
def test_claims_that_are_too_high(name: str) -> None:
    """The last epoch's accuracy is more than 20 points above what the grader finds."""
    data = models.one_hot_data(validation=models.one_hot_part(100, wrong=50))
    words = (
        r"Found one that gets 50\.0% of the validation data right, while the History shows 71\.0%"
    )
    with pytest.raises(checking.CheckFailed, match=words):
        training.check_claimed_accuracy({name: [0.1, 0.71]}, models.snapshot(models.reader()), data)


# --- confused_pictures ------------------------------------------------------------------------


def pictures(
    pairs: list[tuple[int, int]], side: int = 2, channels: int = 1, bright: float = 1.0
) -> tuple[Any, datasets.Dataset]:
    """Returns a model and data of pictures for it.

    Args:
        pairs: List of pairs, the true label of each validation picture and the predicted one.
        side: Integer.
        channels: Integer.
        bright: Float, the value of the pixel that shows the predicted label.
    """
    model = sequential((side, side, channels), layers.Flatten(), layers.Dense(3))
    kernel = np.zeros((side * side * channels, 3))
    kernel[:3] = np.eye(3)
    model.set_weights([kernel, np.zeros(3)])
    x = np.zeros((len(pairs), side * side * channels), "float32")
    x[np.arange(len(pairs)), [predicted for _, predicted in pairs]] = bright
    # The last pixel tells pictures apart.
    x[:, -1] = bright * np.arange(len(pairs)) / 255
    y = np.array([true for true, _ in pairs])
    part = (x.reshape(-1, side, side, channels), y)
    return models.snapshot(model), models.one_hot_data(validation=part)


def test_confused_pictures() -> None:
    """The first picture of each pair, the pair that is confused most first."""
    snapshot, data = pictures([(0, 0), (1, 2), (0, 1), (2, 2), (0, 1), (0, 2), (1, 2), (0, 1)])
    assert accuracy.confused_pictures(snapshot, data) == [
        {"true": 0, "predicted": 1, "picture": [[[0], [255]], [[0], [2]]]},
        {"true": 1, "predicted": 2, "picture": [[[0], [0]], [[255], [1]]]},
        {"true": 0, "predicted": 2, "picture": [[[0], [0]], [[255], [5]]]},
    ]
    assert len(accuracy.confused_pictures(snapshot, data, most=1)) == 1


def test_pictures_of_255_are_left_so() -> None:
    """Pictures with values up to 255 are not scaled."""
    snapshot, data = pictures([(1, 1), (0, 1)], bright=255.0)
    [row] = accuracy.confused_pictures(snapshot, data)
    assert row["picture"] == [[[0], [255]], [[0], [1]]]


def test_nothing_confused() -> None:
    """Right predictions are shown nowhere."""
    snapshot, data = pictures([(0, 0), (1, 1), (2, 2)])
    assert accuracy.confused_pictures(snapshot, data) == []


def test_what_cannot_be_shown() -> None:
    """Vectors, large pictures, and those of other than one or three channels."""
    assert (
        accuracy.confused_pictures(models.snapshot(models.reader(0)), models.one_hot_data()) == []
    )
    for side, channels, shown in ((48, 1, 1), (49, 1, 0), (4, 3, 1), (4, 2, 0)):
        found = accuracy.confused_pictures(*pictures([(0, 1)], side, channels))
        assert len(found) == shown


def test_pictures_in_a_dict() -> None:
    """Of two inputs, the one named `image` is shown."""
    snapshot, data = pictures([(0, 1)])
    x, y = data.validation
    both = models.one_hot_data(validation=({"image": x, "context": np.zeros((1, 2))}, y))
    image = layers.Input((2, 2, 1), name="image")
    inputs = {"image": image, "context": layers.Input((2,), name="context")}
    model = models.keras.Model(inputs, snapshot.model(image))
    found = accuracy.confused_pictures(models.snapshot(model), both)
    assert found == accuracy.confused_pictures(snapshot, data) != []


# --- share_lost_by_chance ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reached", "examples", "expected"),
    [(0.93, 1000, 0.035), (0.22, 1000, 0.238), (0.22, 100, 0.753), (1.0, 1000, 0.0)],
)
def test_share_lost_by_chance(reached: float, examples: int, expected: float) -> None:
    """Hardly anything where most answers are right, much where few are, or few are asked."""
    assert accuracy.share_lost_by_chance(reached, examples) == pytest.approx(expected, abs=1e-3)


def test_no_right_answer_is_no_error() -> None:
    """A model that is never right may lose everything by chance."""
    assert accuracy.share_lost_by_chance(0.0, 1000) > 1
