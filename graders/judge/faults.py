"""What went wrong with a submission, in a student's words."""

from __future__ import annotations

from typing import Any

from graders.boundary.names import Kind
from graders.checking import CheckFailed


class SubmissionError(Exception):
    """The submission raised, died, or ran out of time or memory. Its text is for the student.

    Args:
        kind: String, what happened.
        message: String, in the student's words.
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def explain(error: dict[str, Any]) -> Exception:
    """Turns an error that the sandbox reports into one for the student."""

    def text(key: str) -> str:
        value = error.get(key, "")
        return value if isinstance(value, str) else ""

    kind, name, message, trace = (text(key) for key in ("kind", "type", "message", "traceback"))
    if kind == Kind.TODO:
        return CheckFailed(f"Not written yet: {message}")
    if kind == Kind.MISSING:
        return CheckFailed(
            f"{message} Keep the names and arguments of the stub: the grader calls them."
        )
    if kind == Kind.SIGNATURE:
        return CheckFailed(f"{message} Keep the arguments as they are in the stub.")
    if kind == Kind.SUBCLASSED:
        return CheckFailed(
            f"Expected a Sequential or Functional model of Keras's own layers. Found: {message} "
            "The grader rebuilds your model from its config, which a subclass does not give. "
            "Build the same layers with keras.Sequential or with keras.Input and keras.Model."
        )
    if kind == Kind.UNBUILT:
        return CheckFailed(
            f"Expected a model that is ready to train. Found: {message} Start with keras.Input."
        )
    if kind in (Kind.RETURNED, Kind.CONFIG):
        return CheckFailed(
            f"Expected a compiled Keras model. Found: {message} Look at what the function returns."
        )
    if kind == Kind.BASE_CLASS:
        return CheckFailed(
            f"Expected the class that the stub has, with the same base class. Found: {message} "
            "Keep the line `class …` of the stub."
        )
    if kind == Kind.ARGUMENTS:
        return CheckFailed(
            "Expected `__init__` to take the arguments of the stub, and the standard ones of "
            f"Keras (name, dtype, …) through **kwargs. Found: {message} Add **kwargs, and hand it "
            "to super().__init__(**kwargs)."
        )
    if kind == Kind.NO_RESULT:
        return CheckFailed(
            f"Expected a tensor. Found: {message} Look at the end of that method: is a `return` "
            "missing?"
        )
    if kind == Kind.NO_COPY:
        return CheckFailed(
            "Expected a copy made from the config (as saving and loading a model does). Found: "
            f"{message}. Look at get_config: {{**super().get_config(), …}} with the arguments of "
            "`__init__` as plain values."
        )
    if kind == Kind.EXIT:
        return SubmissionError(
            "exit",
            "Your code called `sys.exit` (or `exit`, `quit`). Remove the call: a module that is "
            f"graded must not end the process.\n{trace}",
        )
    if kind == Kind.MEMORY:
        return SubmissionError(
            "memory",
            f"Your code ran out of memory ({name}). Look for an array or a layer that is much "
            f"larger than the data need.\n{trace}",
        )
    last = message.strip()[:1500]
    where = f"\n{trace}" if trace else ""
    return SubmissionError("raised", f"Your code raised {name}: {last}{where}")


# What reading an answer raises that is none: an array in place of a dict, a number of 400 digits, …
FORGED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def forged(error: Exception) -> SubmissionError:
    return SubmissionError(
        "protocol",
        f"What came back from the process that runs your code is not a model ({error}).",
    )
