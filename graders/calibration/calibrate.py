"""Measures where bounds belong: `python -m graders.calibration [TASK …]` writes `calibration.json`.

For each task it grades the reference and the task's shortcuts over many draws of the data and as
many seeds, and keeps each measure's values. A shortcut is a submission of the corpus whose head
holds `# shortcut:`: a linear model, for example, or one with the lesson left out. The bound lies
between the two distributions, see `graders.calibration.placing`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import datetime
import functools
import json
import math
import re
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from graders import rubric
from graders.calibration import placing as bounds
from graders.rubric import Task
from graders.rubric import bounds as thresholds
from graders.runner import Request, Runner, Settings

DRAWS = 20
Measures = dict[str, tuple[float, bool]]


@dataclasses.dataclass(frozen=True)
class Shortcut:
    """A submission without the lesson in it, which a bound must keep out.

    Attributes:
        path: Path of the file.
        aims: Tuple of the measures whose bounds are there to keep it out; empty for all.
    """

    path: Path
    aims: tuple[str, ...] = ()

    def counts_for(self, measure: str) -> bool:
        """Returns whether a measure's bound has to keep it out."""
        return not self.aims or measure in self.aims


def shortcuts(task: Task) -> dict[str, Shortcut]:
    """Returns the shortcuts of a task by their names.

    The head of such a submission in the corpus holds `# shortcut: <name>`, or
    `# shortcut: <name> [<measure>, …]` if only the bounds of these measures are to keep it
    out. A bound on overconfidence, for example, need not keep out a model that learned from too few
    examples.
    """
    found = {}
    for path in sorted(task.corpus.glob("*/*.py")):
        for line in path.read_text(encoding="utf-8").splitlines()[:8]:
            if line.startswith("# shortcut:"):
                name, _, aims = line[11:].strip().rstrip("]").partition(" [")
                found[name] = Shortcut(path, tuple(aim.strip() for aim in aims.split(",") if aim))
    return found


def measure(runner: Runner, task: Task, path: Path, seed: int) -> Measures:
    """Grades one submission once, and returns what was measured.

    Args:
        runner: `Runner` whose settings calibrate.
        task: `Task`.
        path: Path of the submission.
        seed: Integer, the public seed: each draws other data and other starting weights.

    Returns:
        A dict: measure -> (value, whether its bound is an upper one).
    """
    settings = dataclasses.replace(runner.settings, seed=seed, calibrating=True)
    verdict = runner.grade_task(Request(task, path, is_reference=True), settings)
    broken = [check for check in verdict.checks if check.outcome == "error"]
    if verdict.status == "grader_error" or broken:
        # A figure that is missing must not go unnoticed: right work may have failed.
        reason = verdict.message or broken[0].message
        print(f"{task.id}: {path.name} with seed {seed}: {reason}", file=sys.stderr)
    found = {}
    for name, (value, upper) in verdict.evidence.get("measures", {}).items():
        worst = 1e9 if upper else -1e9
        found[name] = round(value, 4) if math.isfinite(value) else worst, upper
    return found


def calibrate(
    runner: Runner, task: Task, draws: int, jobs: int = 1, report: Any = print
) -> dict[str, Any]:
    """Measures one task.

    Args:
        runner: `Runner` whose settings name the data and the secret of the draws.
        task: `Task`.
        draws: Integer, how many draws.
        jobs: Integer, how many gradings side by side.
        report: Callable that takes a line of progress.

    Returns:
        A dict: measure -> see `graders.calibration.placing.between`.
    """
    entrants = {"": Shortcut(task.reference), **shortcuts(task)}
    seeds = range(1000, 1000 + draws)
    values: dict[str, dict[str, list[float]]] = defaultdict(dict)
    uppers: dict[str, bool] = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, entrant in entrants.items():
            started = time.monotonic()
            # Every grading is bound now: `entrant` is another one in the next round.
            found = list(pool.map(functools.partial(measure, runner, task, entrant.path), seeds))
            for measures in found:
                for key, (value, upper) in measures.items():
                    if entrant.counts_for(key):
                        values[key].setdefault(name, []).append(value)
                    uppers[key] = upper
            seconds = time.monotonic() - started
            report(f"{task.id}: {name or 'reference'} measured {draws} times in {seconds:.0f} s")
    return {
        key: bounds.between(
            rows[""], {name: found for name, found in rows.items() if name}, uppers[key]
        )
        for key, rows in values.items()
        if "" in rows
    }


def main(arguments: list[str] | None = None) -> int:
    """Runs the command."""
    parser = argparse.ArgumentParser(description="Calibrate the bounds of tasks.")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--data", default="default")
    parser.add_argument("--jobs", type=int, default=1, help="gradings side by side")
    parser.add_argument(
        "--again", action="store_true", help="place the bounds again, from the stored values"
    )
    given = parser.parse_args(arguments)
    if given.again:
        _place_again()
        return 0
    try:
        tasks = rubric.find_all(given.tasks) or [t for t in rubric.tasks() if t.data]
    except rubric.UnknownTask as error:
        print(error, file=sys.stderr)
        return 2
    settings = Settings(
        data=given.data,
        seconds=1200,
        threads=1 if given.jobs > 1 else 0,
        secret=b"calibration",
    )
    with Runner(settings) as runner:
        for task in tasks:
            found = calibrate(runner, task, given.draws, given.jobs)
            if not found:
                print(f"{task.id}: nothing to calibrate")
                continue
            _merge(task, given.data, found, given.draws)
            for name, row in found.items():
                print(f"{task.id} {name}: bound {row['bound']}, reference {row['reference']}")
    return 0


def _place_again() -> None:
    """Places every bound again, from the distributions in the file."""
    table = json.loads(thresholds.FILE.read_text(encoding="utf-8"))
    for task, sources in table.items():
        known = shortcuts(rubric.find(task))
        for rows in sources.values():
            for name, row in rows.items():
                if "reference" in row:
                    rivals = {
                        key: found["values"]
                        for key, found in row["shortcuts"].items()
                        if key in known and known[key].counts_for(name)
                    }
                    rows[name] = bounds.between(row["reference"]["values"], rivals, row["upper"])
    write(table)


def _merge(task: Task, source: str, found: dict[str, Any], draws: int) -> None:
    # Read again: another task's calibration may have been written meanwhile.
    file = thresholds.file_of(task)
    table = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    table.setdefault(task.id, {})[source] = {
        "_made": {"draws": draws, "date": datetime.date.today().isoformat()},
        **found,
    }
    write(table, file)


def write(table: dict[str, Any], file: Path = thresholds.FILE) -> None:
    """Writes a calibration.

    Args:
        table: Dict, see `graders.rubric.bounds.table`.
        file: Path.
    """
    text = json.dumps(dict(sorted(table.items())), indent=1)
    # A distribution on one line: the file is to be read.
    text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    file.write_text(text + "\n", encoding="utf-8")
