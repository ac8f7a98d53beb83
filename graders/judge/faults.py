"""What went wrong with a submission, in a student's words."""

from __future__ import annotations

import re
from typing import Any

from graders.boundary.names import Kind
from graders.checking import CheckFailed
from graders.judge import advice


class SubmissionError(Exception):
    """The submission raised, died, or ran out of time or memory. Its text is for the student.

    Args:
        kind: String, what happened.
        message: String, in the student's words.
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


# A sandbox sends no longer text of an error: `graders.sandbox.errors`.
MAX_TEXT = 6000
# What libraries raise, or write into a message, if there is no network.
_OFFLINE = re.compile(
    r"URLError|HTTPError|gaierror|ConnectionError|ConnectTimeout|MaxRetryError|"
    r"URL fetch failure|name resolution|Network is unreachable|getaddrinfo"
)
# What tells of processes that the submission started, and of what they share.
_PROCESSES = re.compile(
    r"SemLock|multiprocessing|SharedMemory|shared_memory|psm_|concurrent[./]futures[./]process|"
    r"joblib|loky|/dev/shm"
)
_OF_PROCESSES = (
    "Where work is graded, processes of your own may not share locks or memory. Do without them: "
    "use_multiprocessing=False, or threads, do the same, and TensorFlow uses all processors by "
    "itself."
)
# What the system raises where it refuses something, in processes and between them.
_REFUSALS = frozenset(
    """PermissionError OSError FileNotFoundError EOFError BlockingIOError BrokenPipeError
    ConnectionResetError ConnectionRefusedError""".split()
)
_BROKEN_POOLS = frozenset(["BrokenProcessPool", "TerminatedWorkerError"])
# A file that a message names, other than memory that processes share.
_NAMED_FILE = re.compile(r"'(?!/?psm_|/dev/shm)[^']+'\s*$")
_MAIN = (
    "Top-level code runs whenever the file is imported. Put trials under "
    '`if __name__ == "__main__":` at the end of the file, where the grader leaves them out.'
)


def _shares(name: str, message: str, trace: str) -> bool:
    """Returns whether an error may come from processes of the submission's own."""
    if name in _BROKEN_POOLS:
        return True
    told = _PROCESSES.search(f"{message}\n{trace}")
    return name in _REFUSALS and bool(told) and not _NAMED_FILE.search(message)


def _lacks(name: str, message: str, trace: str, importing: bool) -> str:
    """Returns what the place where work is graded lacks, if that may be why it raised.

    Args:
        name: String, the type of the error.
        message: String, what the error says.
        trace: String, the traceback.
        importing: Boolean, whether the file was being imported.

    Returns:
        String, with what to do about it; empty if the error is of another kind.
    """
    missing = re.search(r"No module named '([\w.]+)'", message)
    if name == "ModuleNotFoundError" and missing:
        return (
            f"The grader has this one file and the kit's packages, and no `{missing[1]}`. If that "
            "is a file of yours, move what you use from it into the file that is graded. If it is "
            "a package, is its name right? Else do without it."
        )
    if name == "ImportError" and "relative import" in message:
        return (
            "The grader has this one file, without a package around it. Move what you use from "
            "your other files into it."
        )
    if _OFFLINE.search(f"{name} {message}"):
        other = "Use the data that the function is given, and nothing that is downloaded."
        return f"There is no network where work is graded. {_MAIN if importing else other}"
    if _shares(name, message, trace):
        return _OF_PROCESSES
    if "[Errno 1]" in message:
        return (
            "Work is graded in a sandbox, which refuses what no task needs: sockets, priorities, "
            "sessions, debuggers, other owners and modes of files, and the like. Do without it."
        )
    unfound = re.search("No such file or directory|File not found", message)
    if name == "PermissionError" or "Read-only" in message or (unfound and "'/" in message):
        return (
            "Where work is graded, files can be written in the working folder and in that of the "
            "module tempfile, and most others are not there. Use a path that begins with the name "
            "of a file or folder, as logs/run1."
        )
    if unfound:
        other = "Write the values that it needs into the code."
        return f"The grader has this one file, and no other. {_MAIN if importing else other}"
    if name == "EOFError" and "reading a line" in message:
        return "Nobody is there to answer `input()` where work is graded. Write the value instead."
    if name == "BdbQuit":
        return "Nobody is there to use a debugger where work is graded. Remove `breakpoint()`."
    if "headless" in message or "no display" in message or "connect to display" in message:
        return "There is no display where work is graded. Leave the choice of a backend out."
    return ""


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
        error: Dict, the claim: `kind`, `type`, `message` and `traceback`, each a string.
        importing: Boolean, whether the submission was being imported.

    Returns:
        `CheckFailed` where the submission gave something of the wrong kind, else
        `SubmissionError`.
    """

    def text(key: str) -> str:
        value = error.get(key, "")
        return value[:MAX_TEXT] if isinstance(value, str) else ""

    kind, name, message, trace = (text(key) for key in ("kind", "type", "message", "traceback"))
    if kind in AS_FAILED:
        return CheckFailed(AS_FAILED[kind].format(message), advice.OF_KINDS.get(kind, ()))
    if kind in AS_ERRORS:
        kind_of_error, words = AS_ERRORS[kind]
        return SubmissionError(kind_of_error, f"{words.format(name)}\n{trace}")
    last = message.strip()[:1500]
    lacks = _lacks(name, last, trace, importing)
    parts = (f"Your code raised {name}: {last}", lacks, trace)
    return SubmissionError("raised", "\n".join(part for part in parts if part))


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
