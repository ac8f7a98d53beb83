"""Where the layers of a model send what they give, with models within it laid open."""

from __future__ import annotations

from typing import Any


def of(model: Any) -> dict[int, list[str]] | None:
    """Returns what reads each layer or operation of a model.

    Args:
        model: A Keras model.

    Returns:
        Dict from the `id` of an operation to the names of those that read it, once for each time;
        an empty name stands for the end of the model. `None` if the model has no graph.
    """
    found: dict[int, list[str]] = {}
    if _graph(model) is None:
        return None
    _link(model, found)
    for tensor in model.outputs:
        found.setdefault(id(_source(tensor)), []).append("")
    return found


def _graph(model: Any) -> Any:
    """Returns the Functional model behind a model; `None` if there is none."""
    inner = getattr(model, "_functional", None) or model
    return inner if hasattr(inner, "_nodes_by_depth") and hasattr(inner, "outputs") else None


def _nodes(graph: Any) -> list[Any]:
    return [node for nodes in graph._nodes_by_depth.values() for node in nodes]


def _link(model: Any, found: dict[int, list[str]]) -> None:
    for node in _nodes(_graph(model)):
        inner = _graph(node.operation) if hasattr(node.operation, "fit") else None
        if inner is not None:
            _link(inner, found)
        for at, tensor in enumerate(node.input_tensors):
            readers = _readers(node.operation, at)
            found.setdefault(id(_source(tensor)), []).extend(readers)


def _source(tensor: Any) -> Any:
    """Returns the operation that gives a tensor."""
    op, _, at = tensor._keras_history
    while hasattr(op, "fit") and _graph(op) is not None:
        op, _, at = _graph(op).outputs[at]._keras_history
    return op


def _readers(op: Any, at: int) -> list[str]:
    """Returns the names of what reads an input of an operation: of a model, its first layers."""
    inner = _graph(op) if hasattr(op, "fit") else None
    if inner is None:
        return [str(getattr(op, "name", ""))[:80] or "?"]
    return [
        name
        for node in _nodes(inner)
        for place, tensor in enumerate(node.input_tensors)
        if tensor is inner.inputs[at]
        for name in _readers(node.operation, place)
    ]
