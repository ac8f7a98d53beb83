"""The plugin that makes tests of checks: `conftest.py` in the student copy names it.

Collecting reads the rubric and the student's file, and imports next to nothing, so an editor may do
it on every save. A test waits for the verdict on its task, which comes from `graders.runner`, as
that of `python grade.py` does: what this takes is imported when the first test is to run.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders import rubric
from graders.editor.items import GRADINGS, CheckItem, Exercise
from graders.rubric import BrokenRubric, Task

if TYPE_CHECKING:
    from graders.editor.gradings import Gradings


def pytest_configure(config: pytest.Config) -> None:
    """Registers what collects the exercises."""
    try:
        plugin = Exercises(config)
    except BrokenRubric as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(plugin, "exercises")


class Exercises:
    """The exercises in one session of pytest.

    Args:
        config: `pytest.Config`.

    Raises:
        BrokenRubric: If the rubric cannot be read.
    """

    def __init__(self, config: pytest.Config):
        self._config = config
        self._open = 0
        self._tasks: dict[Path, Task] = {}
        for task in rubric.tasks():
            for path in (task.stub, task.stub.with_suffix(".ipynb")):
                self._tasks[path.resolve()] = task
        # With pytest-xdist: the checks of a task wait for one grading, so they go to one worker.
        if getattr(config.option, "dist", "") == "load":
            config.option.dist = "loadfile"

    # --- collecting ---------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: Any) -> Generator[None, Any, Any]:
        """Collects the checks of a task in the place of a module, which would be imported."""
        found = yield
        task = self._tasks.get(file_path.resolve())
        if task is None:
            return found
        if (
            file_path.suffix == ".ipynb"
            and file_path.with_suffix(".py").exists()
            and not parent.session.isinitpath(file_path)
        ):
            # The checks stand at the module; which of the two is graded, the grader decides.
            return []
        return [Exercise.from_parent(parent, path=file_path, task=task)]

    # --- grading ------------------------------------------------------------------------------

    def _gradings(self) -> Gradings:
        if GRADINGS not in self._config.stash:
            from graders.cli.arguments import UsageError
            from graders.editor import gradings

            try:
                self._config.stash[GRADINGS] = gradings.Gradings(gradings.settings())
            except UsageError as error:
                raise pytest.UsageError(str(error)) from None
        return self._config.stash[GRADINGS]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Begins to grade the tasks of the tests that will run."""
        items = [item for item in session.items if isinstance(item, CheckItem)]
        if not items or self._config.option.collectonly:
            return
        gradings = self._gradings()
        # A worker of pytest-xdist does not know yet which tests it will be given.
        if not hasattr(self._config, "workerinput"):
            gradings.begin(list(dict.fromkeys(item.exercise.task for item in items)))

    # --- reporting ----------------------------------------------------------------------------

    def pytest_report_header(self) -> str | None:
        """Tells how the exercises are graded."""
        return None if self._config.option.collectonly else self._gradings().header()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """Tells how long a check took, not how long its test waited."""
        report = yield
        if isinstance(item, CheckItem) and item.result is not None and call.when == "call":
            report.duration = item.result.seconds
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Adds the points to what `pytest -v` prints."""
        points = dict(getattr(report, "user_properties", ()))
        if report.when != "call" or "max_points" not in points or report.skipped:
            return None
        letter = "." if report.passed else "F"
        earned = f"{points['points']:g}/{points['max_points']:g}"
        return report.outcome, letter, f"{report.outcome.upper()} {earned}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Counts the checks that were not run, for the exit code."""
        self._open += report.skipped and "max_points" in dict(report.user_properties)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints what `python grade.py` prints at its end."""
        from graders.reports import text

        gradings = self._config.stash.get(GRADINGS, None)
        if gradings is None or not gradings.verdict().tasks:
            return
        verdict = gradings.verdict()
        terminalreporter.section("exercises")
        told = [text.task_line(task) for task in verdict.tasks if task.status != "not_started"]
        for part in [*told, text.summary(verdict)]:
            terminalreporter.write(text.plain(part, terminalreporter._tw.fullwidth))
        if gradings.trouble:
            terminalreporter.write_line(gradings.trouble)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Ends what is under way. Work that is not complete is no success, even if none failed."""
        if GRADINGS in self._config.stash:
            self._config.stash[GRADINGS].close()
        if self._open and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
