"""What went wrong in a submission, as plain data for the judge."""

from __future__ import annotations

import os
import re
import traceback
from typing import Any

from graders.boundary.names import Kind

MAX_TEXT = 6000
# The sandbox's own lines tell a student nothing.
HERE = os.path.dirname(__file__)


class WrongAnswer(Exception):
    """The submission gave something of the wrong kind; carries `kind` and a message."""

    def __init__(self, kind: Kind, message: str):
        super().__init__(message)
        self.kind = kind


def is_todo(error: BaseException) -> bool:
    """Returns whether an error is that of a part of the stub that is not written yet."""
    return isinstance(error, NotImplementedError) and "TODO" in str(error)


def type_name(value: Any) -> str:
    """Returns what a student would call the type of a value."""
    if value is None:
        return "None"
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module.split('.')[0]}.{kind.__name__}"


# TensorFlow tells where in the graph an error came up before it says what the error is.
_WHERE = re.compile(
    r"Graph execution error|Detected at node|File \"|\[\[\{\{node|Stack trace for op"
)


# What TensorFlow names the operation by in which an error came up.
_NODE = re.compile(r"^\{\{function_node [^}]*\}\} ?")


def message_of(error: BaseException) -> str:
    """Returns what an error says, and its notes, without TensorFlow's way through the graph."""
    text = "\n".join([_NODE.sub("", str(error)), *getattr(error, "__notes__", [])])
    if not text.startswith("Graph execution error"):
        return text
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not _WHERE.match(line)]
    node = re.search(r"Detected at node (\S+)", text)
    if kept and node:
        # Its name may tell which layer, or which loss, it was.
        kept[0] += f" (in {node[1]})"
    return "\n".join(kept) or text


# What TensorFlow puts before an error in a function that it traces: the way to it.
TRACED = "in user code:"


def traced_message(text: str) -> str:
    """Returns what an error in a traced function says, without the way to it.

    Args:
        text: String, the error's; any other text comes back as it is.
    """
    while TRACED in text:
        lines = [line.strip() for line in text.partition(TRACED)[2].splitlines()]
        # The way ends at an empty line.
        way, _, rest = "\n".join(lines).strip().partition("\n\n")
        found = (rest or way).strip()
        if not found:
            break
        text = re.sub(r"^[A-Za-z_][\w.]*: ", "", found)
    return text


class NoEagerExecution(Exception):
    """The submission switched eager execution off."""


def require_eager() -> None:
    """Raises `NoEagerExecution` if TensorFlow no longer executes eagerly."""
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise NoEagerExecution


_EAGER_ENDS = re.compile(r"\bdisable_(eager_execution|v2_behavior)\b")
_DEBUGGER = re.compile(r"\b(breakpoint|set_trace)\(")


def _where(pattern: re.Pattern[str], filename: str, source: str) -> list[tuple[int, str]]:
    """Returns the lines that hold a pattern, each with how a traceback shows it."""
    return [
        (number, f'  File "{filename}", line {number}\n    {line.strip()}\n'[:MAX_TEXT])
        for number, line in enumerate(source.splitlines(), 1)
        if pattern.search(line.partition("#")[0])
    ]


def describe(error: BaseException, filename: str, source: str = "") -> dict[str, Any]:
    """Describes what a submission raised.

    Args:
        error: The exception.
        filename: String, what the submission's file is called.
        source: String, its text.

    Returns:
        Dict of plain data: `kind`, `type`, `message`, `traceback`, `line`.
    """
    kind: str = Kind.RAISED
    try:
        require_eager()
    except NoEagerExecution:
        ends = _where(_EAGER_ENDS, filename, source)
        number, shown = ends[0] if ends else (None, "")
        return {"kind": Kind.GRAPHS, "type": "", "message": "", "traceback": shown, "line": number}
    if isinstance(error, WrongAnswer):
        return {"kind": error.kind, "type": "", "message": str(error)[:MAX_TEXT], "traceback": ""}
    if is_todo(error):
        kind = Kind.TODO
    elif isinstance(error, SystemExit):
        kind = Kind.EXIT
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        kind = Kind.MEMORY
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if os.path.dirname(frame.filename) != HERE
    ]
    ours = [i for i, frame in enumerate(frames) if os.path.basename(frame.filename) == filename]
    shown = ""
    line: int | None = None
    if ours:
        # From the student's own file on, and of the libraries below it only the place that raised.
        picked = [frames[i] for i in ours]
        line = picked[-1].lineno
        for frame in picked:
            frame.filename = filename
        if frames[-1] is not picked[-1]:
            picked.append(frames[-1])
        shown = "".join(traceback.format_list(picked))
    if type(error).__name__ == "BdbQuit":
        # It comes up at the line after the one that asked for the debugger.
        asked = _where(_DEBUGGER, filename, source)
        before = [place for place in asked if line is None or place[0] <= line]
        if asked:
            line, shown = (before or asked)[-1]
    return {
        "kind": kind,
        "type": type(error).__name__,
        "message": message_of(error)[:MAX_TEXT],
        "traceback": shown[-MAX_TEXT:],
        "line": line,
    }
