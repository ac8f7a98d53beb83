"""What a training is validated on, and whether labels belong to their inputs."""

from __future__ import annotations

import math

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, number, plain
from graders.diagnosis.neighbours import Agreement, agreement, features, targets
from graders.diagnosis.rules.curves import guessing, largest_class, row
from graders.diagnosis.rules.training import learned
from graders.diagnosis.sources import SHUFFLE

# Steps below which a training may not have learned yet.
LEAST_STEPS = 100
# A guess that lies so far above chance sees the labels in the inputs; one below the other does not.
SEEN, UNSEEN = 8.0, 2.0
# Examples that each class should have, on average, for guesses to show a tie.
EXAMPLES_OF_A_CLASS = 8
ACCURACIES = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy",
              "binary_accuracy")  # fmt: skip


def validated_on_training(facts: Facts) -> Finding | None:
    """What was learned by heart looks good on the same data."""
    if facts.fit.validation != "same":
        return None
    return found(
        "validated_on_training",
        "validation data that the training does not see",
        "validation_data that are the training data",
        "Keep a part of the data out (validation_split=0.2, or train_test_split).",
        line=facts.fit.line,
        argument="validation_data",
        doc="fit",
        sure=bool(facts.inputs) and facts.inputs[0].shape[0] > 20,
    )


def reshuffled_split(facts: Facts) -> Finding | None:
    """What `take` and `skip` cut from a shuffle is another part in each epoch."""
    if facts.fit.validation != "reshuffled":
        return None
    return found(
        "reshuffled_split",
        "validation data that the training does not see",
        "training and validation data that take and skip cut from one shuffled dataset: shuffle "
        "draws a new order for each epoch, so that each example is trained on sooner or later",
        "Cut first and shuffle only the training part, or write "
        "shuffle(..., reshuffle_each_iteration=False).",
        line=facts.fit.line,
        argument="validation_data",
        doc=SHUFFLE,
    )


def leaked_validation(facts: Facts) -> Finding | None:
    """Rows that the training sees too tell nothing of new ones."""
    held = facts.held
    if held is None or held.rows < 20 or facts.fit.validation == "same":
        return None
    share = held.twins / held.rows
    # Rows of a few values are found twice by chance: about twice as often as within the training.
    by_chance = share < 4 * held.repeated + 0.02
    # Rows of real numbers are not: they were copied before the data were split.
    real = any(not part.values and not part.integers for part in facts.inputs)
    if share < (0.2 if by_chance else 0.1) or (by_chance and not real):
        return None
    return found(
        "leaked_validation",
        "validation data that the training does not see",
        f"{held.twins:,} of {held.rows:,} rows of the validation data that are rows of the "
        "training data too",
        "Split first (train_test_split, or x[:n] and x[n:]), and only then copy, augment or "
        "oversample the training part.",
        line=facts.fit.line,
        argument="validation_data",
        doc="fit",
        sure=share >= 0.5 and held.repeated < 0.1,
    )


def shared_folds(facts: Facts) -> Finding | None:
    """A model that goes from fold to fold has learned the later ones' test data before."""
    if facts.fit.met < 0.5:
        return None
    return found(
        "shared_folds",
        "each fold's test data to be new to the model",
        f"one model that all folds train on: of the rows that a later fold tests on, at least "
        f"{facts.fit.met:.0%} had been training data of this same model in a fold before",
        "Build and compile a new model inside the loop, before each fit.",
        line=facts.fit.line,
        doc="fit",
    )


def _classes_in_order(facts: Facts) -> np.ndarray | None:
    """Returns the classes of the sample, in the order of the data."""
    if facts.labels_are not in ("integers", "binary", "one_hot"):
        return None
    return targets(facts, facts.labels)


def sorted_split(facts: Facts) -> Finding | None:
    """Keras takes the split from the end, before it shuffles."""
    share, classes = facts.fit.split, _classes_in_order(facts)
    if not 0 < share < 1 or classes is None or len(classes) < 20 or facts.labels is None:
        return None
    # Of a sample, the place of the cut is known about so well.
    whole = len(classes) == facts.labels.shape[0]
    margin = 0 if whole else math.ceil(2 * math.sqrt(len(classes) * share * (1 - share)))
    cut = int(len(classes) * (1 - share)) + margin
    trained_on, held = classes[:cut], classes[cut:]
    if not len(held):
        return None
    new = [c for c in np.unique(held) if c not in trained_on and _by_chance(held, c, share) < 1e-6]
    only = np.unique(held)
    usual = float((classes == only[0]).mean())
    if new:
        seen = (
            f"labels in order: the last {share:.0%} of the data, which validate, hold the "
            f"class{'es' if len(new) > 1 else ''} {plain(new[:6])}"
            + (", and others," if len(new) > 6 else "")
            + " that the part before it lacks"
        )
    elif len(only) == 1 and usual ** len(held) < 1e-6:
        seen = (
            f"labels in order: the last {share:.0%} of the data, which validate, hold the class "
            f"{only[0]} alone, of {facts.classes} classes"
        )
    else:
        return None
    return found(
        "sorted_split",
        "validation data with the same classes as the training data",
        seen,
        "Keras takes validation_split from the end of the data, before it shuffles. Shuffle x and "
        "y together first (order = np.random.permutation(len(x)); x, y = x[order], y[order]), or "
        "use train_test_split with stratify=y.",
        line=facts.fit.line,
        argument="validation_split",
        doc="fit",
    )


def _by_chance(held: np.ndarray, label: int, share: float) -> float:
    """Returns how likely all examples of a class lie in the last part of shuffled data."""
    return float(share ** int((held == label).sum()))


def _trained_enough(facts: Facts) -> bool:
    """Returns whether a training was seen for so long that it should have learned something."""
    trained = facts.trained
    if trained is None or not trained.losses or not all(math.isfinite(v) for v in trained.losses):
        return False
    return trained.steps >= (3 * LEAST_STEPS if trained.cut else LEAST_STEPS)


def _guesses_only(facts: Facts) -> bool:
    """Returns whether the training came no further than one answer for all examples."""
    level, losses = guessing(facts), row(facts, "loss")
    return learned(facts) is False or (level is not None and min(losses) > 0.95 * level)


def _guesses_on_validation(facts: Facts) -> bool:
    """Returns whether what was learned is worth nothing on the validation data."""
    level, held = guessing(facts), row(facts, "val_loss")
    if level is None or not held or not all(math.isfinite(v) for v in held):
        return False
    best, usual = row(facts, *(f"val_{name}" for name in ACCURACIES)), largest_class(facts)
    if usual is not None and (not best or max(best) > usual + 0.05):
        return False
    return min(held) > 0.97 * level


def shuffled_labels(facts: Facts) -> Finding | None:
    """Labels of other examples can be learned by heart, or not at all."""
    if not _trained_enough(facts) or not (_guesses_only(facts) or _guesses_on_validation(facts)):
        return None
    seen = _within(facts)
    if seen is None or seen.score >= UNSEEN or seen.count < EXAMPLES_OF_A_CLASS * facts.classes:
        return None
    # Where a training learned nothing either, they agree. (With stand-in weights it may not.)
    nothing = learned(facts) is False and not facts.stand_in_weights
    losses = row(facts, "loss")
    return found(
        "shuffled_labels",
        "labels that go with their inputs",
        f"no tie between them in {seen.count} examples: neither a line through the data nor the "
        f"nearest examples tell the label better than chance ({_shares(facts, seen)})"
        + (
            f", and the training learned nothing either: its loss stays at {number(losses[0])}"
            if nothing
            else ""
        ),
        "Look at some examples with their labels. Where x is shuffled, sorted, cut or filtered, y "
        "has to be in the same way (train_test_split(x, y) takes both).",
        line=facts.fit.line,
        argument="y",
        doc="training",
        sure=nothing,
    )


def _shares(facts: Facts, seen: Agreement) -> str:
    if facts.labels_are == "values":
        return f"their labels correlate with {number(seen.share)}"
    return f"{seen.share:.0%} of the nearest have the same, {seen.chance:.0%} by chance"


def _within(facts: Facts) -> Agreement | None:
    x, y = features(facts, facts.inputs), targets(facts, facts.labels)
    return agreement(x, y) if x is not None and y is not None else None


def shuffled_validation(facts: Facts) -> Finding | None:
    """A model that learned, and guesses on the validation data alone."""
    held, level = facts.held, guessing(facts)
    if held is None or level is None or not _trained_enough(facts):
        return None
    last = row(facts, "loss")[-1]
    if last > 0.85 * level or not _guesses_on_validation(facts):
        return None
    x, y = features(facts, facts.inputs), targets(facts, facts.labels)
    other, theirs = features(facts, held.inputs), targets(facts, held.labels)
    if x is None or y is None or other is None or theirs is None:
        return None
    if x.shape[1:] != other.shape[1:]:
        return None
    inside, across = agreement(x, y), agreement(x, y, (other, theirs))
    if inside is None or across is None or inside.score < SEEN or across.score >= UNSEEN:
        return None
    return found(
        "shuffled_validation",
        "labels of the validation data that go with their inputs",
        "training data whose labels can be told from the nearest examples "
        f"({_shares(facts, inside)}), and validation data whose labels cannot "
        f"({_shares(facts, across)})",
        "Look at some examples of the validation data with their labels: was x shuffled, sorted or "
        "cut without y, or is y that of another part, or numbered otherwise?",
        line=facts.fit.line,
        argument="validation_data",
        doc="fit",
        sure=across.count >= 150 and inside.score >= 2 * SEEN and last < 0.7 * level,
    )
