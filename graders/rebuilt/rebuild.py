"""Rebuilds a model from its config, over an allowlist of Keras's own classes.

A config from a sandbox is hostile input: Keras's loaders import modules and call what a config
names. So, before Keras sees it: size and nesting are limited, every `class_name` at any depth must
be on the allowlist and gets its canonical module, layers get names of the grader's own, and
numbers that would make a giant are refused. The rebuilt model has the weights that came along.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from graders.boundary.wire import DTYPES
from graders.checking import CheckFailed

MAX_CONFIG = 4 * 2**20
MAX_DEPTH = 60
MAX_NODES = 200_000
MAX_LAYERS = 2000
MAX_NUMBER = 2**24
MAX_PARAMETERS = 60_000_000

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
# Operations that take a function as an argument are left out.
OP_MODULES = ("nn", "numpy", "math", "image", "linalg")
CORE_OPS = frozenset(
    """Cast ConvertToTensor SaturateCast Slice SliceUpdate Scatter ScatterUpdate StopGradient
    Unstack""".split()
)
MARKERS = frozenset(
    ["__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__tuple__", "__ellipsis__"]
)
# A function from `tf.nn` serialises as its bare name: the activation of that name is meant.
KNOWN_FUNCTIONS = frozenset(
    [
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "swish",
        "softplus",
        "softsign",
        "tanh",
        "sigmoid",
        "hard_sigmoid",
        "softmax",
        "log_softmax",
        "linear",
        "mish",
        "exponential",
    ]
)


class NotRebuilt(CheckFailed):
    """The model cannot be rebuilt; the text says why, in the student's words."""


def _refuse(found: str, advice: str) -> None:
    raise NotRebuilt(
        f"Expected a model that the grader can rebuild from Keras's own layers. Found {found}. "
        f"{advice}"
    )


@functools.cache
def _allowed() -> dict[str, dict[str, str]]:
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


def _clean(node: Any, depth: int, budget: list[int]) -> Any:
    """Copies a config, checking every part of it."""
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        _refuse("a config nested or long beyond reason", "Build a smaller model.")
    if isinstance(node, list):
        return [_clean(item, depth + 1, budget) for item in node]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int | float):
        # Large constants (1e9 in a mask) are fine as floats; a size is an integer.
        if isinstance(node, int) and abs(node) > MAX_NUMBER:
            _refuse(f"the number {node} in the model's config", "Use sizes that fit the data.")
        return node
    if isinstance(node, str):
        if len(node) > 100_000:
            _refuse("a very long text in the model's config", "Remove it.")
        return node
    if "class_name" in node:
        node = _clean_class(dict(node))
    return {
        # A seed is no size: a date, or what Keras drew itself (RandomCrop does).
        key: item
        if key == "seed" and isinstance(item, int) and abs(item) < 2**63
        else _clean(item, depth + 1, budget)
        for key, item in node.items()
    }


def _clean_class(node: dict[str, Any]) -> Any:
    name, module = node["class_name"], node.get("module")
    if not isinstance(name, str):
        _refuse("a class without a name", "Use layers from keras.layers only.")
    if name in MARKERS and (module is None or module == "builtins"):
        if name == "__numpy__" and _dtype_of(node) not in DTYPES:
            _refuse("an array of no numbers inside the model", "Use arrays of numbers.")
        return {key: node[key] for key in ("class_name", "config") if key in node}
    if name == "function":
        given = node.get("config")
        if isinstance(given, str) and given in KNOWN_FUNCTIONS:
            # Not a class any more: Keras reads the bare name.
            return {"class_name": "__kept_name__", "config": given}
        _refuse(
            f"a function of your own (`{str(given)[:60]}`) inside the model",
            "Use an activation, initializer or regularizer of Keras's by its name.",
        )
    if name in ("Lambda", "__lambda__"):
        _refuse(
            "a Lambda layer (or a lambda) in the model",
            "It holds Python code, which nothing safe can rebuild: use keras.ops functions on the "
            "tensors, or a Keras layer that does the same (Rescaling, Reshape, Activation, …).",
        )
    canonical = None
    if module is None or isinstance(module, str):
        row = _allowed().get(name, {})
        canonical = row.get(module) if module else next(iter(row.values()), None)
    if canonical is None:
        _refuse(
            f"`{str(name)[:60]}`, which is not one of Keras's own layers",
            "Use layers from keras.layers (and keras.ops functions) only.",
        )
    node["module"], node["registered_name"] = canonical, None
    node.pop("compile_config", None)
    return node


def _dtype_of(node: dict[str, Any]) -> Any:
    config = node.get("config")
    found = config.get("dtype") if isinstance(config, dict) else None
    return found if isinstance(found, str) else None


def _restore_names(node: Any) -> Any:
    if isinstance(node, dict):
        if node.get("class_name") == "__kept_name__":
            return node["config"]
        return {key: _restore_names(item) for key, item in node.items()}
    if isinstance(node, list):
        return [_restore_names(item) for item in node]
    return node


def _takes_tensor(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("class_name") == "__keras_tensor__" or any(
            _takes_tensor(item) for item in node.values()
        )
    return isinstance(node, list) and any(_takes_tensor(item) for item in node)


def _rename(model: dict[str, Any], counter: list[int]) -> None:
    """Gives every layer of a (nested) model a name of the grader's; Inputs keep theirs."""
    config = model.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return
    names: dict[str, str] = {}
    for layer in config["layers"]:
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            _refuse("a layer without a config", "Build the model with keras.layers.")
        counter[0] += 1
        if counter[0] > MAX_LAYERS:
            _refuse(f"more than {MAX_LAYERS} layers", "Build a smaller model.")
        old = layer.get("name", layer["config"].get("name"))
        keeps = layer.get("class_name") == "InputLayer"
        if keeps and isinstance(old, str) and old.replace("_", "").replace("-", "").isalnum():
            new = old[:100]
        else:
            new = f"layer_{counter[0]}"
        if isinstance(old, str):
            names[old] = new
        if "name" in layer:
            layer["name"] = new
        layer["config"]["name"] = new
        if layer.get("class_name") in ("Sequential", "Functional", "Model"):
            _rename(layer, counter)
        inner = layer["config"].get("layer")
        if isinstance(inner, dict) and inner.get("class_name") in ("Sequential", "Functional"):
            _rename(inner, counter)

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            history = node.get("keras_history")
            if isinstance(history, list) and history and history[0] in names:
                history[0] = names[history[0]]
            for item in node.values():
                follow(item)
        elif isinstance(node, list):
            for item in node:
                follow(item)

    def ends(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: ends(item) for key, item in node.items()}
        if isinstance(node, list):
            if len(node) == 3 and isinstance(node[0], str):
                return [names.get(node[0], node[0]), *node[1:]]
            return [ends(item) for item in node]
        return node

    for layer in config["layers"]:
        follow(layer.get("inbound_nodes"))
        calls = layer.get("inbound_nodes")
        # Keras would run an operation on constants at once, whatever size its result has.
        if isinstance(calls, list) and not all(_takes_tensor(call) for call in calls):
            _refuse("an operation on no tensor of the model", "Return the model itself.")
    for key in ("input_layers", "output_layers"):
        if key in config:
            config[key] = ends(config[key])


@contextlib.contextmanager
def _limited_parameters(limit: int) -> Iterator[None]:
    """Refuses a layer's weights before they take memory, where they are far too many."""
    import keras

    add_weight = keras.layers.Layer.add_weight
    left = [limit]

    @functools.wraps(add_weight)
    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        shape = args[0] if args else kwargs.get("shape")
        sides = [shape] if isinstance(shape, int) else list(shape or ())
        if all(isinstance(side, int) for side in sides):
            left[0] -= math.prod(sides)
            if left[0] < 0:
                _refuse("a config of far more parameters than weights", "Return the model itself.")
        return add_weight(self, *args, **kwargs)

    keras.layers.Layer.add_weight = counted
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = add_weight


def rebuild(config: str, weights: list[np.ndarray]) -> Any:
    """Rebuilds a model.

    Args:
        config: String, the JSON that `keras.saving.serialize_keras_object` gave.
        weights: List of arrays, in the order of `model.get_weights()`.

    Returns:
        A `keras.Model`, not compiled.

    Raises:
        NotRebuilt: If the config is not a plain model of Keras's own layers, or the weights do
            not belong to it.
    """
    import keras

    if len(config) > MAX_CONFIG:
        _refuse(f"a config of {len(config) / 2**20:.0f} MB", "Build a smaller model.")
    total = sum(array.size for array in weights)
    if total > MAX_PARAMETERS:
        _refuse(
            f"a model of {total:,} parameters (the limit is {MAX_PARAMETERS:,})",
            "Look for a Dense layer after a Flatten of large feature maps.",
        )
    try:
        tree = _clean(json.loads(config), 0, [MAX_NODES])
        _rename(tree, [0])
        tree = _restore_names(tree)
        if tree.get("class_name") not in ("Sequential", "Functional"):
            _refuse(f"`{str(tree.get('class_name'))[:60]}`", "Return a Sequential or Functional.")
        # Keras builds some layers twice (those in a Bidirectional), and drops the first weights.
        with _limited_parameters(4 * total + MAX_PARAMETERS):
            model = keras.saving.deserialize_keras_object(tree, safe_mode=True)
        shapes = [tuple(variable.shape) for variable in model.weights]
        if shapes != [array.shape for array in weights]:
            _refuse("weights that do not have the shapes of the layers", "Return the model itself.")
        model.set_weights(weights)
        for layer in model._flatten_layers():
            # What it divides by is no weight, but computed from some.
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()
    except CheckFailed:
        raise
    except RecursionError:
        _refuse("a config nested beyond reason", "Build a smaller model.")
    except Exception as error:
        _refuse(
            f"one that cannot be rebuilt from its config ({type(error).__name__}: "
            f"{str(error).strip().splitlines()[0][:200] if str(error).strip() else ''})",
            "Use Keras's own layers, with arguments that their configs hold.",
        )
    return model


def _optimizer_from(claim: Any) -> dict[str, Any] | None:
    """Checks the types of what a sandbox says of an optimizer."""
    if claim is None:
        return None
    if not isinstance(claim, dict):
        raise ValueError("no optimizer")
    rate = claim.get("learning_rate")
    if rate is not None and not isinstance(rate, float):
        raise ValueError("no learning rate")
    counts = {key: claim.get(key) for key in ("iterations", "trainable")}
    if any(type(count) is not int for count in counts.values()):
        raise ValueError("no count of an optimizer's steps or variables")
    return {
        "class_name": str(claim.get("class_name", ""))[:200],
        "wrapper": str(claim.get("wrapper", ""))[:200],
        "learning_rate": rate,
        **counts,
    }


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A model at one moment: what the sandbox said of it, and the model rebuilt from that.

    Attributes:
        kind: String, `"Sequential"` or `"Functional"`.
        compiled: Boolean.
        config: String, JSON.
        weights: List of arrays.
        paths: List of strings, the student's names of the weights; for messages only.
        dtypes: List of strings, the variables' dtypes.
        trainable: List of booleans, one for each weight.
        optimizer: Dict as claimed, or `None`.
    """

    kind: str
    compiled: bool
    config: str
    weights: list[np.ndarray]
    paths: list[str]
    dtypes: list[str]
    trainable: list[bool]
    optimizer: dict[str, Any] | None

    @classmethod
    def from_claim(cls, claim: Any) -> Snapshot:
        """Checks the types of what a sandbox sent.

        Args:
            claim: Plain data.

        Returns:
            A `Snapshot`.

        Raises:
            ValueError: If it is not what a snapshot holds.
        """
        if not isinstance(claim, dict) or not isinstance(claim.get("config"), str):
            raise ValueError("no config")
        weights = claim.get("weights")
        if not isinstance(weights, list) or not all(isinstance(w, np.ndarray) for w in weights):
            raise ValueError("no weights")
        columns = {}
        for key in ("paths", "dtypes", "trainable"):
            column = claim.get(key)
            if not isinstance(column, list) or len(column) != len(weights):
                raise ValueError(f"no {key}")
            columns[key] = column
        return cls(
            "Sequential" if claim.get("kind") == "Sequential" else "Functional",
            claim.get("compiled") is True,
            claim["config"],
            weights,
            [str(path)[:200] for path in columns["paths"]],
            [str(dtype)[:40] for dtype in columns["dtypes"]],
            [flag is True for flag in columns["trainable"]],
            _optimizer_from(claim.get("optimizer")),
        )

    @functools.cached_property
    def model(self) -> Any:
        """The rebuilt `keras.Model`.

        Raises:
            NotRebuilt: See `rebuild`.
        """
        return rebuild(self.config, self.weights)

    @functools.cached_property
    def compile_config(self) -> dict[str, Any]:
        """Dict, how the model says that it was compiled: class names, never instantiated."""
        try:
            tree = json.loads(self.config)
        except (ValueError, RecursionError):
            return {}
        found = tree.get("compile_config") if isinstance(tree, dict) else None
        return found if isinstance(found, dict) else {}

    def finite(self) -> bool:
        """Returns whether every weight is a finite number."""
        return all(bool(np.isfinite(weight).all()) for weight in self.weights)
