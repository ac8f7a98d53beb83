"""Which of Keras's classes and functions a rebuilt model may hold, and how a refusal is worded."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

from graders.checking import CheckFailed

# Layers that run Python code of the submission's, or read files.
DENIED_LAYERS = frozenset(
    [
        "Lambda",
        "TFSMLayer",
        "TorchModuleWrapper",
        "JaxLayer",
        "FlaxLayer",
        "StringLookup",
        "IntegerLookup",
        "TextVectorization",
        "Hashing",
        "HashedCrossing",
        "Layer",
        "Wrapper",
        "Operation",
    ]
)
# Modules of Keras's operations. Operations that take a function as an argument are left out.
OP_MODULES = ("nn", "numpy", "math", "image", "linalg")
CORE_OPS = frozenset(
    """Cast ConvertToTensor SaturateCast Slice SliceUpdate Scatter ScatterUpdate StopGradient
    Unstack""".split()
)
MARKERS = frozenset(
    ["__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__tuple__", "__ellipsis__"]
)
# TensorFlow's own names of what Keras has under another: `tf.nn.softmax` calls itself `softmax_v2`.
TENSORFLOW_NAMES = {
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "identity": "linear",
    "identity_v2": "linear",
    "exp": "exponential",
}


class NotRebuilt(CheckFailed):
    """The model cannot be rebuilt; the text tells the student why."""


def refuse(found: str, advice: str, about: Any = None) -> NoReturn:
    """Refuses a model.

    Args:
        found: String, what was found (a sentence's rest after "Found").
        advice: String, full sentences that say what to write in its place.
        about: What the message is about, see `graders.checking.fail`.

    Raises:
        NotRebuilt: Always.
    """
    raise NotRebuilt(
        f"Expected a model that the grader can rebuild from Keras's own layers. Found {found}. "
        f"{advice}",
        about=about,
    )


@functools.cache
def allowed_classes() -> dict[str, dict[str, str]]:
    """Returns class name -> {a module that the config may give: the canonical one}."""
    import importlib
    import inspect

    import keras

    table: dict[str, dict[str, str]] = {}

    def add(name: str, cls: type, module: str) -> None:
        row = table.setdefault(name, {})
        row[module] = module
        row.setdefault(cls.__module__, module)

    add("SeedGenerator", keras.random.SeedGenerator, "keras.random")
    for package in ("layers", "initializers", "regularizers", "constraints", "dtype_policies"):
        module = getattr(keras, package, None)
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if name not in DENIED_LAYERS:
                add(name, cls, f"keras.{package}")
    # `from tensorflow.keras import layers` has these under names of their own, AlphaDropout too.
    old = importlib.import_module("keras.src.legacy.layers")
    for name, cls in inspect.getmembers(old, inspect.isclass):
        if cls.__module__ == old.__name__:
            home = "keras.layers" if hasattr(keras.layers, name) else "keras._legacy.layers"
            table.setdefault(name, {})["keras._legacy.layers"] = home
    add("DTypePolicy", keras.DTypePolicy, "keras")
    add("Sequential", keras.Sequential, "keras")
    for model in ("keras.src.models.functional", "keras.src.engine.functional", "keras"):
        table.setdefault("Functional", {})[model] = "keras.src.models.functional"
    table.setdefault("Model", {})["keras"] = "keras.src.models.functional"
    operation = keras.Operation
    for short in (*OP_MODULES, "core"):
        path = f"keras.src.ops.{short}"
        for name, cls in inspect.getmembers(importlib.import_module(path), inspect.isclass):
            if cls.__module__ != path or not issubclass(cls, operation):
                continue
            if short != "core" or name in CORE_OPS:
                add(name, cls, path)
    for short in ("einsum", "function"):
        table.pop(short, None)
    return table


@functools.cache
def _activations() -> frozenset[str]:
    """Returns the names of Keras's activations."""
    import inspect

    import keras

    found = inspect.getmembers(keras.activations, inspect.isfunction)
    return frozenset(name for name, _ in found) - {"get", "serialize", "deserialize"}


def activation_of(name: object) -> str:
    """Returns Keras's name of the activation that a function's bare name stands for.

    Args:
        name: What a config gives for a function: its `__name__`, nothing of where it comes from.

    Returns:
        String, empty if no activation of Keras's or TensorFlow's has that name.
    """
    if not isinstance(name, str):
        return ""
    known = TENSORFLOW_NAMES.get(name, name)
    return known if known in _activations() else ""
