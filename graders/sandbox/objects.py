"""Instruments for a student's object: make it, call it, copy it, and bring it into plain data."""

from __future__ import annotations

import contextlib
import inspect
import json
import numbers
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from graders.boundary.names import Kind
from graders.sandbox.errors import WrongAnswer, is_todo, type_name

MAX_ITEMS, MAX_KEYS, MAX_NESTING = 1000, 100, 3


def plain(value: Any, depth: int = 0) -> Any:
    """Returns what a function of the submission returned as plain data.

    Args:
        value: Anything.
        depth: Integer, how deep it lies.

    Returns:
        `None`, bool, int, float, string, or list and dict of such; in place of anything else
        `{"kind": <the name of its type>}`.
    """
    import keras

    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, keras.DTypePolicy):
        return str(value.name)
    if isinstance(value, dict) and depth < MAX_NESTING:
        items = list(value.items())[:MAX_KEYS]
        return {str(key)[:100]: plain(item, depth + 1) for key, item in items}
    several = isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim)
    if several and depth < MAX_NESTING:
        return [plain(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
    if getattr(value, "shape", None) == () and hasattr(value, "numpy"):
        return plain(value.numpy().item(), depth)
    if isinstance(value, np.ndarray) and value.shape == ():
        return plain(value.item(), depth)
    return {"kind": type(value).__name__}


def make(made: Any, base: type, *args: Any, **options: Any) -> Any:
    """Makes an object of a class of the submission.

    Args:
        made: What the submission has under the class's name.
        base: Class of Keras's that it must inherit from.
        *args: Positional arguments.
        **options: Keyword arguments.

    Raises:
        WrongAnswer: If it is no such class, or does not take these arguments.
    """
    name = getattr(made, "__name__", type_name(made))
    kind = f"keras.{base.__module__.split('.')[2]}.{base.__name__}"
    if not (inspect.isclass(made) and issubclass(made, base)):
        raise WrongAnswer(Kind.BASE_CLASS, f"`{name}` is not a class that inherits from {kind}.")
    try:
        inspect.signature(made.__init__).bind(None, *args, **options)
    except TypeError as error:
        given = ", ".join([*map(repr, args), *(f"{key}={options[key]!r}" for key in options)])
        raise WrongAnswer(Kind.ARGUMENTS, f"`{name}({given})` fails: {error}.") from None
    found = made(*args, **options)
    if not isinstance(found, base):
        raise WrongAnswer(Kind.BASE_CLASS, f"`{name}` makes {type_name(found)}, not a {kind}.")
    return found


def result(value: Any, function: str) -> np.ndarray:
    """Returns a tensor that a method of the submission returned as an array.

    Args:
        value: What it returned.
        function: String, the method's name.

    Raises:
        WrongAnswer: If it is no tensor.
    """
    import keras

    if not (hasattr(value, "shape") and hasattr(value, "dtype")):
        raise WrongAnswer(Kind.NO_RESULT, f"`{function}` returned {type_name(value)}.")
    return np.asarray(keras.ops.convert_to_numpy(value))


def optional(value: Any) -> np.ndarray | None:
    """Returns a tensor as an array, `None` if there is none (a gradient that does not arrive)."""
    import keras

    return None if value is None else np.asarray(keras.ops.convert_to_numpy(value))


def copies(original: Any, saved: bool = True) -> tuple[dict[str, Any], list[Any]]:
    """Copies an object from its config and, if asked to, by saving and loading it as Keras does.

    Args:
        original: An object of a class of the submission.
        saved: Boolean, whether to send the config through JSON too; a function in it cannot travel.

    Returns:
        A pair: its config, and the list of copies.

    Raises:
        WrongAnswer: If one of these fails; the message tells which, and why.
        NotImplementedError: If `get_config` is not written yet.
    """
    import keras

    made = type(original)
    try:
        config = original.get_config()
    except NotImplementedError as error:
        if is_todo(error):
            raise
        raise WrongAnswer(
            Kind.NO_COPY, "no get_config of its own, and Keras cannot make one for a function"
        ) from None
    except Exception as error:
        raise WrongAnswer(Kind.NO_COPY, f"get_config raised {_line(error)}") from None
    if not isinstance(config, dict):
        raise WrongAnswer(Kind.NO_COPY, f"get_config returned {type_name(config)}, not a dict")
    try:
        found = [made.from_config(dict(config))]
    except Exception as error:
        if is_todo(error):
            raise
        raise WrongAnswer(
            Kind.NO_COPY, f"from_config(get_config()) raised {_line(error)}"
        ) from None
    if saved:
        # As model.save does: a config that only lives in memory is lost there.
        try:
            text = json.dumps(keras.saving.serialize_keras_object(original))
            known = {made.__name__: made}
            found.append(
                keras.saving.deserialize_keras_object(json.loads(text), custom_objects=known)
            )
        except Exception as error:
            raise WrongAnswer(
                Kind.NO_COPY, f"saving and loading it raised {_line(error)}"
            ) from None
    for copy in found:
        if not isinstance(copy, made):
            raise WrongAnswer(
                Kind.NO_COPY, f"from_config returned {type_name(copy)}, not a {made.__name__}"
            )
        if copy is original:
            raise WrongAnswer(
                Kind.NO_COPY, f"from_config returned the very same {made.__name__}, not a new one"
            )
    return config, found


def _line(error: Exception) -> str:
    text = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {text[:250]}"


def computed_by(call: Callable[[], Any], classes: Iterable[type]) -> list[str]:
    """Finds out whether a call runs the `call` method of one of some classes, however hidden.

    Args:
        call: Callable without arguments; what it raises does not matter here.
        classes: Iterable of classes of layers.

    Returns:
        List of the names of the classes whose `call` ran.
    """
    codes = {inspect.unwrap(kind.call).__code__: kind.__name__ for kind in classes}  # type: ignore[attr-defined]
    found: list[str] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code in codes:
            found.append(codes[frame.f_code])

    with contextlib.suppress(Exception):
        sys.setprofile(watch)
        try:
            call()
        finally:
            sys.setprofile(None)
    return found


def activation(name: str | None) -> Any:
    """Returns an activation as an argument: a function cannot travel, so it is made here.

    Args:
        name: String, what Keras calls it; `"function:softplus"` is Keras's function itself,
            `"function:own"` one that Keras does not know (z * z + 1). `None` stays.
    """
    import keras

    if name == "function:softplus":
        return keras.activations.softplus
    if name == "function:own":
        return lambda z: z * z + 1.0
    return name
