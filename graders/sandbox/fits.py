"""What the sandbox notes of every `fit`: claims, which may cost points and never earn any.

An honest mistake (validating on the training data, say) leaves no trace in the weights that a
grader could find for sure; the call shows it.
"""

from __future__ import annotations

import contextlib
import inspect
import weakref
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

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


class Fits:
    """Notes the fits of one sandbox.

    Args:
        progress: Function that is told `epoch` and `epochs` as they begin.
    """

    def __init__(self, progress: Callable[..., None]):
        self._progress = progress
        # Histories of all fits (they would keep their models alive), and of the training under way.
        self._earlier: list[Any] = []
        self._notes: list[tuple[Any, set[str]]] = []
        self._given: Given | None = None
        self._found: set[str] = set()
        self._rate = 0.0

    def install(self) -> None:
        """Has every `fit` tell its epochs, and what it is given."""
        import keras

        fits = self

        class Reporter(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                fits._progress(epoch=epoch + 1, epochs=self.params.get("epochs"))
                fits._look_at(self.model)

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                fits._look_at(self.model)

        original = keras.Model.fit
        signature = inspect.signature(original)

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                bound = signature.bind(model, *args, **kwargs)
            except TypeError:
                return original(model, *args, **kwargs)
            given = bound.arguments.get("callbacks")
            if given is None or isinstance(given, list | tuple | keras.callbacks.Callback):
                single = isinstance(given, keras.callbacks.Callback)
                several = [given] if single else list(given or [])
                bound.arguments["callbacks"] = [*several, Reporter()]
            history = original(*bound.args, **bound.kwargs)
            # After the fit, so that a second pass over a data set cannot change it.
            with contextlib.suppress(Exception):
                fits._note(model, bound.arguments, history)
            return history

        fit.__wrapped__ = original  # type: ignore[attr-defined]
        keras.Model.fit = fit

    def _look_at(self, model: Any) -> None:
        self._rate = max(self._rate, learning_rate(model.optimizer) or 0.0)

    def begin(self, model: Any, given: list[Any]) -> None:
        """Notes from now on what a training does.

        Args:
            model: The model that it was given.
            given: List of the training and the validation data, as it gets them.
        """
        self._earlier += [history for history, _ in self._notes]
        self._notes, self._found, self._rate = [], set(), 0.0
        self._given = (model, arrays(given[0]), arrays(given[1])) if len(given) == 2 else None

    def end(self, returned: Any) -> dict[str, Any]:
        """Tells what was noted of the training that began last.

        Args:
            returned: What it returned.

        Returns:
            Dict with the names of the faults, and the largest learning rate at an epoch's start or
            end.
        """
        self._given = None
        found = set(self._found)
        for history, notes in self._notes:
            if history() is returned:
                found |= notes
        # Where several fits make one hand-made History, it is let through.
        if not self._notes or any(history() is returned for history in self._earlier):
            found.add("unfitted")
        if found >= {"learned_validation", "validated_on_train"}:
            found.add("exchanged")
        return {"faults": sorted(found), "rate": self._rate}

    def _note(self, model: Any, arguments: dict[str, Any], history: Any) -> None:
        notes: set[str] = set()
        self._notes.append((weakref.ref(history), notes))
        validation = arguments.get("validation_data")
        if validation is None and arguments.get("validation_split"):
            notes.add("split")
        if self._given is None:
            return
        subject, train, held = self._given
        # Labels tell where features, found before, stand for the examples.
        examples = _examples(arguments.get("x"))
        if _share(held, examples, train) > 0.02 or _labels_of(held, arguments.get("y")):
            self._found.add("learned_validation")
        # A part of the model may be fitted on features; the whole of it takes the data as they are.
        elif model is subject and _changed(train[0], examples, AUGMENTED_SHIFT):
            self._found.add("changed_training")
        if validation is None:
            return
        examples = _examples(validation)
        if _share(held, examples, train) > 0.5:
            return
        if _share(train, examples, held) > 0.5 or _labels_of(train, validation):
            notes.add("validated_on_train")
        elif model is subject and _changed(held[0], examples, SHIFT):
            notes.add("changed_validation")


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


def _changed(wanted: np.ndarray, examples: list[np.ndarray], shift: float) -> bool:
    """Returns whether examples have another mean than the wanted ones, or another spread."""
    found = [array for array in examples if array.shape[1:] == wanted.shape[1:]]
    if not found or wanted.ndim < 2:
        return False
    mean = float(np.mean([array.mean() for array in found]))
    ratio = float(np.mean([array.std() for array in found])) / max(float(wanted.std()), 1e-9)
    off = abs(mean - float(wanted.mean())) > shift * float(wanted.std())
    return off or not 1 / SPREAD < ratio < SPREAD
