"""Watches a builder of the submission: which models it returns, and how these are trained."""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from graders.sandbox.notes import MOST, BuildNote, digest_of_all
from graders.sandbox.objects import plain


class Watch:
    """What happened while a function of the submission ran.

    Attributes:
        builds: List of `BuildNote`.
        fitted: Integer, the line of the last `fit`; `None` if it is not known.
    """

    def __init__(self) -> None:
        import keras

        self.builds: list[BuildNote] = []
        self.fitted: int | None = None
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
            "fitted": self.fitted,
        }


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
def exchanged(student: Any, builder: str, names: tuple[str, ...], watch: Watch) -> Iterator[None]:
    """Puts a function in a builder's place that notes what the builder returns.

    Args:
        student: The submission's module.
        builder: String, the name of its function.
        names: Tuple of strings, what its arguments are called in a note, in their order.
        watch: `Watch`, which takes the notes.
    """
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


def watched_models(watch: Watch) -> contextlib.AbstractContextManager[None]:
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
            note.starts.append(digest_of_all(self))
        return kept["make_train_function"](self, *args, **kwargs)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        note = watch.note_of(self)
        training = kwargs.get("training")
        if note is not None and training and not note.starts:
            note.starts.append(digest_of_all(self))
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


def watched_optimizers(watch: Watch) -> contextlib.AbstractContextManager[None]:
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
                    note.starts.append(digest_of_all(note.model))
        return kept(self, grads, trainable_variables)

    return _methods(keras.optimizers.Optimizer, {"apply": apply})
