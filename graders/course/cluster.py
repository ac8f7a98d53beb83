"""`python grade.py bulk --scheduler ADDRESS`: a class on several machines, with Dask.

Only the grading itself leaves this machine. Submissions are found and read here, and verdicts go
into the store here. A worker gets a submission's text, the bounds and the settings, with the secret
among them, and answers with JSON: scheduler and workers are trusted as this machine is.

Workers may come and go. Each that registers is looked at: one that would grade otherwise than this
machine is named and gets no work.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import json
import logging
import pickle
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graders import KIT
from graders.course.handed_in import CannotGrade
from graders.course.line import Line
from graders.course.worker import (
    FACTS,
    NOT_INSTALLED,
    Call,
    address_of,
    slot_name,
    unfit,
    unpacked,
)
from graders.rubric import Task
from graders.runner import Event, Graded, Isolation, Settings
from graders.runner.collected import could_not_be_graded, ungraded
from graders.submission import Source
from graders.walls.levels import LEVELS

if TYPE_CHECKING:
    from distributed import Client

# How long the scheduler may take to answer, and to be there again when a connection broke.
SECONDS = 5.0
# How often to look which workers there are, and to ask whether a grading is done.
LOOK_SECONDS = 1.0
# How long there may be no worker before a line, and how often the line comes again.
QUIET_SECONDS, AGAIN_SECONDS = 5.0, 60.0
# How often a submission is sent, if workers die with it or fail.
TRIES = 3
# Threads on this machine, most of which wait for a slot: there may be more slots later.
THREADS = 256


class WorkerFailed(Exception):
    """No worker has a verdict; the text is the reason."""


class Lost(BaseException):
    """The cluster is gone, or was left: no more is graded. The text is one line.

    As Ctrl-C, it ends the run, and is no result of the one grading that meets it.
    """


def _say(line: str) -> None:
    print(f"grade.py: {line}", file=sys.stderr, flush=True)


class Cluster:
    """Where a runner's gradings are done: on the workers of a Dask cluster.

    Args:
        client: Dask's `Client`.
        address: String, the scheduler's address.
        settings: `Settings`, of which the isolation is what a worker needs.

    Attributes:
        settings: `Settings` for the gradings: as many threads here as may soon be needed.
    """

    def __init__(self, client: Client, address: str, settings: Settings):
        self._client, self._address = client, address
        self._level = settings.isolation
        self._line = Line()
        self._named: set[str] = set()
        self._failures: dict[str, str] = {}
        self._found = threading.Event()
        self._closing = threading.Event()
        self._quiet_since = time.monotonic()
        self._told: float | None = None
        self._misfits = 0
        self._watcher = threading.Thread(target=self._watch, name="workers", daemon=True)
        self._watcher.start()
        try:
            self._found.wait()
            self._line.check()
        except BaseException:
            self.close()
            raise
        jobs = max(THREADS, 4 * self.slots)
        # Each worker shares its processors out among its slots; 1 says that it should.
        self.settings = dataclasses.replace(settings, jobs=jobs, threads=1)

    @property
    def slots(self) -> int:
        """Integer, how many submissions are graded side by side now."""
        return self._line.slots

    def warm_up(self, settings: Settings) -> None:
        """Does nothing: workers warm up when they start."""

    def isolation(self) -> Isolation:
        """Returns how the workers keep submissions apart.

        It is the lowest level of those that were there first; one below it gets no work.
        """
        return Isolation(self._level)

    def close(self) -> None:
        """Leaves the cluster, which drops what it still grades for this runner."""
        self._line.end(Lost("The cluster was left."))
        self._closing.set()
        self._client.close()

    def grade(
        self,
        task: Task,
        source: Source,
        settings: Settings,
        bounds: dict[str, float],
        tell: Callable[[Event], None] = lambda event: None,
    ) -> Graded:
        """Grades a submission on a worker, see `graders.runner.Place`; nothing is told meanwhile.

        Raises:
            Lost: If the scheduler is gone.
        """
        job = {
            "task": task.id,
            "source": {**dataclasses.asdict(source), "path": source.path.name},
            "settings": dataclasses.asdict(settings),
            "bounds": bounds,
        }
        reason = ""
        with self._line.turn(task.id):
            for _ in range(TRIES):
                try:
                    answer = json.loads(self._ask(job))
                except WorkerFailed as error:
                    reason = str(error)
                    continue
                if "failed" in answer:
                    reason = f"worker {answer['worker']} ({answer['host']}): {answer['failed']}"
                    self._failures[answer["worker"]] = answer["failed"]
                    continue
                graded = unpacked(answer)
                self._line.measure(task.id, graded.verdict.seconds)
                return graded
        # As on this machine: no verdict, and nothing is stored.
        message = could_not_be_graded(f"tried {TRIES} times on the cluster, the last time {reason}")
        found = ungraded(task, "grader_error", message, source.digest)
        return Graded(found, lasting=False, interrupted=True)

    def _ask(self, job: dict[str, Any]) -> str:
        """Returns what a worker answers.

        Raises:
            WorkerFailed: If workers died, or Dask failed.
            Lost: If the scheduler is gone.
        """
        from distributed import KilledWorker

        self._line.check()
        try:
            future = self._client.submit(
                pickle.loads,
                pickle.dumps(Call(job)),
                # A new name each time: a second request for the same work is a new one.
                key=f"{job['task']}-{uuid.uuid4().hex}",
                pure=False,
                resources={slot_name(self._level): 1},
            )
            while True:
                self._line.check()
                with contextlib.suppress(TimeoutError):
                    return str(future.result(timeout=LOOK_SECONDS))
        except KilledWorker as error:
            raise WorkerFailed(
                f"{error.allowed_failures + 1} workers died, the last one "
                f"{error.last_worker.address}"
            ) from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            self._wait_for_scheduler()
            raise WorkerFailed("the connection to the scheduler broke") from None
        except Exception as error:
            self._wait_for_scheduler()
            raise WorkerFailed(f"{type(error).__name__}: {error}") from None

    def _wait_for_scheduler(self) -> None:
        """Waits until Dask is connected again; it gives up after `SECONDS`.

        Raises:
            Lost: If it gave up. The watching thread finds that.
        """
        while self._client.status != "running":
            self._line.check()
            time.sleep(0.1)
        self._line.check()

    def _watch(self) -> None:
        """Looks at the workers until the cluster is left or lost."""
        while not self._closing.is_set():
            try:
                scheduler: Any = self._client.scheduler
                workers = self._client.sync(scheduler.identity)["workers"]
            except Exception:
                workers = None
            if self._closing.is_set():
                return
            if workers is not None:
                self._look(workers)
            elif self._client.status not in ("running", "connecting"):
                self._line.end(Lost(f"The scheduler {self._address} is gone."))
                self._found.set()
                return
            self._closing.wait(LOOK_SECONDS)

    def _look(self, workers: dict[str, dict[str, Any]]) -> None:
        """Takes which workers there are: names those that get no work, and counts slots.

        Args:
            workers: Dict from address to what the scheduler knows.
        """
        slots, levels = 0, []
        self._misfits = 0
        for address, known in workers.items():
            facts: Any = known.get(FACTS)
            reason = unfit(facts, self._level)
            count = 0 if reason else int(known["resources"].get(slot_name(self._level), 0))
            if not reason and not count:
                reason = f"it fails ({self._failures.get(address, 'unknown')}). Start it again"
            self._misfits += bool(reason)
            if reason and address not in self._named:
                self._named.add(address)
                host = (facts.get("host") if isinstance(facts, dict) else "") or known.get("host")
                where = f"{address} on {host}" if host else address
                _say(f"The worker {where} gets no work: {reason}.")
            if count and known["status"] in ("init", "running"):
                slots += count
                levels.append(facts["level"])
        if levels and not self._found.is_set():
            self._level = min(levels, key=LEVELS.index)
            self._found.set()
        self._tell(slots)
        self._line.resize(slots)

    def _tell(self, slots: int) -> None:
        """Prints a line if there is no slot for a while, then each minute, and when there is."""
        now = time.monotonic()
        if slots:
            if self._told is not None:
                _say(f"There are workers again: {slots} submissions side by side.")
            self._quiet_since, self._told = now, None
        elif now - self._quiet_since > QUIET_SECONDS and (
            self._told is None or now - self._told > AGAIN_SECONDS
        ):
            self._told = now
            which = "No worker that fits" if self._misfits else "No worker"
            _say(
                f"{which} at {self._address} for {now - self._quiet_since:.0f} s. Start one: "
                f"python {KIT / 'grade.py'} worker {self._address}. Ctrl-C stops; the same command "
                "goes on."
            )


def connect(address: str, settings: Settings) -> Cluster:
    """Connects to a cluster, and waits for its first worker that fits.

    Args:
        address: String, the scheduler's address, `"tcp://host:8786"`.
        settings: `Settings`.

    Returns:
        A `Cluster`, with settings to grade with.

    Raises:
        CannotGrade: If Dask is not installed, there is no secret, or nobody answers.
    """
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ModuleNotFoundError:
        raise CannotGrade(NOT_INSTALLED) from None
    if settings.secret is None:
        raise CannotGrade(
            "--scheduler needs a secret (`secret` in course.toml, --secret FILE, or "
            "KERAS_KIT_SECRET): without one each machine would draw hidden tests of its own."
        )
    address = address_of(address)
    # What matters of this has a line of its own.
    for name in ("distributed", "distributed.client", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except Exception as error:
        reason = "" if isinstance(error, OSError) else f" ({type(error).__name__}: {error})"
        raise CannotGrade(
            f"No Dask scheduler answers at {address}{reason}. Start one there: dask scheduler"
        ) from None
    try:
        return Cluster(client, address, settings)
    except Lost as error:
        raise CannotGrade(str(error)) from None
