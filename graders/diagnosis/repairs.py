"""For a finding, what takes the suspect away: a change of the training that can be tried."""

from __future__ import annotations

import math
from collections.abc import Callable

from graders.diagnosis.facts import RECURRENT, Facts
from graders.diagnosis.findings import Finding, Repair
from graders.diagnosis.rules.kinds import BINARY, CROSSENTROPIES
from graders.toolkit.learning_rates import usual_rate

# Rates of Dropout above this leave little; what is usual; and a penalty that is.
STRONG_DROPOUT, USUAL_DROPOUT, USUAL_PENALTY = 0.6, 0.3, 0.5


def _ending(facts: Facts) -> Repair | None:
    """An end of the model that fits the labels."""
    kind, classes = facts.labels_are, facts.classes
    if kind == "values":
        y = facts.labels
        width = y.shape[-1] if y is not None and len(y.shape) > 1 else 1
        return Repair(
            "with no activation in the last layer and mean squared error",
            activation="linear",
            units=width,
            loss="mean_squared_error",
        )
    if kind == "multi_hot":
        return Repair(
            "with sigmoid and binary_crossentropy", "sigmoid", classes, "binary_crossentropy"
        )
    if kind == "binary" or (classes == 2 and facts.units == 1):
        return Repair(
            "with one sigmoid unit and binary_crossentropy", "sigmoid", 1, "binary_crossentropy"
        )
    if classes < 2:
        return None
    return Repair(
        f"with {classes} softmax units and a categorical cross-entropy",
        "softmax",
        classes,
        "sparse_categorical_crossentropy",
    )


def _rate(facts: Facts) -> Repair | None:
    compiled = facts.compiled
    if compiled is None:
        return None
    rate = usual_rate(compiled.optimizer)
    return Repair(f"with the learning rate {rate:g}", rate=rate)


def _slower(facts: Facts) -> Repair | None:
    rate = facts.compiled.rate if facts.compiled else None
    return Repair(f"with the learning rate {rate / 10:.2g}", rate=rate / 10) if rate else None


def _scaled_once(facts: Facts) -> Repair | None:
    """The inputs as large as they were before they were divided once more."""
    first = next((layer for layer in facts.layers if layer.has_kernel), None)
    if first is None or len(facts.inputs) != 1:
        return None
    given = arriving = facts.inputs[0].largest
    for layer in facts.layers:
        if layer is first:
            break
        if (seen := facts.before.get(layer.name)) is not None:
            arriving = max(abs(seen.low), abs(seen.high))
    if not arriving:
        return None
    # What a layer divides comes as it was given; what came so faint was about 1 once.
    factor = (given if arriving < given / 50 else 1.0) / arriving
    words = "with the inputs divided once" if factor > 50 else "with the inputs scaled once"
    return Repair(words, scale=factor)


def _lighter(facts: Facts) -> Repair | None:
    # So small that the penalty of the first weights is about as large as the loss, or smaller.
    power = max(1, round(math.log10(max(facts.penalty, 1e-6) / USUAL_PENALTY)))
    return Repair(f"with L1 and L2 penalties {10**power:,} times smaller", penalty=10.0**-power)


def _thawed(facts: Facts) -> Repair | None:
    return Repair("with all layers trainable", thawed=True)


def _scaled(facts: Facts) -> Repair | None:
    largest = max((part.largest for part in facts.inputs), default=0.0)
    if len(facts.inputs) == 1 and 100 < largest <= 255 and facts.inputs[0].low >= 0:
        return Repair("with the inputs divided by 255", scale=1 / 255)
    return Repair("with the inputs brought to mean 0 and spread 1", standardize=True)


def _relu(kinds: tuple[str, ...]) -> Callable[[Facts], Repair | None]:
    def repair(facts: Facts) -> Repair | None:
        hidden = {
            layer.name: "relu"
            for layer in facts.layers
            if layer.activation in kinds
            and layer not in facts.tail
            and layer.has_kernel
            and layer.kind not in RECURRENT
        }
        return Repair("with relu in the hidden layers", hidden=hidden) if hidden else None

    return repair


def _tanh(facts: Facts) -> Repair | None:
    kinds = ("LSTM", "GRU", "SimpleRNN")
    hidden = {layer.name: "tanh" for layer in facts.layers if layer.kind in kinds}
    return Repair("with tanh in the recurrent layers", hidden=hidden) if hidden else None


def _without_dropout(facts: Facts) -> Repair | None:
    tail = [layer.name for layer in facts.tail if layer.kind == "Dropout"]
    return Repair("without that Dropout", dropped=tuple(tail)) if tail else None


def _less_dropout(facts: Facts) -> Repair | None:
    high = [
        layer.name
        for layer in facts.layers
        if layer.kind.endswith("Dropout") and float(layer.config.get("rate") or 0) > STRONG_DROPOUT
    ]
    words = f"with a rate of {USUAL_DROPOUT} in Dropout"
    return Repair(words, dropped=tuple(high), dropout=USUAL_DROPOUT) if high else None


def _without_softmax(facts: Facts) -> Repair | None:
    twice = [layer.name for layer in facts.tail if layer.softmax]
    return Repair("with one softmax", hidden={twice[-1]: "linear"}) if len(twice) > 1 else None


def _probabilities(facts: Facts) -> Repair | None:
    compiled = facts.compiled
    if compiled is None or compiled.loss not in CROSSENTROPIES:
        return None
    right = "sigmoid" if facts.units == 1 or compiled.loss in BINARY else "softmax"
    return Repair(f"with {right} in the last layer", activation=right, loss=compiled.loss)


def _longer(facts: Facts) -> Repair | None:
    return Repair("with more epochs", epochs=10)


REPAIRS: dict[str, Callable[[Facts], Repair | None]] = {
    **dict.fromkeys(
        (
            *("softmax_on_one_unit", "one_unit_for_classes", "categorical_on_one_unit"),
            *("labels_out_of_range", "integer_labels", "one_hot_labels", "outputs_for_labels"),
            *("sigmoid_for_classes", "rectified_output", "out_of_reach", "distances_of_integers"),
            *("distances_of_classes", "crossentropy_of_values", "binary_for_classes"),
        ),
        _ending,
    ),
    "logits_for_probabilities": _probabilities,
    "probabilities_for_logits": _probabilities,
    "softmax_twice": _without_softmax,
    "learning_rate": _rate,
    "diverged": _slower,
    "never_falls": _slower,
    "unscaled_inputs": _scaled,
    "scaled_away": _scaled_once,
    "penalty_dominates": _lighter,
    "no_trainable_weights": _thawed,
    "dead_units": _slower,
    "unbounded_recurrence": _tanh,
    "dropout_on_outputs": _without_dropout,
    "too_much_dropout": _less_dropout,
    "no_activation": _relu(("linear",)),
    "linear_convolutions": _relu(("linear",)),
    "stacked_sigmoids": _relu(("sigmoid", "hard_sigmoid", "tanh")),
    "too_few_steps": _longer,
}


def repair_of(finding: Finding, facts: Facts) -> Repair | None:
    """Returns what takes the cause of a finding away, `None` if nothing can be tried.

    Args:
        finding: `Finding`.
        facts: `Facts`.
    """
    make = REPAIRS.get(finding.id)
    return make(facts) if make is not None else None
