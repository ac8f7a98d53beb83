"""The accuracy on hidden data, and what a report shows of it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.checking import At, fail
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import hints
from graders.toolkit.outputs import Scores, part_scores, rows
from graders.toolkit.scaling import scaled_away, scaled_by

# The training accuracy from which on a model knows its examples by heart.
BY_HEART = 0.85


def confused_pictures(snapshot: Snapshot, data: Any, most: int = 3) -> list[dict[str, Any]]:
    """Returns an example of each of the pairs that are confused most, for the report.

    They are from the validation data, which the submission has seen anyway: a hidden picture with
    its label would help to prepare for the test.

    Args:
        snapshot: `Snapshot` of the trained model.
        data: `datasets.Dataset`; if it holds no pictures, nothing is returned.
        most: Integer, the most pairs.

    Returns:
        List of dicts with the labels `true` and `predicted`, and `picture`, a list of rows.
    """
    x, _ = data.validation
    pictures = x.get("image") if isinstance(x, dict) else x
    if not (isinstance(pictures, np.ndarray) and pictures.ndim == 4):
        return []
    if pictures.shape[3] not in (1, 3) or max(pictures.shape[1:3]) > 48:
        return []
    scores = part_scores(snapshot, data, "validation")
    table = np.array(scores.confusion())
    np.fill_diagonal(table, 0)
    found = []
    for flat in np.argsort(-table, axis=None, kind="stable")[:most]:
        true, predicted = (int(i) for i in np.unravel_index(flat, table.shape))
        if table[true, predicted]:
            index = np.flatnonzero((scores.labels == true) & (scores.predicted == predicted))[0]
            picture = pictures[index] * (255 if pictures.max() <= 1 else 1)
            picture = picture.clip(0, 255).astype("uint8").tolist()
            found.append({"true": true, "predicted": predicted, "picture": picture})
    return found


def _by_luck(scores: Scores, others: int) -> float:
    """Returns how far apart two accuracies of one model may lie, except for 1 case in 100,000."""
    p = min(max(scores.accuracy, 0.05), 0.95)
    deviation = float(np.sqrt(p * (1 - p) * (1 / len(scores.labels) + 1 / others)))
    return max(0.1, 4.3 * deviation)


def share_lost_by_chance(accuracy: float, examples: int) -> float:
    """Returns which share of the right answers a change that matters nothing may cost by chance.

    Four standard deviations of an accuracy on that many examples, as a share of it: next to
    nothing for a model that is right most of the time, much for one that guesses.

    Args:
        accuracy: Float in [0, 1].
        examples: Integer, how many examples it was measured on.

    Returns:
        Float.
    """
    p = min(max(accuracy, 1e-9), 1.0)
    return 4 * math.sqrt((1 - p) / (p * examples))


def check_accuracy(
    training: Any,
    data: Any,
    threshold: Callable[..., float],
    evidence: dict[str, Any],
    noun: str,
) -> None:
    """Fails unless a trained model reaches an accuracy on the hidden test data.

    Args:
        training: The judge's `Training`.
        data: `datasets.Dataset`, integer labels.
        threshold: Callable that gives a measure's bound, and notes its value.
        evidence: Dict, takes the accuracy, the threshold and the confusion matrix.
        noun: String, what the examples are, in the plural.

    Raises:
        CheckFailed: With the accuracies.
    """
    scores = part_scores(training.after, data, "test")
    wanted = threshold("accuracy", scores.accuracy)
    evidence.update(accuracy=scores.accuracy, threshold=wanted, confusion=scores.confusion())
    with contextlib.suppress(Exception):
        evidence["confused"] = confused_pictures(training.after, data)
    on_train, on_validation = (
        part_scores(training.after, data, part).accuracy for part in ("train", "validation")
    )
    expected = f"an accuracy of at least {wanted:.1%} on hidden test {noun}"
    if on_validation > max(on_train, scores.accuracy) + _by_luck(scores, len(data.validation[1])):
        fail(
            f"a model that learns from train_data alone, and {expected}",
            f"{scores.accuracy:.1%}, {on_train:.1%} on the training {noun}, and more on the "
            f"validation {noun}: {on_validation:.1%}",
            "Look at the call of fit: are train_data and val_data swapped?",
            hints.SWAPPED_PARTS,
            about=At(training.after.lines.fitted, "x"),
        )
    if scores.accuracy >= wanted:
        return
    found = (
        f"{scores.accuracy:.1%} (on training {noun} it is {on_train:.1%}; guessing gives "
        f"{1 / data.num_classes:.0%})"
    )
    if on_train > max(scores.accuracy + 0.15, BY_HEART):
        fail(
            expected,
            found,
            f"It knows the training {noun} by heart: regularise (Dropout, fewer weights) or stop "
            "earlier",
            hints.BY_HEART,
        )
    if on_train > scores.accuracy + 0.15:
        fail(
            expected,
            found,
            f"What it learns holds for the training {noun} in part only: does it see all that the "
            "label depends on? If so, train longer, or with another learning rate",
        )
    scaled = scaled_away(training.after.model, rows(data.train[0], 0, 100))
    fail(
        expected,
        found,
        scaled
        or f"It does not do well on the training {noun} either: train longer, with another "
        "learning rate, or with a larger model",
        about=scaled_by(training.after.model) if scaled else None,
    )
