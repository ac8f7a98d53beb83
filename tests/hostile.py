"""Plain data of right work, changed as a hostile sandbox might change them."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, -(10**400), 0.0, -0.5, 1e308),
    *(math.nan, math.inf, -math.inf, "", "x", "x" * 3000, "?\n\x1b[31m", "mixed_float16"),
    *([], {}, [[]], [None], [0] * 2000, {"kind": "dict"}, {"class_name": "Lambda"}, (), (1, 2)),
    *(np.zeros(0), np.zeros((0, 3), "float32"), np.zeros((0, 2**40), "int8"), np.array(math.nan)),
    *(np.array(2**64 - 1, "uint64"), np.ones(3, "bool"), np.full((4, 3), math.inf, "float16")),
    *(np.zeros((1,) * 32), np.arange(5000), np.zeros((2, 2), "uint8")),
]
DTYPES = ["float16", "float32", "float64", "int8", "int64", "uint64", "bool"]


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Lists the ways to all parts of plain data."""
    found = [path]
    if isinstance(node, dict):
        for key, item in node.items():
            found += _places(item, (*path, key))
    elif isinstance(node, list | tuple):
        for index, item in enumerate(node[:20]):
            found += _places(item, (*path, index))
    return found


def _changed(draw: Any, value: Any) -> Any:
    """Draws what stands in the place of a value."""
    ways = ["another"]
    if isinstance(value, np.ndarray):
        ways += ["dtype", "fill", "shorter", "axis", "flat", "scaled"]
    if isinstance(value, list | tuple | str):
        ways += ["empty", "shorter", "twice"]
    if isinstance(value, dict):
        ways += ["empty", "without", "more"]
    if isinstance(value, int | float) and not isinstance(value, bool):
        ways += ["near", "text", "other type"]
    way = draw(st.sampled_from(ways))
    with np.errstate(all="ignore"):
        if way == "dtype":
            return value.astype(draw(st.sampled_from(DTYPES)))
        if way == "fill":
            return np.full_like(value, draw(st.sampled_from([0, 1])))
        if way == "scaled":
            return value * value.dtype.type(draw(st.sampled_from([0, 1, 2, 100])))
        if way == "axis":
            return value[None]
        if way == "flat":
            return value.reshape(-1)
        if way == "empty":
            return type(value)()
        if way == "shorter":
            return value if isinstance(value, np.ndarray) and not value.ndim else value[:-1]
        if way == "twice":
            return value * 2
        if way == "without" and value:
            left_out = draw(st.sampled_from(sorted(value)))
            return {key: item for key, item in value.items() if key != left_out}
        if way == "more":
            return {**value, "more": value}
        if way == "near":
            step = draw(st.sampled_from([-1, 1, 1e-6, 1000]))
            return value + (step if _fits(value) else 1)
        if way == "text":
            return str(value)
        if way == "other type":
            if isinstance(value, float) and math.isfinite(value):
                return int(value)
            return float(value) if _fits(value) else str(value)
    return draw(st.sampled_from(VALUES))


def _fits(value: Any) -> bool:
    """Returns whether a number is no integer that is too large for a float."""
    return not isinstance(value, int) or abs(value) < 2**1000


@st.composite
def mutants(draw: Any, right: Any) -> Any:
    """Draws plain data with one to three parts changed.

    Args:
        draw: Given by Hypothesis.
        right: Plain data of right work; it stays as it is.
    """
    # Arrays may be shared: none is changed in place.
    found = copy.deepcopy(right)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(found)))
        found = _with(draw, found, path)
    return found


def _with(draw: Any, node: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return _changed(draw, node)
    first, *rest = path
    inner = _with(draw, node[first], tuple(rest))
    if isinstance(node, dict):
        return {**node, first: inner}
    return type(node)([*node[:first], inner, *node[first + 1 :]])
