"""What a check file uses: `check`, `probe`, `fail`. Importing it loads nothing else.

A check is a function; its name is the check's id, its docstring the line that the student reads.
The rubric is read from the file's source, so the decorator's arguments are literals, or hints that
`graders.toolkit.hints` holds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True)
class At:
    """An argument of a call in the student's file.

    Attributes:
        call: What a message may be about, see `fail`: the call.
        argument: String, the argument's name. If the call does not have it, the call is meant.
    """

    call: Any
    argument: str


@dataclasses.dataclass(frozen=True)
class Uses:
    """The place in the student's file where a word is used in code.

    Attributes:
        word: String, the name of a function, attribute or argument, or a key of a dict.
        inside: String, the function or class that is searched, see `fail`; all if empty.
        last: Boolean, whether the last such place is meant; else it is the first.
        alone: Boolean, whether it is meant only if there is no other one.
    """

    word: str
    inside: str = ""
    last: bool = False
    alone: bool = False


@dataclasses.dataclass(frozen=True)
class Under:
    """The place in the student's file where the value is made that is put under a key.

    If the value is a variable, that is the last assignment to it; else the place of the key.

    Attributes:
        key: String, a key of a dict.
        inside: String, the function or class that is searched, see `fail`.
    """

    key: str
    inside: str


@dataclasses.dataclass(frozen=True)
class Returned:
    """The place in the student's file where the variable is made that a function returns.

    Attributes:
        inside: String, the function.
        in_loop: Boolean, whether it is meant only if it stands in a loop, which makes it anew.
    """

    inside: str
    in_loop: bool = False


@dataclasses.dataclass(frozen=True)
class Cuts:
    """The place in the student's file where a part of an array is taken: `x[:100]`.

    Attributes:
        inside: String, the function or class that is searched, see `fail`.
    """

    inside: str


@dataclasses.dataclass(frozen=True)
class Changes:
    """The place in the student's file where values are changed: `x / 255`, or `x /= 255`.

    Attributes:
        inside: String, the function or class that is searched, see `fail`.
        in_place: Boolean, whether an array itself is changed, in place of what is made of it.
    """

    inside: str
    in_place: bool = False


class CheckFailed(Exception):
    """The submission is not what the check expects. Its text is the student's message.

    Args:
        message: String.
        hints: Tuple of strings, what helps with this message; the check's own hints if empty.
        about: What the message is about, see `fail`.
        reproduce: String, lines for Python that show the fault; empty if there are none.
    """

    def __init__(
        self, message: str, hints: tuple[str, ...] = (), about: Any = None, reproduce: str = ""
    ):
        super().__init__(message)
        self.hints, self.about, self.reproduce = hints, about, reproduce


def check(
    *,
    points: float,
    hints: tuple[str, ...],
    needs: tuple[str, ...] = (),
    doc: str = "",
    about: str = "",
    repairs: bool = False,
) -> Callable[[Function], Function]:
    """Makes a function a check.

    Args:
        points: Float, what it is worth. The points of a task sum to 10.
        hints: Tuple of strings, from a nudge to a strong one; never the solution. They are given
            with each message that has none of its own, see `fail`.
        needs: Tuple of check names; unless each of them passed, this one is skipped.
        doc: String, the address of the page to read about it; empty if there is none.
        about: String, the function, class or method of the student's that its messages are about,
            if they do not tell it themselves. If it is empty, the evidence tells: of a training,
            the line of its `fit`; of a model, the function that built it.
        repairs: Boolean, whether it is about what a training reaches, so that `--why` can try
            repairs of one.

    Returns:
        A decorator.
    """

    def decorate(function: Function) -> Function:
        function.__check__ = {  # type: ignore[attr-defined]
            "points": points,
            "hints": hints,
            "needs": needs,
            "doc": doc,
            "about": about,
            "repairs": repairs,
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


def fail(
    expected: str,
    found: str,
    look_at: str,
    hints: tuple[str, ...] = (),
    about: Any = None,
    reproduce: str = "",
) -> NoReturn:
    """Fails the check with a message in the student's words.

    Args:
        expected: String, what was expected (a sentence's rest after "Expected").
        found: String, what was found (after "Found").
        look_at: String, a full sentence about what to look at next.
        hints: Tuple of strings, where those of the check would lead elsewhere: from a nudge to a
            strong one; never the solution.
        about: The place in the student's file: a layer or call of a rebuilt model, the name of a
            function, class or method (`"build_model"`, `"CustomDense.call"`, `"call"`), a number of
            a line, or one of the classes of places above (`At`, `Uses`, …); or a tuple of such, of
            which the first that is found counts. `None` leaves it to the check.
        reproduce: String, lines for Python that show the fault; empty if there are none.

    Raises:
        CheckFailed: Always.
    """
    end = "" if look_at.endswith("?") else "."
    raise CheckFailed(
        f"Expected {expected.rstrip('.')}. Found {found.rstrip('.')}. {look_at.rstrip('.')}{end}",
        hints,
        about,
        reproduce,
    )
