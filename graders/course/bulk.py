"""Grades a whole class into the verdict store; `graders.course.bulk_command` is the command.

The store is what makes it resumable: what was graded once is not graded again, here or by
`nbgrader autograde`. Stopping loses the tasks under way and no other.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from graders.calibration.first_use import MeasuredBounds
from graders.course.handed_in import Work
from graders.runner import Request, Runner, Settings
from graders.verdict import TaskVerdict

# Where nobody watches a bar, a line is printed each so many seconds.
LINE_SECONDS = 30.0
# What a task costs, before the first one has been graded.
GUESS_SECONDS = 15.0
# What of a verdict's evidence the class's report shows.
SHOWN = ("touches",)
# From so many on, what is done tells how much of the rest has to be graded.
FEW = 30


class ClassProgress:
    """Shows how much is graded, and how long the rest may take. Use as a context manager.

    Args:
        works: List of `Work`.
        jobs: Integer, how many are graded side by side.
        stream: File to print to.

    Attributes:
        jobs: Integer, how many are graded side by side now.
    """

    def __init__(self, works: list[Work], jobs: int, stream: Any):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._left = collections.Counter(work.task.id for work in works)
        self._spent: dict[str, list[float]] = collections.defaultdict(list)
        self.jobs = jobs
        self._total, self._done, self._cached = len(works), 0, 0
        self._console = Console(file=stream, highlight=False)
        self._bar = Progress(
            TextColumn("Grading"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._row = self._bar.add_task("", total=self._total, left="")
        self._printed = time.monotonic()

    def __enter__(self) -> ClassProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def seconds_left(self) -> float:
        """Returns an estimate: each task costs what it cost others so far.

        Of what is left, as many are taken to be graded as of what is done: the others are stubs, or
        come from the store.
        """
        known = [x for spent in self._spent.values() for x in spent]
        usual = statistics.median(known) if known else GUESS_SECONDS
        costs = {task: statistics.mean(spent) for task, spent in self._spent.items()}
        left = sum(count * costs.get(task, usual) for task, count in self._left.items())
        share = len(known) / self._done if self._done >= FEW else 1.0
        return left * share / self.jobs

    def take(self, work: Work, verdict: TaskVerdict) -> None:
        """Takes a verdict."""
        self._done += 1
        self._left[work.task.id] -= 1
        self._cached += verdict.cached
        # What a stub, or the store, answers at once tells nothing of what grading costs.
        if not (verdict.cached or verdict.status == "not_started"):
            self._spent[work.task.id].append(verdict.seconds)
        minutes, seconds = divmod(round(self.seconds_left()), 60)
        left = f"about {minutes} min {seconds:02d} s left"
        self._bar.update(self._row, completed=self._done, left=left)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._printed > LINE_SECONDS:
            self._printed = now
            self._console.print(f"{self._done} of {self._total} graded, {left}.")

    @property
    def summary(self) -> str:
        """String, what has been done so far."""
        return f"{self._done} of {self._total} tasks graded, {self._cached} of them from the store"


def _tell(runner: Runner, told: str) -> str:
    """Prints why verdicts cannot be kept, unless that was told; returns what was told by now."""
    if runner.trouble != told:
        print(runner.trouble, file=sys.stderr)
    return runner.trouble


def _slim(verdict: TaskVerdict) -> TaskVerdict:
    """Returns a verdict with as much of its evidence as tables and the report use."""
    kept = {name: verdict.evidence[name] for name in SHOWN if name in verdict.evidence}
    return dataclasses.replace(verdict, evidence=kept)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Ignores Ctrl-C, where that can be done: in the main thread."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def grade(
    works: list[Work],
    settings: Settings,
    listener: Callable[[Work, TaskVerdict], None] = lambda work, verdict: None,
    runner: Runner | None = None,
    whole: bool = False,
) -> dict[str, list[TaskVerdict]]:
    """Grades a class.

    Args:
        works: List of `Work`.
        settings: `Settings`; `jobs` of them are graded side by side.
        listener: Callable that takes each verdict as it comes, in the caller's thread.
        runner: `Runner` that grades, and is closed; one of this machine if `None`.
        whole: Boolean, whether the curves of each training are kept, for pages. Without them a
            class takes a tenth of the memory.

    Returns:
        Dict from student to verdicts, in the order of `works`.
    """
    found: dict[int, TaskVerdict] = {}
    settings = dataclasses.replace(settings, settle=True)
    with runner or Runner(settings, bounds=MeasuredBounds()) as runner:
        pool = concurrent.futures.ThreadPoolExecutor(settings.jobs)
        told = _tell(runner, "")
        try:
            waiting = {
                pool.submit(runner.grade_task, Request(work.task, work.folder), settings): index
                for index, work in enumerate(works)
            }
            for future in concurrent.futures.as_completed(waiting):
                index = waiting.pop(future)
                verdict = future.result()
                found[index] = verdict if whole else _slim(verdict)
                listener(works[index], verdict)
                told = _tell(runner, told)
        except BaseException:
            # What waits is dropped, what runs is cut off when the runner closes. One Ctrl-C is
            # enough: a second one would end this in the middle.
            with _deaf():
                pool.shutdown(wait=False, cancel_futures=True)
                runner.close()
                pool.shutdown()
            raise
        pool.shutdown()
        if runner.interrupted:
            count = runner.interrupted
            words = "grading was" if count == 1 else "gradings were"
            print(
                f"{count} {words} ended by the machine, and done again. If nobody ended processes, "
                "its memory may be too small for --jobs.",
                file=sys.stderr,
            )
    verdicts: dict[str, list[TaskVerdict]] = {work.student: [] for work in works}
    for index, work in enumerate(works):
        verdicts[work.student].append(found[index])
    return verdicts
