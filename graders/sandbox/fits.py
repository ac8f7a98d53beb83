"""What the data of a `fit` give away: whether they are those that a training was given."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from graders.boundary.names import FitFault

# How much of a data set is looked at. What one batch holds tells of the rest.
BATCHES = 8
ROWS = 20_000
SEVERAL = 20
# A mean that is off by this share of the standard deviation is no accident of few examples; one of
# training examples may be off by more, where they are augmented, but no augmentation triples their
# spread.
SHIFT, AUGMENTED_SHIFT = 0.25, 1.0
SPREAD = 3.0

Given = tuple[Any, list[np.ndarray], list[np.ndarray]]
# The mean, the standard deviation and the largest value of what a training was given, and the same
# of what its fit got.
Change = list[list[float]]


def faults_of(
    model: Any, arguments: dict[str, Any], given: Given | None
) -> tuple[set[str], set[str], dict[str, Change]]:
    """Finds out what is wrong with the data that a `fit` got.

    Args:
        model: The model that it trained.
        arguments: Dict, what it was given.
        given: The model, the training and the validation data of the training under way; `None` if
            there is none.

    Returns:
        A triple: two sets of `FitFault`, what is wrong with the training and with this fit's
        validation; and for those that are about changed values, the `Change`, if it is finite.
    """
    of_training: set[str] = set()
    of_validation: set[str] = set()
    changes: dict[str, Change] = {}

    def add_if_changed(
        faults: set[str], fault: FitFault, wanted: list[np.ndarray], shift: float
    ) -> None:
        change = _change(wanted[0], examples, shift) if model is subject else None
        if change is not None:
            faults.add(fault)
            if np.isfinite(change).all():
                changes[fault] = change

    validation = arguments.get("validation_data")
    if validation is None and arguments.get("validation_split"):
        of_validation.add(FitFault.SPLIT)
    if given is None:
        return of_training, of_validation, changes
    subject, train, held = given
    # Labels tell where features, found before, stand for the examples.
    examples = _examples(arguments.get("x"))
    if _share(held, examples, train) > 0.02 or _labels_of(held, arguments.get("y")):
        of_training.add(FitFault.LEARNED_VALIDATION)
    # A part of the model may be fitted on features; the whole of it takes the data as they are.
    else:
        add_if_changed(of_training, FitFault.CHANGED_TRAINING, train, AUGMENTED_SHIFT)
    if validation is None:
        return of_training, of_validation, changes
    examples = _examples(validation)
    if _share(held, examples, train) > 0.5:
        return of_training, of_validation, changes
    if _share(train, examples, held) > 0.5 or _labels_of(train, validation):
        of_validation.add(FitFault.VALIDATED_ON_TRAIN)
    else:
        add_if_changed(of_validation, FitFault.CHANGED_VALIDATION, held, SHIFT)
    return of_training, of_validation, changes


def learning_rate(optimizer: Any) -> float | None:
    """Returns an optimizer's learning rate as it is now; of one that scales the loss, the inner's.

    Args:
        optimizer: A Keras optimizer, or something in its place.

    Returns:
        Float, or `None` if it cannot be read.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    try:
        return float(np.asarray(inner.learning_rate))
    except Exception:  # it may be of the student's making
        return None


def arrays(value: Any) -> list[np.ndarray]:
    """Lists the arrays in a nest of tuples, lists and dicts.

    Args:
        value: Any object.

    Returns:
        List of arrays.
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [array for item in value for array in arrays(item)]
    return [value] if isinstance(value, np.ndarray) else []


def _examples(x: Any) -> list[np.ndarray]:
    """Lists arrays of (some of) the examples that a `fit` is given."""
    import keras
    import tensorflow as tf

    if isinstance(x, tf.data.Dataset):
        batches = [tf.nest.flatten(batch) for batch in x.take(BATCHES)]
    elif isinstance(x, keras.utils.PyDataset):
        batches = [tf.nest.flatten(x[i]) for i in range(min(BATCHES, len(x)))]
    else:
        batches = [tf.nest.flatten(x)[:SEVERAL]]
    return [np.asarray(leaf) for batch in batches for leaf in batch]


def _share(some: list[np.ndarray], examples: list[np.ndarray], others: list[np.ndarray]) -> float:
    """Returns which share of the examples that a `fit` is given are of `some` data."""
    wanted = some[0]
    looked = matched = 0
    known: set[int] = set()
    for array in examples:
        if array.shape[1:] != wanted.shape[1:] or array.dtype != wanted.dtype or array.ndim < 2:
            continue
        if np.may_share_memory(array, wanted):
            return 1.0
        looked += len(array[:ROWS])
        # Most often they are the other data themselves, and nothing needs to be compared.
        if not any(np.may_share_memory(array, other) for other in others):
            known = known or _rows(wanted)
            matched += len(_rows(array) & known)
    return matched / looked if looked else 0.0


def _rows(array: np.ndarray) -> set[int]:
    return {zlib.crc32(row) for row in np.ascontiguousarray(array[:ROWS])}


def _labels_of(some: list[np.ndarray], given: Any) -> bool:
    """Returns whether labels are those of `some` data, whatever was made of the examples."""
    return any(np.may_share_memory(some[-1], array) for array in arrays(given))


def _change(wanted: np.ndarray, examples: list[np.ndarray], shift: float) -> Change | None:
    """Returns how examples differ from the wanted ones; `None` if mean and spread are alike."""
    found = [array for array in examples if array.shape[1:] == wanted.shape[1:]]
    if not found or wanted.ndim < 2:
        return None
    given, got = _values([wanted]), _values(found)
    off = abs(got[0] - given[0]) > shift * given[1]
    alike = not off and 1 / SPREAD < got[1] / max(given[1], 1e-9) < SPREAD
    return None if alike else [given, got]


def _values(some: list[np.ndarray]) -> list[float]:
    """Returns the mean, the standard deviation and the largest value of arrays of one kind."""
    columns = zip(*((array.mean(), array.std(), array.max()) for array in some), strict=True)
    mean, spread, largest = (np.asarray(column, "float64") for column in columns)
    return [float(mean.mean()), float(spread.mean()), float(largest.max())]
