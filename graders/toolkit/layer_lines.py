"""Lines to paste that show a fault of a student's layer with weights w and b."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.toolkit import reproductions as paste
from graders.toolkit.dense_layers import Arrays, activated, gradients, linear, small
from graders.toolkit.layer_probes import Layers

# Shapes of inputs with two axes, smallest first.
SMALL = [(1, 1), (1, 2), (2, 2)]


def typed(value: Any) -> str:
    """Returns an argument as a student would type it."""
    if not isinstance(value, str):
        return repr(value)
    if value.startswith("function:"):
        return f"keras.activations.{value.removeprefix('function:')}"
    return json.dumps(value)


def in_code(activation: str | None) -> str:
    """Returns an activation, as `graders.sandbox.objects.activation` takes it, in Python."""
    return "lambda z: z * z + 1" if activation == "function:own" else typed(activation)


def called(call: str, features: int = 5) -> str:
    """Returns statements that make a layer, and call it.

    Args:
        call: String, what makes the layer.
        features: Integer, how many features the input has.
    """
    return f"layer = {call}; y = layer(np.ones((2, {features}), 'float32'))"


def set_up(call: str, given: Arrays) -> str:
    """Returns statements that make a layer with the grader's weights, and its input.

    Args:
        call: String, what makes the layer.
        given: Dict of arrays, `x`, `w` and `b`.
    """
    x, w, b = (paste.rounded(given[name]) for name in "xwb")
    kind = str(given["x"].dtype)
    return (
        f"layer = {call}; x = np.array({x}, '{kind}'); y = layer(x); _ = layer.w.assign({w}); "
        f"_ = layer.b.assign({b})"
    )


@paste.tried
def of_values(
    layers: Layers,
    shapes: Sequence[tuple[int, ...]] = SMALL,
    units: int = 1,
    activation: str | None = None,
    options: dict[str, Any] | None = None,
) -> str:
    """Returns lines on the smallest of some inputs that shows a wrong output; empty if none does.

    Args:
        layers: `Layers`.
        shapes: Sequence of tuples, the shapes of inputs, smallest first.
        units: Integer.
        activation: String, as `graders.sandbox.objects.activation` takes it.
        options: Dict, further arguments.
    """
    given = [small(units, *shape) for shape in shapes]
    # Where x @ w + b is negative, another activation shows itself than where it is positive.
    given += [{**few, "w": -few["w"]} for few in given]
    options = options or {}
    arguments = [str(units)] + [f"activation={in_code(activation)}"] * (activation is not None)
    arguments += [f"{key}={value!r}" for key, value in options.items()]
    call = f"{layers.name}({', '.join(arguments)})"
    for few in given:
        found = layers.computed(units=units, given=few, activation=activation, options=options)
        wanted, came = (paste.rounded(y) for y in (activated(activation, linear(few)), found.y))
        if paste.differ(wanted, came):
            shown = paste.values("layer(x)")
            return paste.lines(layers.name, set_up(call, few), wanted, shown, came)
    return ""


@paste.tried
def of_gradient(layers: Layers, name: str) -> str:
    """Returns lines on the gradient of the outputs' sum; empty if they do not show the fault.

    Args:
        layers: `Layers`.
        name: String, `"w"`, `"b"` or `"x"`: with respect to what.
    """
    given = small(1, 1, 2)
    ones = np.ones((len(given["x"]), given["w"].shape[1]), "float32")
    found = layers.gradients(units=1, given=given, upstream=ones)
    wanted = paste.rounded(gradients(given, ones)[name])
    gradient = getattr(found, name)
    came = None if gradient is None else paste.rounded(gradient)
    if came is not None and not paste.differ(wanted, came):
        return ""
    taped = paste.taped("x", "layer(x)", "x" if name == "x" else f"layer.{name}.value")
    setup = f"{set_up(f'{layers.name}(1)', given)}; {taped}"
    return paste.lines(layers.name, setup, wanted, paste.unless_none("g.numpy().tolist()"), came)


@paste.tried
def of_copy(layers: Layers, activation: str | None) -> str:
    """Returns lines on a copy that computes something else; empty if they do not show it.

    Args:
        layers: `Layers`.
        activation: String, as `graders.sandbox.objects.activation` takes it.
    """
    for sign in (1, -1):
        given = small(1, 1, 2)
        given["w"] = sign * given["w"]
        asked: dict[str, Any] = {"options": {}, "shown": f"{layers.name}(1)"}
        found = layers.copied(False, units=1, given=given, activation=activation, **asked)
        wanted = paste.rounded(activated(activation, linear(given)))
        came = paste.rounded(found.by_config.y)
        if paste.differ(wanted, came):
            call = f"{layers.name}(1, activation={in_code(activation)})"
            setup = set_up(f"{layers.name}.from_config({call}.get_config())", given)
            return paste.lines(layers.name, setup, wanted, paste.values("layer(x)"), came)
    return ""
