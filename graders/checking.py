"""What a check file uses: `check`, `probe`, `fail`. Importing it loads nothing else.

A check is a function; its name is the check's id, its docstring the line that the student reads.
The rubric is read from the file's source, so the decorator's arguments are literals, or hints that
`graders.toolkit.hints` holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class CheckFailed(Exception):
    """The submission is not what the check expects. Its text is the student's message.

    Args:
        message: String.
        hints: Tuple of strings, what helps with this message; the check's own hints if empty.
    """

    def __init__(self, message: str, hints: tuple[str, ...] = ()):
        super().__init__(message)
        self.hints = hints


def check(
    *, points: float, hints: tuple[str, ...], needs: tuple[str, ...] = (), doc: str = ""
) -> Callable[[Function], Function]:
    """Makes a function a check.

    Args:
        points: Float, what it is worth. The points of a task sum to 10.
        hints: Tuple of strings, from a nudge to a strong one; never the solution. They are given
            with each message that has none of its own, see `fail`.
        needs: Tuple of check names; unless each of them passed, this one is skipped.
        doc: String, the address of the page to read about it; empty if there is none.

    Returns:
        A decorator.
    """

    def decorate(function: Function) -> Function:
        function.__check__ = {  # type: ignore[attr-defined]
            "points": points,
            "hints": hints,
            "needs": needs,
            "doc": doc,
        }
        return function

    return decorate


def probe(function: Function) -> Function:
    """Marks a function that runs in the sandbox, beside the student's code.

    Only its source travels, so it imports what it uses itself. It is called as
    `function(student, box, **arguments)`: `student` is the submitted module, `box` the sandbox's
    helper (`box.keep(object)` gives a handle, `box[handle]` the object again). It returns plain
    data, which the grader treats as a claim.

    Args:
        function: The function.

    Returns:
        The same function.
    """
    function.__probe__ = True  # type: ignore[attr-defined]
    return function


def fail(expected: str, found: str, look_at: str, hints: tuple[str, ...] = ()) -> NoReturn:
    """Fails the check with a message in the student's words.

    Args:
        expected: String, what was expected (a sentence's rest after "Expected").
        found: String, what was found (after "Found").
        look_at: String, a full sentence about what to look at next.
        hints: Tuple of strings, where those of the check would lead elsewhere: from a nudge to a
            strong one; never the solution.

    Raises:
        CheckFailed: Always.
    """
    end = "" if look_at.endswith("?") else "."
    raise CheckFailed(
        f"Expected {expected.rstrip('.')}. Found {found.rstrip('.')}. {look_at.rstrip('.')}{end}",
        hints,
    )
