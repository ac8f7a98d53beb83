"""Models, losses and optimizers of a script in plain data: claims, which nothing is scored by."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import numpy as np

from graders.sandbox.errors import WrongAnswer
from graders.sandbox.fits import learning_rate
from graders.sandbox.scripts import ways
from graders.sandbox.scripts.where import Lines
from graders.sandbox.snapshots import snapshot

MOST_LAYERS = 400
# What of a layer's config the rules look at.
WANTED = (
    *("units", "filters", "rate", "axis", "padding", "strides", "kernel_size", "pool_size"),
    *("return_sequences", "recurrent_activation", "input_dim", "scale", "offset", "stateful"),
    *("dropout", "recurrent_dropout", "data_format", "keepdims", "value_range"),
    "mask_zero",
)

# Steps at which a schedule is asked for its learning rate: a warm-up begins at 0.
SCHEDULED = (0, 1, 10, 100, 1000)


def name_of(value: Any) -> str:
    """Returns what a loss, a metric or an activation is called."""
    if isinstance(value, str):
        return value[:80]
    if isinstance(value, functools.partial):
        return name_of(value.func)
    # A function has a name of its own; of an object, its class does.
    name = getattr(value, "__name__", None) or type(value).__name__
    return str(name)[:80]


def _metric(value: Any) -> str:
    """Returns what a metric is called; an object is told from a name by its brackets."""
    if isinstance(value, str) or hasattr(value, "__name__"):
        return name_of(value)
    threshold = getattr(value, "threshold", None)
    usual = not isinstance(threshold, int | float) or threshold == 0.5
    return name_of(value) + ("()" if usual else f"({threshold:g})")


def only_one(value: Any) -> Any:
    """Returns the one loss of a list or dict of them."""
    while isinstance(value, list | tuple | dict) and len(value) == 1:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value


def _rate(optimizer: Any) -> float | None:
    """Returns an optimizer's learning rate; of a schedule, the highest of its beginning."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = getattr(inner, "_learning_rate", None)
    if callable(schedule):
        with contextlib.suppress(Exception):
            return max(float(np.asarray(schedule(step))) for step in SCHEDULED)
        return None
    return learning_rate(optimizer)


def from_logits(loss: Any) -> bool:
    """Returns whether a loss takes logits."""
    for options in (
        getattr(loss, "_fn_kwargs", None),
        getattr(loss, "keywords", None),
        getattr(loss, "__dict__", None),
    ):
        if isinstance(options, dict) and options.get("from_logits") is True:
            return True
    return False


def _parts(losses: Any) -> list[Any]:
    found = list(losses.values()) if isinstance(losses, dict) else list(losses)
    return found[:20]


def compiled(model: Any, given: dict[str, Any], line: int, lines: Lines) -> dict[str, Any]:
    """Describes how a model was compiled.

    Args:
        model: The model.
        given: Dict, what `compile` got.
        line: Integer, where.
        lines: `Lines`.
    """
    loss = only_one(given.get("loss"))
    several = isinstance(loss, list | tuple | dict)
    optimizer = getattr(model, "optimizer", None)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    metrics = given.get("metrics")
    flat = metrics if isinstance(metrics, list | tuple) else [metrics] if metrics else []
    flat = list(flat.values()) if isinstance(flat, dict) else flat
    return {
        "line": line,
        "loss": "" if several or loss is None else name_of(loss),
        "several": several,
        "losses": [name_of(part) for part in _parts(loss)] if several else [],
        "own_loss": callable(loss)
        and not type(loss).__module__.startswith("keras")
        and not str(getattr(loss, "__module__", "")).startswith(("keras", "tensorflow")),
        "from_logits": from_logits(loss),
        "loss_line": lines.of(loss),
        "optimizer": type(inner).__name__[:80] if inner is not None else "",
        "optimizer_line": lines.of(given.get("optimizer")),
        "rate": _rate(optimizer) if optimizer is not None else None,
        "momentum": float(getattr(inner, "momentum", 0.0) or 0.0)
        if isinstance(getattr(inner, "momentum", 0.0), int | float)
        else 0.0,
        "metrics": [
            {"name": _metric(only_one(metric)), "line": lines.of(only_one(metric))}
            for metric in list(flat)[:20]
            if metric is not None
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str) or value is None:
        return value if not isinstance(value, str) else value[:80]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value[:8]]
    return name_of(value)


def _shape(tensor: Any) -> list[int | None] | None:
    shape = getattr(tensor, "shape", None)
    if isinstance(tensor, list | tuple | dict) or shape is None:
        return None
    return [int(side) if side is not None else None for side in shape]


def _operations(model: Any) -> list[Any]:
    found = getattr(model, "operations", None) or getattr(model, "layers", None) or []
    flat = []
    for op in found:
        inner = _operations(op) if hasattr(op, "layers") and hasattr(op, "fit") else None
        flat += inner if inner is not None else [op]
    return flat


def layers(model: Any, lines: Lines) -> list[dict[str, Any]]:
    """Describes the layers and operations of a model, in the order of the data's way."""
    found = []
    readers = None
    with contextlib.suppress(Exception):
        readers = ways.of(model)
    for op in _operations(model)[:MOST_LAYERS]:
        if type(op).__name__ == "InputLayer":
            continue
        config: dict[str, Any] = {}
        with contextlib.suppress(Exception):
            config = op.get_config()
        inner = getattr(op, "forward_layer", None) or getattr(op, "layer", None)
        if inner is not None:
            with contextlib.suppress(Exception):
                config = {**inner.get_config(), **config}
        activation = getattr(op, "activation", None) or getattr(inner, "activation", None)
        weights = [int(np.prod(w.shape)) for w in getattr(op, "weights", None) or []]
        row: dict[str, Any] = {
            "name": str(getattr(op, "name", ""))[:80],
            "kind": type(op).__name__[:80],
            "inner": type(inner).__name__[:80] if inner is not None else "",
            "activation": name_of(activation) if activation is not None else "linear",
            "line": lines.of(op),
            "trainable": bool(getattr(op, "trainable_weights", None)),
            "parameters": sum(weights),
            "config": {key: _plain(config[key]) for key in WANTED if key in config},
            "input": None,
            "output": None,
            "readers": readers.get(id(op), [])[:20] if readers is not None else None,
        }
        with contextlib.suppress(Exception):
            row["input"] = _shape(op.input)
        with contextlib.suppress(Exception):
            row["output"] = _shape(op.output)
        found.append(row)
    return found


def tail(model: Any) -> list[str]:
    """Lists the names of the operations from the output back to the last layer with weights."""
    found: list[str] = []
    outputs = getattr(model, "outputs", None)
    if not outputs or len(outputs) != 1:
        return found
    tensor = outputs[0]
    while len(found) < 20:
        op, node, _ = tensor._keras_history
        if hasattr(op, "outputs") and hasattr(op, "fit"):
            tensor = op.outputs[0]
            continue
        found.append(str(getattr(op, "name", ""))[:80])
        inputs = op._inbound_nodes[node].input_tensors
        if getattr(op, "weights", None) and "ormalization" not in type(op).__name__:
            break
        if len(inputs) != 1:
            break
        tensor = inputs[0]
    return found


def model(subject: Any, lines: Lines, x: Any) -> dict[str, Any]:
    """Describes a model: its layers, and, where it can be rebuilt, its config and weights.

    Args:
        subject: A Keras model.
        lines: `Lines`.
        x: What it is trained on, for a model that is not built yet.
    """
    found: dict[str, Any] = {"snapshot": None, "refused": "", "kind": type(subject).__name__[:80]}
    try:
        if not subject.built and hasattr(x, "shape"):
            with contextlib.suppress(Exception):
                subject.build((None, *x.shape[1:]))
        found["snapshot"] = snapshot(subject)
    except WrongAnswer as error:
        found["refused"] = str(error.kind)
    except Exception as error:
        found["refused"] = type(error).__name__[:80]
    found["layers"] = layers(subject, lines)
    found["tail"] = []
    with contextlib.suppress(Exception):
        found["tail"] = tail(subject)
    found["output"] = None
    with contextlib.suppress(Exception):
        [only] = subject.outputs
        found["output"] = _shape(only)
    found["trainable"] = None
    if subject.built:
        found["trainable"] = sum(int(np.prod(w.shape)) for w in subject.trainable_weights)
    return found
