"""A layer that computes activation(x @ w + b), in NumPy: values, training, known mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from graders.toolkit.closed_forms import softmax

Arrays = dict[str, np.ndarray]
Function = Callable[[np.ndarray], np.ndarray]


def draw(rng: np.random.Generator, units: int, *shape: int, dtype: str = "float32") -> Arrays:
    """Draws an input `x`, and weights `w` and `b` that fit it.

    Args:
        rng: NumPy generator.
        units: Integer.
        *shape: Integers, the shape of the input.
        dtype: String.
    """
    return {
        "x": rng.normal(size=shape).astype(dtype),
        "w": rng.normal(size=(shape[-1], units)).astype(dtype),
        "b": rng.normal(size=units).astype(dtype),
    }


def small(units: int, *shape: int) -> Arrays:
    """Returns an input and weights of few small numbers that tell terms and signs apart.

    Args:
        units: Integer.
        *shape: Integers, the shape of the input, with at most four features.
    """
    x = np.arange(1, 1 + np.prod(shape), dtype="float32").reshape(shape)
    column = np.array([1, -2, 1, -1][: shape[-1]], "float32")
    w = np.stack([column * (-1) ** unit for unit in range(units)], axis=1)
    return {"x": x, "w": w, "b": np.arange(1, 1 + units, dtype="float32")}


def linear(given: Arrays) -> np.ndarray:
    """Returns x @ w + b in float64."""
    x, w, b = (given[name].astype("float64") for name in ("x", "w", "b"))
    return x @ w + b


def gradients(given: Arrays, upstream: np.ndarray) -> Arrays:
    """Returns the gradients of `sum(upstream * (x @ w + b))` with respect to w, b and x."""
    return {
        "w": given["x"].T @ upstream,
        "b": upstream.sum(axis=0),
        "x": upstream @ given["w"].T,
    }


def descend(start: Arrays, x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> Arrays:
    """Trains tanh(x @ w1 + b1) @ w2 + b2 on the mean squared error by gradient descent.

    Args:
        start: Dict of arrays, `w1`, `b1`, `w2` and `b2`.
        x: Array, the input.
        y: Array, the targets.
        rate: Float, the learning rate.
        steps: Integer.

    Returns:
        Dict of float64 arrays, with the same keys as `start`.
    """
    w1, b1, w2, b2 = (start[name].astype("float64") for name in ("w1", "b1", "w2", "b2"))
    x, y = x.astype("float64"), y.astype("float64")
    for _ in range(steps):
        h = np.tanh(x @ w1 + b1)
        out = 2 * (h @ w2 + b2 - y) / y.size
        inner = (out @ w2.T) * (1 - h**2)
        w1, b1 = w1 - rate * x.T @ inner, b1 - rate * inner.sum(axis=0)
        w2, b2 = w2 - rate * h.T @ out, b2 - rate * out.sum(axis=0)
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2}


# By the names that `graders.sandbox.objects.activation` knows: the words, and the closed form.
ACTIVATIONS: Mapping[str, tuple[str, Function]] = {
    "relu": ('the name "relu"', lambda z: np.maximum(z, 0)),
    "tanh": ('the name "tanh"', np.tanh),
    "softmax": ('the name "softmax"', softmax),
    "function:softplus": (
        "the function keras.activations.softplus",
        lambda z: np.logaddexp(0, z),
    ),
    "function:own": ("a function of the grader's own", lambda z: z * z + 1),
}


def activated(activation: str | None, z: np.ndarray) -> np.ndarray:
    """Applies one of `ACTIVATIONS`; none for `None`."""
    return z if activation is None else ACTIVATIONS[activation][1](z)


# Without an activation: what it gives in place of z = x @ w + b, and where to look.
MISTAKES: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], str]] = {
    "x @ w, without b": (lambda z, b: z - b, "Look at call: add self.b"),
    "x @ w - b": (lambda z, b: z - 2 * b, "Look at the sign of b in call"),
    "relu(x @ w + b) although activation is None": (
        lambda z, b: np.maximum(z, 0),
        "Look at __init__ and call: None means that nothing is applied",
    ),
}


def misapplied(function: Function, z: np.ndarray, b: np.ndarray) -> Arrays:
    """Returns the values that known mistakes with an activation give, by their words.

    Args:
        function: Function that the activation is.
        z: Array, x @ w + b.
        b: Array.
    """
    return {
        "x @ w + b, to which no activation was applied": z,
        "activation(x @ w) + b: b is added after the activation": function(z - b) + b,
        "an activation that was applied twice": function(function(z)),
    }
