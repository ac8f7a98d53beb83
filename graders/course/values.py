"""What may stand in a course's file: reads single values, and tells in a line what is wrong."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from graders import KIT
from graders.printable import printable


class BadCourse(Exception):
    """A course file that cannot be used; the text is one line, which names the file and the key."""


@dataclasses.dataclass(frozen=True)
class Late:
    """What late work loses of its points.

    Attributes:
        per_hour: Float, percent for each hour that has begun.
        at_most: Float, percent.
    """

    per_hour: float
    at_most: float = 100.0


class Bad(Exception):
    """What is wrong with a value; the text ends the line."""


def text(value: Any) -> str:
    """Returns a text."""
    if not isinstance(value, str):
        raise Bad("expected a text in quotes.")
    return value


def number(value: Any, above: float, most: float, whole: bool = False) -> float:
    """Returns a number above one limit and up to another."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not above < value <= most:
        if whole:
            raise Bad(f"expected an integer from {above + 1:.0f} to {most:.0f}.")
        raise Bad(f"expected a number above {above:.0f}, up to {most:.0f}.")
    return value


def one_of(known: Collection[str]) -> Callable[[Any], str]:
    """Returns a reader of one of some words."""

    def read(value: Any) -> str:
        if value not in known:
            raise Bad(f"expected one of {', '.join(known)}.")
        return str(value)

    return read


def ids(value: Any) -> tuple[str, ...]:
    """Returns the ids of tasks, each once."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Bad('expected a list of task ids: ["cnn", "lstm"].')
    if not value:
        raise Bad("expected at least one task.")
    return tuple(dict.fromkeys(value))


def seconds(value: Any) -> float:
    """Returns a limit of time."""
    return float(number(value, 0, 1e6))


def points(value: Any) -> float:
    """Returns the points or the weight of a check."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1000:
        raise Bad("expected a number from 0 to 1000.")
    return float(value)


def scale(value: Any) -> float:
    """Returns whether weights are scaled."""
    if not isinstance(value, bool):
        raise Bad("expected true or false.")
    return value


def late(value: Any) -> str | Late:
    """Returns what late work loses."""
    if isinstance(value, str) and value in ("none", "zero"):
        return value
    if (
        not isinstance(value, dict)
        or set(value) - {"per_hour", "at_most"}
        or "per_hour" not in value
    ):
        raise Bad('expected "none", "zero" or { per_hour = 2, at_most = 50 }.')
    try:
        return Late(
            *(float(number(value.get(key, 100), 0, 100)) for key in ("per_hour", "at_most"))
        )
    except Bad:
        raise Bad("per_hour and at_most are percent: numbers above 0, up to 100.") from None


def moment(value: Any) -> datetime.datetime:
    """Returns a moment."""
    if not isinstance(value, datetime.datetime) or value.tzinfo is None:
        raise Bad("expected a date and time with its zone: 2030-01-31T23:59:00+01:00.")
    return value


def unknown(name: str, known: Collection[str]) -> str:
    """Returns what may have been meant by a name that is not known."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."


class Reader:
    """Reads values, and names file and key where one is wrong.

    Args:
        path: Path of the course's file.
    """

    def __init__(self, path: Path):
        self.path = path

    def bad(self, key: str, reason: str) -> BadCourse:
        """Returns the error to raise."""
        return BadCourse(f"{self.path}: {printable(key, 80)}: {reason}")

    def value(self, key: str, read: Callable[[Any], Any], value: Any) -> Any:
        """Returns a value as a reader of this module reads it."""
        try:
            return read(value)
        except Bad as error:
            raise self.bad(key, str(error)) from None

    def table(self, key: str, value: Any) -> dict[str, Any]:
        """Returns a table."""
        if not isinstance(value, dict):
            raise self.bad(key, f"expected a table: [{key}].")
        return value

    def file(self, key: str, value: Any) -> Path | None:
        """Returns the path of a file or folder that is there, `None` for an empty name."""
        name = self.value(key, text, value)
        if not name:
            return None
        try:
            found = (self.path.parent / Path(name).expanduser()).resolve()
        except (OSError, ValueError, RuntimeError):
            raise self.bad(key, "this can be the name of no file.") from None
        if key == "folder":
            if not found.is_dir():
                raise self.bad(key, f"there is no folder {found}.")
            if found == KIT or KIT in found.parents or found in KIT.parents:
                raise self.bad(key, "expected a folder apart from the kit's.")
        elif not found.is_file():
            # Whoever writes the secret itself here should not find it on the screen.
            raise self.bad(key, "there is no such file. (The key names the file with the secret.)")
        return found
