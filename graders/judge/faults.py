"""What went wrong with a submission, in a student's words."""

from __future__ import annotations

import re
from typing import Any

from graders.boundary.names import Kind
from graders.checking import CheckFailed
from graders.judge import advice
from graders.judge.lacks import lacking
from graders.rebuilt.lines import line


class SubmissionError(Exception):
    """The submission raised, died, or ran out of time or memory. Its text is for the student.

    Args:
        kind: String, what happened.
        message: String, in the student's words.
        about: What it is about, see `graders.checking.fail`.
    """

    def __init__(self, kind: str, message: str, about: Any = None):
        super().__init__(message)
        self.kind, self.about = kind, about


# A sandbox sends no longer text of an error: `graders.sandbox.errors`.
MAX_TEXT = 6000

# What a check reports in a sandbox's place: the words around its message, by the kind of fault.
AS_FAILED: dict[str, str] = {
    Kind.TODO: "Not written yet: {}",
    Kind.MISSING: "{} Keep the names and arguments of the stub: the grader calls them.",
    Kind.SIGNATURE: "{} Keep the arguments as they are in the stub.",
    Kind.SUBCLASSED: (
        "Expected a Sequential or Functional model of Keras's own layers. Found: {} The grader "
        "rebuilds your model from its config, which a subclass does not give. Build the same "
        "layers with keras.Sequential or with keras.Input and keras.Model."
    ),
    Kind.UNBUILT: "Expected a model that is ready to train. Found: {} Start with keras.Input.",
    Kind.RETURNED: "Expected a compiled Keras model. Found: {} Look at what the function returns.",
    Kind.CONFIG: "Expected a compiled Keras model. Found: {} Look at what the function returns.",
    Kind.TOO_LARGE: (
        "Expected models and answers of the size that the task needs. Found: {} Look for a Dense "
        "layer after a Flatten of large feature maps, or for a list or an array that grows."
    ),
    Kind.BASE_CLASS: (
        "Expected the class that the stub has, with the same base class. Found: {} Keep the line "
        "`class …` of the stub."
    ),
    Kind.ARGUMENTS: (
        "Expected `__init__` to take the arguments of the stub, and the standard ones of Keras "
        "(name, dtype, …) through **kwargs. Found: {} Add **kwargs, and hand it to "
        "super().__init__(**kwargs)."
    ),
    Kind.NO_RESULT: (
        "Expected a tensor. Found: {} Look at the end of that method: is a `return` missing?"
    ),
    Kind.NO_COPY: (
        "Expected a copy made from the config (as saving and loading a model does). Found: {}. "
        "Look at get_config: {{**super().get_config(), …}} with the arguments of `__init__` as "
        "plain values."
    ),
}
# The method of a class of the student's that such a fault is about.
OF_METHODS: dict[str, str] = {
    Kind.ARGUMENTS: "__init__",
    Kind.NO_RESULT: "call",
    Kind.NO_COPY: "get_config",
}
# What ended the submission's work: the kind of error for the verdict, and the words before the
# student's own lines.
AS_ERRORS: dict[str, tuple[str, str]] = {
    Kind.EXIT: (
        "exit",
        "Your code called `sys.exit` (or `exit`, `quit`). Remove the call: a module that is graded "
        "must not end the process.",
    ),
    Kind.GRAPHS: (
        "raised",
        "Your code turns eager execution off. Keras 3 does not work without it. Remove that call, "
        "which is left from TensorFlow 1: `fit` makes graphs of its steps by itself, and "
        "@tf.function does so for a function of yours.",
    ),
    Kind.MEMORY: (
        "memory",
        "Your code ran out of memory ({}). Look for an array or a layer that is much larger than "
        "the data need.",
    ),
}


def explain(error: dict[str, Any], importing: bool = False) -> Exception:
    """Turns an error that the sandbox reports into one for the student.

    Args:
        error: Dict, the claim: `kind`, `type`, `message` and `traceback`, each a string, and the
            `line` of the submission that raised.
        importing: Boolean, whether the submission was being imported.

    Returns:
        `CheckFailed` where the submission gave something of the wrong kind, else
        `SubmissionError`.
    """

    def text(key: str) -> str:
        value = error.get(key, "")
        return value[:MAX_TEXT] if isinstance(value, str) else ""

    kind, name, message, trace = (text(key) for key in ("kind", "type", "message", "traceback"))
    about: Any = line(error.get("line"))
    if kind == Kind.SUBCLASSED:
        about = tuple(re.findall(r"`(\w+)`", message))
    if kind in AS_FAILED:
        hints = advice.OF_KINDS.get(kind, ())
        return CheckFailed(AS_FAILED[kind].format(message), hints, about or OF_METHODS.get(kind))
    last = message.strip()[:1500]
    lacks = lacking(name, last, trace, importing)
    if kind in AS_ERRORS:
        kind_of_error, words = AS_ERRORS[kind]
        words = lacks or words.format(name) if kind == Kind.EXIT else words.format(name)
        return SubmissionError(kind_of_error, f"{words}\n{trace}", about)
    head = f"Your code raised {name}: {last}" if last else f"Your code raised {name}."
    parts = (head, lacks, trace)
    return SubmissionError("raised", "\n".join(part for part in parts if part), about)


# What reading an answer raises that is none: an array in place of a dict, a number of 400 digits, …
FORGED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def forged(error: Exception) -> SubmissionError:
    """Returns the fault of a submission whose sandbox sent something that is no answer.

    Args:
        error: One of `FORGED`, what reading it raised.
    """
    return SubmissionError(
        "protocol",
        "What came back from the process that runs your code is not what the grader asked for "
        f"({str(error)[:200]}). Look for code of yours that changes what Python, Keras or the "
        "grader does by itself (a property, `__getattribute__`, a function of Keras's that you "
        "set anew).",
    )
