"""The place in a student's file that a message is about, in words, as a link, and for GitHub."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from graders.verdict import CheckResult, Verdict, Where

# What stands above the lines that show a fault.
PASTE = "To see it, paste into Python (in the file's folder):"
PASTE_CELL = "To see it, run this in a cell below your code:"


def line(check: CheckResult) -> str:
    """Returns the line that names the place; empty if there is none, or the message names it.

    Args:
        check: `CheckResult`.
    """
    where = check.where
    if where is None or _is_named(where, check.message):
        return ""
    return f"{where}: {where.code}" if where.code else str(where)


def _is_named(where: Where, message: str) -> bool:
    """Returns whether a message names the line itself, as that of an error does."""
    cell = rf"code cell {where.cell}, " if where.cell else ""
    return re.search(rf'"?, {cell}line {where.line}\b', message) is not None


def link(where: Where) -> str:
    """Returns the address of the file, for terminals that know links; empty if it has none.

    Args:
        where: `Where`.
    """
    path = Path(where.path).absolute() if where.path else None
    return path.as_uri() if path is not None and path.is_file() else ""


def paste(check: CheckResult) -> list[str]:
    """Returns the lines that show a fault, below a line that tells what to do with them.

    Args:
        check: `CheckResult`.

    Returns:
        List of strings, the lines of code indented; empty if there are none.
    """
    if not check.reproduce:
        return []
    head = PASTE_CELL if check.where and check.where.cell else PASTE
    return [head, *(f"  {row}" for row in check.reproduce.split("\n"))]


def below(check: CheckResult) -> list[str]:
    """Returns what stands below a message: the place, and the lines that show the fault.

    Args:
        check: `CheckResult`.
    """
    place = line(check)
    return [*([f"  {place}"] if place else []), *paste(check)]


def on_github() -> bool:
    """Returns whether this runs in GitHub Actions, which shows errors beside lines."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def for_github(verdict: Verdict) -> Iterator[str]:
    """Gives a command of GitHub Actions for each check that did not pass: an error at its line.

    Args:
        verdict: `Verdict`.
    """
    for task in verdict.tasks:
        for check in task.checks:
            if check.outcome in ("failed", "error"):
                yield _annotation(check)


def _annotation(check: CheckResult) -> str:
    where = check.where
    properties = {"title": check.id}
    if where is not None:
        properties = {"file": _relative(where)} | properties
        # Of a notebook GitHub shows the JSON, in which a cell has no line.
        if not where.cell:
            properties |= {"line": str(where.line)}
    told = ",".join(f"{name}={_escaped(value, True)}" for name, value in properties.items())
    message = "\n".join([check.message, *below(check)])
    return f"::error {told}::{_escaped(message)}"


def _relative(where: Where) -> str:
    """Returns a file as GitHub names it: from the repository's root."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.getcwd()
    path = Path(where.path or where.file).absolute()
    try:
        return path.relative_to(Path(root).absolute()).as_posix()
    except ValueError:
        return str(path)


def _escaped(text: str, is_property: bool = False) -> str:
    """Escapes text for a command of GitHub Actions."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text
