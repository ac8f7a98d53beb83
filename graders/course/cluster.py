"""`python grade.py bulk --scheduler ADDRESS`: a class on several machines, with Dask.

Only the grading itself leaves this machine. Submissions are found and read here, and verdicts go
into the store here. A worker gets a submission's text, the bounds and the settings, with the secret
among them, and answers with JSON: scheduler and workers are trusted as this machine is.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import rubric
from graders.calibration.first_use import MeasuredBounds
from graders.course.handed_in import CannotGrade
from graders.rubric import Task
from graders.runner import Event, Graded, Isolation, Runner, Settings, ThisMachine
from graders.runner.fingerprint import of_kit as engine_digest
from graders.submission import Source
from graders.verdict import TaskVerdict
from graders.walls.levels import LEVELS

if TYPE_CHECKING:
    from distributed import Client

# How long to wait for the scheduler, and for its first worker.
SECONDS = 30.0


class WorkerFailed(Exception):
    """A worker has no verdict; the text is the reason."""


@functools.cache
def machine() -> ThisMachine:
    """The worker's own warm process."""
    made = ThisMachine()
    atexit.register(made.close)
    return made


def isolation_here() -> dict[str, Any]:
    """Returns how a worker keeps submissions apart, as plain data."""
    return dataclasses.asdict(machine().isolation())


def grade_here(job: dict[str, Any]) -> str:
    """Grades a submission on a worker.

    Args:
        job: Dict of plain data, as `Cluster` makes it.

    Returns:
        String, JSON: the verdict and whether it lasts, or under `"failed"` why there is none.
    """
    if job["engine"] != engine_digest():
        return json.dumps({"failed": "its kit, Python or packages are not those of this machine"})
    settings = Settings(**job["settings"])
    source = Source(**{**job["source"], "path": Path(job["source"]["path"])})
    try:
        machine().isolation().require(settings.isolation)
        graded = machine().grade(rubric.find(job["task"]), source, settings, job["bounds"])
    except Exception as error:
        # Dask would write what a failed call was given, the secret too, into its log.
        return json.dumps({"failed": f"{type(error).__name__}: {error}"})
    return json.dumps({"verdict": graded.verdict.packed(), "lasting": graded.lasting})


class Cluster:
    """Where a runner's gradings are done: on the workers of a Dask cluster.

    Args:
        client: Dask's `Client`.
    """

    def __init__(self, client: Client):
        self._client = client
        self._isolation: Isolation | None = None

    def warm_up(self, settings: Settings) -> None:
        """Does nothing: workers warm up with their first grading."""

    def isolation(self) -> Isolation:
        """Returns how the workers keep submissions apart: the lowest level that one of them has."""
        if self._isolation is None:
            found = [Isolation(**answer) for answer in self._client.run(isolation_here).values()]
            self._isolation = min(found, key=lambda item: LEVELS.index(item.level))
        return self._isolation

    def close(self) -> None:
        """Leaves the cluster, which drops what it still grades for this runner."""
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
            WorkerFailed: If the worker has no verdict.
        """
        job = {
            "engine": engine_digest(),
            "task": task.id,
            "source": {**dataclasses.asdict(source), "path": source.path.name},
            "settings": dataclasses.asdict(settings),
            "bounds": bounds,
        }
        # Not pure: a second request to grade the same work is one to grade it again.
        answer = json.loads(self._client.submit(grade_here, job, pure=False).result())
        if "failed" in answer:
            raise WorkerFailed(f"a worker of the cluster did not grade: {answer['failed']}")
        return Graded(TaskVerdict.unpacked(answer["verdict"]), bool(answer["lasting"]))


def connect(address: str, settings: Settings) -> Runner:
    """Connects to a cluster.

    Args:
        address: String, the scheduler's address, `"tcp://host:8786"`.
        settings: `Settings`, of which `jobs` become as many as the workers have threads.

    Returns:
        A `Runner`, whose gradings are done there.

    Raises:
        CannotGrade: If Dask is not installed, there is no secret, or nobody answers.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise CannotGrade(
            'Dask is not installed. Run: python -m pip install ".[bulk]" (with uv: python -m uv '
            "run --extra bulk grade.py bulk …)."
        ) from None
    if settings.secret is None:
        raise CannotGrade(
            "--scheduler needs a secret (--secret FILE, or KERAS_KIT_SECRET): without one each "
            "machine would draw hidden tests of its own."
        )
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError):
        raise CannotGrade(
            f"No Dask scheduler answers at {address}. Is it of the form tcp://host:8786?"
        ) from None
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError:
        client.close()
        raise CannotGrade(
            f"The scheduler {address} has no workers. Start some: dask worker {address}"
        ) from None
    jobs = sum(client.nthreads().values())
    settings = dataclasses.replace(settings, jobs=jobs, threads=1)
    return Runner(settings, bounds=MeasuredBounds(), place=Cluster(client))
