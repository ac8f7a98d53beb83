"""Facts of a model from a script's text alone, where the script cannot run as far as its training.

Only what stands there as plain values is read: a stack of layers, and one call of `compile`. What
cannot be read is left open, so that no rule speaks of it.
"""

from __future__ import annotations

import ast
from typing import Any

from graders.diagnosis.claims import snake
from graders.diagnosis.facts import (
    ACTIVATION_LAYERS,
    CONVOLUTIONS,
    RECURRENT,
    Compiled,
    Facts,
    Fit,
    Layer,
    in_a_row,
)
from graders.toolkit.learning_rates import usual_rate

UNKNOWN = "?"
WITH_UNITS = ("Dense", *CONVOLUTIONS, *RECURRENT)
LAYERS = frozenset(
    [
        *WITH_UNITS,
        *ACTIVATION_LAYERS,
        *("Activation", "Dropout", "Flatten", "BatchNormalization", "Embedding", "Rescaling"),
        *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling2D", "Reshape"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "Masking"),
        *("GlobalMaxPooling2D", "LayerNormalization", "Normalization", "SpatialDropout1D"),
    ]
)
MODELS = ("Sequential", "Model")
OLD = {"Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "MaxPool2D": "MaxPooling2D"}
RATES = ("learning_rate", "lr")
OPTIMIZERS = {
    name.lower(): name
    for name in ("SGD", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta")
}


def facts_in(source: str) -> Facts | None:
    """Reads the facts of the one model in a script.

    Args:
        source: String, the script's text.

    Returns:
        `Facts` without data; `None` if there is no such model, or more than one.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))
    compiles = [call for call in calls if _name(call.func) == "compile" and _compiles(call)]
    models = [call for call in calls if _name(call.func) in MODELS]
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]
    if len(compiles) != 1 or len(models) != 1:
        return None
    known = _assigned(tree)
    layers = [
        _layer(call, index, known)
        for index, call in enumerate(calls)
        if OLD.get(_name(call.func), _name(call.func)) in LAYERS
    ]
    # A layer that a loop makes may be there several times: its number is not told by the text.
    looped = {id(call) for loop in loops for call in ast.walk(loop) if isinstance(call, ast.Call)}
    if not layers or any(id(call) in looped for call in compiles):
        return None
    if _name(models[0].func) == "Sequential":
        layers = in_a_row(layers)
    tail: list[Layer] = []
    for layer in reversed(layers):
        tail.append(layer)
        if layer.has_kernel:
            break
    return Facts(
        layers=tuple(layers),
        tail=tuple(tail),
        compiled=_compiled(compiles[0], known),
        fit=Fit(how="text"),
    )


def _compiles(call: ast.Call) -> bool:
    """Returns whether a call of that name is a model's: a pattern's has one argument."""
    return bool(call.keywords) or len(call.args) > 1


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _assigned(tree: ast.AST) -> dict[str, ast.expr]:
    """Returns what each name is given, of names that are given something once."""
    found: dict[str, ast.expr] = {}
    twice: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            twice |= {name} & set(found)
            found[name] = node.value
    return {name: value for name, value in found.items() if name not in twice}


def _argument(call: ast.Call, name: str, at: int | None = None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[at] if at is not None and at < len(call.args) else None


def _value(node: ast.expr | None, known: dict[str, ast.expr], depth: int = 0) -> Any:
    """Returns a plain value; `UNKNOWN` for everything else that is there, `None` for nothing."""
    if node is None:
        return None
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in known and depth < 5:
        return _value(known[node.id], known, depth + 1)
    if isinstance(node, ast.Attribute):
        # An activation of TensorFlow's or of keras.activations.
        return node.attr
    return UNKNOWN


def _layer(call: ast.Call, index: int, known: dict[str, ast.expr]) -> Layer:
    kind = OLD.get(_name(call.func), _name(call.func))
    activation = {"Dense": 1, "Activation": 0}.get(kind)
    given = _value(_argument(call, "activation", activation), known)
    config: dict[str, Any] = {}
    if kind in WITH_UNITS:
        names = ("filters", "nb_filter") if kind in CONVOLUTIONS else ("units", "output_dim")
        node = _argument(call, names[0], 0) or _argument(call, names[1])
        units = _value(node, known)
        config = {"units": units if isinstance(units, int) else None}
    if kind.endswith("Dropout"):
        rate = _value(_argument(call, "rate", 0), known)
        config = {"rate": rate if isinstance(rate, int | float) else 0}
    return Layer(
        f"{kind.lower()}_{index}",
        kind,
        "linear" if given is None else given if isinstance(given, str) else UNKNOWN,
        call.lineno,
        parameters=1 if kind in WITH_UNITS else 0,
        config=config,
    )


def _compiled(call: ast.Call, known: dict[str, ast.expr]) -> Compiled:
    loss = _argument(call, "loss", 1)
    if isinstance(loss, ast.Name):
        loss = known.get(loss.id, loss)
    logits = False
    if isinstance(loss, ast.Call):
        logits = bool(_value(_argument(loss, "from_logits"), known))
        name = _name(loss.func)
    else:
        found = _value(loss, known)
        name = found if isinstance(found, str) else UNKNOWN
    optimizer, rate, line = _optimizer(_argument(call, "optimizer", 0), known)
    own = isinstance(loss, ast.Name) or name == UNKNOWN
    return Compiled(
        loss=snake(name),
        from_logits=logits,
        optimizer=optimizer,
        rate=rate,
        line=call.lineno,
        optimizer_line=line,
        own_loss=own,
    )


def _optimizer(node: ast.expr | None, known: dict[str, ast.expr]) -> tuple[str, float | None, int]:
    if isinstance(node, ast.Name):
        node = known.get(node.id, node)
    if isinstance(node, ast.Call):
        name = _name(node.func)
        given = next((_argument(node, key) for key in RATES if _argument(node, key)), None)
        rate = _value(given if given is not None else _argument(node, "learning_rate", 0), known)
        usable = isinstance(rate, int | float) and not isinstance(rate, bool)
        return name, float(rate) if usable else None, node.lineno
    name = OPTIMIZERS.get(str(_value(node, known)).lower(), "")
    return name, usual_rate(name) if name else None, 0
