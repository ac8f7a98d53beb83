"""Spellings of Keras 2: each is translated as the script uses it, and noted with today's.

Nothing in the script's text is changed, so that its lines stay what they are.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.sandbox.scripts import keras2_modules

Note = Callable[[str, str, str], None]
KIND = "keras2"

# Arguments of layers.
OF_LAYERS = {
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
    "border_mode": "padding",
    "subsample": "strides",
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "p": "rate",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "dim_ordering": "data_format",
    "output_dim": "units",
}
# Those that have no effect today, and may be left out.
DROPPED = ("consume_less", "implementation", "input_length", "fused", "virtual_batch_size")
OF_OPTIMIZERS = {"lr": "learning_rate"}
OF_FIT = {"nb_epoch": "epochs", "nb_val_samples": "validation_steps", "nb_worker": ""}
DROPPED_OF_FIT = (
    *("workers", "use_multiprocessing", "max_queue_size", "show_accuracy", "pickle_safe"),
    *("samples_per_epoch", "nb_worker", "nb_epoch_"),
)
DROPPED_OF_COMPILE = (
    "class_mode",
    "sample_weight_mode",
    "theano_mode",
    "experimental_run_tf_function",
)
VALUES = {"th": "channels_first", "tf": "channels_last"}
OLD_LOSSES = {
    "logcosh": "log_cosh",
    "cosine_proximity": "cosine_similarity",
    "multiclass_logloss": "categorical_crossentropy",
}


def translate(note: Note, source: str) -> None:
    """Makes Keras 3 understand what Keras 2 was given.

    Args:
        note: Function that takes the kind of a note, the old spelling and the new one.
        source: String, the script's text.
    """
    keras2_modules.install(functools.partial(note, KIND), source)
    _layers(note)
    _optimizers(note)
    _models(note)
    _attributes(note)
    for name in re.findall(r"\b(?:np|numpy)\.(float|int|bool|object)\b", source):
        if not hasattr(np, name):
            setattr(np, name, getattr(builtins, name))
            note("numpy", f"np.{name}", f"Python's own {name}: NumPy has it no more")


def _renamed(
    kwargs: dict[str, Any],
    known: Any,
    table: dict[str, str],
    dropped: tuple[str, ...],
    where: str,
    note: Note,
) -> None:
    for old in list(kwargs):
        if old in known:
            continue
        new = table.get(old)
        if new and new in known and new not in kwargs:
            value = kwargs.pop(old)
            kwargs[new] = VALUES.get(value, value) if isinstance(value, str) else value
            note(KIND, f"{where}({old}=…)", f"{new}=…")
        elif old in dropped:
            kwargs.pop(old)
            note(KIND, f"{where}({old}=…)", "nothing: Keras 3 has no such argument")


def _from_keras() -> bool:
    """Returns whether what calls the function that asks is Keras's own code."""
    name = str(sys._getframe(2).f_globals.get("__name__", ""))
    return "keras" in name.split(".") and not name.startswith("graders.")


def _with_shape(kwargs: dict[str, Any], name: str, note: Note) -> None:
    """Takes the batch out of the shape of the first layer."""
    shape = kwargs.get("batch_input_shape")
    if not isinstance(shape, tuple | list) or name == "InputLayer":
        return
    del kwargs["batch_input_shape"]
    kwargs["input_shape"] = tuple(shape[1:])
    # A layer that keeps its state needs to know the batch before it is built.
    kwargs.pop("stateful", None)
    note(KIND, f"{name}(batch_input_shape=…)", "keras.Input(batch_shape=…) as the first layer")


def _wrap_init(kind: type, table: dict[str, str], dropped: tuple[str, ...], note: Note) -> None:
    original = vars(kind).get("__init__")
    if original is None:
        return
    known = set(inspect.signature(original).parameters)

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        # Classes that build on this one know their own arguments, and so does Keras itself.
        if type(self) is kind and not _from_keras():
            _with_shape(kwargs, kind.__name__, note)
            old = not OF_LAYERS.keys().isdisjoint(kwargs)
            if old and kind.__name__ == "Conv2D" and len(args) > 2:
                # The rows and columns of the kernel were two arguments.
                note(KIND, "Convolution2D(n, 3, 3)", "Conv2D(n, (3, 3))")
                args = (args[0], args[1:3], *args[3:])
            _renamed(kwargs, known, table, dropped, kind.__name__, note)
        original(self, *args, **kwargs)

    # Keras looks at the names of a constructor's arguments.
    init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    kind.__init__ = init  # type: ignore[misc]


def _layers(note: Note) -> None:
    import keras

    for _, kind in inspect.getmembers(keras.layers, inspect.isclass):
        if kind is not keras.layers.Layer and kind.__module__.startswith("keras"):
            dropped = DROPPED if kind is not keras.layers.InputLayer else ()
            _wrap_init(kind, OF_LAYERS, dropped, note)


def _optimizers(note: Note) -> None:
    import keras

    for _, kind in inspect.getmembers(keras.optimizers, inspect.isclass):
        if not kind.__module__.startswith("keras"):
            continue
        original = vars(kind).get("__init__")
        if original is None or kind is keras.optimizers.Optimizer:
            continue
        known = set(inspect.signature(original).parameters)

        def init(
            self: Any, *args: Any, _original: Any = original, _known: Any = known, **kwargs: Any
        ) -> None:
            name = type(self).__name__
            _renamed(kwargs, _known, OF_OPTIMIZERS, (), name, note)
            if "decay" in kwargs and "decay" not in _known:
                decay = kwargs.pop("decay")
                if decay:
                    note(
                        "ignored",
                        f"{name}(decay={decay!r})",
                        "learning_rate=keras.optimizers.schedules.InverseTimeDecay(…)",
                    )
            _original(self, *args, **kwargs)

        init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
        kind.__init__ = functools.wraps(original)(init)  # type: ignore[method-assign]


def _third_is_metrics(args: tuple[Any, ...], kwargs: dict[str, Any], note: Note) -> tuple[Any, ...]:
    """Passes metrics by name that `compile` is given as its third argument."""
    given = args[2] if len(args) == 3 else None
    if isinstance(given, list | tuple) and any(isinstance(item, str) for item in given):
        note(KIND, "compile(optimizer, loss, metrics)", "compile(optimizer, loss, metrics=[…])")
        kwargs.setdefault("metrics", list(given))
        return args[:2]
    return args


def _models(note: Note) -> None:
    import keras
    from keras.src.trainers.trainer import Trainer

    def wrap(name: str, table: dict[str, str], dropped: tuple[str, ...]) -> Callable[..., Any]:
        original = getattr(keras.Model, name)
        known = set(inspect.signature(original).parameters)

        @functools.wraps(original)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            _renamed(kwargs, known, table, dropped, f"model.{name}", note)
            if name != "compile":
                args = tuple(_as_array(value, name, note) for value in args[:2]) + args[2:]
                for key in ("x", "y"):
                    if key in kwargs:
                        kwargs[key] = _as_array(kwargs[key], name, note)
            if name == "fit" and kwargs.get("class_weight") == "auto":
                del kwargs["class_weight"]
            if name == "compile":
                args = _third_is_metrics(args, kwargs, note)
            if name == "compile" and isinstance(kwargs.get("loss"), str):
                kwargs["loss"] = _loss(kwargs["loss"], note)
            return original(self, *args, **kwargs)

        # A model whose own class has a `compile` is not compiled when it is loaded.
        setattr(Trainer if name == "compile" else keras.Model, name, call)
        return call

    fit = wrap("fit", OF_FIT, DROPPED_OF_FIT)
    evaluate, predict = wrap("evaluate", {}, DROPPED_OF_FIT), wrap("predict", {}, DROPPED_OF_FIT)
    wrap("train_on_batch", {}, ())
    wrap("compile", {"metric": "metrics"}, DROPPED_OF_COMPILE)

    def other(old: str, new: str, call: Callable[..., Any]) -> None:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            note(KIND, f"model.{old}(…)", new)
            return call(self, *args, **kwargs)

        if not hasattr(keras.Model, old):
            setattr(keras.Model, old, method)

    def classes(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = predict(self, *args, **kwargs)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    def steps(self: Any, x: Any, steps_per_epoch: Any = None, epochs: int = 1, **kw: Any) -> Any:
        return fit(self, x, steps_per_epoch=steps_per_epoch, epochs=epochs, **kw)

    other("fit_generator", "model.fit(…)", steps)
    other("evaluate_generator", "model.evaluate(…)", evaluate)
    other("predict_generator", "model.predict(…)", predict)
    other("predict_proba", "model.predict(…)", predict)
    other("predict_classes", "model.predict(…).argmax(axis=-1), of one unit (… > 0.5)", classes)


def _as_array(value: Any, name: str, note: Note) -> Any:
    """Returns lists of plain numbers as an array: Keras 3 takes a list for several inputs."""
    if not isinstance(value, list) or not value or hasattr(value[0], "shape"):
        return value
    found = np.asarray(value)
    if found.dtype.kind not in "biuf":
        return value
    note(KIND, f"model.{name} with a list of numbers", "np.array(…)")
    return found


def _loss(name: str, note: Note) -> str:
    import keras

    if name in OLD_LOSSES:
        with contextlib.suppress(ValueError):
            keras.losses.get(name)
            return name
        note(KIND, f'loss="{name}"', f'"{OLD_LOSSES[name]}"')
        return OLD_LOSSES[name]
    return name


def _attributes(note: Note) -> None:
    """Gives layers the shapes that they had as attributes."""
    import keras

    def shape(side: str) -> property:
        def read(self: Any) -> Any:
            if _from_keras():
                # Keras itself asks whether there is one.
                raise AttributeError(f"{side}_shape")
            note(KIND, f"layer.{side}_shape", f"layer.{side}.shape")
            return tuple(getattr(self, side).shape)

        return property(read)

    for side in ("input", "output"):
        if not hasattr(keras.layers.Layer, f"{side}_shape"):
            setattr(keras.layers.Layer, f"{side}_shape", shape(side))
