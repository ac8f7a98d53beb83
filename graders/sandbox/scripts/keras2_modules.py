"""Modules and names that Keras 2 had in other places."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

from graders.sandbox.scripts import scikit

Note = Callable[[str, str], None]

# Where Keras was imported from: each ends at the same Keras.
ROOTS = (
    "tensorflow.python.keras",
    "tensorflow.contrib.keras.api.keras",
    "tensorflow.contrib.keras",
    "tensorflow.contrib",
    "tensorflow.keras",
    "keras",
)
# The first part of a module's name, where it is another one today.
MOVED = {"objectives": "losses", "engine": "layers", "legacy": "layers"}
# Modules that Keras 3 keeps for old code only.
LEGACY = {
    "preprocessing": "keras._tf_keras.keras.preprocessing",
    "backend": "keras._tf_keras.keras.backend",
}
# Names that are others today.
NAMES = {
    "adam": "Adam",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adamax": "Adamax",
    "nadam": "Nadam",
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "merge": "concatenate",
    "Deconvolution2D": "Conv2DTranspose",
    "AtrousConvolution2D": "Conv2D",
    "normal": "RandomNormal",
    "uniform": "RandomUniform",
    "maxnorm": "MaxNorm",
    "nonneg": "NonNeg",
    "np_utils": "",
    "generic_utils": "",
    "vis_utils": "",
    "categorical_probas_to_classes": "",
}


# What takes the place of parts of `keras.preprocessing`.
PREPROCESSING = {
    "Tokenizer": "keras.layers.TextVectorization",
    "text_to_word_sequence": "keras.layers.TextVectorization",
    "one_hot": "keras.layers.TextVectorization",
    "hashing_trick": "keras.layers.Hashing",
    "ImageDataGenerator": "keras.utils.image_dataset_from_directory, and layers as "
    "keras.layers.RandomFlip",
    "TimeseriesGenerator": "keras.utils.timeseries_dataset_from_array",
}


def install(note: Note, source: str) -> None:
    """Has imports of Keras 2 find what they mean.

    Args:
        note: Function that takes the old spelling and the new one.
        source: String, the script's text.
    """
    if ROOTS[0] in source:
        # TensorFlow holds a Keras of its own, which nothing here watches.
        for name in [name for name in sys.modules if name.startswith(ROOTS[0])]:
            del sys.modules[name]
        sys.meta_path.insert(0, _Finder(note, only=ROOTS[:1]))
    # Keras's own modules come first.
    sys.meta_path.append(_Finder(note))
    for name in (
        "models",
        "utils",
        "optimizers",
        "layers",
        "initializers",
        "constraints",
        "losses",
        "backend",
    ):
        for root in ("keras", "keras._tf_keras.keras"):
            with contextlib.suppress(ImportError):
                _with_old_names(importlib.import_module(f"{root}.{name}"), name, note)
    with contextlib.suppress(ImportError):
        import keras

        for name, home in LEGACY.items():
            if name == "preprocessing":
                legacy = importlib.import_module(home)
                for part in ("text", "sequence", "image"):
                    module = importlib.import_module(f"{home}.{part}")
                    name = f"keras.preprocessing.{part}"
                    # Keras 3 has a part of what was there.
                    known = sys.modules.setdefault(name, types.ModuleType(name))
                    setattr(keras.preprocessing, part, known)
                    known.__getattr__ = functools.partial(  # type: ignore[method-assign]
                        _preprocessing, note, name, module
                    )
                del legacy


def _preprocessing(note: Note, name: str, module: types.ModuleType, asked: str) -> Any:
    """Returns what `keras.preprocessing` had, and Keras 3 has only for TensorFlow's sake."""
    if asked.startswith("__"):
        raise AttributeError(asked)
    found = getattr(module, asked)
    note(f"{name}.{asked}", PREPROCESSING.get(asked, "layers of keras.layers or keras.utils"))
    return found


def _with_old_names(module: types.ModuleType, name: str, note: Note) -> None:
    """Gives a module the names that it had, as they are asked for."""
    before = vars(module).get("__getattr__")

    def find(asked: str) -> Any:
        if before is not None:
            with contextlib.suppress(AttributeError):
                return before(asked)
        if asked in NAMES:
            new = NAMES[asked]
            if not new:
                note(f"keras.{name}.{asked}", f"keras.{name}")
                return module
            if new in vars(module):
                note(f"keras.{name}.{asked}", f"keras.{name}.{new}")
                return vars(module)[new]
        if name == "backend":
            with contextlib.suppress(ImportError, AttributeError):
                found = getattr(importlib.import_module(LEGACY["backend"]), asked)
                note(f"keras.backend.{asked}", f"keras.ops.{asked}, or another function there")
                return found
        if asked[:1].isupper():
            import keras

            for place in (keras, keras.layers, keras.utils):
                if hasattr(place, "__dict__") and asked in vars(place):
                    note(f"keras.{name}.{asked}", f"{place.__name__}.{asked}")
                    return vars(place)[asked]
        raise AttributeError(f"module 'keras.{name}' has no attribute '{asked}'")

    module.__getattr__ = find  # type: ignore[method-assign]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules that Keras 2 had, after all others have looked.

    Args:
        note: Function that takes the old spelling and the new one.
        only: Tuple of strings, the roots that it looks at.
    """

    def __init__(self, note: Note, only: tuple[str, ...] = ROOTS):
        self._note, self._only = note, only
        # What it asks Python for comes back to it.
        self._asking = False

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        root = next((r for r in self._only if name == r or name.startswith(r + ".")), None)
        if self._asking or root is None or name in ("keras", "tensorflow.keras"):
            return None
        parts = name[len(root) :].strip(".").split(".") if name != root else []
        if parts and parts[-1][:1].isupper():
            # A class, which Python looks for as a module where it is not.
            return None
        self._asking = True
        try:
            home = self._home(parts)
        finally:
            self._asking = False
        # A module of today's own is found by Python itself, or is not there.
        if home is None or home == name:
            return None
        return importlib.machinery.ModuleSpec(name, self, loader_state=home, is_package=True)

    def _home(self, parts: list[str]) -> str | None:
        """Returns today's module for the parts of an old one's name, `None` if there is none."""
        if not parts:
            return "keras"
        first = MOVED.get(parts[0], parts[0])
        if parts[:2] == ["wrappers", "scikit_learn"] or parts == ["wrappers"]:
            return scikit.__name__
        for depth in (2, 1):
            home = ".".join(["keras", first, *parts[1:depth]])
            with contextlib.suppress(ImportError, ValueError):
                if home in sys.modules or importlib.util.find_spec(home) is not None:
                    return home
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        found = importlib.import_module(spec.loader_state)
        made = types.ModuleType(spec.name)
        made.__getattr__ = functools.partial(self._look, spec.name, found)  # type: ignore[method-assign]
        if not found.__name__.startswith("graders."):
            self._note(spec.name, found.__name__)
        else:
            self._note(spec.name, "the package scikeras, or keras.wrappers.SKLearnClassifier")
        return made

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run: the module hands out another one's names."""

    @staticmethod
    def _look(old: str, found: types.ModuleType, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        with contextlib.suppress(AttributeError):
            return getattr(found, name)
        with contextlib.suppress(ImportError):
            return importlib.import_module(f"{found.__name__}.{name}")
        import keras

        for home in (keras, keras.layers, keras.utils, keras.models):
            if hasattr(home, name):
                return getattr(home, name)
        raise AttributeError(f"module {old!r} has no attribute {name!r}")
