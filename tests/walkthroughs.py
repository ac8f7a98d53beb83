"""The walkthroughs' figures on several seeds: does each show what is printed below it?

`python -m tests.walkthroughs [NAME ...] [--seeds 5] [--out FOLDER]` runs them, prints what their
figures show, the seconds of processor time, and what does not hold; its exit code is 1 if something
does not. The tests do the same on one seed.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

from graders.rubric import KIT

FOLDER = KIT / "reference" / "walkthroughs"
# How many figures a walkthrough saves, and how many sentences it prints of what they show.
FIGURES = {"model_architectures": 5, "customization": 4, "optimization": 5}
SENTENCES = {"model_architectures": 4, "customization": 6, "optimization": 7}
SHOWN, NOT_SHOWN = "In the figure: ", "Not in this figure: "
SYMBOLS = 4  # of the memory experiment: guessing is right once in four times
CELLS = ("SimpleRNN", "GRU", "LSTM")
FORMATS = ("float32", "float16, loss scaled", "float16, not scaled")


def run(name: str, out: Path, seed: int = 0) -> str:
    """Runs a walkthrough from the kit's folder.

    Args:
        name: String, a section.
        out: Path of the folder for its figures.
        seed: Integer, of its data and weights.

    Returns:
        String, what it printed.
    """
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--seed", str(seed), "--out", str(out)],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _memory(printed: str) -> list[str]:
    """Returns what the shares by age do not show: gates remember, SimpleRNN does not."""
    rows = dict(re.findall(rf"^({'|'.join(CELLS)}) (\[.*\])$", printed, re.MULTILINE))
    if set(rows) != set(CELLS):
        return [f"The shares of {CELLS} are expected. Found: {sorted(rows)}"]
    shares = {cell: [float(share) for share in ast.literal_eval(rows[cell])] for cell in CELLS}
    # The ages are sorted; the last four are 16 steps and more.
    faults = [f"{cell} forgets: {shares[cell]}" for cell in CELLS[1:] if min(shares[cell]) < 0.9]
    if max(shares["SimpleRNN"][-4:]) > 1 / SYMBOLS + 0.15:
        faults.append(f"SimpleRNN remembers: {shares['SimpleRNN']}")
    return faults


def _scaling(printed: str) -> list[str]:
    """Returns what the accuracies do not show: float16 trains if, and only if, the loss is scaled."""
    rows = dict(re.findall(rf"^({'|'.join(FORMATS)}) +([\d.]+)%$", printed, re.MULTILINE))
    if set(rows) != set(FORMATS):
        return [f"The accuracies of {FORMATS} are expected. Found: {sorted(rows)}"]
    exact, scaled, plain = (float(rows[name]) for name in FORMATS)
    holds = scaled > 60 and abs(scaled - exact) < 5 and plain < 35
    return [] if holds else [f"loss scaling makes no difference: {rows}"]


def faults(name: str, printed: str) -> list[str]:
    """Returns what a walkthrough's figures do not show.

    Args:
        name: String, a section.
        printed: String, what the walkthrough printed.

    Returns:
        List of strings, empty if each figure shows its lesson.
    """
    lines = printed.splitlines()
    found = [line for line in lines if line.startswith(NOT_SHOWN)]
    shown = sum(line.startswith(SHOWN) for line in lines)
    if shown + len(found) != SENTENCES[name]:
        found.append(f"{SENTENCES[name]} sentences on the figures are expected. Found: {shown}")
    if name == "model_architectures":
        found += _memory(printed)
    if name == "optimization":
        found += _scaling(printed)
    return found


def main() -> int:
    """Runs walkthroughs on several seeds, and returns whether a figure fails to show its lesson."""
    parser = argparse.ArgumentParser(prog="python -m tests.walkthroughs")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("figures"))
    given = parser.parse_args()
    failed, before = False, 0.0
    for name in given.names or FIGURES:
        for seed in range(given.seeds):
            printed = run(name, given.out / f"seed_{seed}", seed)
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = spent.ru_utime + spent.ru_stime
            print(f"{name}, seed {seed}: {seconds - before:.0f} s of processor time")
            before = seconds
            for line in printed.splitlines():
                if line.startswith(SHOWN):
                    print(f"  {line}")
            for line in faults(name, printed):
                print(f"  FAULT {line}", flush=True)
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
