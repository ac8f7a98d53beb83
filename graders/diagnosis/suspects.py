"""What is tried where no rule explains a training: how it was trained, and what is usual."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from graders.boundary.names import FitFault
from graders.diagnosis.facts import RECURRENT, Facts
from graders.diagnosis.findings import Finding, Repair, found, number, plain
from graders.diagnosis.repairs import REPAIRS, STRONG_DROPOUT
from graders.toolkit.learning_rates import ended, usual_rate

# A learning rate is unusual if it is so many times the usual one, or so small a part of it.
UNUSUAL = 3.0
# Epochs, or steps, that are few enough for more to help.
FEW_EPOCHS, FEW_STEPS = 5, 1000
HEAVY_PENALTY = 0.05

# An accuracy in a History that lies so far above the grader's own is one of other data.
CLAIM = 0.3
# Optimizers that scale no step.
PLAIN_STEPS = ("SGD", "Adadelta", "Adagrad")

Suspect = tuple[Finding, Repair]
# What a fit may have done with the data: what was expected and found, and what the trial does.
FITS = {
    FitFault.CHANGED_TRAINING: (
        "a fit on the values of train_data",
        "a fit on other values, which new data will not have",
        "with the values of train_data as they are",
    ),
    FitFault.EXCHANGED: (
        "a fit on train_data",
        "a fit on val_data",
        "with train_data to learn from",
    ),
    FitFault.LEARNED_VALIDATION: (
        "a fit on train_data alone",
        "a fit on examples of val_data, too",
        "with train_data alone",
    ),
}


def in_training(training: Any | None, reached: float | None = None) -> list[Suspect]:
    """Returns what may be wrong with how a model was trained, whatever the model is.

    The trial trains the model on the data as they are: if it learns, the model is sound.

    Args:
        training: The judge's `Training`; `None` if the model was not trained.
        reached: Float, the accuracy of the trained model on the validation data as they are; `None`
            if it is not known.
    """
    if training is None:
        return []
    suspect = _of(training, reached)
    finding = found(
        "training_function",
        suspect.expected,
        suspect.seen,
        "The model of your build function is sound: the grader trained it. Look at "
        + (suspect.look or f"what `{training.function}` gives to fit."),
        line=training.after.lines.fitted or 0,
        argument=suspect.argument,
        doc="fit",
    )
    return [(finding, Repair(suspect.words))]


@dataclasses.dataclass(frozen=True)
class _Suspect:
    """What may be wrong with a training.

    Attributes:
        expected, seen: Strings, of the message.
        words: String, what the trial does otherwise.
        argument: String, of `fit`; empty if none is meant.
        look: String, where to look, with a full stop; empty for what `fit` is given.
    """

    expected: str
    seen: str
    words: str
    argument: str = "x"
    look: str = ""


def _of(training: Any, reached: float | None) -> _Suspect:
    pairs = zip(training.before.weights, training.after.weights, strict=False)
    if training.before.weights and all(np.array_equal(old, new) for old, new in pairs):
        expected = f"`{training.function}` to train the model that it is given"
        if not training.run.done:
            return _Suspect(expected, "a fit of no epoch", "with some epochs", "epochs")
        words = "with fit called on that model"
        return _Suspect(expected, "the weights of that model as they were before", words, "")
    for fault, (expected, seen, words) in FITS.items():
        if fault in training.faults:
            return _Suspect(expected, seen, words)
    if (rates := ended(training.run)) is not None:
        return _Suspect(
            "a learning rate that stays large enough to learn with",
            f"one that falls from {number(rates[0])} to {number(rates[1])}",
            "with a learning rate that stays as it begins",
            "callbacks",
            "the schedule of the learning rate, in compile or in a callback: decay_steps counts "
            "batches, not epochs.",
        )
    claimed = _claimed(training.history)
    if reached is not None and claimed is not None and claimed > reached + CLAIM:
        return _Suspect(
            "a fit on the x of train_data as it is",
            f"a model that gets {claimed:.0%} of what `{training.function}` gives it right, and "
            f"{reached:.0%} of the data as they are: x is another one there (scaled, turned round, "
            "in another order of steps or columns)",
            "with the x and y of train_data as they are",
        )
    return _Suspect(
        "a model that learns from train_data",
        f"one that learns little in `{training.function}`: x and y may not belong together in fit, "
        "or what is compiled there, or a callback, stops it",
        "with the x and y of train_data as they belong together, and a learning rate that stays",
    )


def _claimed(history: dict[str, list[float]] | None) -> float | None:
    """Returns the last accuracy in a History, on validation data if it is there."""
    rows = {key: row for key, row in (history or {}).items() if "acc" in key and row}
    for key in sorted(rows, key=lambda key: not key.startswith("val_")):
        return rows[key][-1]
    return None


def usual(facts: Facts) -> list[Suspect]:
    """Returns changes that are usual, as far as they change something here.

    Args:
        facts: `Facts`.
    """
    makers = (_rate, _optimizer, _epochs, _frozen, _dropout, _penalty, _bends)
    return [suspect for make in makers if (suspect := make(facts)) is not None]


def _suspect(name: str, facts: Facts, finding: Finding) -> Suspect | None:
    repair = REPAIRS[name](facts)
    return (finding, repair) if repair is not None else None


def _epochs(facts: Facts) -> Suspect | None:
    steps = facts.steps_asked or 0
    if not steps or (steps >= FEW_STEPS and facts.fit.epochs > FEW_EPOCHS):
        return None
    finding = found(
        "too_few_steps",
        "a training that goes on as long as the model gets better",
        f"{facts.fit.epochs} epoch{'s' if facts.fit.epochs != 1 else ''}, {steps} steps in all",
        "Train for more epochs, or use smaller batches.",
        line=facts.fit.line,
        argument="epochs",
        doc="fit",
    )
    return _suspect("too_few_steps", facts, finding)


def _rate(facts: Facts) -> Suspect | None:
    compiled = facts.compiled
    if compiled is None or not compiled.rate:
        return None
    right = usual_rate(compiled.optimizer)
    if right / UNUSUAL < compiled.rate < right * UNUSUAL:
        return None
    finding = found(
        "learning_rate",
        f"a learning rate of about {right:g} for {compiled.optimizer}",
        number(compiled.rate),
        f"Try {right:g}.",
        line=compiled.optimizer_line or compiled.line,
        argument="learning_rate" if compiled.optimizer_line else "optimizer",
        doc="optimizers",
    )
    return _suspect("learning_rate", facts, finding)


def _optimizer(facts: Facts) -> Suspect | None:
    compiled = facts.compiled
    if compiled is None or compiled.optimizer not in PLAIN_STEPS or compiled.momentum:
        return None
    finding = found(
        "optimizer",
        "an optimizer that gets there in the epochs that it is given",
        f"{compiled.optimizer}, whose steps are as small as the gradient is",
        'Try optimizer="adam".',
        line=compiled.optimizer_line or compiled.line,
        argument="" if compiled.optimizer_line else "optimizer",
        doc="optimizers",
    )
    return finding, Repair("with Adam as the optimizer", rate=0.001, optimizer="Adam")


def _frozen(facts: Facts) -> Suspect | None:
    frozen = [layer for layer in facts.layers if layer.parameters and not layer.trainable]
    if not frozen:
        return None
    finding = found(
        "frozen_layers",
        "layers that learn",
        f"{len(frozen)} that are frozen (trainable=False): "
        + plain(layer.name for layer in frozen[:3])
        + (" and others" if len(frozen) > 3 else ""),
        "Freeze what was pretrained, and nothing else.",
        line=frozen[0].line,
        argument="trainable",
        doc="transfer",
    )
    return _suspect("no_trainable_weights", facts, finding)


def _dropout(facts: Facts) -> Suspect | None:
    for layer in facts.layers:
        rate = layer.config.get("rate")
        if layer.kind.endswith("Dropout") and isinstance(rate, float) and rate > STRONG_DROPOUT:
            finding = found(
                "too_much_dropout",
                "a rate of at most about 0.5",
                f"Dropout({rate:g})",
                "The rate is the share that is dropped. Use 0.2 to 0.5.",
                line=layer.line,
                argument="rate",
                doc="dropout",
            )
            return _suspect("too_much_dropout", facts, finding)
    return None


def _penalty(facts: Facts) -> Suspect | None:
    if facts.penalty < HEAVY_PENALTY:
        return None
    finding = found(
        "penalty_dominates",
        "a penalty that is small beside the loss",
        f"L1 or L2 penalties of {number(facts.penalty)} at the start",
        "Use a smaller factor.",
        line=next((part.line for part in facts.layers if part.parameters and part.line), 0),
        argument="kernel_regularizer",
        doc="regularizers",
    )
    return _suspect("penalty_dominates", facts, finding)


def _bends(facts: Facts) -> Suspect | None:
    kinds = ("linear", "sigmoid", "hard_sigmoid", "softmax")
    hidden = [
        layer
        for layer in facts.layers
        if layer.has_kernel
        and layer.activation in kinds
        and layer not in facts.tail
        and layer.kind not in RECURRENT
    ]
    if not hidden:
        return None
    given = hidden[0].activation
    finding = found(
        "hidden_activations",
        "hidden layers that pass gradients on, and bend (relu)",
        f"{given if given != 'linear' else 'no activation'} in {plain(h.name for h in hidden[:3])}",
        'Use activation="relu" in hidden layers.',
        line=hidden[0].line,
        argument="activation",
        doc="activations",
    )
    repair = Repair(
        "with relu in the hidden layers", hidden={layer.name: "relu" for layer in hidden}
    )
    return finding, repair
