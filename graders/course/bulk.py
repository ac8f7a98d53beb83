"""`python grade.py bulk SUBMITTED`: grades a whole class into the verdict store.

The store is what makes it resumable: what was graded once is not graded again, here or by
`nbgrader autograde`. Stopping loses the tasks under way and no other.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graders.calibration.first_use import MeasuredBounds
from graders.course import cluster, results
from graders.course.handed_in import CannotGrade, Work, collect, tasks_of
from graders.runner import Request, Runner, Settings
from graders.verdict import TaskVerdict

# Where nobody watches a bar, a line is printed each so many seconds.
LINE_SECONDS = 30.0
# What a task costs, before the first one has been graded.
GUESS_SECONDS = 15.0


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
        """Returns an estimate: each task costs what it cost others so far."""
        known = [x for spent in self._spent.values() for x in spent]
        usual = statistics.median(known) if known else GUESS_SECONDS
        costs = {task: statistics.median(spent) for task, spent in self._spent.items()}
        left = sum(count * costs.get(task, usual) for task, count in self._left.items())
        return left / self.jobs

    def take(self, work: Work, verdict: TaskVerdict) -> None:
        """Takes a verdict."""
        self._done += 1
        self._left[work.task.id] -= 1
        self._cached += verdict.cached
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


def grade(
    works: list[Work],
    settings: Settings,
    listener: Callable[[Work, TaskVerdict], None] = lambda work, verdict: None,
    runner: Runner | None = None,
) -> dict[str, list[TaskVerdict]]:
    """Grades a class.

    What ran out of time, or was ended, while others were graded beside it is graded again, alone,
    before that counts: the others may have been the cause.

    Args:
        works: List of `Work`.
        settings: `Settings`; `jobs` of them are graded side by side.
        listener: Callable that takes each verdict as it comes, in the caller's thread.
        runner: `Runner` that grades, and is closed; one of this machine if `None`.

    Returns:
        Dict from student to verdicts, in the order of `works`.
    """
    found: dict[int, TaskVerdict] = {}
    alone = settings.jobs == 1 or len(works) == 1
    first = dataclasses.replace(settings, settle=alone)
    with runner or Runner(settings, bounds=MeasuredBounds()) as runner:
        pool = concurrent.futures.ThreadPoolExecutor(settings.jobs)
        try:
            waiting = {
                pool.submit(runner.grade_task, Request(work.task, work.folder), first): index
                for index, work in enumerate(works)
            }
            for future in concurrent.futures.as_completed(waiting):
                index = waiting[future]
                found[index] = future.result()
                if alone or _is_final(found[index]):
                    listener(works[index], found[index])
            for index, work in enumerate(works):
                if not alone and not _is_final(found[index]):
                    again = dataclasses.replace(settings, settle=True, threads=0)
                    found[index] = runner.grade_task(Request(work.task, work.folder), again)
                    listener(work, found[index])
        except BaseException:
            # What waits is dropped, what runs is cut off when the runner closes.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
    verdicts: dict[str, list[TaskVerdict]] = {work.student: [] for work in works}
    for index, work in enumerate(works):
        verdicts[work.student].append(found[index])
    return verdicts


def _is_final(verdict: TaskVerdict) -> bool:
    """Returns whether grading alone could not give another verdict."""
    return verdict.lasting or verdict.status == "grader_error"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Grade a class: SUBMITTED holds <student>/<section>/<task>.ipynb or .py. Stopped, the same "
        "command goes on where it was."
    )
    parser.add_argument("submitted", metavar="SUBMITTED", help="a folder with one for each student")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="task ids; all if none is given")
    parser.add_argument(
        "--student", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    parser.add_argument("--json", metavar="FILE", help="write all verdicts; - is standard output")
    parser.add_argument("--csv", metavar="FILE", help="write a line for each check of each student")
    parser.add_argument("--statistics", metavar="FILE", help="write a line of CSV for each check")
    parser.add_argument(
        "--compare", metavar="FILE", help="print whose points differ from this earlier --json"
    )
    parser.add_argument(
        "--similarity",
        metavar="FILE",
        help="write which works look alike, as CSV or .html; alone it grades nothing",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="grade on the workers of this Dask cluster"
    )


def main(
    arguments: list[str],
    parser: argparse.ArgumentParser,
    settings_of: Callable[[argparse.Namespace], Settings],
) -> int:
    """Runs `python grade.py bulk`.

    Args:
        arguments: List of strings, what follows `bulk`.
        parser: The parser to fill in, with the options of grading; it raises on wrong usage.
        settings_of: Callable that makes `Settings` of what was given.

    Returns:
        Integer, the exit code.

    Raises:
        CannotGrade: If there is nothing to grade, or a file cannot be read or written.
    """
    _options(parser)
    given = parser.parse_args(arguments)
    settings = settings_of(given)
    works = collect(Path(given.submitted).expanduser(), given.student, tasks_of(given.tasks))
    try:
        before = results.read(Path(given.compare)) if given.compare else None
    except results.Unreadable as error:
        raise CannotGrade(str(error)) from None
    for name in (given.json, given.csv, given.statistics, given.similarity):
        if name and name != "-" and not Path(name).absolute().parent.is_dir():
            raise CannotGrade(f"{name} cannot be written: its folder does not exist.")
    out = sys.stderr if "-" in (given.json, given.similarity) else sys.stdout
    if given.similarity:
        _compare(given, works, out)
        if not (given.json or given.csv or given.statistics or given.compare):
            return 0
    place = runner = None
    if given.scheduler:
        place = cluster.connect(given.scheduler, settings)
        settings = place.settings
        runner = Runner(settings, bounds=MeasuredBounds(), place=place)
    else:
        settings = settings.sharing(len(works))
    with ClassProgress(works, settings.jobs, out) as progress:

        def take(work: Work, verdict: TaskVerdict) -> None:
            if place is not None:
                progress.jobs = max(1, place.slots)
            progress.take(work, verdict)

        try:
            verdicts = grade(works, settings, take, runner)
        except (KeyboardInterrupt, cluster.Lost) as error:
            why = "Stopped:" if isinstance(error, KeyboardInterrupt) else str(error)
            raise CannotGrade(f"{why} {progress.summary}. The same command goes on.") from None
    document = results.to_json(verdicts)
    written = (
        (given.json, lambda: json.dumps(document, indent=1, ensure_ascii=False) + "\n"),
        (given.csv, lambda: results.per_check(verdicts)),
        (given.statistics, lambda: results.statistics_csv(verdicts)),
    )
    for name, text in written:
        _write(name, text)
    print(results.report(verdicts), file=out)
    if before is not None:
        print(results.changes(before, document), file=out)
    print(f"{progress.summary}; {settings.hidden_tests}.", file=out)
    statuses = {verdict.status for found in verdicts.values() for verdict in found}
    return 2 if "grader_error" in statuses else 0 if statuses == {"passed"} else 1


def _compare(given: argparse.Namespace, works: list[Work], out: Any) -> None:
    """Reports which works look alike; those of all students count, to know what is usual."""
    try:
        import copydetect  # noqa: F401
    except ModuleNotFoundError:
        raise CannotGrade(
            'For --similarity install copydetect: python -m pip install ".[instructor]"'
        ) from None
    from graders.course import similarity

    tasks = dict.fromkeys(work.task for work in works)
    everybody = collect(Path(given.submitted).expanduser(), (), tasks)
    found = similarity.compare_class(
        ((work.task, work.student, work.folder) for work in everybody), given.student
    )
    page = given.similarity.lower().endswith((".html", ".htm"))
    _write(given.similarity, lambda: (similarity.to_html if page else similarity.to_csv)(found))
    print(similarity.report(found), file=out)


def _write(name: str | None, text: Callable[[], str]) -> None:
    if name == "-":
        sys.stdout.write(text().encode("utf-8", "backslashreplace").decode())
    elif name:
        try:
            # As spreadsheets read it: with a mark of UTF-8 where it is a table.
            encoding = "utf-8-sig" if name.lower().endswith(".csv") else "utf-8"
            # The name of a folder may be no UTF-8: JSON reads the escape back as it was.
            data = text().encode(encoding, "backslashreplace")
            Path(name).write_bytes(data)
        except OSError as error:
            raise CannotGrade(f"{name} cannot be written: {error.strerror}.") from None
