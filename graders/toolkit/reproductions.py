"""Three lines for Python that show a fault: the smallest array, what is expected, what came.

They are true: what came is what the submission answered for that very array.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

import numpy as np

Given = ParamSpec("Given")

# Of a number that is printed, and of an answer that is shown.
DIGITS, LONGEST = 4, 120
# What came, where it is not known.
UNKNOWN = object()


def tried(function: Callable[Given, str]) -> Callable[Given, str]:
    """Makes a function that looks for such lines return none where the submission fails it.

    The fault has its message: what goes wrong while it is shown on other arrays is no other one.

    Args:
        function: Function that returns lines.
    """

    @functools.wraps(function)
    def attempt(*args: Given.args, **kwargs: Given.kwargs) -> str:
        with contextlib.suppress(Exception):
            return function(*args, **kwargs)
        return ""

    return attempt


def lines(name: str, setup: str, expected: Any, expression: str, came: Any) -> str:
    """Returns three lines that a student can paste into Python.

    Args:
        name: String, what is imported from the submission.
        setup: String, statements with semicolons in between: NumPy is `np`, Keras is `keras`.
        expected: What should come: a number, string, tuple, list or `None`.
        expression: String, what gives it.
        came: What it gave; `UNKNOWN` if nobody can tell.
    """
    told = "" if came is UNKNOWN else f"  # {shown(came)}"
    modules = (
        "import keras, numpy as np" if "keras." in setup + expression else "import numpy as np"
    )
    if "np." not in setup + expression:
        modules = "import keras" if "keras." in setup + expression else ""
    first = "; ".join(part for part in (f"from submission import {name}", modules, setup) if part)
    return "\n".join(
        (
            first,
            f"print('expected:', {expected!r})",
            f"print('came:', {expression}){told}",
        )
    )


def call(name: str, /, *args: Any, **options: Any) -> str:
    """Returns a call, as a student types it.

    Args:
        name: String, what is called.
        *args: Plain values.
        **options: Plain values, by name.
    """
    given = [repr(arg) for arg in args] + [f"{key}={value!r}" for key, value in options.items()]
    return f"{name}({', '.join(given)})"


def values(expression: str) -> str:
    """Returns an expression for the values of a tensor, rounded as `rounded` does."""
    return f"np.array({expression}, 'float64').round({DIGITS}).tolist()"


def taped(watched: str, output: str, source: str) -> str:
    """Returns statements that take a gradient, `g`.

    Args:
        watched: String, the variable with an array, which becomes a tensor that the tape watches.
        output: String, the expression that is differentiated.
        source: String, with respect to what.
    """
    return (
        f"import tensorflow as tf; {watched} = tf.constant({watched}); "
        f"tape = tf.GradientTape().__enter__(); tape.watch({watched}); "
        f"g = tape.gradient({output}, {source})"
    )


def unless_none(expression: str) -> str:
    """Returns an expression that is `None` where there is no gradient `g`."""
    return f"None if g is None else {expression}"


def as_pasted(values: Any) -> np.ndarray:
    """Returns a float32 array of the digits that lines to paste have of it: `array` types it."""
    return np.array(rounded(values), "float32")


def array(values: Any) -> str:
    """Returns an array as a student types it."""
    found = np.asarray(values)
    kind = "" if found.dtype.kind == "i" else f', "{found.dtype}"'
    return f"np.array({rounded(found)}{kind})"


def rounded(values: Any) -> Any:
    """Returns an array as a list of numbers with few digits; a single number as a float.

    Args:
        values: Array or number.
    """
    found = np.asarray(values)
    if found.dtype.kind in "iub":
        return found.tolist()
    with np.errstate(all="ignore"):
        # Minus zero is zero.
        return (np.round(found.astype("float64"), DIGITS) + 0.0).tolist()


def shown(value: Any) -> str:
    """Returns what came, as Python prints it, in one line that is not too long."""
    text = " ".join((value if isinstance(value, str) else repr(value)).split())
    # The number that Keras gives to a name is another one each time.
    text = re.sub(r"^(\w+_)\d+$", r"\1…", text)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def differ(expected: Any, came: Any) -> bool:
    """Returns whether rounded values differ by more than rounding explains.

    Args:
        expected: Number, or nested list of such.
        came: The same, or anything else.
    """
    try:
        ours, theirs = np.asarray(expected, "float64"), np.asarray(came, "float64")
    except (TypeError, ValueError):
        return True
    return ours.shape != theirs.shape or not np.allclose(ours, theirs, atol=2e-3, rtol=2e-3)


def of_shape(call: str, name: str, expected: Any, came: Sequence[Any] | None) -> str:
    """Returns lines that show the shape of a model's input or output.

    Args:
        call: String, the call that gave the model; without lines if it cannot be typed so.
        name: String, `"input_shape"` or `"output_shape"`.
        expected: Tuple, the shape.
        came: Sequence, the shape that was found; without lines if it is `None`.
    """
    if came is None:
        return ""
    try:
        tree = ast.parse(call, mode="eval").body
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
            return ""
        # What is not plain data, such as the name of an argument, nobody can paste.
        for argument in tree.args:
            ast.literal_eval(argument)
    except (SyntaxError, ValueError):
        return ""
    return lines(tree.func.id, f"model = {call}", expected, f"model.{name}", tuple(came))
