"""Where verdicts are written to: `--json`, `--junit`, `--html`, `--gradescope`.

Targets are tried before anything is graded: nobody waits for a verdict that cannot be kept.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from graders.printable import printable
from graders.reports import printed
from graders.verdict import Verdict

# Renderers are imported when they are asked for: plots and templates take their time.
FORMATS = ("json", "junit", "html", "gradescope")
STDOUT = "-"


class Unwritable(Exception):
    """A target that cannot be written to; the text is one clear line."""


def _render(name: str, verdict: Verdict) -> str:
    if name == "json":
        found = verdict.to_json()
        for part, task in zip(found["tasks"], verdict.tasks, strict=True):
            if printed.lines(task):
                part["printed"] = {"lines": printed.lines(task), "text": printed.text(task)}
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    return importlib.import_module(f"graders.reports.{name}").render(verdict)


def _try(path: Path) -> None:
    """Raises `OSError` unless the path can be written; leaves no trace."""
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    if found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        # A pipe or a device: opening it may wait, or be all that is ever read.
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
        return
    with path.open("ab"):
        pass
    if found is None:
        with contextlib.suppress(OSError):
            path.unlink()


def _place(target: str) -> str:
    return target if target == STDOUT else os.path.realpath(os.path.expanduser(target))


def same(one: str, other: str) -> bool:
    """Returns whether two paths are of one file, on some system at least.

    Names that differ in their case alone are of one file on macOS and Windows.
    """
    places = _place(one), _place(other)
    if places[0].casefold() == places[1].casefold():
        return True
    try:
        return STDOUT not in places and os.path.samefile(*places)
    except OSError:
        return False


def try_all(given: Mapping[str, str | None]) -> None:
    """Tries the targets of a run.

    Args:
        given: Dict from an option's name to a path, `"-"` or `None`.

    Raises:
        Unwritable: If one of them cannot be written, or two would go to the same place.
    """
    taken: dict[str, str] = {}
    for name, target in given.items():
        if target is None:
            continue
        if not target:
            raise Unwritable(f"--{name} takes a file, or - for standard output.")
        try:
            for other, before in taken.items():
                if same(before, target):
                    where = "standard output" if target == STDOUT else printable(target, 200)
                    raise Unwritable(f"--{other} and --{name} cannot both go to {where}.")
            if target != STDOUT:
                _try(Path(target).expanduser())
        except (OSError, ValueError, RuntimeError) as error:
            raise Unwritable(_sentence(name, target, error)) from None
        # Devices take everything.
        if not _place(target).startswith("/dev/"):
            taken[name] = target


class Outputs:
    """The targets of one run.

    Args:
        targets: Dict from a format's name to a path, `"-"` or `None`.

    Raises:
        Unwritable: If one of them cannot be written, or two would go to the same place.
    """

    def __init__(self, targets: dict[str, str | None]):
        self._targets = {name: target for name, target in targets.items() if target is not None}
        try_all(self._targets)

    @property
    def to_stdout(self) -> bool:
        """Boolean, whether one of them is standard output, and nothing else may be printed."""
        return STDOUT in self._targets.values()

    @property
    def names(self) -> list[str]:
        """List of strings, what people call the targets."""
        shown = {STDOUT: "standard output"}
        return [shown.get(target, printable(target, 200)) for target in self._targets.values()]

    def __contains__(self, name: str) -> bool:
        return name in self._targets

    def write(self, verdict: Verdict) -> None:
        """Writes a verdict to every target.

        Args:
            verdict: `Verdict`.

        Raises:
            Unwritable: If one of them failed after all; the others are written all the same.
        """
        self.put({name: _render(name, verdict) for name in self._targets})

    def write_nothing(self, reason: str) -> None:
        """Writes that there was nothing to grade, where somebody waits for it: for Gradescope.

        Args:
            reason: String, what was expected and what was found.

        Raises:
            Unwritable: If that failed.
        """
        if "gradescope" in self._targets:
            from graders.reports import gradescope

            self.put({"gradescope": gradescope.nothing(reason)})

    def put(self, contents: dict[str, str]) -> None:
        """Writes texts to their targets.

        Args:
            contents: Dict from formats' names to texts.

        Raises:
            Unwritable: If one of them failed after all; the others are written all the same.
        """
        problems = []
        for name, content in contents.items():
            target = self._targets[name]
            if target == STDOUT:
                _print(content)
                continue
            try:
                Path(target).expanduser().write_text(content, encoding="utf-8")
            except OSError as error:
                problems.append(_sentence(name, target, error))
        if problems:
            raise Unwritable(" ".join(problems))


def _sentence(name: str, target: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, FileNotFoundError):
        reason = "there is no such folder"
    return f"{printable(target, 200)} cannot be written (--{name}): {reason}."


def _print(content: str) -> None:
    # Pages and messages hold more than some terminals' encodings: a byte is better than a crash.
    data = content.encode("utf-8")
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(content)
    else:
        sys.stdout.flush()
        stream.write(data)
    sys.stdout.flush()
