"""How the training was asked for, and what it left."""

from __future__ import annotations

import math

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, number
from graders.toolkit.learning_rates import TOO_HIGH, too_high, too_low, usual_rate

# A learning rate of an optimizer that adapts its steps which is worth a remark.
HIGH_ADAPTIVE = 0.02
# Steps below which no training from scratch has learned much.
FEW_STEPS = 100


def learned(facts: Facts) -> bool | None:
    """Returns whether the loss fell; `None` if too little was seen of it."""
    trained = facts.trained
    losses = trained.losses if trained else ()
    if trained is None or not losses:
        return None
    if any(not math.isfinite(loss) for loss in losses):
        return False
    if len(losses) < 3:
        return None
    start, best = losses[0], min(losses[1:])
    fell = best < start - 0.02 * max(abs(start), 1e-6)
    # A model that was trained before may have learned all that it can.
    return True if fell else None if facts.fit.again or facts.stands_in else False


def falls(facts: Facts) -> bool:
    """Returns whether the loss fell, however little was seen of it."""
    losses = facts.trained.losses if facts.trained else ()
    return len(losses) > 1 and min(losses[1:]) < losses[0]


def no_trainable_weights(facts: Facts) -> Finding | None:
    """What is frozen does not learn."""
    if not any(layer.parameters for layer in facts.layers):
        # Nothing is built yet.
        return None
    if facts.trainable != 0 or facts.fit.how not in ("fit", "train_on_batch"):
        return None
    return found(
        "no_trainable_weights",
        "weights that training may move",
        "a model all of whose layers are frozen (trainable=False)",
        "Freeze the pretrained part only, and leave the new layers trainable.",
        line=facts.fit.line,
        argument="trainable",
        doc="transfer",
    )


def diverged(facts: Facts) -> Finding | None:
    """A loss that is not finite has no gradient."""
    losses = facts.trained.losses if facts.trained else ()
    at = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), None)
    grown = at is None and len(losses) > 2 and losses[-1] > 1e3 * max(1.0, abs(losses[0]))
    if at is None and not grown:
        return None
    rate = facts.compiled.rate if facts.compiled else None
    seen = (
        f"a loss of {losses[at]} in epoch {at + 1}"
        if at is not None
        else (f"a loss that grows from {number(losses[0])} to {number(losses[-1])}")
    )
    return found(
        "diverged",
        "a loss that falls",
        seen + (f" with the learning rate {number(rate)}" if rate is not None else ""),
        "Scale the inputs (and the values to predict) to about unit size, and try a learning rate "
        "ten times smaller.",
        line=facts.compiled.line if facts.compiled else 0,
        argument="optimizer",
        doc="optimizers",
    )


def learning_rate(facts: Facts) -> Finding | None:
    """A step that is too long jumps over the minimum; one that is too short never gets there."""
    compiled = facts.compiled
    if compiled is None or compiled.rate is None or not compiled.optimizer:
        return None
    rate, name = compiled.rate, compiled.optimizer
    line = compiled.optimizer_line or compiled.line
    argument = "learning_rate" if compiled.optimizer_line else "optimizer"
    if not math.isfinite(rate) or rate <= 0:
        return found(
            "learning_rate",
            "a learning rate above 0",
            f"{number(rate)}: "
            + ("the weights stay as they are" if rate == 0 else "each step makes the loss worse"),
            f"Try {usual_rate(name):g}.",
            line=line,
            argument=argument,
            doc="optimizers",
        )
    high = too_high(name)
    if rate >= high or (name not in TOO_HIGH and rate >= HIGH_ADAPTIVE):
        return found(
            "learning_rate",
            f"a learning rate of about {usual_rate(name):g} for {name}",
            f"{number(rate)}: steps that jump over the minimum",
            f"Try {usual_rate(name):g}.",
            line=line,
            argument=argument,
            doc="optimizers",
            # A loss that began in the thousands falls, and ends at guessing.
            sure=rate >= high and (learned(facts) is not True or answers_alike(facts)),
        )
    if rate <= too_low(name) and not _pretrained(facts):
        return found(
            "learning_rate",
            f"a learning rate of about {usual_rate(name):g} for {name}",
            f"{number(rate)}: so short steps that the loss hardly moves",
            f"Try {usual_rate(name):g}.",
            line=line,
            argument=argument,
            doc="optimizers",
            sure=learned(facts) is not True,
        )
    return None


def answers_alike(facts: Facts, least: float = 1e-7) -> bool:
    """Returns whether the trained model gives every example the same answer."""
    seen = facts.after.get(facts.tail[0].name) if facts.tail else None
    return seen is not None and seen.alike < least


def _pretrained(facts: Facts) -> bool:
    """Returns whether a part is fine-tuned: trained before, deep, or with frozen layers."""
    if facts.fit.again or facts.stand_in_weights:
        return True
    weighted = [layer for layer in facts.layers if layer.parameters]
    frozen = [layer for layer in weighted if not layer.trainable]
    return bool(frozen) or len(weighted) > 25


def unscaled_targets(facts: Facts) -> Finding | None:
    """Values in the hundreds make gradients in the ten thousands."""
    y, compiled = facts.labels, facts.compiled
    if y is None or compiled is None or facts.labels_are != "values" or y.spread < 50:
        return None
    if compiled.loss not in ("mean_squared_error", "mean_absolute_error", "huber"):
        return None
    return found(
        "unscaled_targets",
        "values to predict of about unit size",
        f"values from {number(y.low)} to {number(y.high)}",
        "Subtract their mean, divide by their standard deviation, and turn predictions back.",
        line=facts.fit.line,
        argument="y",
        doc="training",
        # A loss that falls from the first step's heights, and ends at one answer for all, is none.
        sure=learned(facts) is False or answers_alike(facts, 1e-4),
    )


def too_few_steps(facts: Facts) -> Finding | None:
    """A handful of steps moves no weight far."""
    steps, compiled = facts.steps_asked, facts.compiled
    if facts.fit.how != "fit" or steps is None or steps <= 0 or compiled is None:
        return None
    if steps >= FEW_STEPS or facts.goes_on or _pretrained(facts):
        return None
    trained = facts.trained
    losses = trained.losses if trained else ()
    if not losses or not all(math.isfinite(loss) for loss in losses):
        return None
    good = len(losses) > 2 and min(losses) < 0.5 * losses[0]
    if good or "EarlyStopping" in facts.fit.callbacks:
        return None
    epochs = facts.fit.epochs
    count = facts.inputs[0].shape[0] if facts.inputs else 0
    parts = steps // max(1, epochs)
    fell = f", from {number(losses[0])} in the first epoch" if len(losses) > 1 else ""
    return found(
        "too_few_steps",
        "some hundreds of steps at least",
        f"{steps} steps in all ({epochs} epoch{'s' if epochs != 1 else ''} of {count} examples "
        f"in {parts} batch{'es' if parts != 1 else ''}), with a loss of "
        f"{number(losses[-1])} at the end{fell}",
        # A loss of one's own may need all examples at once.
        "Train for more epochs" + ("." if compiled.own_loss else ", or use smaller batches."),
        line=facts.fit.line,
        argument="epochs",
        doc="fit",
        # A loss that has lost a third is on its way.
        sure=steps <= 40 and not (len(losses) > 2 and min(losses) < 2 / 3 * losses[0]),
    )


def penalty_dominates(facts: Facts) -> Finding | None:
    """A penalty that is larger than the loss pulls all weights to 0."""
    losses = facts.trained.losses if facts.trained else ()
    if not losses or facts.penalty <= 0 or not math.isfinite(facts.penalty):
        return None
    rest = losses[0] - facts.penalty
    if facts.penalty < 3 * max(rest, 0.2):
        return None
    return found(
        "penalty_dominates",
        "a penalty that is small beside the loss",
        f"L1 or L2 penalties of {number(facts.penalty)} at the start, of a loss of "
        f"{number(losses[0])} in the first epoch",
        "Use a factor ten times smaller, or only L2 (l2(1e-4)).",
        line=next((part.line for part in facts.layers if part.parameters and part.line), 0),
        argument="kernel_regularizer",
        doc="regularizers",
        sure=learned(facts) is False or facts.penalty > 10 * max(rest, 0.2),
    )


def never_falls(facts: Facts) -> Finding | None:
    """A loss that stays where it began has learned nothing."""
    trained = facts.trained
    if trained is None or facts.compiled is None or learned(facts) is not False:
        return None
    if any(not math.isfinite(loss) for loss in trained.losses) or trained.steps < 50:
        return None
    losses = trained.losses
    if not any(losses):
        # A train_step of the script's own, whose loss does not get into Keras's figures.
        return None
    return found(
        "never_falls",
        "a loss that falls from epoch to epoch",
        f"a loss that stays at {number(losses[0])} for {len(losses)} epochs"
        + (", as far as it was watched" if trained.cut else ""),
        "Try another learning rate (ten times smaller, ten times larger), and a model that can "
        "learn 20 examples by heart; if it cannot, look at how inputs and labels belong together.",
        line=facts.fit.line,
        doc="training",
        sure=not trained.cut,
    )
