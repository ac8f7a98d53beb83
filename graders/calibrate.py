"""Measures where bounds belong: `python -m graders.calibrate [TASK …]` writes `calibration.json`.

For each task the reference and the task's shortcuts (submissions of the corpus whose head says
`# shortcut:`; a linear model, say, or one with the lesson left out) are graded over many draws of
the data and as many seeds, and each measure's values are kept. The bound lies between the two
distributions: by Student's t prediction interval (Hahn, Meeker 1991, "Statistical Intervals",
chapter 4), the reference falls short of it with a chance below 1e-4.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import math
import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from graders import rubric, thresholds
from graders.rubric import KIT, Task
from graders.runner import Request, Runner, Settings

DRAWS = 20
CHANCE = 1e-4
# Where the bound sits between the shortcuts' upper end (0) and the reference's lower end (1):
# nearer to the shortcuts, since right work is more varied than one reference.
PLACE = 0.4


def shortcuts(task: Task) -> dict[str, Path]:
    """Returns the shortcuts of a task: what their head says, and their paths."""
    found = {}
    for path in sorted((KIT / "tests" / "submissions" / task.id).glob("*/*.py")):
        for line in path.read_text(encoding="utf-8").splitlines()[:8]:
            if line.startswith("# shortcut:"):
                found[line[11:].strip()] = path
    return found


def measure(
    runner: Runner, task: Task, path: Path, draws: range
) -> dict[str, tuple[list[float], bool]]:
    """Grades one submission over several draws.

    Args:
        runner: `Runner`.
        task: `Task`.
        path: Path of the submission.
        draws: Range of public seeds; each draws other data and other starting weights.

    Returns:
        A dict: measure -> (values, whether the bound is an upper one).
    """
    values: dict[str, list[float]] = defaultdict(list)
    upper: dict[str, bool] = {}
    for seed in draws:
        runner.settings = dataclasses.replace(runner.settings, seed=seed)
        verdict = runner.grade_task(Request(task, path, is_reference=True))
        for name, (value, is_upper) in verdict.evidence.get("measures", {}).items():
            worst = 1e9 if is_upper else -1e9
            values[name].append(round(value, 4) if math.isfinite(value) else worst)
            upper[name] = is_upper
    return {name: (values[name], upper[name]) for name in values}


def _tail(values: list[float], upper: bool) -> float:
    """Returns what a further value exceeds in the bad direction with a chance of `CHANCE`."""
    from scipy import stats

    n = len(values)
    spread = statistics.stdev(values) if n > 1 else 0.0
    reach = float(stats.t.ppf(1 - CHANCE, max(n - 1, 1))) * spread * math.sqrt(1 + 1 / n)
    mean = statistics.fmean(values)
    return mean + reach if upper else mean - reach


def _chance(values: list[float], bound: float, upper: bool) -> float:
    from scipy import stats

    n, mean = len(values), statistics.fmean(values)
    spread = statistics.stdev(values) * math.sqrt(1 + 1 / n)
    distance = (bound - mean) if upper else (mean - bound)
    if spread == 0:
        return 0.0 if distance >= 0 else 1.0
    return float(stats.t.sf(distance / spread, n - 1))


def _figures(values: list[float]) -> dict[str, Any]:
    return {
        "n": len(values),
        "mean": round(statistics.fmean(values), 4),
        "sd": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "values": values,
    }


def bound_for(
    reference: list[float], rivals: dict[str, list[float]], upper: bool
) -> dict[str, Any]:
    """Places a bound.

    Args:
        reference: List of floats, the reference's values.
        rivals: Dict of lists of floats, the shortcuts' values.
        upper: Boolean, whether values must stay below the bound rather than above.

    Returns:
        A dict: the bound, how it was found, and the distributions.
    """
    safe = _tail(reference, upper)
    # A shortcut that lands on the right side in this measure is caught by another one.
    worse = {
        name: values
        for name, values in rivals.items()
        if len(values) > 1 and (min(values) > safe if upper else max(values) < safe)
    }
    if worse:
        ends = [min(v) if upper else max(v) for v in worse.values()]
        edge = min(ends) if upper else max(ends)
        bound = edge + PLACE * (safe - edge)
    else:
        # Nothing to keep out: leave twice the room that the reference needs.
        bound = safe + (safe - statistics.fmean(reference))
        edge = bound
    digits = 3
    bound = round(bound, digits)
    return {
        "bound": bound,
        "upper": upper,
        "chance_right_work_fails": float(f"{_chance(reference, bound, upper):.1e}"),
        "margin_over_best_shortcut": round(abs(bound - edge), 4) if worse else None,
        "reference": _figures(reference),
        "shortcuts": {name: _figures(values) for name, values in rivals.items() if values},
        "kept_out": sorted(worse),
    }


def calibrate(runner: Runner, task: Task, draws: int, say: Any = print) -> dict[str, Any]:
    """Measures one task.

    Args:
        runner: `Runner` whose settings calibrate.
        task: `Task`.
        draws: Integer, how many draws.
        say: Callable that takes a line of progress.

    Returns:
        A dict: measure -> see `bound_for`.
    """
    reference = measure(runner, task, task.reference, range(1000, 1000 + draws))
    say(f"{task.id}: reference done")
    rivals: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for name, path in shortcuts(task).items():
        for key, (values, _) in measure(runner, task, path, range(1000, 1000 + draws)).items():
            rivals[key][name] = values
        say(f"{task.id}: {name} done")
    return {
        name: bound_for(values, rivals[name], upper) for name, (values, upper) in reference.items()
    }


def markdown() -> str:
    """Returns the README's table of tasks, with what was measured."""
    lines = [
        "| task | what it teaches | what is checked | bound | best shortcut | reference |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for task in rubric.tasks():
        rows = thresholds.table().get(task.id, {}).get("default", {})
        measures = [name for name in rows if not name.startswith("_")]
        cells = []
        for part in ("bound", "shortcut", "reference"):
            cells.append("<br>".join(_cell(name, rows[name], part) for name in measures) or "–")
        checks = ", ".join(check.name for check in task.checks)
        lines.append(f"| `{task.id}` | {task.title} | {checks} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(name: str, row: dict[str, Any], part: str) -> str:
    if part == "bound" and "upper" not in row:
        return f"{name} {row['bound']:.2f} (provisional)"
    if "reference" not in row:
        return "–"
    sign = "≤" if row["upper"] else "≥"
    if part == "bound":
        return f"{name} {sign} {row['bound']:.2f}"
    if part == "reference":
        return f"{row['reference']['mean']:.2f} ± {row['reference']['sd']:.2f}"
    means = {k: row["shortcuts"][k]["mean"] for k in row["kept_out"]}
    if not means:
        return "–"
    best = (min if row["upper"] else max)(means, key=lambda k: means[k])
    return f"{means[best]:.2f} ({best})"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command."""
    parser = argparse.ArgumentParser(description="Calibrate the bounds of tasks.")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--data", default="default")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--table", action="store_true", help="print the README's table")
    given = parser.parse_args(arguments)
    if given.table:
        print(markdown())
        return 0
    tasks = [rubric.find(name) for name in given.tasks] or [t for t in rubric.tasks() if t.data]
    settings = Settings(data=given.data, calibrating=True, threads=given.threads, secret=b"calib")
    with Runner(settings) as runner:
        for task in tasks:
            found = calibrate(runner, task, given.draws)
            if not found:
                print(f"{task.id}: nothing to calibrate")
                continue
            _merge(task.id, given.data, found, given.draws)
            for name, row in found.items():
                print(f"{task.id} {name}: bound {row['bound']}, reference {row['reference']}")
    return 0


def _merge(task: str, source: str, found: dict[str, Any], draws: int) -> None:
    # Read again: another task's calibration may have been written meanwhile.
    file = thresholds.FILE
    table = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    table.setdefault(task, {})[source] = {
        "_made": {"draws": draws, "date": datetime.date.today().isoformat()},
        **found,
    }
    text = json.dumps(dict(sorted(table.items())), indent=1)
    # A distribution on one line: the file is to be read.
    text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
