"""The exercises as pytest sees them: a task is a file, a check is a test in it."""

from __future__ import annotations

import dataclasses
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders.rubric import Check, Task
from graders.verdict import CheckResult, TaskVerdict

if TYPE_CHECKING:
    from graders.editor.gradings import Gradings

GRADINGS: pytest.StashKey[Gradings] = pytest.StashKey()


class NotPassed(AssertionError):
    """A check that did not pass."""


@dataclasses.dataclass(frozen=True)
class Crash:
    """Where a check did not pass, and why in one line, as pytest's short summary prints it."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


@dataclasses.dataclass(frozen=True)
class Told:
    """What is shown of a check that did not pass: the grader's text, and no traceback."""

    text: str
    reprcrash: Crash

    def __str__(self) -> str:
        return self.text

    def toterminal(self, writer: Any) -> None:
        """Writes the text to a terminal, as pytest's own representations do."""
        for line in self.text.split("\n"):
            # Code is indented, and stays as it is.
            whole = len(line) <= writer.fullwidth or line.startswith(" ")
            writer.line(line if whole else textwrap.fill(line, writer.fullwidth))


class Exercise(pytest.File):
    """A task: the module or the notebook of a student.

    Args:
        task: `Task`.
    """

    def __init__(self, *, task: Task, **kwargs: Any):
        super().__init__(**kwargs)
        self.task = task
        self.printed = False

    def collect(self) -> Iterator[CheckItem]:
        """Gives a test for each check of the rubric. The student's file is parsed, not run."""
        from graders.editor import places

        lines = places.lines(self.path, self.task.checks) if self.path.suffix == ".py" else {}
        for check in self.task.checks:
            yield CheckItem.from_parent(
                self, name=check.name, check=check, line=lines.get(check.name)
            )


class CheckItem(pytest.Item):
    """A check.

    Args:
        check: `Check`.
        line: Integer, the line that it is about, counted from 0; `None` if it has none.
    """

    def __init__(self, *, check: Check, line: int | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.check, self.line = check, line
        self.result: CheckResult | None = None
        plugins = self.config.pluginmanager
        if plugins.hasplugin("timeout") or plugins.hasplugin("pytest_timeout"):
            # The grader has limits of its own, and the first test of a task waits for all of it.
            self.add_marker(pytest.mark.timeout(0))

    @property
    def exercise(self) -> Exercise:
        """`Exercise`, the task that it is a check of."""
        assert isinstance(self.parent, Exercise)
        return self.parent

    def setup(self) -> None:
        """Waits for the verdict on the task."""
        from graders.editor.gradings import Ended
        from graders.reports import text

        try:
            verdict = self.config.stash[GRADINGS].of(self.exercise.task)
        except Ended as error:
            pytest.fail(f"Not graded: {error}", pytrace=False)
        if verdict.status == "grader_error":
            pytest.fail(verdict.message, pytrace=False)
        [self.result] = [found for found in verdict.checks if found.id == self.check.id]
        self.user_properties += [
            ("points", self.result.points),
            ("max_points", self.result.max_points),
        ]
        if verdict.status == "not_started":
            raise self._skipped(text.next_step([verdict]))
        self._show_prints(verdict)

    def _show_prints(self, verdict: TaskVerdict) -> None:
        """Shows what the student's code printed: once, with the first check that did not pass."""
        from graders.printable import printable

        assert self.result is not None
        output = str(verdict.evidence.get("output", "")).strip()
        if output and not self.exercise.printed and self.result.outcome in ("failed", "error"):
            self.exercise.printed = True
            self.add_report_section("call", "stdout", printable(output) + "\n")

    def runtest(self) -> None:
        """Has the outcome of the check."""
        assert self.result is not None
        if self.result.outcome == "skipped":
            raise self._skipped(self.result.message)
        if self.result.outcome != "passed":
            raise NotPassed(self.result.message)

    def _skipped(self, reason: str) -> BaseException:
        # At the student's file, not at this one.
        return pytest.skip.Exception(reason[:1].upper() + reason[1:], _use_item_location=True)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Returns what is shown of a failure."""
        if self.result is None or not isinstance(excinfo.value, NotPassed):
            return super().repr_failure(excinfo, style)
        from graders.reports import places, text

        earned, most = text.points(self.result.points), text.points(self.result.max_points)
        told = [
            f"{self.check.description} ({earned} of {most} points)",
            "\n".join([self.result.message, *places.below(self.result)]),
            f"Hint: {self.result.hint}" if self.result.hint else "",
            f"More hints: python grade.py --hint {self.check.id}",
        ]
        first = self.result.message.partition("\n")[0]
        where = self.result.where
        line = where.line if where and not where.cell else (self.line or 0) + 1
        crash = Crash(self._shown_path(), line, first)
        return Told("\n\n".join(part for part in told if part), crash)

    def _shown_path(self) -> str:
        try:
            return os.path.relpath(self.path, Path.cwd())
        except ValueError:
            return str(self.path)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Returns the file, the line and the name that pytest shows.

        A notebook has no such line, and pytest wants one of each test that is skipped.
        """
        return self.path, self.line or 0, self.name
