"""Instruments for a student's object: make it, call it, copy it, and bring it into plain data."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import json
import numbers
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from graders.boundary.names import Kind
from graders.sandbox.errors import WrongAnswer, is_todo, type_name

# Of one list, of one dict, of all that is sent together; and how deep it may lie.
MAX_ITEMS, MAX_KEYS, MAX_ALL, MAX_NESTING = 1000, 100, 10_000, 3
MAX_TEXT, MAX_BITS = 10_000, 64


def plain(value: Any, depth: int = 0) -> Any:
    """Returns what a function of the submission returned as plain data.

    Args:
        value: Anything.
        depth: Integer, how deep it lies.

    Returns:
        `None`, bool, int, float, string, or list and dict of such; in place of anything else
        `{"kind": <the name of its type>}`. What is too long is cut.
    """
    import keras

    left = MAX_ALL

    def several(items: Iterable[Any], most: int) -> list[Any]:
        nonlocal left
        kept = list(itertools.islice(items, min(most, left)))
        left -= len(kept)
        return kept

    def walk(value: Any, depth: int) -> Any:
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
            value = value.item()
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str):
            return value[:MAX_TEXT]
        if isinstance(value, numbers.Integral) and int(value).bit_length() <= MAX_BITS:
            return int(value)
        if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
            with contextlib.suppress(OverflowError):  # a Fraction may be larger than any float
                return float(value)
        if isinstance(value, keras.DTypePolicy):
            return str(value.name)
        if isinstance(value, dict) and depth < MAX_NESTING:
            items = several(value.items(), MAX_KEYS)
            return {str(key)[:100]: walk(item, depth + 1) for key, item in items}
        if isinstance(value, list | tuple | np.ndarray) and depth < MAX_NESTING:
            return [walk(item, depth + 1) for item in several(value, MAX_ITEMS)]
        if getattr(value, "shape", None) == () and hasattr(value, "numpy"):
            return walk(np.asarray(value.numpy()), depth)
        kind = type(value).__name__
        too_large = isinstance(value, numbers.Integral)
        return {"kind": f"{kind} that is far too large" if too_large else kind}

    return walk(value, depth)


def make(made: Any, base: type, /, *args: Any, **options: Any) -> Any:
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
    parts = base.__module__.split(".")  # keras.src.layers.layer
    kind = ".".join([parts[0], *parts[2:3], base.__name__])
    if not (inspect.isclass(made) and issubclass(made, base)):
        raise WrongAnswer(Kind.BASE_CLASS, f"`{name}` is not a class that inherits from {kind}.")
    if problem := _refused(made, args, options):
        given = [_typed(arg) for arg in args]
        given += [f"{key}={_typed(option)}" for key, option in options.items()]
        raise WrongAnswer(Kind.ARGUMENTS, f"`{name}({', '.join(given)})` fails: {problem}.")
    found = made(*args, **options)
    if not isinstance(found, base):
        raise WrongAnswer(Kind.BASE_CLASS, f"`{name}` makes {type_name(found)}, not a {kind}.")
    return found


def _refused(made: type, args: tuple[Any, ...], options: dict[str, Any]) -> str:
    """Tells which argument `__init__` does not take; empty if it takes all, or nobody can tell."""
    try:
        # Of the function that runs: a decorator may take less or more than what it wraps.
        signature = inspect.signature(made.__init__, follow_wrapped=False)  # type: ignore[misc]
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(None, *args, **options)
    except TypeError as error:
        return str(error)
    return ""


def _typed(value: Any) -> str:
    """Returns an argument as a student would type it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if callable(value):
        name = getattr(value, "__name__", type_name(value))
        return "a function" if name == "<lambda>" else str(name)
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]} …"


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


def copies(original: Any, saved: bool = True, shown: str = "") -> tuple[dict[str, Any], list[Any]]:
    """Copies an object from its config and, if asked to, by saving and loading it as Keras does.

    Args:
        original: An object of a class of the submission.
        saved: Boolean, whether to send the config through JSON too; a function in it cannot travel.
        shown: String, the call that made the object, for the messages.

    Returns:
        A pair: its config, and the list of copies.

    Raises:
        WrongAnswer: If one of these fails; the message tells which, and why.
        NotImplementedError: If `get_config` is not written yet.
    """
    import keras

    made = type(original)

    def wrong(problem: str) -> WrongAnswer:
        return WrongAnswer(Kind.NO_COPY, f"with `{shown}`, {problem}" if shown else problem)

    @contextlib.contextmanager
    def attempt(what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if is_todo(error):
                raise
            if isinstance(error, NotImplementedError) and not _defines(made, "get_config"):
                raise wrong(
                    "no get_config of its own, and Keras cannot make one for a function"
                ) from None
            raise wrong(f"{what} raised {_line(error)}") from None

    with attempt("get_config"):
        config = original.get_config()
    if not isinstance(config, dict):
        raise wrong(f"get_config returned {type_name(config)}, not a dict")
    with attempt("from_config(get_config())"):
        found = [made.from_config(dict(config))]
    if saved:
        # As model.save does: a config that only lives in memory is lost there.
        with attempt("saving and loading it"):
            text = json.dumps(keras.saving.serialize_keras_object(original))
            known = {made.__name__: made}
            found.append(
                keras.saving.deserialize_keras_object(json.loads(text), custom_objects=known)
            )
    for copy in found:
        if not isinstance(copy, made):
            raise wrong(f"from_config returned {type_name(copy)}, not a {made.__name__}")
        if copy is original:
            raise wrong(f"from_config returned the very same {made.__name__}, not a new one")
    return config, found


def _defines(made: type, method: str) -> bool:
    """Returns whether the submission wrote a method of a class, or Keras did."""
    owner = next(kind for kind in made.__mro__ if method in vars(kind))
    return owner.__module__.partition(".")[0] != "keras"


def _line(error: Exception) -> str:
    try:
        # Keras shows the whole config first, and only then what is wrong with it.
        text = str(error).rpartition("Exception encountered: ")[2].strip()
    except Exception:  # of a class of the submission's own
        text = ""
    first = (text or "no message").splitlines()[0][:250].rstrip(".")
    return f"{type(error).__name__}: {first}"


def weight(layer: Any, name: str) -> dict[str, Any]:
    """Describes an attribute of a layer that should be a weight.

    Args:
        layer: A layer of the submission.
        name: String, the attribute's name.

    Returns:
        Dict of plain data: `kind` (`"keras"` for a variable of Keras's, `"tf"` for one of
        TensorFlow's, otherwise the name of its type), `shape`, `dtype`, and whether it is among
        the layer's trainable weights (`tracked`) or its others (`frozen`); `value` for a variable
        of Keras's.
    """
    import keras
    import tensorflow as tf

    found = getattr(layer, name, None)
    answer: dict[str, Any] = {
        "kind": type(found).__name__,
        "shape": [],
        "dtype": "",
        "tracked": any(found is item for item in layer.trainable_weights),
        "frozen": any(found is item for item in layer.non_trainable_weights),
        "value": None,
    }
    if isinstance(found, keras.Variable):
        answer["kind"], answer["value"] = "keras", keras.ops.convert_to_numpy(found)
    elif isinstance(found, tf.Variable):
        answer["kind"] = "tf"
    else:
        return answer
    answer["shape"] = [int(size) for size in found.shape]
    answer["dtype"] = keras.backend.standardize_dtype(found.dtype)
    return answer


def call_with(layer: Any, x: Any, **weights: np.ndarray) -> Any:
    """Calls a layer that has weights of the grader's.

    Args:
        layer: A layer of the submission.
        x: Its input.
        **weights: Arrays, by the names of its attributes; one of another shape than the layer's
            own is left out.

    Returns:
        What it returned.

    Raises:
        WrongAnswer: If the layer returned no tensor when it was called to make its weights.
    """
    import keras

    x = keras.ops.convert_to_tensor(x)
    result(layer(x), "call")
    for name, value in weights.items():
        own = getattr(layer, name)
        if tuple(own.shape) == value.shape:
            own.assign(value)
    return layer(x)


def parts(layer: Any, classes: Iterable[type]) -> list[str]:
    """Finds the layers of some classes that a layer is, or holds.

    Args:
        layer: A layer of the submission.
        classes: Iterable of classes of layers.

    Returns:
        List of the classes' names, with `"a subclass of "` before it if it is one itself.
    """
    kinds = tuple(classes)
    found = []
    for part in layer._flatten_layers(include_self=True):
        names = [kind.__name__ for kind in kinds if isinstance(part, kind)]
        found += [f"a subclass of {name}" if part is layer else name for name in names]
    return found


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

    before = sys.getprofile()
    with contextlib.suppress(Exception):
        sys.setprofile(watch)
        try:
            call()
        finally:
            sys.setprofile(before)
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
