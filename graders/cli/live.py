"""What the terminal shows while tasks are graded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from graders.reports import checklist, text, why
from graders.runner import events
from graders.verdict import CheckResult, TaskVerdict


class Live:
    """A line of progress for each task, and failures as they come. Use as a context manager.

    Args:
        console: Rich's `Console`.
        shown: Boolean, whether anything is printed.
        source: String, what `--from` was given, for the command that gives a hint.
        verbose: Boolean, whether what the code printed is shown, too, and every check.
        checks: Boolean, whether every check has a line when its task ends.
    """

    def __init__(
        self,
        console: Console,
        shown: bool,
        source: str = "",
        verbose: bool = False,
        checks: bool = False,
    ):
        self._console = console
        self._verbose = verbose
        self._shown = shown
        self._source = source
        self._checks = checks
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=10),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def take(self, task: str, event: events.Event) -> None:
        """Takes an event of the runner: a `graders.runner.Listener`."""
        if task not in self._rows:
            self._rows[task] = self._progress.add_task(f"{task}: loading", total=None)
        row = self._rows[task]
        match event:
            case events.CheckStarted(check):
                self._progress.update(row, description=f"{task}: {check}", total=None)
            case events.Measuring():
                words = f"{task}: these data are new here; measuring the reference first"
                self._progress.update(row, description=words)
            case events.Progress(epoch, epochs):
                self._progress.update(
                    row,
                    description=f"{task}: {text.training(event)}",
                    completed=min(epoch, epochs),
                    total=epochs,
                )
            case events.ResultReady(result):
                self._show_failure(task, result)
            case events.VerdictReady(verdict):
                self._progress.remove_task(row)
                del self._rows[task]
                self._show_verdict(task, verdict)

    @contextlib.contextmanager
    def working(self, task: str, words: str) -> Iterator[None]:
        """Shows that something goes on that is no grading.

        Args:
            task: String, the task's id.
            words: String.
        """
        row = self._progress.add_task(f"{task}: {words}", total=None)
        try:
            yield
        finally:
            self._progress.remove_task(row)

    def show_why(self, verdict: TaskVerdict) -> None:
        """Prints what was tried where a task failed."""
        found = why.told(verdict.task, verdict.evidence)
        if self._shown and found is not None:
            self._console.print(found, crop=False)

    def _show_failure(self, task: str, result: CheckResult) -> None:
        if self._shown and result.outcome in ("failed", "error"):
            self._console.print(text.failed_check(task, result, self._source), crop=False)

    def _show_verdict(self, task: str, verdict: TaskVerdict) -> None:
        if not self._shown:
            return
        if verdict.cached:
            # Its checks ended another time: what they found is printed again.
            for check in verdict.checks:
                self._show_failure(task, check)
        listed = (self._checks or self._verbose) and checklist.has_run(verdict)
        if listed:
            plain = self._console.options.ascii_only
            self._console.print(checklist.checklist(verdict, plain))
        self._console.print(text.task_line(verdict, self._verbose, listed), crop=False)
