"""Mutation testing of the graders: which small faults in a reference do they catch?

    python -m tests.mutants [TASK …] [--sample N] [--jobs N] [--list]

Each mutant of a reference (see `graders.course.mutation`) is graded by the ordinary path. It is killed if
it does not earn all points. A survivor is a missing check until somebody has written into
`tests/quality/survivors.toml` why it is none. Results go to `tests/quality/mutants/<task>.json` one by
one, and are not graded again until the mutant, the task's checks, bounds or data, or the engine
change: a run can be stopped and taken up again.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import difflib
import fnmatch
import hashlib
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from graders import rubric
from graders.course.first_corpus import LATE
from graders.course.goldens import FirstFailure, stops_at
from graders.course.mutation import Mutant, mutants
from graders.rubric import Task
from graders.runner import Request, Runner, Settings
from graders.verdict import TaskVerdict
from tests.quality import records, survivors

# Everybody's mutants meet the same data: a survivor here is a survivor there.
SECRET = b"tests.mutants"
SECONDS = 120.0


def outcome_of(verdict: TaskVerdict) -> str:
    """Names what became of a mutant.

    Args:
        verdict: `TaskVerdict`. Of a mutant that ran out of time, and did nothing else wrong,
            nobody knows: it may be right work on a slow day. It counts neither as killed nor as
            survived.

    Returns:
        String: `"killed"`, `"survived"`, `"timeout"` or `"grader_error"`.
    """
    if verdict.status == "passed":
        return "survived"
    if verdict.status == "grader_error":
        return "grader_error"
    if any(check.outcome == "failed" for check in verdict.checks):
        return "killed"
    errors = [check for check in verdict.checks if check.outcome == "error"]
    if all(LATE.search(check.message) for check in errors):
        return "timeout"
    return "killed"


def sample(found: list[Mutant], size: int | None) -> list[Mutant]:
    """Takes a part of the mutants: the same on every machine, and a smaller part is in a larger one."""
    if size is None or size >= len(found):
        return found
    chosen = sorted(found, key=lambda m: hashlib.sha256(m.id.encode()).hexdigest())[:size]
    return [mutant for mutant in found if mutant in chosen]


def cheap_first(found: list[Mutant], results: dict[str, Any]) -> list[Mutant]:
    """Orders mutants by what their grading cost last time, or may cost.

    A fault outside of training is often caught before anything trains; most changed constants are
    caught late, or not at all.
    """

    def cost(mutant: Mutant) -> tuple[float, bool, bool]:
        known = results.get(mutant.id, {}).get("seconds", 0.0)
        return known, mutant.trains, mutant.operator == "change-constant"

    return sorted(found, key=cost)


# One that meets an error may have run out of time, which kills nothing.
stop_where_killed = stops_at("failed")


def grade_mutant(runner: Runner, task: Task, mutant: Mutant) -> dict[str, Any]:
    """Grades one mutant.

    Returns:
        Dict of plain data: the outcome, the check that killed it and its message, the time.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{task.id}.py"
        path.write_text(mutant.source, encoding="utf-8")
        try:
            verdict = runner.grade_task(Request(task, path))
            bad = [check for check in verdict.checks if check.outcome != "passed"]
            outcome, otherwise = outcome_of(verdict), verdict.message
        except FirstFailure as killed:
            bad, outcome, otherwise = [killed.result], "killed", ""
    return {
        "outcome": outcome,
        "check": bad[0].id.partition("::")[2] if bad else "",
        # Of a grader that failed, the verdict says why; its checks only that they did not run.
        "message": (bad[0].message if bad and outcome != "grader_error" else otherwise)[:300],
        "seconds": round(time.monotonic() - started, 1),
        "line": mutant.line,
        "change": mutant.change,
        **records.stamp(mutant.source, task),
    }


class Session:
    """One run of the command over one task.

    Args:
        task: `Task`.
        folder: Path of the results, `None` for the committed ones.
    """

    def __init__(self, task: Task, folder: Path | None = None):
        self.task = task
        self._folder = folder
        self._lock = threading.Lock()
        self.mutants = mutants(task.id, task.reference.read_text(encoding="utf-8"))
        known = {mutant.id for mutant in self.mutants}
        found = records.read("mutants", task.id, folder)
        # What is no mutant of this reference any more tells nothing about these checks.
        self.results = {name: result for name, result in found.items() if name in known}

    def waiting(self, chosen: list[Mutant], keep_engine: bool) -> list[Mutant]:
        """Returns those of the chosen mutants that have no result that holds, the cheap ones first.

        Time depends on the machine's day, so what ran out of it is tried again.
        """

        def settled(mutant: Mutant) -> bool:
            found = self.results.get(mutant.id)
            if found is None or found["outcome"] not in ("killed", "survived"):
                return False
            return records.holds(found, mutant.source, self.task, keep_engine)

        return cheap_first([mutant for mutant in chosen if not settled(mutant)], self.results)

    def keep(self, mutant: Mutant, result: dict[str, Any]) -> None:
        """Keeps a result, on disk too."""
        with self._lock:
            self.results[mutant.id] = result
            about = {"mutants": len(self.mutants)}
            records.write("mutants", self.task.id, self.results, self._folder, about)


def summary(
    results: dict[str, Any], explanations: list[survivors.Explanation]
) -> tuple[Counter, list[str]]:
    """Counts the results of one task.

    Args:
        results: Dict, mutant's id -> result.
        explanations: List of `Explanation`.

    Returns:
        A pair: how many are `killed`, `equivalent`, `acceptable`, `weak`, `unexplained`, `timeout`,
        `grader_error`; and the ids of the mutants that are open (the last four).
    """
    count: Counter = Counter()
    still_open = []
    for name, result in sorted(results.items()):
        kind = result["outcome"]
        if kind in ("survived", "timeout"):
            found = survivors.explain(explanations, name, result["change"])
            if found is not None:
                kind = found.verdict
            elif kind == "survived":
                kind = "unexplained"
        count[kind] += 1
        if kind not in ("killed", "equivalent", "acceptable"):
            still_open.append(name)
    return count, still_open


def kill_rate(count: Counter) -> float | None:
    """Returns the share of killed mutants among those that are wrong work, `None` if there are none."""
    wrong = sum(count.values()) - count["equivalent"] - count["acceptable"]
    return count["killed"] / wrong if wrong else None


def _print_open(session: Session, explanations: list[survivors.Explanation]) -> bool:
    count, still_open = summary(session.results, explanations)
    rate = kill_rate(count)
    shown = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items()))
    share = "" if rate is None else f"; {rate:.1%} of those that are wrong work killed"
    of = f"{len(session.results)} of {len(session.mutants)} mutants graded"
    print(f"{session.task.id}: {of}: {shown or 'none'}{share}")
    for name in still_open:
        result = session.results[name]
        print(
            f"  open: {name} ({result['outcome']}, line {result['line']})\n        {result['change']}"
        )
    patterns = [e.pattern for e in explanations if e.pattern.startswith(session.task.id + ":")]
    survived = [n for n, r in session.results.items() if r["outcome"] in ("survived", "timeout")]
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in survived):
            print(f"  survivors.toml explains {pattern}, which is no survivor (or not graded yet)")
    return not still_open


def _show(name: str) -> int:
    try:
        task = rubric.find(name.partition(":")[0])
    except rubric.UnknownTask as error:
        print(error, file=sys.stderr)
        return 2
    found = [m for m in Session(task).mutants if m.id == name]
    if not found:
        print(
            f"There is no mutant {name}. See python -m tests.mutants {task.id} --list.",
            file=sys.stderr,
        )
        return 2
    before = ast.unparse(ast.parse(task.reference.read_text(encoding="utf-8"))) + "\n"
    lines = difflib.unified_diff(
        before.splitlines(True), found[0].source.splitlines(True), "reference", name, n=2
    )
    print("".join(lines), end="")
    print(records.read("mutants", task.id).get(name, "not graded yet"))
    return 0


def main(arguments: list[str] | None = None, folder: Path | None = None) -> int:
    """Runs the command.

    Returns:
        Integer: 0, no open mutant; 1, some are open or waiting; 2, wrong usage.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description="Mutation testing of the graders."
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--jobs", type=int, default=1, help="gradings side by side")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N mutants of each task")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="only ids like this")
    parser.add_argument("--list", action="store_true", help="list mutants and results, grade none")
    parser.add_argument("--show", metavar="ID", help="show one mutant and its result")
    parser.add_argument("--fresh", action="store_true", help="grade again what has a result")
    parser.add_argument(
        "--keep-engine", action="store_true", help="let results of an earlier engine hold"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"limit for each mutant ({SECONDS:g})"
    )
    given = parser.parse_args(arguments)
    if given.show:
        return _show(given.show)
    try:
        tasks = records.chosen_tasks(given.tasks)
        explanations = survivors.load()
    except (rubric.UnknownTask, survivors.BrokenExplanation) as error:
        print(error, file=sys.stderr)
        return 2
    if given.jobs < 1 or given.seconds <= 0 or (given.sample is not None and given.sample < 1):
        print("--jobs, --sample and --seconds must be above 0.", file=sys.stderr)
        return 2
    sessions = [Session(task, folder) for task in tasks]
    if given.list:
        for session in sessions:
            for mutant in session.mutants:
                if fnmatch.fnmatchcase(mutant.id, given.only):
                    result = session.results.get(mutant.id, {})
                    print(f"{result.get('outcome', '-'):9} {mutant.id}  ({mutant.change})")
        return 0
    # One thread each if several run side by side, or they wait for each other.
    settings = Settings(
        seconds=given.seconds, secret=SECRET, jobs=given.jobs, threads=int(given.jobs > 1)
    )
    try:
        with Runner(settings, stop_where_killed) as runner:
            for session in sessions:
                _run(runner, session, given)
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept; run the same command to go on.")
        return 1
    clean = [_print_open(session, explanations) for session in sessions]
    return 0 if all(clean) else 1


def _run(runner: Runner, session: Session, given: argparse.Namespace) -> None:
    chosen = [m for m in session.mutants if fnmatch.fnmatchcase(m.id, given.only)]
    chosen = sample(chosen, given.sample)
    waiting = (
        cheap_first(chosen, session.results)
        if given.fresh
        else session.waiting(chosen, given.keep_engine)
    )
    print(f"{session.task.id}: {len(waiting)} of {len(chosen)} mutants to grade", flush=True)

    def one(mutant: Mutant) -> None:
        result = grade_mutant(runner, session.task, mutant)
        session.keep(mutant, result)
        by = f"  by {result['check']}" if result["check"] else ""
        print(f"{result['outcome']:9}{result['seconds']:6.1f} s  {mutant.id}{by}", flush=True)

    if given.jobs == 1:
        for mutant in waiting:
            one(mutant)
        return
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        try:
            list(pool.map(one, waiting))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


if __name__ == "__main__":
    sys.exit(main())
