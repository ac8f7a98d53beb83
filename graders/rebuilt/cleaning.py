"""Makes a hostile config harmless, before Keras sees it.

Size and nesting are limited, every `class_name` at any depth must be on the allowlist and gets its
canonical module, layers get names of the grader's own, and numbers that would make a giant are
refused.
"""

from __future__ import annotations

from typing import Any

from graders.boundary.wire import DTYPES
from graders.checking import Uses
from graders.rebuilt.allowlist import MARKERS, activation_of, allowed_classes, refuse

MAX_DEPTH = 60
MAX_NODES = 200_000
MAX_LAYERS = 2000
MAX_NUMBER = 2**24
MODELS = ("Sequential", "Functional", "Model")


def cleaned(tree: Any) -> Any:
    """Copies a model's config as far as it is harmless.

    Args:
        tree: Plain data, as JSON gives it.

    Returns:
        Plain data: the same model, its layers renamed.

    Raises:
        NotRebuilt: If it holds what is not on the allowlist, or is too large.
    """
    copy = _clean(tree, 0, [MAX_NODES])
    _rename(copy, [0], {})
    return copy


def given_names(tree: Any) -> dict[str, str]:
    """Returns the names that the student's layers have, by those that `cleaned` gave them.

    Args:
        tree: Plain data, the config as it came; one that `cleaned` took.
    """
    found: dict[str, str] = {}
    _rename(_clean(tree, 0, [MAX_NODES]), [0], found)
    return found


def _clean(node: Any, depth: int, budget: list[int]) -> Any:
    """Copies a config, checking every part of it."""
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        refuse("a config nested or long beyond reason", "Build a smaller model.")
    if isinstance(node, list):
        return [_clean(item, depth + 1, budget) for item in node]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int | float):
        # Large constants (1e9 in a mask) are fine as floats; a size is an integer.
        if isinstance(node, int) and abs(node) > MAX_NUMBER:
            refuse(f"the number {node} in the model's config", "Use sizes that fit the data.")
        return node
    if isinstance(node, str):
        if len(node) > 100_000:
            refuse("a very long text in the model's config", "Remove it.")
        return node
    if "class_name" in node:
        node = _clean_class(dict(node))
        if isinstance(node, str):
            return node
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
        refuse("a class without a name", "Use layers from keras.layers only.")
    if name in MARKERS and (module is None or module == "builtins"):
        if name == "__numpy__" and _dtype_of(node) not in DTYPES:
            refuse("an array of no numbers inside the model", "Use arrays of numbers.")
        return {key: node[key] for key in ("class_name", "config") if key in node}
    if name == "function":
        given = node.get("config")
        if known := activation_of(given):
            # Keras reads the bare name.
            return known
        refuse(
            f"a function of your own (`{str(given)[:60]}`) inside the model",
            "Use an activation, initializer or regularizer of Keras's by its name.",
            Uses(str(given)),
        )
    if name in ("Lambda", "__lambda__"):
        refuse(
            "a Lambda layer (or a lambda) in the model",
            "It holds Python code, which nothing safe can rebuild: use keras.ops functions on the "
            "tensors, or a Keras layer that does the same (Rescaling, Reshape, Activation, …).",
            Uses("Lambda"),
        )
    canonical = None
    if module is None or isinstance(module, str):
        row = allowed_classes().get(name, {})
        canonical = row.get(module) if module else next(iter(row.values()), None)
    if canonical is None:
        refuse(
            f"`{str(name)[:60]}`, which is not one of Keras's own layers",
            "Use layers from keras.layers (and keras.ops functions) only.",
            Uses(name),
        )
    node["module"], node["registered_name"] = canonical, None
    node.pop("compile_config", None)
    return node


def _dtype_of(node: dict[str, Any]) -> Any:
    config = node.get("config")
    found = config.get("dtype") if isinstance(config, dict) else None
    return found if isinstance(found, str) else None


def _rename(model: dict[str, Any], counter: list[int], given: dict[str, str]) -> None:
    """Gives every layer of a (nested) model a name of the grader's; Inputs keep theirs.

    Args:
        model: Dict, the config, which is changed.
        counter: List of one integer, how many layers have a name.
        given: Dict, takes the student's names by the grader's.
    """
    config = model.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return
    names: dict[str, str] = {}
    for layer in config["layers"]:
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            refuse("a layer without a config", "Build the model with keras.layers.")
        counter[0] += 1
        if counter[0] > MAX_LAYERS:
            refuse(f"more than {MAX_LAYERS} layers", "Build a smaller model.")
        old = layer.get("name", layer["config"].get("name"))
        keeps = layer.get("class_name") == "InputLayer"
        if keeps and isinstance(old, str) and old.replace("_", "").replace("-", "").isalnum():
            new = old[:100]
        else:
            new = f"layer_{counter[0]}"
        if isinstance(old, str):
            names[old] = new
            if not keeps:
                given[new] = old[:80]
        if "name" in layer:
            layer["name"] = new
        layer["config"]["name"] = new
        for inner in (layer, layer["config"].get("layer")):
            if isinstance(inner, dict) and inner.get("class_name") in MODELS:
                _rename(inner, counter, given)

    for layer in config["layers"]:
        calls = layer.get("inbound_nodes")
        _rename_inputs(calls, names)
        # Keras would run an operation on constants at once, whatever size its result has.
        if isinstance(calls, list) and not all(_takes_tensor(call) for call in calls):
            refuse("an operation on no tensor of the model", "Return the model itself.")
    for key in ("input_layers", "output_layers"):
        if key in config:
            config[key] = _renamed_ends(config[key], names)


def _takes_tensor(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("class_name") == "__keras_tensor__" or any(
            _takes_tensor(item) for item in node.values()
        )
    return isinstance(node, list) and any(_takes_tensor(item) for item in node)


def _rename_inputs(node: Any, names: dict[str, str]) -> None:
    """Renames the layers that the tensors of a call come from."""
    if isinstance(node, dict):
        history = node.get("keras_history")
        if isinstance(history, list) and history and history[0] in names:
            history[0] = names[history[0]]
        for item in node.values():
            _rename_inputs(item, names)
    elif isinstance(node, list):
        for item in node:
            _rename_inputs(item, names)


def _renamed_ends(node: Any, names: dict[str, str]) -> Any:
    """Renames the layers in a model's list of inputs or outputs: `[name, call, tensor]` each."""
    if isinstance(node, dict):
        return {key: _renamed_ends(item, names) for key, item in node.items()}
    if isinstance(node, list):
        if len(node) == 3 and isinstance(node[0], str):
            return [names.get(node[0], node[0]), *node[1:]]
        return [_renamed_ends(item, names) for item in node]
    return node
