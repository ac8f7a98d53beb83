"""Facts of a training that the judge saw: of the rebuilt model, and of the data that it holds."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import numpy as np

from graders.diagnosis.claims import snake
from graders.diagnosis.facts import Compiled, Facts, Fit, Input, Layer, Trained
from graders.diagnosis.measuring import flat
from graders.diagnosis.rules.kinds import CROSSENTROPIES, DISTANCES, HINGES
from graders.rebuilt.cleaning import given_names
from graders.rebuilt.lines import line_of
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph
from graders.toolkit.losses import loss_of

# Rows of the data that rules look at, and values of labels that are told apart.
ROWS, VALUES = 400, 300
KERAS_LOSSES = (*CROSSENTROPIES, *DISTANCES, *HINGES, "poisson", "kl_divergence")
# What the rules look at of a layer's config.
WANTED = (
    *("units", "filters", "rate", "axis", "kernel_size", "scale", "offset", "return_sequences"),
    *("input_dim", "data_format"),
)


def facts_of(
    start: Snapshot, data: tuple[Any, np.ndarray], training: Any | None, batch: int | None = 32
) -> Facts:
    """Gathers the facts of a training.

    Args:
        start: `Snapshot` of the model as it was built.
        data: Pair `(x, y)`, what it is trained on.
        training: The judge's `Training`; `None` if the model was not trained.
        batch: Integer, the size of the batches; `None` if it is not known.

    Returns:
        `Facts`, the layers under the student's names.

    Raises:
        CheckFailed: If the model cannot be rebuilt.
    """
    model = start.model
    names = given_names(json.loads(start.config))
    ops = flat(model)
    readers = _readers(model, names)
    layers = tuple(_layer(op, names, tuple(readers.get(id(op), ()))) for op in ops)
    by_op = {id(op): layer for op, layer in zip(ops, layers, strict=True)}
    x, y = data
    parts = x if isinstance(x, dict) else {"x": x}
    rows = np.sort(np.random.default_rng(0).permutation(len(y))[:ROWS])
    end = training.after if training is not None and training.after.compiled else start
    return Facts(
        layers=layers,
        tail=_tail(model, by_op),
        compiled=_compiled(end, training),
        inputs=tuple(_input(name, part, rows) for name, part in parts.items()),
        labels=_input("y", y, rows),
        fit=_fit(end, training, len(y), batch),
        trained=_trained(training),
        output=tuple(model.outputs[0].shape),
        trainable=sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
    )


def _readers(model: Any, names: dict[str, str]) -> dict[int, list[str]]:
    """Returns the names of what reads each operation; an empty name is the end of the model."""
    found: dict[int, list[str]] = {}
    for node in graph.nodes(model):
        for parent in node.parents:
            found.setdefault(id(parent.op), []).append(names.get(node.op.name, node.op.name))
    for tensor in model.outputs:
        op = tensor._keras_history.operation
        while hasattr(op, "fit"):
            op = op.outputs[0]._keras_history.operation
        found.setdefault(id(op), []).append("")
    return found


def _layer(op: Any, names: dict[str, str], readers: tuple[str, ...]) -> Layer:
    config: dict[str, Any] = {}
    with contextlib.suppress(Exception):
        config = op.get_config()
    inner = getattr(op, "forward_layer", None) or getattr(op, "layer", None)
    if inner is not None:
        with contextlib.suppress(Exception):
            config = {**inner.get_config(), **config}
    bends = getattr(op, "activation", None) or getattr(inner, "activation", None)
    shapes: list[Any] = [None, None]
    for index, side in enumerate(("input", "output")):
        with contextlib.suppress(Exception):
            shapes[index] = tuple(getattr(op, side).shape)
    return Layer(
        names.get(op.name, op.name),
        type(op).__name__,
        getattr(bends, "__name__", "linear"),
        line_of(op) or 0,
        sum(int(np.prod(weight.shape)) for weight in getattr(op, "weights", None) or []),
        bool(getattr(op, "trainable_weights", None)),
        {key: _plain(config[key]) for key in WANTED if key in config},
        shapes[0],
        shapes[1],
        type(inner).__name__ if inner is not None else "",
        readers,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(value)
    return value if isinstance(value, bool | int | float | str | None) else None


def _tail(model: Any, by_op: dict[int, Layer]) -> tuple[Layer, ...]:
    """Returns the layers from the output back to the last one with weights."""
    found: list[Layer] = []
    node = graph.nodes(model)[-1] if len(model.outputs) == 1 else None
    while node is not None and id(node.op) in by_op:
        layer = by_op[id(node.op)]
        found.append(layer)
        if layer.parameters and "ormalization" not in layer.kind:
            break
        node = node.parents[0] if len(node.parents) == 1 else None
    return tuple(found)


def _compiled(end: Snapshot, training: Any | None) -> Compiled:
    loss, from_logits = loss_of(end)
    loss = snake(loss)
    optimizer = end.optimizer or {}
    rates = [fit.rate for fit in training.run.fits if fit.rate is not None] if training else []
    rate = rates[0] if rates else optimizer.get("learning_rate")
    settings = end.compile_config.get("optimizer")
    settings = settings.get("config") if isinstance(settings, dict) else None
    momentum = settings.get("momentum") if isinstance(settings, dict) else None
    lines = end.lines
    return Compiled(
        loss=loss,
        from_logits=from_logits,
        optimizer=str(optimizer.get("class_name", "")),
        rate=rate if isinstance(rate, float) and math.isfinite(rate) else None,
        momentum=momentum if isinstance(momentum, float) and 0 <= momentum < 1 else 0.0,
        line=lines.compiled or 0,
        loss_line=lines.loss or 0,
        optimizer_line=lines.optimizer or 0,
        own_loss=loss not in KERAS_LOSSES,
    )


def _input(name: str, array: np.ndarray, rows: np.ndarray) -> Input:
    numbers = np.asarray(array, "float64") if array.size < 2_000_000 else array
    values: tuple[tuple[float, int], ...] = ()
    if array.ndim <= 2:
        found, counts = np.unique(array, return_counts=True)
        if len(found) <= VALUES:
            values = tuple((float(v), int(c)) for v, c in zip(found, counts, strict=True))
    return Input(
        name,
        array.dtype.name,
        array.shape,
        float(numbers.min()),
        float(numbers.max()),
        float(numbers.mean(dtype="float64")),
        float(numbers.std(dtype="float64")),
        sample=array[rows],
        values=values,
    )


def _fit(end: Snapshot, training: Any | None, examples: int, batch: int | None) -> Fit:
    if training is None:
        return Fit(how="compile", line=end.lines.compiled or 0, epochs=0, batch=batch)
    fits = training.run.fits
    epochs = sum(fit.done for fit in fits)
    steps = sum(fit.steps for fit in fits) or _counted(training)
    if epochs and steps:
        # How large the batches were follows from how many of them made an epoch.
        batch = max(1, math.ceil(examples * epochs / steps))
    return Fit("fit", end.lines.fitted or 0, epochs, batch, validation="data")


def _counted(training: Any) -> int:
    """Returns the steps of a training as its optimizer counts them; 0 if that is not known."""
    before, after = (
        int((snapshot.optimizer or {}).get("iterations") or 0)
        for snapshot in (training.before, training.after)
    )
    # A model that was compiled again counts from 0.
    return after - before if after >= before else after


def _trained(training: Any | None) -> Trained | None:
    if training is None or not training.run.fits:
        return None
    rows = {key: tuple(row) for key, row in (training.history or {}).items() if row}
    steps = sum(fit.steps for fit in training.run.fits)
    return Trained(rows, training.run.done, steps, weights=tuple(training.after.weights))
