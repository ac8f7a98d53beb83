"""What a probe answers, read into a dataclass: the types are checked here, and nowhere else.

An answer comes from beside the student's code. One that does not fit is the submission's fault.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar

from graders.checking import fail

T = TypeVar("T")

# What counts, sizes and lengths stay below.
LARGEST = 2**53


def read(kind: type[T], answer: Any) -> T:
    """Reads a probe's answer.

    Args:
        kind: A dataclass. Its fields are bool, int, float, str, arrays, `Any`, tuples of one of
            these (`tuple[int, ...]`), other dataclasses, or one of these or `None`.
        answer: What the probe returned: a dict with these fields. Further keys are left alone.

    Returns:
        An object of that class.

    Raises:
        CheckFailed: If the answer does not fit.
    """
    try:
        return typing.cast(T, _read(kind, answer, kind.__name__))
    except ValueError as error:
        fail(
            "an answer that the grader can read when it looks at your work",
            str(error),
            "Look for code of yours that changes what Python or Keras does by itself (a property, "
            "`__getattribute__`, a function of Keras's that you set anew)",
        )


def _read(hint: Any, value: Any, where: str) -> Any:
    inner = typing.get_args(hint)
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        table = _exactly(dict, value, where)
        hints = typing.get_type_hints(hint)
        found = {key: _read(part, table.get(key), f"{where}.{key}") for key, part in hints.items()}
        return typing.cast(Any, hint)(**found)
    if isinstance(hint, types.UnionType):
        [other] = [part for part in inner if part is not type(None)]
        return None if value is None else _read(other, value, where)
    if typing.get_origin(hint) is tuple:
        items = value if isinstance(value, tuple) else _exactly(list, value, where)
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
