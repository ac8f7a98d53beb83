"""The one recorder of builds and fits. Its notes are claims: they may cost points, never earn any.

An honest mistake (validating on the training data, say) leaves no trace in the weights that the
judge could find for sure; the call shows it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import numbers
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from graders.boundary.names import FitFault
from graders.sandbox.fits import Change, Given, arrays, faults_of, learning_rate
from graders.sandbox.lines import FITTED, line_of
from graders.sandbox.notes import MOST, FitNote, digest_of_all, digest_of_trainable, finite, sums
from graders.sandbox.watching import Watch, exchanged, watched_models, watched_optimizers

# What Keras calls the accuracy of training, by the loss and the way it was asked for.
ACCURACIES = (
    *("accuracy", "acc", "binary_accuracy"),
    *("categorical_accuracy", "sparse_categorical_accuracy"),
)


class Recorder:
    """Notes the fits of one sandbox and, while it is asked to, the models of a builder.

    Args:
        progress: Function that takes `epoch` and `epochs` as an epoch begins, and the `loss` and
            `accuracy` of the one before.
    """

    def __init__(self, progress: Callable[..., None]):
        self._progress = progress
        # Weak references to all Histories (they would keep their models alive).
        self._earlier: list[Callable[[], Any]] = []
        self._notes: list[FitNote] = []
        self._given: Given | None = None
        self._found: set[str] = set()
        self._changes: dict[str, Change] = {}
        self._rate = 0.0
        self._watch: Watch | None = None
        self._original: Callable[..., Any] | None = None

    # --- every fit ----------------------------------------------------------------------------

    def install(self) -> None:
        """Has every `fit` report its epochs, and what it is given."""
        import keras

        original = keras.Model.fit
        signature = inspect.signature(original)
        recorder = self

        @functools.wraps(original)
        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                bound = signature.bind(model, *args, **kwargs)
            except TypeError:
                return original(model, *args, **kwargs)
            note = recorder._begin_fit(model, bound.arguments)
            began = time.perf_counter()
            history = original(*bound.args, **bound.kwargs)
            note.seconds = time.perf_counter() - began
            # After the fit, so that a second pass over a data set cannot change it.
            with contextlib.suppress(Exception):
                recorder._end_fit(model, bound.arguments, history, note)
            return history

        self._original = original
        keras.Model.fit = fit

    def uninstall(self) -> None:
        """Gives Keras its own `fit` back."""
        import keras

        keras.Model.fit = self._original

    def _begin_fit(self, model: Any, arguments: dict[str, Any]) -> FitNote:
        import keras

        note = FitNote(weakref.ref(model))
        built = self._watch.note_of(model) if self._watch is not None else None
        if self._watch is not None:
            self._watch.fitted = line_of(model, FITTED)
        given = arguments.get("callbacks")
        if given is None or isinstance(given, list | tuple | keras.callbacks.Callback):
            several = [given] if isinstance(given, keras.callbacks.Callback) else list(given or [])
            # It stands last in the list: it sees what the student's own callbacks leave.
            kind = _clock if built is not None else _reporter
            arguments["callbacks"] = [*several, kind()(self, note)]
            note.adapts = any(isinstance(c, keras.callbacks.ReduceLROnPlateau) for c in several)
        if built is not None and len(built.fits) < MOST:
            built.fits.append(note)
            note.start = digest_of_all(model)
            note.data = sums(arguments.get("x"), arguments.get("y"))
        return note

    def _end_fit(self, model: Any, arguments: dict[str, Any], history: Any, note: FitNote) -> None:
        note.history = weakref.ref(history)
        done = list(getattr(history, "epoch", None) or [])
        last = (getattr(history, "params", None) or {}).get("epochs")
        note.done = len(done)
        # What was asked for: a fit that stops early is the same treatment.
        note.asked = int(last) - int(done[0]) if isinstance(last, numbers.Integral) and done else 0
        self._notes.append(note)
        of_training, note.faults, changes = faults_of(model, arguments, self._given)
        self._found |= of_training
        self._changes |= changes

    def look_at(self, model: Any) -> float | None:
        """Notes a model's learning rate as it is now, and returns it."""
        rate = learning_rate(model.optimizer)
        self._rate = max(self._rate, rate or 0.0)
        return rate

    def began_epoch(self, epoch: int, epochs: Any, logs: dict[str, Any]) -> None:
        """Reports how far a training is, and the figures of the epoch before."""
        accuracy = next((logs[name] for name in logs if name in ACCURACIES), None)
        self._progress(epoch=epoch + 1, epochs=epochs, loss=logs.get("loss"), accuracy=accuracy)

    # --- one training -------------------------------------------------------------------------

    def begin(self, model: Any, given: list[Any]) -> None:
        """Notes from now on what a training does.

        Args:
            model: The model that it was given.
            given: List of the training and the validation data, as it gets them.
        """
        self._earlier += [note.history for note in self._notes]
        self._notes, self._found, self._changes, self._rate = [], set(), {}, 0.0
        self._given = (model, arrays(given[0]), arrays(given[1])) if len(given) == 2 else None

    def end(self, returned: Any) -> dict[str, Any]:
        """Returns what was noted of the training that began last.

        Args:
            returned: What it returned.

        Returns:
            Dict with `faults` (see `graders.boundary.names.FitFault`), `changes` (for faults that
            are about changed values, a `Change`), `rate`, the largest learning rate at an epoch's
            start or end, and `notes`, the claim of each fit.
        """
        self._given = None
        found = set(self._found)
        for note in self._notes:
            if note.history() is returned:
                found |= note.faults
        # Where several fits make one History by hand, it passes.
        if not self._notes or any(history() is returned for history in self._earlier):
            found.add(FitFault.UNFITTED)
        if found >= {FitFault.LEARNED_VALIDATION, FitFault.VALIDATED_ON_TRAIN}:
            found.add(FitFault.EXCHANGED)
        claims = [note.claim() for note in self._notes if note.done]
        changes = {fault: change for fault, change in self._changes.items() if fault in found}
        return {
            "faults": sorted(found),
            "changes": changes,
            "rate": self._rate,
            "notes": claims,
        }

    # --- a builder's models -------------------------------------------------------------------

    @contextlib.contextmanager
    def watching(
        self, student: Any = None, builder: str = "", arguments: tuple[str, ...] = ()
    ) -> Iterator[Watch]:
        """Watches the models that a builder of the submission returns, and how they are trained.

        Args:
            student: The submission's module.
            builder: String, the name of its function; empty if there is none.
            arguments: Tuple of strings, what its arguments are called in a note, in their order.

        Yields:
            A `Watch`.
        """
        watch = Watch()
        with contextlib.ExitStack() as stack:
            stack.callback(watch.finish)
            if builder:
                stack.enter_context(exchanged(student, builder, arguments, watch))
                stack.enter_context(watched_models(watch))
                stack.enter_context(watched_optimizers(watch))
            self._watch = watch
            stack.callback(setattr, self, "_watch", None)
            yield watch


@functools.cache
def _reporter() -> type:
    """Returns the callback that notes epochs and rates (Keras is not there at import)."""
    import keras

    class Reporter(keras.callbacks.Callback):
        def __init__(self, recorder: Recorder, note: FitNote):
            super().__init__()
            self.recorder, self.note = recorder, note
            self.logs: dict[str, Any] = {}

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.recorder.began_epoch(epoch, self.params.get("epochs"), self.logs)
            rate = self.recorder.look_at(self.model)
            if self.note.rate is None:
                self.note.rate = finite(rate)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.logs = dict(logs) if isinstance(logs, dict) else {}
            self.note.last_rate = finite(self.recorder.look_at(self.model))
            with contextlib.suppress(Exception):
                self.note.last = digest_of_trainable(self.model)

    return Reporter


@functools.cache
def _clock() -> type:
    """Returns the callback that also times epochs and counts steps, which costs time each step."""

    class Clock(_reporter()):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_begin(epoch, logs)
            self.begin = self.end = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.end = time.perf_counter()
            self.note.steps += 1

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            now = time.perf_counter()
            self.note.epochs.append([self.end - self.begin, now - self.begin])
            super().on_epoch_end(epoch, logs)

    return Clock
