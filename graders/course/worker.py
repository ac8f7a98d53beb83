"""`python grade.py worker ADDRESS`: a machine of a Dask cluster that grades for `bulk`.

It starts `dask worker` with this module as a preload. The module tells the scheduler, when the
worker registers, which kit and packages it has and how it keeps submissions apart, and offers its
slots under the name of exactly that: no work of another kit or of a higher level comes here.
"""

from __future__ import annotations

import argparse
import atexit
import dataclasses
import functools
import hashlib
import json
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import KIT, rubric
from graders.boundary.limits import GRADER_MEMORY, SANDBOX_MEMORY
from graders.course import file
from graders.course.handed_in import CannotGrade
from graders.rubric import Task
from graders.runner import Graded, Settings, ThisMachine, fingerprint
from graders.submission import Source
from graders.verdict import TaskVerdict
from graders.walls.levels import LEVELS, reaches

if TYPE_CHECKING:
    from distributed import Worker

MODULE = "graders.course.worker"
# What the scheduler keeps of each worker, under this name.
FACTS = "keras_kit"
# How long a scheduler may take to answer.
CONNECT_SECONDS = 5.0
# A worker that fails so often in a row is broken, and takes no more work.
MOST_FAILURES = 3
NOT_INSTALLED = (
    'Dask is not installed. Run: python -m pip install ".[bulk]" (with uv: python -m uv run '
    "--extra bulk grade.py …)."
)


@functools.cache
def kit_digest() -> str:
    """Returns a digest of the code and the data files that a worker grades with."""
    digest = hashlib.sha256()
    paths = [*(KIT / "graders").rglob("*"), *(KIT / "datasets").rglob("*")]
    for path in sorted(paths):
        own = path.relative_to(KIT)
        apart = own.parts[1] in ("reports", "course") and own.name != "worker.py"
        if path.suffix in (".py", ".json") and not apart:
            digest.update(str(own).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def tasks_digest() -> str:
    """Returns a digest of the tasks, their points and their data, which a course may choose."""
    return _digest_of(rubric.tasks())


@functools.cache
def _digest_of(tasks: tuple[Task, ...]) -> str:
    found = {task.id: fingerprint.of_task(task) for task in tasks}
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def slot_name(level: str) -> str:
    """Returns the name of the resource that a grading needs: this kit, these packages, a level.

    Args:
        level: String, the lowest level of isolation that will do.
    """
    text = json.dumps([kit_digest(), fingerprint.versions(), tasks_digest()], sort_keys=True)
    return f"keras-kit-{hashlib.sha256(text.encode()).hexdigest()[:16]}-{level}"


def unfit(facts: Any, level: str) -> str:
    """Returns why a worker cannot grade for this machine; empty if it can.

    Args:
        facts: Dict, what the worker told when it registered; `None` if nothing.
        level: String, the lowest level of isolation that will do.
    """
    if not isinstance(facts, dict):
        return "it was not started with python grade.py worker"
    theirs = facts.get("versions")
    for name, version in fingerprint.versions().items():
        found = theirs.get(name, "none") if isinstance(theirs, dict) else "none"
        if found != version:
            return f"it has {name} {found}, and this machine {version}"
    if facts.get("kit") != kit_digest():
        return f"its kit ({facts.get('folder')}) is not the same as {KIT}"
    # The same kit tells the same things.
    if facts["tasks"] != tasks_digest():
        return (
            "its tasks, or what they are worth, are not those of this course. Start it with the "
            "course's file: KERAS_KIT_COURSE=course.toml"
        )
    if not reaches(facts["level"], level):
        return f"its isolation is {facts['level']}, and {level} is needed"
    return ""


def slots_for(memory: int) -> int:
    """Returns how many submissions a machine can grade side by side, one at least.

    Each may use all that a sandbox may, and one of the graders all that a grader may.

    Args:
        memory: Integer, bytes.
    """
    return max(1, (memory - GRADER_MEMORY) // SANDBOX_MEMORY)


def too_many(slots: int, memory: int) -> str:
    """Returns the line that refuses more slots than the memory carries; empty if it carries them.

    Args:
        slots: Integer.
        memory: Integer, bytes.
    """
    carried = slots_for(memory)
    if slots <= carried:
        return ""
    gib = 2**30
    return (
        f"{slots} slots need {(slots * SANDBOX_MEMORY + GRADER_MEMORY) // gib} GiB of memory "
        f"({SANDBOX_MEMORY // gib} for each submission, {GRADER_MEMORY // gib} for a grader), and "
        f"here are {memory / gib:.1f}, enough for {carried}."
    )


@functools.cache
def machine() -> ThisMachine:
    """Returns the worker's own warm process."""
    made = ThisMachine()
    atexit.register(made.close)
    return made


class Grader:
    """What a worker process grades with.

    Args:
        worker: Dask's `Worker`.
    """

    def __init__(self, worker: Worker):
        from dask.system import CPU_COUNT
        from distributed.system import MEMORY_LIMIT

        self._worker = worker
        self._lock = threading.Lock()
        self._failures = 0
        memory = worker.memory_manager.memory_limit or MEMORY_LIMIT
        refused = too_many(worker.state.nthreads, memory)
        self.slots = min(worker.state.nthreads, slots_for(memory))
        self.threads = max(1, CPU_COUNT // self.slots)
        isolation = machine().isolation()
        self.facts = {
            "kit": kit_digest(),
            "folder": str(KIT),
            "versions": fingerprint.versions(),
            "tasks": tasks_digest(),
            "level": isolation.level,
            "host": socket.gethostname(),
        }
        self._offered = {slot_name(level) for level in LEVELS if reaches(isolation.level, level)}
        if refused:
            print(f"grade.py worker: {refused} It takes {self.slots}.", file=sys.stderr)

    def offer(self) -> None:
        """Offers the slots, before the worker registers."""
        for name in self._offered:
            self._worker.state.total_resources[name] = self.slots
            self._worker.state.available_resources[name] = self.slots
        self._worker.startup_information[FACTS] = lambda _: self.facts
        # The warm process imports TensorFlow while the worker waits for work.
        machine().warm_up(Settings())

    def grade(self, job: dict[str, Any]) -> dict[str, Any]:
        """Grades a submission, see `grade_here`."""
        settings = Settings(**job["settings"])
        # 0 is all of them, for what is graded alone.
        threads = self.threads if settings.threads else 0
        settings = dataclasses.replace(settings, threads=threads)
        source = Source(**{**job["source"], "path": Path(job["source"]["path"])})
        try:
            machine().isolation().require(settings.isolation)
            started = time.monotonic()
            graded = machine().grade(rubric.find(job["task"]), source, settings, job["bounds"])
            seconds = time.monotonic() - started
        except Exception as error:
            # Dask would write what a failed call was given, the secret too, into its log.
            text = f"{type(error).__name__}: {error}"
            self._count(failed=True)
            return {"failed": text, "worker": self._worker.address, "host": self.facts["host"]}
        self._count(failed=False)
        verdict = dataclasses.replace(graded.verdict, seconds=seconds)
        fields = {field.name: getattr(graded, field.name) for field in dataclasses.fields(graded)}
        return {**fields, "verdict": verdict.packed()}

    def _count(self, failed: bool) -> None:
        """Counts failures in a row. A worker that only fails would soon have all the work."""
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures != MOST_FAILURES:
                return
        none = dict.fromkeys(self._offered, 0)
        self._worker.loop.add_callback(self._worker.set_resources, **none)


_graders: list[Grader] = []


def dask_setup(worker: Worker) -> None:
    """Prepares a worker, before it registers with the scheduler; Dask calls it.

    Args:
        worker: Dask's `Worker`.
    """
    # Which tasks the course has, and what their checks are worth.
    file.from_environment()
    _graders[:] = [Grader(worker)]
    _graders[0].offer()


def dask_teardown(worker: Worker) -> None:
    """Ends what a worker has started; Dask calls it.

    Args:
        worker: Dask's `Worker`.
    """
    machine().close()


def grade_here(job: dict[str, Any]) -> str:
    """Grades a submission on a worker.

    Args:
        job: Dict of plain data, as `graders.course.cluster.Cluster` makes it.

    Returns:
        String, JSON: all of a `Graded`, or under `"failed"` why there is none.
    """
    return json.dumps(_graders[0].grade(job))


class Call:
    """Is unpickled to what `grade_here` returns.

    A scheduler looks into what it passes on as far as the names of functions. It has no kit, so
    it gets bytes, and `pickle.loads` to call with them.

    Args:
        job: Dict of plain data.
    """

    def __init__(self, job: dict[str, Any]):
        self._job = job

    def __reduce__(self) -> tuple[Any, ...]:
        return grade_here, (self._job,)


def unpacked(answer: dict[str, Any]) -> Graded:
    """Makes a `Graded` of what `grade_here` returned.

    Args:
        answer: Dict of plain data.
    """
    return Graded(**{**answer, "verdict": TaskVerdict.unpacked(answer["verdict"])})


def address_of(text: str) -> str:
    """Returns a scheduler's address as Dask wants it.

    Args:
        text: String, `"tcp://host:8786"`; `tcp://` may be left out.

    Raises:
        CannotGrade: If it is none.
    """
    found = re.fullmatch(r"(?:(tcp|tls)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})", text)
    if found is None or not 0 < int(found[3]) < 2**16:
        raise CannotGrade(f"{text!r} is no address of a Dask scheduler: tcp://HOST:8786 is one.")
    return f"{found[1] or 'tcp'}://{found[2]}:{found[3]}"


def _require_scheduler(address: str) -> None:
    """Raises `CannotGrade` if nobody listens there: Dask itself would try for half a minute."""
    host, _, port = address.partition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise CannotGrade(
            f"No Dask scheduler answers at {address} ({error.strerror or error}). Start one there: "
            "dask scheduler"
        ) from None


def main(words: list[str], parser: argparse.ArgumentParser) -> int:
    """Runs `python grade.py worker`: this process becomes `dask worker`.

    Args:
        words: List of strings, what follows `worker`.
        parser: The parser to fill in; it raises on wrong usage.

    Raises:
        CannotGrade: If this machine cannot be a worker.
    """
    parser.description = (
        "Make this machine a worker of a Dask cluster, for bulk --scheduler. Other options go to "
        "dask worker."
    )
    parser.add_argument("scheduler", metavar="ADDRESS", help="the scheduler, tcp://HOST:8786")
    parser.add_argument(
        "--slots", type=int, metavar="N", help="submissions side by side (suits the machine)"
    )
    given, others = parser.parse_known_args(words)
    try:
        from dask.system import CPU_COUNT
        from distributed.system import MEMORY_LIMIT
    except ModuleNotFoundError:
        raise CannotGrade(NOT_INSTALLED) from None
    address = address_of(given.scheduler)
    file.from_environment()
    slots = given.slots if given.slots is not None else min(CPU_COUNT, slots_for(MEMORY_LIMIT))
    if slots < 1:
        raise CannotGrade("--slots takes an integer from 1.")
    refused = too_many(slots, MEMORY_LIMIT)
    if refused:
        raise CannotGrade(refused)
    _require_scheduler(address)
    # Dask's own limit is for its own process, which holds nothing. Submissions have theirs.
    command = [
        *(sys.executable, "-m", "distributed.cli.dask_worker", address, "--preload", MODULE),
        *("--nworkers", "1", "--nthreads", str(slots), "--memory-limit", "0", *others),
    ]
    path = os.pathsep.join(filter(None, (str(KIT), os.environ.get("PYTHONPATH"))))
    sys.stdout.flush()
    os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})
