"""A class under faults: `python -m tests.soak [--count 1000] [--seed N] [--workers N]`.

Makes a class as a real one is (stubs, nothing, repeats, right, wrong, attacks), and grades each
different text alone. Then it lets `bulk` grade the class while it ends processes at random moments
(of the client too), blocks and spoils parts of the verdict store, and starts the same command again
until it ends by itself. Every verdict has to be the one of the text alone. With `--workers`, the
gradings are done on Dask workers, which are ended, too. After each run of the command, each verdict
in the store has to be one that grading alone gives.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graders import KIT, rubric
from graders.runner import Request, Runner, Settings
from tests import faults
from tests.attacks.case import attacks
from tests.cluster import Processes, end
from tests.corpus import cases

SECRET = "of the soak"
# How many of a class of a hundred.
SHARES = {"stub": 22, "nothing": 8, "repeat": 25, "right": 25, "wrong": 16, "attack": 4}
# The quick tasks, or the soak takes a day.
TASKS = ("custom_layer", "lr_batch_sweep", "multi_branch", "mixed_precision")
# Kinds of attacks that end on their own, soon.
KINDS = ("claims", "text", "files", "processes", "config", "grader")
LIMIT_SECONDS = 60
# What compares measured times may go either way for wrong work, on a busy machine.
TIMED = ("mixed_precision::timings",)
DIFFERENT_TEXTS = 12


@dataclasses.dataclass(frozen=True)
class Text:
    """A submission's text.

    Attributes:
        kind: String, see `SHARES`.
        task: String, the task's id.
        name: String, for reports.
        source: String.
    """

    kind: str
    task: str
    name: str
    source: str


@dataclasses.dataclass(frozen=True)
class Expected:
    """What grading a text alone gives.

    Attributes:
        status: String.
        outcomes: Tuple of pairs: an outcome, and points.
    """

    status: str
    outcomes: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, found: dict[str, Any]) -> Expected:
        """Makes it of a task's JSON object."""
        outcomes = tuple(
            (check["outcome"], check["points"])
            for check in found["checks"]
            if check["id"] not in TIMED
        )
        return cls(found["status"], outcomes)


def texts(draw: random.Random) -> dict[str, list[Text]]:
    """Returns the texts that a class is made of, by their kind."""
    found: dict[str, list[Text]] = collections.defaultdict(list)
    for task in TASKS:
        for right in (True, False):
            some = [case for case in cases(task) if case.right == right]
            for case in draw.sample(some, min(len(some), DIFFERENT_TEXTS)):
                kind = "right" if right else "wrong"
                found[kind].append(Text(kind, task, case.name, case.path.read_text()))
        stub = rubric.find(task).stub.read_text()
        found["stub"].append(Text("stub", task, f"{task}/stub", stub))
    for attack in attacks():
        if attack.task in TASKS and attack.folder in KINDS and not (attack.command or attack.place):
            found["attack"].append(Text("attack", attack.task, attack.name, attack.text))
    return found


def make_class(folder: Path, count: int, draw: random.Random) -> dict[tuple[str, str], Text | None]:
    """Writes a class; returns what each student handed in for each task."""
    pool = texts(draw)
    by_task = {
        kind: {task: [text for text in some if text.task == task] for task in TASKS}
        for kind, some in pool.items()
    }
    handed: dict[tuple[str, str], Text | None] = {}
    for number in range(count):
        student, task = f"student{number // len(TASKS):04d}", TASKS[number % len(TASKS)]
        kind = draw.choices(list(SHARES), list(SHARES.values()))[0]
        some = by_task.get("right" if kind == "repeat" else kind, {}).get(task)
        handed[student, task] = text = draw.choice(some) if some else None
        path = folder / student / rubric.find(task).section / f"{task}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            # No two works are the same text, but for stubs and repeats.
            mark = "" if kind in ("stub", "repeat") else f"\n# {student}\n"
            path.write_text(text.source + mark)
    return handed


def grade_alone(
    handed: dict[tuple[str, str], Text | None], kept: Path | None
) -> dict[Text, Expected]:
    """Grades each text alone, without faults and without a store.

    Args:
        handed: The class.
        kept: Path of a file that keeps what was found; one that is there is read.
    """
    wanted = list(dict.fromkeys(text for text in handed.values() if text is not None))
    found = {}
    answers = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}
    settings = Settings(secret=SECRET.encode(), seconds=LIMIT_SECONDS, settle=True)
    with Runner(settings) as runner, tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(wanted):
            if text.name in answers:
                found[text] = Expected.of(answers[text.name])
                continue
            path = Path(folder) / str(number) / f"{text.task}.py"
            path.parent.mkdir()
            path.write_text(text.source)
            verdict = runner.grade_task(Request(rubric.find(text.task), path))
            if verdict.status == "grader_error":
                print(f"{text.name}: {verdict.message}")
            answers[text.name] = verdict.to_json()
            found[text] = Expected.of(answers[text.name])
    if kept is not None:
        kept.write_text(json.dumps(answers))
    return found


class Farm:
    """A Dask scheduler and workers, in whose place others come when they are ended.

    Args:
        folder: Path for logs.
        count: Integer, how many workers.
        cache: Path of the kit's cache.
    """

    def __init__(self, folder: Path, count: int, cache: Path):
        folder.mkdir()
        self.processes = Processes(folder, KERAS_KIT_CACHE=str(cache))
        self._scheduler = self.processes.scheduler()
        self._nannies = [self.processes.worker() for _ in range(count)]

    def workers(self) -> list[int]:
        """Returns the worker processes."""
        return [
            pid for nanny in self._nannies for pid in faults.children(nanny.pid) if _grades(pid)
        ]

    def end(self, what: str, draw: random.Random) -> bool:
        """Kills a scheduler, a nanny or a worker; returns whether there was one."""
        if what == "scheduler":
            end(self._scheduler)
            for nanny in self._nannies:
                end(nanny)
            self._scheduler = self.processes.scheduler()
            self._nannies = [self.processes.worker() for _ in self._nannies]
            return True
        if what == "nanny":
            at = draw.randrange(len(self._nannies))
            os.kill(self._nannies[at].pid, signal.SIGKILL)
            self._nannies[at] = self.processes.worker()
            return True
        pids = self.workers()
        if pids:
            os.kill(draw.choice(pids), signal.SIGKILL)
        return bool(pids)


def _grades(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


class Faults:
    """Ends processes and spoils the store at random moments, while a command runs.

    Args:
        draw: `random.Random`.
        store: Path of the verdict store.
        every: Float, the mean seconds from fault to fault.
        farm: `Farm` that grades; `None` if the command itself does.
    """

    def __init__(self, draw: random.Random, store: Path, every: float, farm: Farm | None):
        self._draw, self._store, self._every, self._farm = draw, store, every, farm
        self.done: collections.Counter[str] = collections.Counter()
        self.most_memory = 0
        self._client: subprocess.Popen[Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Faults:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def follow(self, client: subprocess.Popen[Any]) -> None:
        """Takes the command that runs now."""
        self._client = client

    def _run(self) -> None:
        due = time.monotonic() + self._draw.expovariate(1 / self._every)
        while not self._stop.wait(0.1):
            client = self._client
            if client is None or client.poll() is not None:
                continue
            with contextlib.suppress(OSError, IndexError, ValueError):
                lines = Path(f"/proc/{client.pid}/status").read_text().split("\n")
                [memory] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
                self.most_memory = max(self.most_memory, int(memory) * 1024)
            if time.monotonic() >= due:
                due = time.monotonic() + self._draw.expovariate(1 / self._every)
                self._inject(client)

    def _inject(self, client: subprocess.Popen[Any]) -> None:
        farm = self._farm
        dask = ("worker", "nanny", "scheduler") if farm else ()
        name = self._draw.choice([*faults.ROLES, *dask, "client", "entry", "blocked"])
        if farm and name in dask:
            if not farm.end(name, self._draw):
                return
        elif name in faults.ROLES:
            number = self._draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            roots = farm.workers() if farm else [client.pid]
            pids = [pid for root in roots for pid in faults.roles(root)[name]]
            if not pids:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._draw.choice(pids), number)
            name = f"{name} {number.name}"
        elif name == "client":
            number = self._draw.choice([signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
            client.send_signal(number)
            name = f"client {number.name}"
        else:
            entries = sorted(self._store.glob("*/*.json"))
            if not entries:
                return
            entry = self._draw.choice(entries)
            if name == "entry":
                entry.write_bytes(entry.read_bytes()[: self._draw.randrange(200)])
            else:
                # As a folder that cannot be written: what is in it is lost, too.
                shutil.rmtree(entry.parent)
                entry.parent.write_text("")
        self.done[name] += 1


@contextlib.contextmanager
def command(folder: Path, out: Path, more: list[str]) -> Iterator[subprocess.Popen[Any]]:
    """Runs `bulk` on the class."""
    secret = folder.parent / "secret"
    secret.write_text(SECRET)
    arguments = ["bulk", str(folder), *TASKS, "--secret", str(secret), "--json", str(out)]
    arguments += ["--timeout", str(LIMIT_SECONDS), *more]
    with open(folder.parent / "log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "grade.py", *arguments], cwd=KIT, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def compare(
    out: Path, handed: dict[tuple[str, str], Text | None], alone: dict[Text, Expected]
) -> list[str]:
    """Returns what differs from grading each file alone."""
    document = json.loads(out.read_text())["students"]
    wrong, seen = [], set()
    for student, tasks in document.items():
        for found in tasks["tasks"]:
            place = (student, found["task"])
            if place not in handed:
                continue
            if place in seen:
                wrong.append(f"{place}: twice")
            seen.add(place)
            text = handed[place]
            if text is None:
                if found["points"] or found["status"] != "error":
                    wrong.append(f"{place}: {found['status']} for nothing")
            elif Expected.of(found) != alone[text]:
                told = (
                    found["message"] or [c["message"] for c in found["checks"] if c["message"]][:1]
                )
                wrong.append(
                    f"{place}: {text.name}: {found['status']}, not {alone[text].status}: {told}"
                )
    wrong += [f"{place}: lost" for place in handed.keys() - seen]
    return wrong


def false_in(
    cache: Path, handed: dict[tuple[str, str], Text | None], alone: dict[Text, Expected]
) -> list[str]:
    """Returns which stored verdicts nobody's file has when it is graded alone."""
    right: dict[str, set[Expected]] = collections.defaultdict(set)
    for text in handed.values():
        if text is not None:
            right[text.task].add(alone[text])
    wrong = []
    for path in sorted((cache / "verdicts").glob("*/*.json")):
        with contextlib.suppress(ValueError, KeyError, OSError):
            found = json.loads(json.loads(path.read_text())["body"])
            if Expected.of(found) not in right[found["task"]]:
                wrong.append(f"stored: {found['task']} {found['submission']}: {found['status']}")
    return wrong


def _processor_seconds() -> tuple[int, int]:
    """Returns what the processors of this machine have spent: busy, and in all."""
    with open("/proc/stat", encoding="ascii") as file:
        spent = [int(word) for word in file.readline().split()[1:9]]
    # The fourth and fifth are idle, and idle while waiting for a disk.
    return sum(spent) - spent[3] - spent[4], sum(spent)


def main() -> int:
    """Runs the soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="submissions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=float, default=8.0, help="mean seconds between faults")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="Dask workers; none if 0")
    parser.add_argument("--alone", type=Path, help="keeps what grading alone gives, for this seed")
    parser.add_argument("--folder", help="where to work; a new folder if not given")
    given = parser.parse_args()
    draw = random.Random(given.seed)
    place = Path(given.folder or tempfile.mkdtemp(prefix="soak-"))
    place.mkdir(parents=True, exist_ok=True)
    os.environ["KERAS_KIT_CACHE"] = str(place / "cache")
    handed = make_class(place / "submitted", given.count, draw)
    kinds = collections.Counter(text.kind if text else "nothing" for text in handed.values())
    print(f"{given.count} submissions in {place}: {dict(kinds)}", flush=True)
    started = time.monotonic()
    alone = grade_alone(handed, given.alone)
    print(f"{len(alone)} texts graded alone in {time.monotonic() - started:.0f} s", flush=True)
    out, runs, started = place / "out.json", 0, time.monotonic()
    before = _processor_seconds()
    farm = Farm(place / "farm", given.workers, place / "worker-cache") if given.workers else None
    how = ["--scheduler", farm.processes.address] if farm else ["--jobs", str(given.jobs)]
    with (
        farm.processes if farm else contextlib.nullcontext(),
        Faults(draw, place / "cache/verdicts", given.every, farm) as injected,
    ):
        code = 2
        while code not in (0, 1) and runs < given.count:
            runs += 1
            with command(place / "submitted", out, how) as process:
                injected.follow(process)
                code = process.wait()
            false = false_in(place / "cache", handed, alone)
            if false:
                print("\n".join(false))
                return 1
    seconds = time.monotonic() - started
    busy, spent = (b - a for a, b in zip(before, _processor_seconds(), strict=True))
    wrong = compare(out, handed, alone)
    print("\n".join(wrong))
    print(
        f"{runs} runs of the command, {seconds:.0f} s, {3600 * given.count / seconds:.0f} submissions "
        f"an hour, client at most {injected.most_memory / 2**20:.0f} MB, the machine's processors "
        f"busy for {busy / spent:.0%} of the time"
    )
    print(f"{sum(injected.done.values())} faults: {dict(injected.done)}")
    print(f"{len(wrong)} verdicts differ from grading the file alone")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
