"""A rebuilt model with a repair."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Repair
from graders.rebuilt.rebuild import rebuild
from graders.rebuilt.snapshot import Snapshot

BENDING = ("Activation", "Softmax", "ReLU", "Sigmoid")
PENALTIES = ("L1", "L2", "L1L2")


def repaired(facts: Facts, snapshot: Snapshot, repair: Repair) -> Any:
    """Rebuilds a model with a repair; what keeps its shape keeps its weights.

    Args:
        facts: `Facts`, which name the layers as the snapshot does.
        snapshot: `Snapshot`.
        repair: `Repair`.

    Returns:
        A `keras.Model`, not compiled.

    Raises:
        NotRebuilt: If there is no such model.
    """
    tree = json.loads(snapshot.config)
    weights = [np.asarray(weight, "float32") for weight in snapshot.weights]
    changes: dict[str, dict[str, Any]] = {
        name: {"activation": activation} for name, activation in repair.hidden.items()
    }
    for name in repair.dropped:
        changes[name] = {"rate": repair.dropout}
    end, last = facts.end, facts.last
    if repair.activation is not None and end is not None and last is not None:
        for layer in facts.tail:
            # What stands after the last layer with weights may bend the output once more.
            if layer is not last and layer.kind in BENDING:
                changes.setdefault(layer.name, {})["activation"] = "linear"
        changes.setdefault(last.name, {})["activation"] = repair.activation
    if repair.units is not None and last is not None and last.kind == "Dense":
        changes.setdefault(last.name, {})["units"] = repair.units
        weights = _resized(weights, snapshot.paths, last.name, repair.units)
    _change(tree, changes, repair)
    return rebuild(json.dumps(tree), weights)


def _resized(
    weights: list[np.ndarray], paths: list[str], name: str, units: int
) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    found = list(weights)
    for index, path in enumerate(paths):
        parts = path.split("/")
        if len(parts) < 2 or parts[-2] != name or weights[index].shape[-1] == units:
            continue
        shape = (*weights[index].shape[:-1], units)
        limit = math.sqrt(6 / (sum(shape))) if len(shape) > 1 else 0.0
        found[index] = rng.uniform(-limit, limit, shape).astype("float32")
    return found


def _change(tree: Any, changes: dict[str, dict[str, Any]], repair: Repair) -> None:
    """Changes the configs of layers, by their names, wherever they lie in a model's config."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if isinstance(node.get("config"), dict):
                _change_one(node, changes, repair)
            waiting += node.values()


def _change_one(node: dict[str, Any], changes: dict[str, dict[str, Any]], repair: Repair) -> None:
    config = node["config"]
    if repair.thawed and config.get("trainable") is False:
        config["trainable"] = True
    if repair.penalty is not None and node.get("class_name") in PENALTIES:
        for key in {"l1", "l2"} & set(config):
            if isinstance(config[key], int | float):
                config[key] *= repair.penalty
    change = changes.get(config["name"]) if isinstance(config.get("name"), str) else None
    if change is None:
        return
    if node.get("class_name") in ("Softmax", "ReLU", "Sigmoid"):
        node["class_name"], node["config"] = "Activation", {"name": config["name"]}
        node["module"], node["registered_name"] = "keras.layers", None
    node["config"].update(change)
