"""How quick the kit is, each figure beside its baseline from the same run.

    python -m tests.benchmarks [startup walls store watch reference cluster] [--runs N]

Machines are noisy, so every figure is a median of pairs that alternate with their baseline, and what
counts is the ratio. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from graders import rubric
from graders.boundary.limits import SANDBOX_MEMORY
from graders.judge.submission import Submission
from graders.rubric import KIT
from graders.runner import Isolation, Request, Runner, Settings, ThisMachine
from tests import bytecode

Timed = Callable[[], float]
TRIVIAL = "def build_model(input_shape, num_classes):\n    raise ValueError\n"


def timed(action: Callable[[], object]) -> float:
    """Returns the wall-clock seconds of one call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def command(*arguments: str, **environment: str) -> Callable[[], object]:
    """Returns a function that runs this Python with the given arguments."""

    def run() -> object:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=KIT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
            check=False,
        )

    return run


def report(name: str, pairs: list[tuple[float, float]], goal: str) -> None:
    """Prints the medians of measured and baseline seconds, and the ratio's range."""
    ratios = sorted(a / b for a, b in pairs)
    print(
        f"{name}: {statistics.median(a for a, _ in pairs):.3f} s against "
        f"{statistics.median(b for _, b in pairs):.3f} s, ratio {statistics.median(ratios):.3f} "
        f"(from {ratios[0]:.3f} to {ratios[-1]:.3f}, {len(pairs)} pairs); goal {goal}",
        flush=True,
    )


def compare(name: str, measured: Timed, baseline: Timed, runs: int, goal: str) -> None:
    """Times two things in turn, and reports them."""
    report(name, [(measured(), baseline()) for _ in range(runs)], goal)


def startup(runs: int) -> None:
    """A ready sandbox against a fresh interpreter that imports Keras."""
    with contextlib.closing(ThisMachine()) as machine:
        launcher = machine.warm_up(Settings())
        limits = {"memory": SANDBOX_MEMORY, "cpu_seconds": 600, "threads": 0}

        def fork() -> None:
            submission = Submission(launcher, TRIVIAL, "cnn", "cnn.py", 0, 300, limits)
            submission.load()
            submission.close()

        fork()
        compare(
            "a ready sandbox, the submission imported",
            lambda: timed(fork),
            lambda: timed(command("-c", "import keras")),
            runs,
            "at most 0.05 of `import keras`",
        )


def walls(runs: int) -> None:
    """Gradings behind the walls that this machine has, against the same ones without any."""
    task = rubric.find("cnn")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        short = Path(folder) / "cnn.py"
        short.write_text(TRIVIAL)
        machines = [ThisMachine(), ThisMachine(Isolation("process"))]
        walled, bare = (
            stack.enter_context(Runner(Settings(), place=machine)) for machine in machines
        )
        level = machines[0].isolation().level
        # Of a training, a machine's noise is more than the walls cost: short ones need many pairs.
        for name, path, times in (("ends at once", short, 4), ("is right", task.reference, 1)):
            requests = [Request(task, path, is_reference=True)]
            for runner in (walled, bare):
                runner.grade(requests)
            graded = [functools.partial(runner.grade, requests) for runner in (walled, bare)]
            pairs = [(timed(graded[0]), timed(graded[1])) for _ in range(times * runs)]
            goal = "at most 50 ms more than without"
            report(f"a grading of cnn that {name}, at level {level}", pairs, goal)
            more = statistics.median(a - b for a, b in pairs)
            print(f"    {1000 * more:+.0f} ms (median of the pairs)", flush=True)


def store(runs: int) -> None:
    """All tasks from the verdict store against a fresh interpreter that imports Keras."""
    with tempfile.TemporaryDirectory() as cache:
        again = command("grade.py", "--reference", KERAS_KIT_CACHE=cache)
        again()
        compare(
            f"{len(rubric.tasks())} unchanged tasks from the store",
            lambda: timed(again),
            lambda: timed(command("-c", "import keras")),
            runs,
            "under 1 s",
        )


class Watched:
    """`grade.py --watch` on one file, as a student has it. Use as a context manager.

    Args:
        task: String.
        path: Path of the submission.
    """

    def __init__(self, task: str, path: Path):
        self._path = path
        self._process = subprocess.Popen(
            [sys.executable, "grade.py", "--watch", task, "--from", str(path), "--no-cache"],
            cwd=KIT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def wait_for(self, pattern: str) -> None:
        """Reads on until a line matches."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if re.match(pattern, line):
                return
        raise RuntimeError(f"grade.py ended before it said {pattern}")

    def save(self, text: str, pattern: str) -> float:
        """Saves the file, and returns the seconds until a line matches."""
        self._path.write_text(text)
        return timed(lambda: self.wait_for(pattern))

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()  # a background job ignores Ctrl-C
        self._process.wait()


def watch(runs: int) -> None:
    """From a save to the first structural message, and to the whole verdict on `cnn`."""
    from tests.benchmarks import bare

    right = rubric.find("cnn").reference.read_text()
    wrong = right.replace("Conv2D(", "Dense(").replace('3, padding="same",', "")
    saves = itertools.count()
    whole = r"cnn: (passed|failed), \d"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cnn.py"
        path.write_text(wrong)
        with Watched("cnn", path) as watched:
            watched.wait_for("Watching")

            def message() -> float:
                found = watched.save(f"{wrong}# {next(saves)}\n", "cnn: failed two_conv")
                watched.wait_for(whole)
                return found

            compare(
                "from a save to the first structural message",
                message,
                lambda: timed(command("-c", "import keras")),
                runs,
                "under 1 s",
            )
            compare(
                "from a save to the whole verdict on cnn, less 1 s",
                lambda: watched.save(f"{right}# {next(saves)}\n", whole) - 1,
                lambda: bare.training_seconds("cnn"),
                runs,
                "at most 1.2 of the bare training",
            )


def reference(runs: int) -> None:
    """All references graded, against a bare script that only trains them."""
    bare = command("-m", "tests.benchmarks.bare")
    goals = {"2": "at most 0.75", "1": "at most 1.08"}
    graded = {
        jobs: command("grade.py", "--reference", "--no-cache", "--jobs", jobs) for jobs in goals
    }
    rounds = [
        {"bare": timed(bare), **{jobs: timed(run) for jobs, run in graded.items()}}
        for _ in range(runs)
    ]
    for jobs, goal in goals.items():
        report(
            f"grade.py --reference --no-cache --jobs {jobs}",
            [(found[jobs], found["bare"]) for found in rounds],
            goal + " of the bare trainings",
        )


def cluster(runs: int) -> None:
    """A class graded by one Dask worker, against two."""
    from tests.benchmarks import class_cluster

    pairs, megabytes = class_cluster.pairs(runs)
    count = class_cluster.COUNT
    report(f"{count} gradings by one worker, against two", pairs, "at least 1.7")
    best = 3600 * count / min(two for _, two in pairs)
    print(f"    two: {best:.0f} an hour at best; bulk itself had {megabytes:.0f} MB", flush=True)


def main() -> None:
    """Runs the benchmarks that are named, or all."""
    sections = {f.__name__: f for f in (startup, walls, store, watch, reference, cluster)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[[], *sections])
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    bytecode.keep()
    for name in given.sections or sections:
        sections[name](given.runs)


if __name__ == "__main__":
    main()
