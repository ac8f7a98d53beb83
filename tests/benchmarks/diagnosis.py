"""How much of what is wrong with programs that nobody here wrote `doctor` finds, beside its peers.

    python -m tests.benchmarks.diagnosis FOLDER [--peers FOLDER] [--half dev|held] [--kept FOLDER]

FOLDER holds one folder for each program, named as in `tests/quality/diagnosis.toml`, or, with
`--healthy`, corrected programs of any name, on which each fault is a false alarm. The peers' folder
holds their published results: `<name> Results.csv`, rows of a program, TRUE or FALSE, and seconds.
CONTRIBUTING.md names the repositories. Nothing here is a test.

detected: at least one fault. named: the first fault is one of those in the labels. located: and its
line is one of theirs.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from graders.rubric import KIT
from tests.quality import diagnosed

LABELS = KIT / "tests" / "quality" / "diagnosis.toml"
LIMIT = 240


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one program.

    Attributes:
        program: String.
        seconds: Float, of the whole command.
        answer: Dict, what `--json` gave; empty if nothing.
        code: Integer, the exit code.
    """

    program: str
    seconds: float
    answer: dict[str, Any]
    code: int

    @property
    def faults(self) -> list[dict[str, Any]]:
        return self.answer.get("faults", [])

    def named(self, label: dict[str, Any]) -> bool:
        return bool(self.faults) and self.faults[0]["id"] in label.get("faults", {})

    def located(self, label: dict[str, Any]) -> bool:
        first = self.faults[0] if self.faults else {}
        return self.named(label) and first.get("line") in label["faults"][first["id"]]


def program_in(folder: Path) -> Path | None:
    """Returns the script of a folder, the one with a fit in it; `None` if there is none."""
    found = sorted(folder.glob("*.py")) + sorted(folder.glob("*.ipynb"))
    fits = [path for path in found if ".fit" in path.read_text("utf-8", "replace")]
    return (fits or found or [None])[0]


def examined(path: Path, name: str, kept: Path | None) -> Outcome:
    """Examines one program, or takes what is kept of it."""
    file = kept / f"{name}.json" if kept else None
    if file is not None and file.exists():
        return Outcome(**json.loads(file.read_text()))
    began = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "grade.py", "doctor", str(path), "--json", "-"],
            cwd=KIT,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
        code, text = done.returncode, done.stdout.decode("utf-8", "replace")
        trouble = done.stderr.decode("utf-8", "replace")[-500:]
    except subprocess.TimeoutExpired:
        code, text, trouble = 124, "", "no answer in time"
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {"trouble": trouble}
    outcome = Outcome(name, time.perf_counter() - began, answer, code)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(dataclasses.asdict(outcome)))
    return outcome


def peers(folder: Path | None) -> dict[str, dict[str, bool]]:
    """Reads the peers' published results: name -> program -> whether it detected the fault."""
    found: dict[str, dict[str, bool]] = {}
    for path in sorted(folder.glob("* Results.csv")) if folder else ():
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row and row[0].strip().isdigit()]
        # One of them gives several columns for each share of its mutants; the last is its best.
        found[path.name.removesuffix(" Results.csv")] = {
            row[0].strip(): (row[1] if len(row) < 9 else row[-1]).strip() == "TRUE" for row in rows
        }
    return found


def main() -> None:
    """Prints a row for each program, and the totals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--half", choices=("dev", "held"))
    parser.add_argument("--kept", type=Path, help="a folder that keeps answers between runs")
    parser.add_argument("--healthy", action="store_true", help="corrected programs")
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--record", action="store_true", help="keep it for the report card")
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if given.healthy:
        alarms = _healthy(given.folder, given.kept)
        if given.record:
            diagnosed.keep({"corrected": alarms})
        return
    labels = tomllib.loads(LABELS.read_text())["programs"]
    theirs = peers(given.peers)
    chosen = [
        name
        for name in sorted(labels)
        if (not given.half or labels[name]["half"] == given.half)
        and (not given.only or name in given.only)
    ]
    outcomes = []
    for name in chosen:
        path = program_in(given.folder / name)
        if path is None:
            continue
        outcome = examined(path, name, given.kept)
        outcomes.append(outcome)
        _row(outcome, labels[name])
    _totals(outcomes, labels, theirs)
    if given.record:
        programs = {
            outcome.program: {
                "detected": bool(outcome.faults),
                "named": outcome.named(labels[outcome.program]),
                "located": outcome.located(labels[outcome.program]),
                "seconds": round(outcome.seconds, 1),
                **{key: labels[outcome.program][key] for key in ("half", "clash")},
            }
            for outcome in outcomes
        }
        detected = {
            peer: {name: found for name, found in results.items() if name in programs and found}
            for peer, results in theirs.items()
        }
        diagnosed.keep({"programs": programs, "peers": detected})


def _row(outcome: Outcome, label: dict[str, Any]) -> None:
    marks = [
        mark if held else "-"
        for mark, held in (
            ("D", bool(outcome.faults)),
            ("N", outcome.named(label)),
            ("L", outcome.located(label)),
            ("c", label["clash"]),
        )
    ]
    shown = ", ".join(f"{fault['id']}:{fault['line']}" for fault in outcome.faults[:4])
    trouble = outcome.answer.get("trouble") or ""
    print(
        f"{outcome.program:10} {''.join(marks)} {outcome.seconds:5.0f} s  {shown}  {trouble[:90]}"
    )
    sys.stdout.flush()


def _totals(
    outcomes: list[Outcome], labels: dict[str, Any], theirs: dict[str, dict[str, bool]]
) -> None:
    for title, rows in (
        ("all", outcomes),
        ("developed on", [o for o in outcomes if labels[o.program]["half"] == "dev"]),
        ("held out", [o for o in outcomes if labels[o.program]["half"] == "held"]),
        ("output and loss clash", [o for o in outcomes if labels[o.program]["clash"]]),
    ):
        if not rows:
            continue
        detected = sum(bool(o.faults) for o in rows)
        named = sum(o.named(labels[o.program]) for o in rows)
        located = sum(o.located(labels[o.program]) for o in rows)
        trained = sum(bool(o.answer.get("trainings")) for o in rows)
        median = statistics.median(o.seconds for o in rows)
        print(
            f"{title}: {len(rows)} programs, {trained} reached a training; detected {detected}, "
            f"named {named}, located {located}; median {median:.1f} s"
        )
        for name, results in theirs.items():
            known = [o for o in rows if o.program in results]
            print(f"    {name}: detected {sum(results[o.program] for o in known)} of {len(known)}")


def _healthy(folder: Path, kept: Path | None) -> dict[str, list[str]]:
    """Prints what is said of corrected programs; returns the faults of those that trained."""
    alarms: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        if ".fit" not in path.read_text("utf-8", "replace"):
            continue
        outcome = examined(path, "_".join(path.relative_to(folder).parts).replace(" ", "-"), kept)
        trained = bool(outcome.answer.get("trainings"))
        if trained:
            name = " ".join(dict.fromkeys(path.relative_to(folder).with_suffix("").parts))
            alarms[name] = [fault["id"] for fault in outcome.faults]
        shown = ", ".join(f"{fault['id']}:{fault['line']}" for fault in outcome.faults)
        state = "ran" if trained else "did not train"
        print(f"{outcome.seconds:4.0f} s  {state}  {path.relative_to(folder)}  {shown}")
        print(f"        {(outcome.answer.get('trouble') or '')[:150]}")
        sys.stdout.flush()
    raised = sum(map(bool, alarms.values()))
    print(f"{len(alarms)} corrected programs ran; {raised} of them raised an alarm")
    return alarms


if __name__ == "__main__":
    main()
