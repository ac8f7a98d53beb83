"""The order in which a teacher would mention faults, and which one explains which others away."""

from __future__ import annotations

import dataclasses
from typing import Any

from graders.diagnosis import sources
from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, Rule
from graders.diagnosis.rules import (
    activations,
    batches,
    callbacks,
    curves,
    inputs,
    labels,
    layers,
    leaks,
    losses,
    metrics,
    scales,
    steps,
    training,
    validation,
    weighting,
    weights,
)

# What an output that cannot fit the labels brings with it.
CONSEQUENCES = (
    *("never_falls", "constant_output", "too_few_steps", "dead_units", "penalty_dominates"),
    *("accuracy_of_values", "unscaled_targets", "learning_rate", "plateau", "shuffled_labels"),
    "no_step",
)
# What a training left: of a range test, which ends where it diverges, that is no fault.
LEFT_BEHIND = ("diverged", "never_falls", "constant_output", "dead_units")
ENDINGS = (
    *("sigmoid_for_classes", "rectified_output", "out_of_reach", "distances_of_classes"),
    *("distances_of_integers", "binary_for_classes", "logits_for_probabilities"),
    *("probabilities_for_logits", "crossentropy_of_values", "outputs_for_labels"),
    *("categorical_on_one_unit", "steps_for_labels"),
)
# How a training went: with other weights, or a few steps on other data, it tells nothing.
REACHED = (*LEFT_BEHIND, "plateau", "overfitting", "too_few_steps")
# What it looks like where something does not learn.
STAYS = ("never_falls", "constant_output", "plateau", "shuffled_labels", "no_step")

RULES: tuple[Rule, ...] = (
    Rule(inputs.missing_values, explains=("diverged", *CONSEQUENCES), source=sources.TAXONOMY),
    Rule(weights.no_gradient, explains=STAYS, source=sources.CUSTOM_LAYERS),
    Rule(labels.text_labels, explains=(*ENDINGS, *CONSEQUENCES), source=sources.LOSSES),
    Rule(
        activations.softmax_on_one_unit,
        explains=(*ENDINGS, "one_unit_for_classes", *CONSEQUENCES),
        source=sources.ACTIVATIONS,
    ),
    Rule(
        labels.one_unit_for_classes,
        explains=(*ENDINGS, *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(
        labels.categorical_on_one_unit,
        explains=("outputs_for_labels", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(
        labels.labels_out_of_range,
        explains=("diverged", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(
        labels.integer_labels,
        explains=("outputs_for_labels", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(
        labels.one_hot_labels,
        explains=("outputs_for_labels", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(
        labels.steps_for_labels,
        explains=("outputs_for_labels", *CONSEQUENCES),
        source=sources.FLATTEN,
    ),
    Rule(
        losses.distances_of_integers,
        explains=("outputs_for_labels", *CONSEQUENCES),
        source=sources.REGRESSION,
    ),
    Rule(labels.outputs_for_labels, explains=CONSEQUENCES, source=sources.NEURALINT),
    Rule(activations.sigmoid_for_classes, explains=CONSEQUENCES, source=sources.PROBABILISTIC),
    Rule(
        losses.crossentropy_of_values,
        explains=("rectified_output", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(
        activations.softmax_for_several_labels,
        explains=("binary_for_classes", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(losses.negative_loss, explains=CONSEQUENCES, source=sources.PROBABILISTIC),
    Rule(activations.rectified_output, explains=CONSEQUENCES, source=sources.NEURALINT),
    Rule(activations.out_of_reach, explains=CONSEQUENCES, source=sources.REGRESSION),
    Rule(activations.logits_for_probabilities, explains=CONSEQUENCES, source=sources.PROBABILISTIC),
    Rule(
        activations.softmax_twice,
        explains=("probabilities_for_logits", *CONSEQUENCES),
        source=sources.PROBABILISTIC,
    ),
    Rule(activations.probabilities_for_logits, explains=CONSEQUENCES, source=sources.PROBABILISTIC),
    Rule(losses.rewards_mistakes, explains=CONSEQUENCES, source=sources.LOSSES),
    Rule(losses.binary_for_classes, source=sources.PROBABILISTIC),
    Rule(
        losses.distances_of_classes,
        explains=("never_falls", "plateau", "shuffled_labels", "no_step"),
        source=sources.VANISHING,
    ),
    Rule(training.no_trainable_weights, explains=STAYS, source=sources.TRANSFER),
    Rule(steps.not_recompiled, explains=STAYS, source=sources.TRANSFER),
    Rule(steps.not_in_training_mode, explains=("overfitting",), source=sources.TRAIN_STEP),
    Rule(inputs.brightness_of_fractions, explains=STAYS, source=sources.AUGMENTATION),
    Rule(weights.frozen_at_random, explains=STAYS, source=sources.TRANSFER),
    Rule(weights.unread_input, explains=STAYS, source=sources.FUNCTIONAL),
    Rule(batches.batch_of_one, explains=STAYS, source=sources.BATCHES),
    Rule(
        batches.sorted_batches,
        explains=("shuffled_labels", "overfitting", *STAYS),
        source=sources.SHUFFLE,
    ),
    Rule(inputs.unmasked_padding, explains=STAYS, source=sources.MASKING),
    Rule(inputs.scaled_away, explains=STAYS, source=sources.RESCALING),
    Rule(inputs.embedding_of_values, explains=STAYS, source=sources.EMBEDDING),
    Rule(
        inputs.unscaled_inputs, explains=("diverged", "dead_units", *STAYS), source=sources.TAXONOMY
    ),
    Rule(
        training.learning_rate,
        explains=("diverged", "dead_units", "too_few_steps", *STAYS),
        source=sources.PRACTICE,
    ),
    Rule(layers.unbounded_recurrence, explains=("diverged",), source=sources.EXPLODING),
    Rule(
        training.unscaled_targets,
        explains=("diverged", "dead_units", *STAYS),
        source=sources.TAXONOMY,
    ),
    Rule(training.diverged, explains=("dead_units", *STAYS), source=sources.PRACTICE),
    Rule(layers.dropout_on_outputs, source=sources.DROPOUT),
    Rule(layers.too_much_dropout, source=sources.DROPOUT),
    Rule(layers.wrong_axis, source=sources.BATCH),
    Rule(layers.no_activation, explains=("linear_convolutions",), source=sources.ACTIVATIONS),
    Rule(
        layers.linear_convolutions,
        explains=("never_falls", "plateau", "shuffled_labels", "no_step"),
        source=sources.NEURALINT,
    ),
    Rule(layers.stacked_sigmoids, explains=STAYS, source=sources.VANISHING),
    Rule(layers.dead_units, explains=STAYS, source=sources.DYING),
    Rule(training.penalty_dominates, explains=STAYS, source=sources.REGULARIZERS),
    Rule(training.too_few_steps, explains=(*STAYS, "overfitting"), source=sources.PRACTICE),
    Rule(
        validation.shuffled_labels,
        explains=("never_falls", "constant_output", "plateau"),
        source=sources.BY_HEART,
    ),
    Rule(
        steps.no_step,
        explains=("never_falls", "constant_output", "plateau", "shuffled_labels", "learning_rate"),
        source=sources.TRAIN_STEP,
    ),
    Rule(layers.constant_output, explains=("never_falls",), source=sources.DEEPLOCALIZE),
    Rule(training.never_falls, source=sources.DEEPLOCALIZE),
    Rule(validation.validated_on_training, source=sources.LEAKAGE),
    Rule(
        scales.scaled_otherwise,
        explains=("overfitting", "shuffled_validation"),
        source=sources.RESCALING,
    ),
    Rule(validation.reshuffled_split, source=sources.SHUFFLE),
    Rule(validation.leaked_validation, source=sources.LEAKAGE),
    Rule(leaks.label_in_inputs, source=sources.LEAKAGE),
    Rule(
        weighting.weights_of_common_classes,
        explains=("never_falls", "constant_output", "plateau"),
        source=sources.IMBALANCE,
    ),
    Rule(validation.shared_folds, explains=("overfitting",), source=sources.LEAKAGE),
    Rule(validation.sorted_split, explains=("overfitting", "shuffled_labels"), source=sources.FIT),
    Rule(
        validation.shuffled_validation,
        explains=("overfitting", "shuffled_labels"),
        source=sources.PERMUTATIONS,
    ),
    Rule(callbacks.wrong_mode, explains=("overfitting",), source=sources.EARLY_STOPPING),
    Rule(callbacks.missing_monitor, explains=("overfitting",), source=sources.EARLY_STOPPING),
    Rule(batches.batch_beyond_data, source=sources.PRACTICE),
    Rule(curves.plateau, source=sources.PRACTICE),
    Rule(curves.overfitting, source=sources.EARLY_STOPPING),
    Rule(metrics.accuracy_of_logits, source=sources.METRICS),
    Rule(metrics.equality_of_outputs, source=sources.METRICS),
    Rule(metrics.accuracy_of_values, source=sources.REGRESSION),
)


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a training.

    Attributes:
        faults: Tuple of `Finding`, in the order of mentioning; empty if nothing is wrong as far as
            could be seen.
        remarks: Tuple of `Finding`, what may be wrong.
    """

    faults: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()


def diagnose(facts: Facts) -> Diagnosis:
    """Names what is wrong with a training.

    Args:
        facts: `Facts`.

    Returns:
        `Diagnosis`.
    """
    silent = _untold(facts)
    findings: dict[str, Finding] = {}
    explained: set[str] = set()
    for rule in RULES:
        finding = _asked(rule, facts)
        if finding is None or rule.id in silent:
            continue
        findings[rule.id] = finding
        # What is not sure explains nothing that is.
        if finding.sure and rule.id not in explained:
            explained.update(rule.explains)
    kept = [finding for name, finding in findings.items() if name not in explained]
    return Diagnosis(
        tuple(finding for finding in kept if finding.sure),
        tuple(finding for finding in kept if not finding.sure),
    )


def _untold(facts: Facts) -> tuple[str, ...]:
    """Returns the rules whose findings would tell nothing of the script itself."""
    if facts.stands_in:
        return REACHED
    return LEFT_BEHIND if facts.is_range_test else ()


def _asked(rule: Rule, facts: Facts) -> Finding | None:
    """Asks one rule; one that cannot cope with what it is shown finds nothing."""
    try:
        return rule.find(facts)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def plain(finding: Finding) -> dict[str, Any]:
    """Returns a finding as plain data."""
    return dataclasses.asdict(finding)
