"""The one recorder of builds and fits. Its notes are claims: they may cost points, never earn any.

An honest mistake (validating on the training data, say) leaves no trace in the weights that the
judge could find for sure; the call shows it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import inspect
import math
import numbers
import time
import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from graders.boundary.names import FitFault
from graders.sandbox.fits import Change, Given, arrays, faults_of, learning_rate
from graders.sandbox.objects import plain
from graders.sandbox.snapshots import snapshot

# As many starts of a training, and as many fits, are noted of one model.
MOST = 5000


def digest(values: Sequence[np.ndarray]) -> str:
    """Returns a short digest of arrays."""
    found = hashlib.blake2b()
    for value in values:
        found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()[:32]


def _trainable(model: Any) -> str:
    return digest([np.asarray(weight) for weight in model.trainable_weights])


def _every_weight(model: Any) -> str:
    import tensorflow as tf

    with tf.init_scope():
        return digest([np.asarray(value) for value in model.get_weights()])


def _finite(value: float | None) -> float | None:
    """Returns a number, `None` in place of one that is not finite (pixels divided by 0, say)."""
    return value if value is not None and math.isfinite(value) else None


def _sums(x: Any, y: Any) -> list[float] | None:
    """Returns the number of examples and the sums of x and y, `None` if these are no numbers."""
    if not all(isinstance(a, np.ndarray) and a.ndim and a.dtype.kind in "biuf" for a in (x, y)):
        return None
    with np.errstate(all="ignore"):
        sums = [_finite(float(part.sum(dtype="float64"))) for part in (x, y)]
    return None if None in sums else [len(x), *sums]  # type: ignore[list-item]


@dataclasses.dataclass(eq=False)
class FitNote:
    """One call of `fit`.

    Attributes:
        model: Weak reference to the model.
        history: Weak reference to the `History` that it returned.
        faults: Set of what is wrong with how it was validated.
        asked: Integer, the epochs that it was asked for, 0 if that is not known.
        done: Integer, the epochs that it ran.
        rate: Float, the learning rate of its first epoch, `None` if that is not known.
        last: String, the digest of the trainable weights after its last epoch.
        start: String, the digest of all weights before it, if it was watched.
        data: List of the number of examples and the sums of x and y, if it was watched and got
            arrays; `None` otherwise.
        seconds: Float, how long it took.
        steps: Integer, the training steps, if it was watched.
        epochs: List of pairs, the seconds of each epoch without and with validation, if watched.
    """

    model: weakref.ref
    history: Callable[[], Any] = lambda: None
    faults: set[str] = dataclasses.field(default_factory=set)
    asked: int = 0
    done: int = 0
    rate: float | None = None
    last: str = ""
    start: str = ""
    data: list[float] | None = None
    seconds: float = 0.0
    steps: int = 0
    epochs: list[list[float]] = dataclasses.field(default_factory=list)

    def claim(self) -> dict[str, Any]:
        """Returns the note as plain data; `kept`: the weights are those of the last epoch."""
        model = self.model()
        kept = not self.last or model is None or _trainable(model) == self.last
        names = ("asked", "done", "rate", "start", "data", "seconds", "steps", "epochs")
        return {name: getattr(self, name) for name in names} | {"kept": kept}


@dataclasses.dataclass(eq=False)
class BuildNote:
    """One model that a watched builder returned.

    Attributes:
        model: The model.
        arguments: Dict, what the builder was given, as plain data.
        starts: List of strings, the digests of its weights whenever a training of it began.
        inferred: Boolean, whether it was asked for predictions.
        examples: Integer, the examples given to `train_on_batch`.
        fits: List of `FitNote`.
    """

    model: Any
    arguments: dict[str, Any]
    starts: list[str] = dataclasses.field(default_factory=list)
    inferred: bool = False
    examples: int = 0
    fits: list[FitNote] = dataclasses.field(default_factory=list)

    def claim(self) -> dict[str, Any]:
        """Returns the note as plain data, with a snapshot of the model."""
        return {
            "arguments": self.arguments,
            "starts": self.starts,
            "inferred": self.inferred,
            "examples": self.examples,
            "fits": [fit.claim() for fit in self.fits],
            "snapshot": snapshot(self.model),
        }


class Watch:
    """What happened while a function of the submission ran.

    Attributes:
        builds: List of `BuildNote`.
    """

    def __init__(self) -> None:
        import keras

        self.builds: list[BuildNote] = []
        self._given: list[tuple[np.ndarray, np.ndarray]] = []
        self._before = str(keras.config.dtype_policy().name)
        self._left = ""
        self._seconds = 0.0
        self._began = time.perf_counter()

    def given(self, *data: Any) -> list[tuple[np.ndarray, ...]]:
        """Returns copies of data sets for the submission; later changes of them are noted.

        Args:
            *data: Tuples of arrays.
        """
        copies = [tuple(np.array(part) for part in pair) for pair in data]
        for pair in copies:
            self._given += [(part, part.copy()) for part in pair]
        self._began = time.perf_counter()
        return copies

    def note_of(self, model: Any) -> BuildNote | None:
        """Returns the note of a model, `None` if no watched builder returned it."""
        return next((note for note in self.builds if note.model is model), None)

    def finish(self) -> None:
        """Stops the clock, and looks at the global policy."""
        import keras

        self._seconds = time.perf_counter() - self._began
        self._left = str(keras.config.dtype_policy().name)
        keras.config.set_dtype_policy(self._before)

    def answer(self, returned: Any) -> dict[str, Any]:
        """Returns what happened as plain data.

        Args:
            returned: What the function returned.
        """
        return {
            "returned": type(returned).__name__,
            "value": plain(returned) if isinstance(returned, dict | list | tuple) else None,
            "seconds": self._seconds,
            "policies": [self._before, self._left],
            "data_unchanged": all(np.array_equal(now, then) for now, then in self._given),
            "models": [note.claim() for note in self.builds if note.starts],
        }


class Recorder:
    """Notes the fits of one sandbox and, while it is asked to, the models of a builder.

    Args:
        progress: Function that takes `epoch` and `epochs` as an epoch begins.
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
        given = arguments.get("callbacks")
        if given is None or isinstance(given, list | tuple | keras.callbacks.Callback):
            several = [given] if isinstance(given, keras.callbacks.Callback) else list(given or [])
            # It stands last in the list: it sees what the student's own callbacks leave.
            kind = _clock if built is not None else _reporter
            arguments["callbacks"] = [*several, kind()(self, note)]
        if built is not None and len(built.fits) < MOST:
            built.fits.append(note)
            note.start = _every_weight(model)
            note.data = _sums(arguments.get("x"), arguments.get("y"))
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

    def began_epoch(self, epoch: int, epochs: Any) -> None:
        """Reports how far a training is."""
        self._progress(epoch=epoch + 1, epochs=epochs)

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
                stack.enter_context(_exchanged(student, builder, arguments, watch))
                stack.enter_context(_watched_models(watch))
                stack.enter_context(_watched_optimizers(watch))
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

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.recorder.began_epoch(epoch, self.params.get("epochs"))
            rate = self.recorder.look_at(self.model)
            if self.note.rate is None:
                self.note.rate = _finite(rate)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.recorder.look_at(self.model)
            with contextlib.suppress(Exception):
                self.note.last = _trainable(self.model)

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


def _named(
    signature: inspect.Signature | None, names: Sequence[str], args: Any, kwargs: Any
) -> dict[str, Any]:
    """Returns what a function is given, under the names that its arguments have for the grader.

    Args:
        signature: The function's own, which tells its defaults; `None` if it has none.
        names: Sequence of strings, in the order of its arguments.
        args: What it is given by position.
        kwargs: What it is given by name.
    """
    with contextlib.suppress(TypeError):
        if signature is not None:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
    return dict(zip(names, args, strict=False)) | kwargs


@contextlib.contextmanager
def _exchanged(student: Any, builder: str, names: tuple[str, ...], watch: Watch) -> Iterator[None]:
    """Puts a function in a builder's place that notes what the builder returns."""
    import keras

    original = inner = getattr(student, builder)
    signature = None
    with contextlib.suppress(ValueError, TypeError):
        signature = inspect.signature(original)
    # The submission may hold the function itself (as a default argument, in a table), so its code
    # is exchanged too where it has some.
    held = type(original) is types.FunctionType
    kept: dict[str, Any] = {}
    if held:
        code = original.__code__
        inner = types.FunctionType(
            code, original.__globals__, builder, original.__defaults__, original.__closure__
        )
        inner.__kwdefaults__ = original.__kwdefaults__
        kept = {
            key: getattr(original, key) for key in ("__code__", "__defaults__", "__kwdefaults__")
        }

    def forward(*args: Any, **kwargs: Any) -> Any:
        return __watched_build__(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821

    @functools.wraps(original)
    def build(*args: Any, **kwargs: Any) -> Any:
        model = inner(*args, **kwargs)
        if isinstance(model, keras.Model):
            given = _named(signature, names, args, kwargs)
            watch.builds.append(BuildNote(model, plain(given)))
        return model

    setattr(student, builder, build)
    if held:
        original.__globals__["__watched_build__"] = build
        # Python wants as many free variables as the function's closure has.
        original.__code__ = forward.__code__.replace(co_freevars=code.co_freevars)
        original.__defaults__ = original.__kwdefaults__ = None
    try:
        yield
    finally:
        setattr(student, builder, original)
        for key, value in kept.items():
            setattr(original, key, value)
        if held:
            original.__globals__.pop("__watched_build__", None)


@contextlib.contextmanager
def _methods(owner: type, functions: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """Gives a class other methods for a while."""
    own = {name: vars(owner).get(name) for name in functions}
    for name, function in functions.items():
        setattr(owner, name, function)
    try:
        yield
    finally:
        for name, value in own.items():
            if value is None:
                delattr(owner, name)  # it was inherited
            else:
                setattr(owner, name, value)


def _watched_models(watch: Watch) -> contextlib.AbstractContextManager[None]:
    """Has Keras's models note when a training of them begins, and whether they are evaluated."""
    import keras
    from keras.src.backend.common.symbolic_scope import in_symbolic_scope

    kept = {
        name: getattr(keras.Model, name)
        for name in ("make_train_function", "__call__", "train_on_batch")
    }

    def make_train_function(self: Any, *args: Any, **kwargs: Any) -> Any:
        note = watch.note_of(self)
        if note is not None and len(note.starts) < MOST:
            note.starts.append(_every_weight(self))
        return kept["make_train_function"](self, *args, **kwargs)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        note = watch.note_of(self)
        training = kwargs.get("training")
        if note is not None and training and not note.starts:
            note.starts.append(_every_weight(self))
        # `evaluate` and `predict` come here too. Fit's own look at the shapes is no prediction.
        if note is not None and not training and not in_symbolic_scope():
            note.inferred = True
        return kept["__call__"](self, *args, **kwargs)

    def train_on_batch(self: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        note = watch.note_of(self)
        if note is not None and hasattr(x, "__len__"):
            note.examples += len(x)
        return kept["train_on_batch"](self, x, *args, **kwargs)

    changed = (make_train_function, call, train_on_batch)
    return _methods(keras.Model, dict(zip(kept, changed, strict=True)))


def _watched_optimizers(watch: Watch) -> contextlib.AbstractContextManager[None]:
    """Has Keras's optimizers note the start of a loop by hand that calls `model(x)` alone."""
    import keras

    kept = keras.optimizers.Optimizer.apply

    def apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        unseen = [note for note in watch.builds if not note.starts]
        if unseen:
            if trainable_variables is not None:
                trainable_variables = list(trainable_variables)
            moved = {id(v) for v in trainable_variables or self._trainable_variables}
            for note in unseen:
                if any(id(variable) in moved for variable in note.model.trainable_variables):
                    note.starts.append(_every_weight(note.model))
        return kept(self, grads, trainable_variables)

    return _methods(keras.optimizers.Optimizer, {"apply": apply})
