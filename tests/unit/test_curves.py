"""Reading the curves: each symptom from a history made for it, and from the corpus."""

from __future__ import annotations

import math
from typing import Any

import pytest

from graders.reports import curves
from graders.runner import Runner
from tests import symptoms as symptoms_proof
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


EXAMPLES: list[tuple[str, dict[str, Any]]] = [
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
                fall(2.2, 0.2, 8),
                [1, 0.4, 1.2, 0.4, 1.3, 0.4, 0.9, 0.4],
                fall(0.2, 0.95, 8),
                fall(0.2, 0.9, 8),
            )
        },
    ),
]


@pytest.mark.parametrize(("symptom", "evidence"), EXAMPLES)
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


def test_a_baseline_that_diverged_is_said() -> None:
    """Where the main training never came, the first one's divergence is all that there is."""
    broken = {"history_baseline": history([2.3, math.nan], [math.nan] * 2, [0.1] * 2, [0.1] * 2)}
    assert symptoms(broken) == ["diverging"]
    assert symptoms({"history_baseline": GUESSING}) == []


def test_a_penalty_is_no_divergence() -> None:
    """A loss that begins high and falls with ordinary steps is a penalty that holds the model."""
    curves_of_both = history([900.0, 30.0, 2.4], [90.0, 9.0, 2.3], [0.1] * 3, [0.1] * 3)
    figures = {"chance": 0.1, "train_accuracy": 0.1, "validation_accuracy": 0.1}
    for rate, expected in ((1e-3, "at_chance"), (1.0, "diverging")):
        evidence = {"history": curves_of_both, "training": {**figures, "learning_rate": rate}}
        assert symptoms(evidence)[0] == expected


def test_units_that_still_pass_a_gradient_are_not_the_cause_of_guessing() -> None:
    """Of a model at chance dead units are named first only where no gradient passes at all."""
    for silent, expected in ((0.93, "at_chance"), (1.0, "dying_relus")):
        training = {"chance": 0.1, "silent_units": silent}
        assert symptoms({"history": GUESSING, "training": training})[0] == expected


def test_a_single_epoch_is_too_short_to_tell() -> None:
    """At chance after one epoch: too short, unless the steps explain it, or nothing moved."""
    one = history([2.6], [2.4], [0.1], [0.1])
    for figures, expected in (
        ({"learning_rate": 1e-3}, "too_short"),
        ({}, "too_short"),  # a schedule: the rate is not known
        ({"learning_rate": 1e-8}, "at_chance"),
        ({"learning_rate": 1e-3, "moved": False}, "at_chance"),
    ):
        training = {"chance": 0.1, "train_accuracy": 0.1, **figures}
        [remark] = curves.read({"history": one, "training": training})
        assert remark.symptom == expected
        assert ("No weight has changed" in remark.tries) == ("moved" in figures)


def test_accuracy_that_climbs_is_still_learning() -> None:
    """Near guessing a loss hardly falls, though the model is on its way."""
    figures = {"chance": 0.5, "train_accuracy": 0.66, "validation_accuracy": 0.66}
    for accuracies, expected in (
        ([0.5, 0.52, 0.66], "too_short"),
        ([0.65, 0.66, 0.66], "underfitting"),
    ):
        seen = history([0.691, 0.684, 0.674], [0.684, 0.674, 0.665], accuracies, accuracies)
        assert symptoms({"history": seen, "training": figures})[0] == expected


def test_labels_learned_by_heart_from_noise_are_guessing() -> None:
    """A little above guessing on the training data, and not on others: nothing was learned."""
    seen = history([0.69] * 4, [0.69] * 4, [0.57] * 4, [0.54] * 4)
    figures = {"chance": 0.5, "train_accuracy": 0.57, "validation_accuracy": 0.54}
    assert symptoms({"history": seen, "training": figures})[0] == "at_chance"


def test_a_learning_rate_that_is_known_is_named() -> None:
    """The advice names a learning rate that is far too low or too high."""
    for rate in (1e-9, 5.0):
        [remark] = curves.read(
            {"training": {"chance": 0.1, "train_accuracy": 0.1, "learning_rate": rate}}
        )
        assert f"The learning rate is {rate:g}" in remark.tries


# --- the proof over programs that train badly -------------------------------------------------


def test_the_table_of_symptoms_holds() -> None:
    """Every program still exists, has a known symptom and a reason; twenty are held out."""
    known = {word for word, _ in EXAMPLES}
    for program in symptoms_proof.programs():
        assert program.symptoms, program.name
        assert set(program.symptoms) <= known, program.name
        assert program.because.endswith("."), program.name
        compile(program.text(), program.name, "exec")
    held_out = [p for kind in ("held_out", "fresh") for p in symptoms_proof.programs(kind)]
    assert len([program for program in held_out if not program.aside]) >= 20


@pytest.mark.parametrize("kind", symptoms_proof.KINDS)
def test_most_are_read_right(kind: str) -> None:
    """From what the grader saw of each training, the reading names the symptom of the fault."""
    kept = symptoms_proof.read()
    assert set(kept) == {program.name for program in symptoms_proof.programs()}
    wanted = [program for program in symptoms_proof.programs(kind) if not program.aside]
    wrong = symptoms_proof.misses(wanted, kept)
    assert len(wrong) <= (1 - symptoms_proof.NEEDED[kind]) * len(wanted), wrong


def test_who_is_set_aside_has_no_bad_curve() -> None:
    """A program counts neither way only if it was never trained, or is as accurate as needed."""
    kept = symptoms_proof.read()
    aside = [program for program in symptoms_proof.programs() if program.aside]
    assert aside
    for program in aside:
        found = kept[program.name]
        assert "history" not in found or found["accuracy"] >= found["threshold"], program.name


@pytest.mark.system
def test_what_was_kept_is_what_is_seen(runner: Runner) -> None:
    """A few of the programs, trained again, are read as the committed evidence is."""
    names = ["lstm/sgd_rate_1000", "lstm/too_short", "penalized_loss/no_epochs"]
    programs = [program for program in symptoms_proof.programs() if program.name in names]
    kept = symptoms_proof.read()
    other = []
    for program in programs:
        found = symptoms_proof.evidence_of(symptoms_proof.observe(program, runner))
        if symptoms_proof.first(found) != symptoms_proof.first(kept[program.name]):
            other.append((program.name, symptoms_proof.first(found)))
    assert len(programs) == len(names)
    assert other == []


@pytest.mark.parametrize("fixed", [True, False])
def test_no_early_end_where_the_epochs_are_fixed(fixed: bool) -> None:
    """A task that forbids early stopping does not have it recommended by the curves."""
    found = history(fall(2.2, 0.0), fall(2.2, 1.0), fall(0.2, 1.0), fall(0.2, 0.6))
    figures = {"chance": 0.1, "fixed_epochs": fixed}
    [remark] = curves.read({"history": found, "training": figures})
    assert remark.symptom == "overfitting"
    assert remark.tries.startswith("Regularise (Dropout, L2, augmentation)")
    assert ("stop at the epoch" in remark.tries) is not fixed
