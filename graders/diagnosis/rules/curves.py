"""What the rows of losses show: guessing, plateaus, overfitting."""

from __future__ import annotations

import math

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, number
from graders.diagnosis.rules.kinds import CROSSENTROPIES, known_loss
from graders.diagnosis.rules.training import learned

# Epochs below which a curve has no shape.
LEAST = 8
# Examples below which a validation loss says little.
LEAST_HELD = 20
# What keeps the best epoch by itself, or ends where the loss stays.
KEEPS_BEST = ("EarlyStopping", "ModelCheckpoint")


def guessing(facts: Facts) -> float | None:
    """Returns the loss of the best answer that is the same for all examples.

    Args:
        facts: `Facts`.

    Returns:
        Float; `None` if the loss is none whose value is known.
    """
    compiled, y = known_loss(facts), facts.labels
    if compiled is None or y is None or y.sample is None:
        return None
    kind = facts.labels_are
    if compiled.loss == "mean_squared_error" and len(y.shape) < 3:
        values = np.asarray(y.sample, "float64").reshape(len(y.sample), -1)
        return float(values.var(axis=0).mean())
    if compiled.loss not in CROSSENTROPIES or kind not in ("integers", "binary", "one_hot"):
        return None
    if kind == "one_hot":
        if compiled.loss.startswith("binary"):
            return None
        shares = np.asarray(y.sample, "float64").reshape(-1, y.shape[-1]).mean(axis=0)
    else:
        counts = np.array([count for _, count in y.values], "float64")
        shares = counts / counts.sum()
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def largest_class(facts: Facts) -> float | None:
    """Returns the share of the most frequent class, `None` if the labels are no classes."""
    y = facts.labels
    if y is None or y.sample is None or facts.labels_are not in ("integers", "binary", "one_hot"):
        return None
    if facts.labels_are == "one_hot":
        return float(np.asarray(y.sample, "float64").reshape(-1, y.shape[-1]).mean(axis=0).max())
    counts = [count for _, count in y.values]
    return max(counts) / sum(counts) if counts else None


def row(facts: Facts, *names: str) -> tuple[float, ...]:
    """Returns the first of some rows of the history that is there, empty if none is."""
    history = facts.trained.history if facts.trained else {}
    return next((tuple(history[name]) for name in names if history.get(name)), ())


def plateau(facts: Facts) -> Finding | None:
    """A loss that fell a little, and then no more, has found no way on."""
    losses, level = row(facts, "loss"), guessing(facts)
    if len(losses) < LEAST or level is None or level <= 0 or learned(facts) is not True:
        return None
    if not all(math.isfinite(loss) for loss in losses) or "EarlyStopping" in facts.fit.callbacks:
        return None
    flat = losses[-max(5, len(losses) // 2) :]
    middle = sum(flat) / len(flat)
    if max(flat) - min(flat) > 0.01 * middle or not 0.7 * level < middle < 1.5 * level:
        return None
    return found(
        "plateau",
        "a loss that goes on falling",
        f"a loss that stays at {number(middle)} for the last {len(flat)} of {len(losses)} epochs; "
        f"the same answer for all examples has {number(level)}",
        "Try another learning rate (three times larger, three times smaller), more units, and look "
        "at whether the inputs can tell the labels.",
        line=facts.fit.line,
        argument="epochs",
        doc="plateaus",
        sure=False,
    )


def overfitting(facts: Facts) -> Finding | None:
    """What the training still gains, the validation loses: it is learned by heart."""
    losses, held = row(facts, "loss"), row(facts, "val_loss")
    count = min(len(losses), len(held))
    if not held:
        return _worse_on_others(facts)
    if count < LEAST or facts.fit.validation not in ("split", "data"):
        return None
    losses, held = losses[:count], held[:count]
    if not all(math.isfinite(loss) for loss in (*losses, *held)) or held[0] <= 0:
        return None
    if any(name in facts.fit.callbacks for name in KEEPS_BEST) or _few_held(facts):
        return None
    best = held.index(min(held))
    last = sum(held[-3:]) / 3
    rises = last > 1.25 * held[best] and best <= count - 1 - max(3, count // 4)
    falls = losses[-1] < 0.8 * losses[best] and losses[-1] < 0.7 * last
    # One that was lower on the way jumps over its minimum, which is another fault.
    falls = falls and losses[-1] < 1.25 * min(losses)
    if not rises or not falls or _still_gains(facts, best, count):
        return None
    return found(
        "overfitting",
        "a validation loss that falls along with the loss",
        f"a validation loss that is best in epoch {best + 1} ({number(held[best])}) and rises to "
        f"{number(held[-1])} in epoch {count}, while the loss falls from {number(losses[best])} to "
        f"{number(losses[-1])}: what is learned from there on holds for the training data alone",
        "Stop there (keras.callbacks.EarlyStopping with restore_best_weights=True), or use a "
        "smaller model, Dropout, or more data.",
        line=facts.fit.line,
        argument="epochs",
        doc="early_stopping",
        sure=False,
    )


def _worse_on_others(facts: Facts) -> Finding | None:
    """Compares the loss with that of `evaluate`, where the training is not validated."""
    losses, level = row(facts, "loss"), guessing(facts)
    other = facts.trained.evaluated if facts.trained else None
    if level is None or other is None or not losses or not math.isfinite(other):
        return None
    if not losses[-1] < 0.35 * level or other < max(0.5 * level, 2.5 * losses[-1]):
        return None
    return found(
        "overfitting",
        "a loss on other data that is near that on the training data",
        f"a loss of {number(losses[-1])} on the training data, and of {number(other)} where "
        f"evaluate gets others; the same answer for all has {number(level)}",
        "Give fit validation_data, see from which epoch on val_loss rises, and stop there "
        "(keras.callbacks.EarlyStopping), or use a smaller model, Dropout, or more data.",
        line=facts.fit.line,
        argument="epochs",
        doc="early_stopping",
        sure=False,
    )


def _few_held(facts: Facts) -> bool:
    """Returns whether so few examples validate that their loss moves by chance."""
    count = facts.held.labels.shape[0] if facts.held is not None else LEAST_HELD
    if facts.fit.split and facts.inputs:
        count = round(facts.fit.split * facts.inputs[0].shape[0])
    return count < LEAST_HELD


def _still_gains(facts: Facts, best: int, count: int) -> bool:
    """Returns whether the accuracy on the validation data goes on growing all the same."""
    accuracies = row(facts, "val_accuracy", "val_acc", "val_sparse_categorical_accuracy")[:count]
    if len(accuracies) <= best:
        return False
    return sum(accuracies[-3:]) / 3 > accuracies[best] + 0.01
