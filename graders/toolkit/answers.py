"""What a probe answers, read into a dataclass: the types are checked here, and nowhere else.

An answer comes from beside the student's code. One that does not fit is the submission's fault.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")

# What counts, sizes and lengths stay below.
LARGEST = 2**53
# How long a tuple may be.
MOST = 1000


def read(kind: type[T], answer: Any) -> T:
    """Reads a probe's answer.

    Args:
        kind: A dataclass. Its fields are bool, int, float, str, arrays, `Any`, tuples of one of
            these (`tuple[int, ...]`), other dataclasses, or one of these or `None`.
        answer: What the probe returned: a dict with these fields. Further keys are left alone.

    Returns:
        An object of that class.

    Raises:
        ValueError: If the answer does not fit.
    """
    return typing.cast(T, _read(kind, answer, kind.__name__))


def _read(hint: Any, value: Any, where: str) -> Any:
    inner = typing.get_args(hint)
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        table = _exactly(dict, value, where)
        hints = typing.get_type_hints(hint)
        if missing := [key for key in hints if key not in table]:
            raise ValueError(f"nothing ({where}.{missing[0]})")
        found = {key: _read(part, table[key], f"{where}.{key}") for key, part in hints.items()}
        return typing.cast(Any, hint)(**found)
    if isinstance(hint, types.UnionType):
        [other] = [part for part in inner if part is not type(None)]
        return None if value is None else _read(other, value, where)
    if typing.get_origin(hint) is tuple:
        items = value if isinstance(value, tuple) else _exactly(list, value, where)
        if len(items) > MOST:
            raise ValueError(f"a list of {len(items)} values ({where})")
        return tuple(_read(inner[0], item, where) for item in items)
    if hint is float and type(value) is int:
        return float(_read(int, value, where))
    found = _exactly(hint, value, where)
    if hint is int and abs(found) > LARGEST:
        raise ValueError(f"a number that is far too large ({where})")
    return found


def _exactly(kind: type, value: Any, where: str) -> Any:
    # True is an int for Python, and no count.
    if type(value) is not kind:
        raise ValueError(f"{type(value).__name__} in place of {kind.__name__} ({where})")
    return value
