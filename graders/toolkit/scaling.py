"""Whether the data reach a model's first weights at the size that they were given in.

Who divides images by 255 that are in [0, 1] already leaves next to nothing of them. Everything that
goes wrong then looks like something else: too few epochs, too strong a penalty.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.rebuilt.claims import Fingerprint, Run
from graders.toolkit import graph
from graders.toolkit.perturbations import received

# A pooling or a mean over steps makes values a few times smaller; a second division by 255 more.
TIMES = 50.0
# What multiplies or divides by a number.
SCALING = ("Rescaling", "Divide", "TrueDivide", "Multiply", "Normalization")


def _largest(x: Any) -> float:
    arrays = list(x.values()) if isinstance(x, dict) else [x]
    return max(float(np.abs(array).max(initial=0)) for array in arrays)


def _first_layers(model: Any) -> list[Any]:
    """Returns the layers with a kernel that no other one comes before."""
    found = graph.nodes(model)
    behind: set[int] = set()
    for node in found:
        if any(id(parent) in behind or graph.has_kernel(parent) for parent in node.parents):
            behind.add(id(node))
    return graph.layers_where(found, lambda n: graph.has_kernel(n) and id(n) not in behind)


def scaled_away(model: Any, x: Any) -> str:
    """Tells what to look at if a model makes its data far smaller before it looks at them.

    Args:
        model: A rebuilt Keras model.
        x: Some inputs: an array, or a dict of arrays.

    Returns:
        String, an advice for a message; empty if the data arrive, or nobody can tell.
    """
    # It explains what another check found: whatever goes wrong here is no fault of its own.
    with contextlib.suppress(Exception):
        given = _largest(x)
        arriving = min(_largest(received(model, layer, x)) for layer in _first_layers(model))
        if 0 < TIMES * arriving <= given:
            return (
                f"Look at what stands before the first layer with weights: the data have values up "
                f"to {given:.3g}, and only values up to {arriving:.3g} reach it. "
                + (
                    "They are in [0, 1] already: leave out the Rescaling, or the division by 255"
                    if given <= 1
                    else "Leave out what makes them smaller"
                )
            )
    return ""


def scaled_by(model: Any) -> Any:
    """Returns the first call before the weights that may have made the data smaller.

    Args:
        model: A rebuilt Keras model.

    Returns:
        `graph.Node`; `None` if there is none.
    """
    for node in graph.nodes(model):
        if graph.has_kernel(node):
            return None
        if node.kind in SCALING:
            return node
    return None


def other_values(runs: Sequence[Run], train: tuple[np.ndarray, np.ndarray]) -> tuple[str, str]:
    """Tells by what number a function multiplied the inputs of its fits, if that is what it did.

    Args:
        runs: Sequence of `Run`.
        train: Pair of arrays, the training data that the function was given.

    Returns:
        A pair of strings for a message: what was found, and what to look at. Empty if the fits got
        the inputs as they are, or nobody can tell.
    """
    given = Fingerprint.of(train)
    for run in runs:
        for fit in run.fits:
            data = fit.data
            if data is None or (data.examples, data.labels) != (given.examples, given.labels):
                continue
            factor = data.inputs / given.inputs if given.inputs else 1.0
            if factor > 0 and not 0.5 < factor < 2:
                how = (
                    f"{1 / factor:.3g} times smaller"
                    if factor < 1
                    else f"{factor:.3g} times larger"
                )
                return (
                    f"a fit on inputs {how} {run.label}",
                    "The data are in [0, 1] already, and are judged as they are: leave the second "
                    "scaling out, or make what they need a layer of the model",
                )
    return "", ""
