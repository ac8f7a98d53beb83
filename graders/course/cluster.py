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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import rubric
from graders.course.bulk import CannotGrade
from graders.rubric import Task
from graders.runner import Runner, Settings
from graders.runner.store import engine_digest
from graders.submission.source import Source
from graders.verdict import TaskVerdict

if TYPE_CHECKING:
    from distributed import Client

# How long to wait for the scheduler, and for its first worker.
SECONDS = 30.0


class WorkerFailed(Exception):
    """A worker has no verdict; the text says why."""


@functools.cache
def _runner(spawn: bool) -> Runner:
    """The worker's own warm process."""
    runner = Runner(Settings(spawn=spawn))
    atexit.register(runner.close)
    return runner


def grade_here(job: dict[str, Any]) -> str:
    """Grades a submission on a worker.

    Args:
        job: Dict of plain data, as `ClusterRunner` makes it.

    Returns:
        String, JSON: the verdict and whether it lasts, or under `"failed"` why there is none.
    """
    if job["engine"] != engine_digest():
        return json.dumps({"failed": "its kit, Python or packages are not those of this machine"})
    settings = Settings(**job["settings"])
    source = Source(**{**job["source"], "path": Path(job["source"]["path"])})
    try:
        # As `Runner.grade_task` does once it knows that the store has no verdict.
        verdict, lasting = _runner(settings.spawn)._grade_source(
            rubric.find(job["task"]), source, settings, job["bounds"]
        )
    except Exception as error:
        # Dask would write what a failed call was given, the secret too, into its log.
        return json.dumps({"failed": f"{type(error).__name__}: {error}"})
    return json.dumps({"verdict": verdict.packed(), "lasting": lasting})


class ClusterRunner(Runner):
    """A `Runner` whose grading is done by the workers of a Dask cluster.

    Args:
        settings: `Settings`.
        client: Dask's `Client`, which is closed with the runner.
    """

    def __init__(self, settings: Settings, client: Client):
        super().__init__(settings)
        self._client = client

    def close(self) -> None:
        """Leaves the cluster; what it still grades for this runner is dropped."""
        self._client.close()
        super().close()

    def _grade_source(
        self, task: Task, source: Source, settings: Settings, bounds: dict[str, float]
    ) -> tuple[TaskVerdict, bool]:
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
        return TaskVerdict.unpacked(answer["verdict"]), bool(answer["lasting"])


def connect(address: str, settings: Settings) -> ClusterRunner:
    """Connects to a cluster.

    Args:
        address: String, the scheduler's address, `"tcp://host:8786"`.
        settings: `Settings`, of which `jobs` become as many as the workers have threads.

    Returns:
        A `ClusterRunner`.

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
    return ClusterRunner(dataclasses.replace(settings, jobs=jobs, threads=1, settle=True), client)
