"""What a sandbox reports of a script, parsed into facts: here its claims get types."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from graders.diagnosis.facts import Compiled, Facts, Fit, Held, Input, Layer, Monitor, Trained
from graders.rebuilt.allowlist import TENSORFLOW_NAMES
from graders.rebuilt.snapshot import Snapshot

MOST_LAYERS, MOST_ROWS, MOST_EPOCHS = 400, 20, 2000
NAME, TEXT = 80, 300


@dataclasses.dataclass(frozen=True)
class Note:
    """What was translated or replaced so that the script runs.

    Attributes:
        kind: String.
        old: String, what the script has.
        new: String, what was put in its place.
        line: Integer.
    """

    kind: str
    old: str
    new: str
    line: int


@dataclasses.dataclass(frozen=True)
class Raised:
    """What ended a script.

    Attributes:
        kind: String, see `graders.boundary.names.Kind`.
        type: String, the error's class.
        message: String.
        line: Integer.
        missing: String, a module that is not there.
        path: String, a file that is not there.
    """

    kind: str
    type: str
    message: str
    line: int
    missing: str
    path: str


@dataclasses.dataclass(frozen=True)
class Point:
    """One point that a script reached.

    Attributes:
        at: String, `"fit"`, `"trained"`, `"ended"` or `"running"`.
        notes: Tuple of `Note`.
        facts: `Facts` before a training; `None` otherwise.
        snapshot: `Snapshot` of its model; `None` if it cannot be rebuilt.
        refused: String, why there is none.
        trained: `Trained`; `None` if nothing was.
        raised: `Raised`; `None` if the script came to its end.
        line: Integer, the line that runs, where it is still running.
        evaluated: Float, the loss of the last trained model on data that it was not trained on;
            `None` if there is none.
        number: Integer, which of the trainings that began `trained` is about, from 0.
        met: Tuple of pairs: the line of a `fit`, and the share of what its model was tested on that
            an earlier fit of this line had trained it on.
    """

    at: str
    notes: tuple[Note, ...]
    facts: Facts | None = None
    snapshot: Snapshot | None = None
    refused: str = ""
    trained: Trained | None = None
    raised: Raised | None = None
    line: int = 0
    evaluated: float | None = None
    number: int = 0
    met: tuple[tuple[int, float], ...] = ()


def point(claim: Any) -> Point:
    """Parses what a sandbox reports.

    Args:
        claim: Plain data.

    Raises:
        ValueError: If it is nothing of the kind.
    """
    claim = _dict(claim)
    at = claim.get("at")
    if at not in ("fit", "trained", "ended", "running"):
        raise ValueError("no point of a script")
    notes = tuple(_note(item) for item in _list(claim.get("notes"), 100))
    facts = snapshot = None
    refused = ""
    told = claim.get("fit") if at == "fit" else claim.get("built")
    if told is not None:
        facts, snapshot, refused = _facts(_dict(told))
    trained = _trained(claim["trained"]) if claim.get("trained") is not None else None
    raised = _raised(claim["error"]) if claim.get("error") is not None else None
    line, loss = _count(claim.get("line", 0)), claim.get("evaluated")
    evaluated = _float(loss) if loss is not None else None
    number = _count(claim.get("number", 0))
    pairs = [_list(pair, 2) for pair in _list(claim.get("met", ()), 1000)]
    met = tuple((_count(line), _finite_float(share)) for line, share in pairs)
    return Point(at, notes, facts, snapshot, refused, trained, raised, line, evaluated, number, met)


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} in place of dict")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) > most:
        raise ValueError("no list, or one that is too long")
    return list(value)


def _text(value: Any, most: int = NAME) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value[:most]


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("no count")
    return value


def _float(value: Any) -> float:
    if type(value) not in (int, float) or (type(value) is int and abs(value) >= 2**53):
        raise ValueError("no number")
    return float(value)


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if value is None:
        return None
    return tuple(None if side is None else _count(side) for side in _list(value, 10))


def _note(claim: Any) -> Note:
    claim = _dict(claim)
    kind, old, new = (_text(claim.get(key), TEXT) for key in ("kind", "old", "new"))
    return Note(kind, old, new, _count(claim.get("line")))


def _raised(claim: Any) -> Raised:
    claim = _dict(claim)
    message = _text(claim.get("message", ""), 2000)
    line = claim.get("line")
    return Raised(
        _text(claim.get("kind")),
        _text(claim.get("type")),
        message,
        _count(line) if line is not None else 0,
        _text(claim.get("missing", ""), TEXT),
        _text(claim.get("path", ""), TEXT),
    )


def _facts(told: dict[str, Any]) -> tuple[Facts, Snapshot | None, str]:
    model = _dict(told.get("model"))
    layers = tuple(_layer(item) for item in _list(model.get("layers"), MOST_LAYERS))
    by_name = {layer.name: layer for layer in layers}
    tail = [by_name.get(_text(name)) for name in _list(model.get("tail"), 20)]
    refused = _text(model.get("refused", ""))
    if not tail and layers:
        tail = [*reversed(layers[-4:])]
    snapshot = Snapshot.from_claim(model["snapshot"]) if model.get("snapshot") else None
    given, trainable = told.get("compiled"), model.get("trainable")
    inputs = _dict(told.get("x", {}))
    labels = told.get("y")
    facts = Facts(
        layers=layers,
        tail=tuple(layer for layer in tail if layer is not None),
        compiled=_compiled(_dict(given)) if given is not None else None,
        inputs=tuple(_input(_text(name), part) for name, part in list(inputs.items())[:10]),
        labels=_input("y", labels) if labels is not None else None,
        fit=_fit(told),
        output=_shape(model.get("output")),
        trainable=_count(trainable) if trainable is not None else None,
        held=_held(_dict(told["held"])) if told.get("held") is not None else None,
    )
    return facts, snapshot, refused


def _layer(claim: Any) -> Layer:
    claim = _dict(claim)
    readers = claim.get("readers")
    config: Mapping[str, Any] = {
        _text(key): _setting(value) for key, value in list(_dict(claim.get("config")).items())[:40]
    }
    return Layer(
        _text(claim.get("name")),
        _text(claim.get("kind")),
        TENSORFLOW_NAMES.get(activation := _text(claim.get("activation")), activation),
        _count(claim.get("line")),
        _count(claim.get("parameters")),
        claim.get("trainable") is True,
        config,
        _shape(claim.get("input")),
        _shape(claim.get("output")),
        _text(claim.get("inner", "")),
        tuple(_text(name) for name in _list(readers, 20)) if readers is not None else None,
    )


def _setting(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if isinstance(value, int) and abs(value) < 2**53 else _float(value)
    if isinstance(value, str):
        return value[:NAME]
    return tuple(_setting(part) for part in _list(value, 8))


# Keras's short names, and older ones.
ALIASES = {
    "bce": "binary_crossentropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}


def snake(name: str) -> str:
    """Returns a name in snake case, in Keras's long form."""
    if name.lower() in ALIASES:
        return ALIASES[name.lower()]
    if name.islower():
        return name
    found = "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))
    return ALIASES.get(found, found)


def _compiled(claim: dict[str, Any]) -> Compiled:
    rate, right, wrong = (claim.get(key) for key in ("rate", "of_right", "of_wrong"))
    metrics = [_dict(item) for item in _list(claim.get("metrics"), 20)]
    return Compiled(
        loss=snake(_text(claim.get("loss"))),
        from_logits=claim.get("from_logits") is True,
        optimizer=_text(claim.get("optimizer")),
        rate=_float(rate) if rate is not None else None,
        momentum=_float(claim.get("momentum", 0.0)),
        metrics=tuple(snake(_text(item.get("name"))) for item in metrics),
        line=_count(claim.get("line")),
        loss_line=_count(claim.get("loss_line")),
        optimizer_line=_count(claim.get("optimizer_line")),
        own_loss=claim.get("own_loss") is True,
        losses=tuple(snake(_text(name)) for name in _list(claim.get("losses", ()), 20)),
        of_right=_finite_float(right) if right is not None else None,
        of_wrong=_finite_float(wrong) if wrong is not None else None,
    )


def _input(name: str, claim: Any) -> Input:
    claim = _dict(claim)
    shape = tuple(_count(side) for side in _list(claim.get("shape"), 10))
    figures = [_float(f) for f in _list(claim.get("figures", (0.0, 0.0, 0.0, 0.0)), 4)]
    if len(figures) != 4:
        raise ValueError("no figures of an array")
    sample = claim.get("sample")
    if sample is not None and not isinstance(sample, np.ndarray):
        raise ValueError("no sample")
    values = claim.get("values")
    pairs = [_list(pair, 2) for pair in _list(values, 300)] if values is not None else []
    return Input(
        name,
        _text(claim.get("dtype")),
        shape,
        *_finite(figures),
        missing=_count(claim.get("missing", 0)),
        sample=sample,
        values=tuple((_float(value), _count(count)) for value, count in pairs),
    )


def _finite(figures: list[float]) -> tuple[float, float, float, float]:
    low, high, mean, spread = (f if math.isfinite(f) else 0.0 for f in figures)
    return low, high, mean, spread


def _fit(told: dict[str, Any]) -> Fit:
    batch, steps = told.get("batch"), told.get("steps")
    return Fit(
        _text(told.get("how")),
        _count(told.get("line")),
        max(0, _count(told.get("epochs", 0))),
        _count(batch) if batch is not None else None,
        _count(steps) if steps is not None else None,
        _text(told.get("validation", "none")),
        tuple(_text(name) for name in _list(told.get("callbacks", ()), 20)),
        min(1.0, max(0.0, _finite_float(told.get("split", 0.0)))),
        told.get("again") is True,
        tuple(_monitor(item) for item in _list(told.get("watching", ()), 20)),
        class_weight=tuple(
            (_count(label), _finite_float(weight))
            for label, weight in (_list(pair, 2) for pair in _list(told.get("weights", ()), 1000))
        ),
        own_step=_count(told.get("own_step", 0)),
        stale=tuple(_text(path) for path in _list(told.get("stale", ()), 20)),
        batched=told.get("batched") is True,
    )


def _monitor(claim: Any) -> Monitor:
    claim = _dict(claim)
    kind, monitor, mode = (_text(claim.get(key)) for key in ("kind", "monitor", "mode"))
    return Monitor(kind, monitor, mode, _count(claim.get("line", 0)))


def _finite_float(value: Any) -> float:
    found = _float(value)
    if not math.isfinite(found):
        raise ValueError("no finite number")
    return found


def _held(told: dict[str, Any]) -> Held:
    rows = _count(told.get("rows", 0))
    return Held(
        tuple(_input(_text(name), part) for name, part in list(_dict(told.get("x")).items())[:10]),
        _input("y", told.get("y")),
        rows,
        min(rows, _count(told.get("twins", 0))),
        min(1.0, max(0.0, _finite_float(told.get("repeated", 0.0)))),
    )


def _trained(claim: Any) -> Trained:
    claim = _dict(claim)
    weights = claim.get("weights")
    if weights is not None:
        weights = tuple(_list(weights, 10_000))
        if not all(isinstance(part, np.ndarray) for part in weights):
            raise ValueError("no weights")
    rows = {
        _text(name): tuple(_float(value) for value in _list(row, MOST_EPOCHS))
        for name, row in list(_dict(claim.get("history")).items())[:MOST_ROWS]
    }
    return Trained(
        rows,
        _count(claim.get("epochs")),
        _count(claim.get("steps")),
        claim.get("cut") is True,
        weights,
        _float(rate) if (rate := claim.get("rate")) is not None else None,
        tuple(_text(path) for path in _list(claim.get("unreached", ()), MOST_LAYERS)),
        moved=moved if isinstance(moved := claim.get("moved"), bool) else None,
        inactive=tuple(_text(name) for name in _list(claim.get("inactive", ()), 20)),
    )
