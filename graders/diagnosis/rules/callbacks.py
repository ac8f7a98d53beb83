"""Callbacks that wait for a figure that never comes, or take the worst epoch for the best."""

from __future__ import annotations

from graders.diagnosis.facts import Facts, Monitor
from graders.diagnosis.findings import Finding, found, plain

# Figures that are the better the larger they are, and those that are the better the smaller.
RISING = ("accuracy", "acc", "auc", "precision", "recall", "f1_score", "f1", "iou", "r2_score")
FALLING = (
    *("loss", "mae", "mse", "mean_absolute_error", "mean_squared_error"),
    *("root_mean_squared_error", "mean_absolute_percentage_error"),
)
# Keras's callbacks that put no figures of their own among those of an epoch.
PLAIN = (
    *("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau", "TerminateOnNaN", "History"),
    *("LearningRateScheduler", "CSVLogger", "TensorBoard", "ProgbarLogger", "BackupAndRestore"),
)
# Of more figures than these, not all are known.
MOST_FIGURES = 20
DOES = {
    "EarlyStopping": "never ends the training, and restores no weights",
    "ModelCheckpoint": "never finds a best epoch to save",
    "ReduceLROnPlateau": "never lowers the learning rate",
}


def missing_monitor(facts: Facts) -> Finding | None:
    """What is monitored has to be among the figures of each epoch."""
    rows = facts.trained.history if facts.trained else {}
    if not 0 < len(rows) < MOST_FIGURES or any(name not in PLAIN for name in facts.fit.callbacks):
        return None
    for callback in facts.fit.watching:
        if callback.monitor in rows or callback.kind not in DOES:
            continue
        validates = any(name.startswith("val_") for name in rows)
        if facts.fit.validation != "none" and not validates:
            # It was not seen to validate: it may not come to it in each epoch.
            continue
        without = callback.monitor.startswith("val_") and not validates
        line, argument = _place(callback, facts, "monitor")
        return found(
            "missing_monitor",
            f"a figure of each epoch for {callback.kind} to monitor",
            f'monitor="{callback.monitor}", '
            + (
                "and a fit without validation data"
                if without
                else f"and the figures {plain(list(rows)[:8])}"
            )
            + f": {callback.kind} {DOES[callback.kind]}",
            "Give fit validation_split=0.2 or validation_data."
            if without
            else "Monitor one of these names.",
            line=line,
            argument=argument,
            doc="early_stopping",
        )
    return None


def wrong_mode(facts: Facts) -> Finding | None:
    """The best epoch has the largest accuracy, and the smallest loss."""
    for callback in facts.fit.watching:
        if callback.mode not in ("min", "max") or callback.kind not in DOES:
            continue
        right = _right(callback)
        if right is None or right == callback.mode:
            continue
        line, argument = _place(callback, facts, "mode")
        return found(
            "wrong_mode",
            f'mode="{right}" for {callback.monitor}, which is best where it is '
            + ("largest" if right == "max" else "smallest"),
            f'mode="{callback.mode}": {callback.kind} takes the worst epoch for the best',
            f'Use mode="{right}", or leave mode out.',
            line=line,
            argument=argument,
            doc="early_stopping",
        )
    return None


def _place(callback: Monitor, facts: Facts, argument: str) -> tuple[int, str]:
    """Returns the line of a callback and its argument; those of `fit` if its line is not known."""
    return (callback.line, argument) if callback.line else (facts.fit.line, "callbacks")


def _right(callback: Monitor) -> str | None:
    """Returns the mode that fits a figure, `None` if its name does not tell."""
    name = callback.monitor.removeprefix("val_")
    if name in FALLING or name.endswith("_loss"):
        return "min"
    rises = name in RISING or name.endswith(("_accuracy", "_acc"))
    return "max" if rises else None
