"""Reading the curves: each symptom from a history made for it, and from the corpus."""

from __future__ import annotations

import math
from typing import Any

import pytest

from graders import rubric
from graders.reports import curves
from graders.runner import Request, Runner
from tests import corpus
from tests.verdicts import history


def fall(start: float, end: float, epochs: int = 12, pace: float = 0.6) -> list[float]:
    """Returns a curve that approaches its end."""
    return [end + (start - end) * pace**i for i in range(epochs)]


def symptoms(evidence: dict[str, Any]) -> list[str]:
    """Returns the symptoms that are read from evidence."""
    return [remark.symptom for remark in curves.read(evidence)]


GOOD = history(fall(2.2, 0.2), fall(2.2, 0.3), fall(0.2, 0.95), fall(0.2, 0.91))
GUESSING = history([2.31] * 8, [2.31] * 8, [0.1] * 8, [0.1] * 8)


def test_a_good_training_has_no_symptom() -> None:
    """Curves that fall and lie close together get no remark, nor does a task without curves."""
    assert symptoms({"history": GOOD, "training": {"chance": 0.1}}) == []
    assert symptoms({"history": GOOD, "accuracy": 0.9, "threshold": 0.8}) == []
    assert symptoms({"sweep": [], "accuracy": 0.1, "threshold": 0.8}) == []
    assert symptoms({}) == []


@pytest.mark.parametrize(
    ("symptom", "evidence"),
    [
        ("no_training", {"history": {}}),
        ("no_training", {"history": {"loss": [], "val_loss": []}, "training": {"chance": 0.1}}),
        ("diverging", {"history": {"loss": [2.3, 5.0, math.inf]}}),
        ("diverging", {"history": {"loss": [2.3, math.nan], "val_loss": [math.nan] * 2}}),
        ("diverging", {"history": {"loss": [2.3]}, "training": {"train_loss": math.nan}}),
        ("diverging", {"history": {"loss": [2.3, 4.0, 9.0, 30.0]}}),
        (
            "diverging",
            {
                "history": history([900.0, 2.4], [2.5, 2.4], [0.1, 0.1], [0.1, 0.1]),
                "training": {"chance": 0.1, "learning_rate": 10.0},
            },
        ),
        ("at_chance", {"history": GUESSING, "training": {"chance": 0.1}}),
        (
            "dying_relus",
            {"history": GUESSING, "training": {"chance": 0.1, "silent_units": 1.0}},
        ),
        (
            "loss_mismatch",
            {"history": GUESSING, "training": {"chance": 0.1, "loss": "mean_squared_error"}},
        ),
        (
            "loss_mismatch",
            {
                "history": GUESSING,
                "training": {
                    "loss": "sparse_categorical_crossentropy",
                    "from_logits": False,
                    "output": "logits",
                },
            },
        ),
        (
            "overfitting",
            {"history": history(fall(2.2, 0.0), fall(2.2, 1.5), fall(0.1, 1.0), fall(0.1, 0.6))},
        ),
        (
            "overfitting",
            {
                "history": history(
                    fall(2.2, 0.05), [1.5, 0.8, 0.6, 0.7, 0.9, 1.1], fall(0.2, 1.0), fall(0.2, 0.9)
                )
            },
        ),
        (
            "too_short",
            {
                "history": history([2.2, 1.8], [2.1, 1.7], [0.2, 0.4], [0.2, 0.4]),
                "training": {"chance": 0.1},
                "accuracy": 0.4,
                "threshold": 0.7,
            },
        ),
        (
            "underfitting",
            {
                "history": history(fall(2.2, 1.5), fall(2.2, 1.5), fall(0.2, 0.5), fall(0.2, 0.5)),
                "training": {"chance": 0.1},
            },
        ),
        (
            "plateau",
            {
                "history": history(fall(2.2, 2.1), fall(2.2, 2.1), fall(0.1, 0.2), fall(0.1, 0.2)),
                "training": {"chance": 0.1},
            },
        ),
        (
            "better_on_validation",
            {"history": history(fall(2, 1), fall(2, 0.2), fall(0.2, 0.6), fall(0.2, 0.95))},
        ),
        (
            "other_data",
            {"history": GOOD, "training": {"train_accuracy": 0.2, "validation_accuracy": 0.2}},
        ),
        (
            "unstable",
            {
                "history": history(
                    fall(2.2, 0.2, 8), [1, 0.4, 1.2, 0.4, 1.3, 0.4, 0.9, 0.4], fall(0.2, 0.95, 8),
                    fall(0.2, 0.9, 8),
                )
            },
        ),
    ],
)  # fmt: skip
def test_each_symptom_is_read(symptom: str, evidence: dict[str, Any]) -> None:
    """The symptom is among the remarks, with a sentence on what is seen and on what to try."""
    found = {remark.symptom: remark for remark in curves.read(evidence)}
    assert symptom in found
    for sentence in (found[symptom].sees, found[symptom].tries):
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_a_claim_counts_for_less_than_the_graders_own_figures() -> None:
    """A History that tells of success is not believed where the grader measured otherwise."""
    figures = {"chance": 0.1, "train_accuracy": 0.1, "validation_accuracy": 0.1}
    assert symptoms({"history": GOOD, "training": figures}) == ["other_data"]


def test_a_baseline_may_overfit() -> None:
    """A second history, of a model that is there to overfit, gets no remark."""
    wild = history(fall(2.2, 0.0), fall(2.2, 1.5), fall(0.1, 1.0), fall(0.1, 0.5))
    assert symptoms({"history": GOOD, "history_baseline": wild}) == []


def test_a_learning_rate_that_is_known_is_named() -> None:
    """The advice names a learning rate that is far too low or too high."""
    for rate in (1e-9, 5.0):
        [remark] = curves.read(
            {"training": {"chance": 0.1, "train_accuracy": 0.1, "learning_rate": rate}}
        )
        assert f"The learning rate is {rate:g}" in remark.tries


# What is wrong with the submissions of the corpus that train badly. Some have two names for it.
TRAINS_BADLY = {
    "cnn/all_frozen": "at_chance",
    "cnn/learning_rate_huge": "diverging",
    "cnn/learning_rate_ten": "diverging",
    "cnn/learning_rate_zero": "at_chance",
    "cnn/no_epochs": "no_training",
    "cnn/scaled_in_train": "other_data",
    "cnn/shuffled_labels": "at_chance other_data",
    "cnn/too_short": "too_short",
    "cnn/too_small": "underfitting too_short plateau",
    "cnn/trains_on_validation": "better_on_validation other_data",
    "lstm/learning_rate_huge": "diverging",
    "lstm/no_epochs": "no_training",
    "lstm/sorted_labels": "at_chance",
    "lstm/too_short": "too_short at_chance",
    "dropout_l2/dropout_too_strong": "underfitting at_chance plateau",
    "dropout_l2/l2_too_strong": "underfitting at_chance plateau",
    "dropout_l2/tiny_network": "underfitting",
    "dropout_l2/too_few_epochs": "too_short",
    "dropout_l2/too_weak": "overfitting",
    "mixed_precision/hardly_trained": "at_chance",
    "multi_branch/no_epochs": "no_training",
    "multi_branch/shuffled_images": "other_data underfitting plateau",
    "penalized_loss/few_examples": "overfitting other_data",
    "penalized_loss/no_epochs": "no_training",
    "vgg16_finetune/no_epochs": "no_training",
    "vgg16_finetune/too_short": "too_short",
}


def test_the_corpus_is_read_right(runner: Runner, request: pytest.FixtureRequest) -> None:
    """Of the wrong submissions that train badly, at least nine in ten get the right symptom."""
    names = list(TRAINS_BADLY)
    if not request.config.getoption("--whole-corpus"):
        names = ["cnn/learning_rate_huge", "lstm/too_short"]
    wrong = []
    for name in names:
        found = rubric.find(name.split("/")[0])
        path = corpus.FOLDER / found.id / "wrong" / f"{name.split('/')[1]}.py"
        verdict = runner.grade_task(Request(found, path))
        first = [remark.symptom for remark in curves.read(verdict.evidence)][:1]
        if not set(first) & set(TRAINS_BADLY[name].split()):
            wrong.append((name, first))
    assert len(wrong) <= 0.1 * len(names), wrong
