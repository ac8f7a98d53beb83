"""Stability of the graders: right work over many draws of data and seeds, threads and oneDNN.

    python -m tests.stability [TASK …] --draws N [--references-only] [--threads 1,2] [--onednn on,off]

Grades every reference, and every right submission of the corpus, until each has N gradings. Each draw
has its own seed and its own data; the settings of threads and oneDNN take turns from draw to draw. A
grading that does not earn all points is a false reject. Counts go to `tests/quality/stability/<task>.json`
after each grading and add up over runs; they begin again when the submission, the task's checks,
bounds or data, or the engine change.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import itertools
import os
import sys
import threading
from pathlib import Path
from typing import Any

from graders import rubric
from graders.rubric import Task
from graders.runner import Request, Runner, Settings
from graders.verdict import TaskVerdict
from tests import corpus
from tests.quality import records

REFERENCE = "reference"
ONEDNN = {"on": "1", "off": "0"}
# Enough to see what went wrong; the count goes on.
MOST_FAILURES = 20


@dataclasses.dataclass(frozen=True)
class Setup:
    """What varies beside the draw.

    Attributes:
        threads: Integer, TensorFlow's threads for each process.
        onednn: String, `"on"` or `"off"`.
    """

    threads: int
    onednn: str

    @property
    def name(self) -> str:
        """String, for the results."""
        return f"threads={self.threads} onednn={self.onednn}"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A submission that must earn all points.

    Attributes:
        task: `Task`.
        name: String, `"reference"` or the name of the file in the corpus.
        path: Path.
    """

    task: Task
    name: str
    path: Path

    @property
    def source(self) -> str:
        """String, the submission as it is now."""
        return self.path.read_text(encoding="utf-8")


def subjects(task: Task, references_only: bool = False) -> list[Subject]:
    """Returns the reference of a task, and its right submissions."""
    found = [Subject(task, REFERENCE, task.reference)]
    if not references_only:
        found += [Subject(task, c.path.stem, c.path) for c in corpus.cases(task.id) if c.right]
    return found


def settings_for(draw: int, setup: Setup, seconds: float) -> Settings:
    """Returns the settings of one draw: other data, other seeds."""
    return Settings(
        seed=draw,
        secret=f"tests.stability:{draw}".encode(),
        threads=setup.threads,
        seconds=seconds,
    )


def upper_bound(rejects: int, gradings: int, confidence: float = 0.95) -> float | None:
    """Bounds the chance of a false reject from above.

    For no reject among n gradings this is the rule of three, about 3 / n; else its general form
    (Clopper, Pearson 1934).

    Args:
        rejects: Integer, how many were rejected.
        gradings: Integer, of how many; all independent.
        confidence: Float, the chance that the bound holds.

    Returns:
        Float, or `None` without any grading.
    """
    if not gradings:
        return None
    if rejects >= gradings:
        return 1.0
    from scipy import stats

    return float(stats.beta.ppf(confidence, rejects + 1, gradings - rejects))


def count_in(entry: dict[str, Any], draw: int, setup: Setup, verdict: TaskVerdict) -> None:
    """Adds one grading to the counts of a submission, in place."""
    entry["gradings"] = entry.get("gradings", 0) + 1
    entry["draws"] = max(entry.get("draws", 0), draw + 1)
    counts = entry.setdefault("setups", {}).setdefault(setup.name, [0, 0])
    counts[0] += 1
    entry.setdefault("rejects", 0)
    if verdict.status == "passed":
        return
    entry["rejects"] += 1
    counts[1] += 1
    bad = [check for check in verdict.checks if check.outcome != "passed"]
    failures = entry.setdefault("failures", [])
    if len(failures) < MOST_FAILURES:
        failures.append(
            {
                "draw": draw,
                "setup": setup.name,
                "status": verdict.status,
                "check": bad[0].id.partition("::")[2] if bad else "",
                "message": (bad[0].message if bad else verdict.message)[:400],
            }
        )


class Session:
    """The counts of one task.

    Args:
        task: `Task`.
        folder: Path of the results, `None` for the committed ones.
    """

    def __init__(self, task: Task, folder: Path | None = None):
        self.task = task
        self._folder = folder
        self._lock = threading.Lock()
        self.entries: dict[str, Any] = records.read("stability", task.id, folder)
        # Submissions that are gone say nothing about the ones that are there.
        names = {subject.name for subject in subjects(task)}
        self.entries = {name: e for name, e in self.entries.items() if name in names}

    def renew(self, subject: Subject, keep_engine: bool) -> None:
        """Starts a submission's counts anew, unless what they count is what there is now."""
        stamp = records.stamp(subject.source, self.task)
        if records.holds(self.entries.get(subject.name), subject.source, self.task, keep_engine):
            self.entries[subject.name].update(stamp)
        else:
            self.entries[subject.name] = {"gradings": 0, "rejects": 0, "draws": 0, **stamp}

    def next_draw(self, subject: Subject) -> int:
        """Returns how many draws a submission has had."""
        return self.entries[subject.name]["draws"]

    def keep(self, subject: Subject, draw: int, setup: Setup, verdict: TaskVerdict) -> None:
        """Counts a grading, on disk too."""
        with self._lock:
            count_in(self.entries[subject.name], draw, setup, verdict)
            records.write("stability", self.task.id, self.entries, self._folder)


def totals(entries: dict[str, Any]) -> tuple[int, int]:
    """Returns the gradings and the rejects of several submissions."""
    return (
        sum(entry["gradings"] for entry in entries.values()),
        sum(entry["rejects"] for entry in entries.values()),
    )


def _print(session: Session) -> bool:
    clean = True
    for name, entry in sorted(session.entries.items()):
        bound = upper_bound(entry["rejects"], entry["gradings"])
        shown = "" if bound is None else f"; at most {bound:.2%} at 95 %"
        print(
            f"{session.task.id}/{name}: {entry['rejects']} rejected of {entry['gradings']}{shown}"
        )
        for failure in entry.get("failures", []):
            clean = False
            print(f"    draw {failure['draw']}, {failure['setup']}: {failure['check']}")
            print(f"        {failure['message'].splitlines()[0] if failure['message'] else ''}")
    return clean


def _setups(threads: str, onednn: str) -> list[Setup]:
    """Reads the options.

    Raises:
        ValueError: With one line for people.
    """
    numbers = [word.strip() for word in threads.split(",")]
    switches = [word.strip() for word in onednn.split(",")]
    if not all(word.isdigit() for word in numbers):
        raise ValueError(f"--threads takes numbers such as 1,2. Received: {threads}")
    if not set(switches) <= set(ONEDNN):
        raise ValueError(f"--onednn takes on, off or on,off. Received: {onednn}")
    return [Setup(int(n), s) for s, n in itertools.product(switches, numbers)]


def main(arguments: list[str] | None = None, folder: Path | None = None) -> int:
    """Runs the command.

    Returns:
        Integer: 0, no false reject; 1, some, or stopped; 2, wrong usage.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.stability", description="Right work over many draws and settings."
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--draws", type=int, default=10, help="gradings of each submission (10)")
    parser.add_argument("--references-only", action="store_true")
    parser.add_argument("--only", default="", metavar="WORD", help="only names that hold this")
    parser.add_argument("--jobs", type=int, default=1, help="gradings side by side")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--onednn", default="on,off")
    parser.add_argument("--seconds", type=float, default=300.0, help="limit for each grading (300)")
    parser.add_argument(
        "--keep-engine", action="store_true", help="let counts of an earlier engine go on"
    )
    given = parser.parse_args(arguments)
    try:
        tasks = records.chosen_tasks(given.tasks)
        setups = _setups(given.threads, given.onednn)
    except (rubric.UnknownTask, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if given.jobs < 1 or given.draws < 0 or given.seconds <= 0:
        print("--jobs, --draws and --seconds must be above 0.", file=sys.stderr)
        return 2
    sessions = [Session(task, folder) for task in tasks]
    wanted = []
    for session in sessions:
        for subject in subjects(session.task, given.references_only):
            if given.only in subject.name:
                session.renew(subject, given.keep_engine)
                wanted.append((session, subject))
    try:
        _run(wanted, setups, given)
    except KeyboardInterrupt:
        print("\nStopped. What was counted is kept; run the same command to go on.")
        return 1
    clean = [_print(session) for session in sessions]
    return 0 if all(clean) else 1


def _run(
    wanted: list[tuple[Session, Subject]], setups: list[Setup], given: argparse.Namespace
) -> None:
    # A warm process reads the switch of oneDNN once, when it starts: one for each.
    runners = {setup.onednn: Runner(Settings()) for setup in setups}
    before = os.environ.get("TF_ENABLE_ONEDNN_OPTS")

    def one(item: tuple[int, Session, Subject]) -> None:
        draw, session, subject = item
        setup = setups[draw % len(setups)]
        settings = settings_for(draw, setup, given.seconds)
        request = Request(subject.task, subject.path)
        verdict = runners[setup.onednn].grade_task(request, settings)
        session.keep(subject, draw, setup, verdict)
        shown = "ok" if verdict.status == "passed" else f"REJECTED ({verdict.status})"
        print(
            f"draw {draw:3} {setup.name}  {verdict.seconds:6.1f} s  "
            f"{subject.task.id}/{subject.name}  {shown}",
            flush=True,
        )

    try:
        for switch, runner in runners.items():
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = ONEDNN[switch]
            runner.warm_up()
        # Draw by draw: a run that is stopped has counted about as often for each.
        due = [
            (draw, session, subject)
            for draw in range(given.draws)
            for session, subject in wanted
            if session.next_draw(subject) <= draw
        ]
        with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
            try:
                list(pool.map(one, due))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        for runner in runners.values():
            runner.close()
        if before is None:
            os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
        else:
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = before


if __name__ == "__main__":
    sys.exit(main())
