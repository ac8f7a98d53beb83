"""The layers and operations of a model, in an order that a live and a rebuilt one share.

Keras is not imported here. A model is what has layers, and a graph if it has a `_functional`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# A model within a model, and so on; and how many layers are listed.
DEEPEST, MOST = 20, 5000


def operations(model: Any) -> list[Any]:
    """Lists the layers and operations of a model, and those of the models within it.

    Args:
        model: A built Keras model, live or rebuilt.
    """
    found: list[Any] = []
    for part in _parts(model, 0):
        if len(found) == MOST:
            break
        found.append(part)
    return found


def _parts(model: Any, depth: int) -> Iterator[Any]:
    graph = getattr(model, "_functional", None) or model
    for part in getattr(graph, "operations", None) or model.layers:
        yield part
        if depth < DEEPEST and hasattr(part, "layers") and hasattr(part, "inputs"):
            yield from _parts(part, depth + 1)
