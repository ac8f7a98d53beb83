"""How to grade, and what: `Settings` and `Request`."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import os
from pathlib import Path

from graders import KIT
from graders.boundary.limits import TASK_SECONDS
from graders.rubric import Task, part
from graders.runner.store import local_key

SECRET_VARIABLE = "KERAS_KIT_SECRET"


class BadSecret(ValueError):
    """A secret file that holds no secret; the text is one line."""


def secret_from(path: str | Path | None = None) -> bytes | None:
    """Reads the secret of the hidden tests.

    Args:
        path: Path of the file that holds it; if `None`, the environment variable
            `KERAS_KIT_SECRET` does.

    Returns:
        Bytes, or `None` if there is no secret.

    Raises:
        BadSecret: If the file cannot be read or is empty.
    """
    if path is None:
        given = os.environ.get(SECRET_VARIABLE, "").strip()
        return given.encode("utf-8", "surrogateescape") if given else None
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise BadSecret(f"The secret file {path} cannot be read: {error.strerror}.") from None
    if not secret:
        raise BadSecret(f"The secret file {path} is empty.")
    return secret


def processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def usual_jobs() -> int:
    """Returns how many tasks are graded side by side where nobody says."""
    return min(processors(), 4)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        seed: Integer, public: seeds the submission's process, and takes part in every draw.
        seconds: Float, the limit for each task.
        seconds_of: Tuple of pairs, tasks with a limit of their own.
        data: String, the data source: `"default"` or what `--data` names.
        secret: Bytes, an instructor's secret for the hidden tests, or `None`.
        jobs: Integer, how many tasks side by side.
        spawn: Boolean, whether to start fresh interpreters rather than fork a warm one.
        threads: Integer, TensorFlow's threads for each process; 0 leaves it to TensorFlow.
        weights: String, which pretrained weights: `"kit"` or `"imagenet"`.
        use_store: Boolean, whether unchanged work is answered from the verdict store.
        calibrating: Boolean, whether to measure only: no bound counts, nothing is skipped.
        isolation: String, the lowest level of isolation that will do.
        settle: Boolean, whether the store keeps a time-out too, once it came where nothing else
            was graded. It may be the machine's fault, so a student's is tried again; a class is
            graded once, and recorded from the store.
        device: String, what computes: `"cpu"` or `"gpu"`. Bounds were measured on CPUs.
    """

    seed: int = 0
    seconds: float = TASK_SECONDS
    data: str = "default"
    secret: bytes | None = None
    jobs: int = 1
    spawn: bool = False
    threads: int = 0
    weights: str = "kit"
    use_store: bool = False
    calibrating: bool = False
    isolation: str = "process"
    settle: bool = False
    device: str = "cpu"
    seconds_of: tuple[tuple[str, float], ...] = ()

    @property
    def hidden_tests(self) -> str:
        """String, how the verdict names the hidden tests."""
        return "public checks" if self.secret is None else "secret hidden tests"

    def of(self, task: str) -> Settings:
        """Returns the settings for one task, with its own limit.

        Args:
            task: String, the task's id.
        """
        if not self.seconds_of:
            return self
        seconds = dict(self.seconds_of).get(task, self.seconds)
        return dataclasses.replace(self, seconds=seconds, seconds_of=())

    def sharing(self, count: int) -> Settings:
        """Returns the settings for so many gradings, each with its share of the processors.

        Args:
            count: Integer, how many gradings there are: no more of them run side by side.
        """
        jobs = max(1, min(self.jobs, count))
        threads = max(1, processors() // jobs) if jobs > 1 else 0
        return dataclasses.replace(self, jobs=jobs, threads=threads)


# In a student's copy of the kit: how the course grades it, as plain data.
RELEASED = KIT / "graders" / "rubric" / "course.json"


def released() -> Settings:
    """Returns how the course grades for which this copy of the kit was made, else the defaults."""
    if not RELEASED.is_file():
        return Settings()
    found = json.loads(RELEASED.read_text(encoding="utf-8"))
    found["seconds_of"] = tuple((task, seconds) for task, seconds in found["seconds_of"])
    return Settings(**found)


@dataclasses.dataclass(frozen=True)
class Request:
    """One task to grade.

    Attributes:
        task: `Task`.
        path: Path of the submission: a file, or a folder to look in.
        is_reference: Boolean, whether this is the kit's own solution.
        only: Tuple of strings, names of checks: these are run, and those that they need; all if
            empty.
    """

    task: Task
    path: Path
    is_reference: bool = False
    only: tuple[str, ...] = ()

    @property
    def asked(self) -> Task:
        """`Task` with the checks that are run."""
        return part(self.task, self.only) if self.only else self.task


def draw_for(task: str, settings: Settings) -> int:
    """Derives the 128-bit number that all of a grading's data come from.

    Args:
        task: String, the task's id.
        settings: `Settings`; without a secret, the machine's own key takes its place.

    Returns:
        Integer.
    """
    key = settings.secret if settings.secret is not None else local_key()
    message = f"{task}:{settings.seed}".encode()
    return int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:16], "big")


def data_of(task: Task, settings: Settings) -> str:
    """Returns which data a task is graded on: those of the settings, if the task knows them."""
    return settings.data if settings.data in task.sources else "default"


def source_of(task: Task, settings: Settings) -> str:
    """Returns where a task's data and weights come from, as the calibration names it."""
    data = data_of(task, settings)
    return f"{data}, {settings.weights}" if task.files and settings.weights != "kit" else data
