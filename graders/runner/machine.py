"""Where gradings are done: on this machine, in processes that a warm one forks."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from graders.boundary.events import unpack
from graders.boundary.launching import Launcher
from graders.boundary.limits import (
    GRADER_GRACE_SECONDS,
    GRADER_START_SECONDS,
    SANDBOX_MEMORY,
)
from graders.boundary.wire import Channel, WireClosed, WireError, WireTimeout
from graders.rubric import Task
from graders.runner.collected import Collected
from graders.runner.events import Event, ResultReady
from graders.runner.isolation import Isolation, close_to_submissions, hidden, probed
from graders.runner.settings import Settings, data_of, draw_for
from graders.runner.warm import WarmProcess, spawning
from graders.submission import Source
from graders.verdict import TaskVerdict
from graders.walls.cleaning import remove

# In the folder for temporary files, what submissions may read: pretrained weights.
SHOWN = "shown"


@dataclasses.dataclass(frozen=True)
class Graded:
    """What a place returns.

    Attributes:
        verdict: `TaskVerdict`.
        lasting: Boolean, whether the same submission would get the same verdict another day.
    """

    verdict: TaskVerdict
    lasting: bool


class Place(Protocol):
    """Where a runner's gradings are done."""

    def warm_up(self, settings: Settings) -> object:
        """Prepares for gradings that will come."""

    def isolation(self) -> Isolation:
        """Returns how submissions are kept apart there, which stays as it is."""

    def grade(
        self,
        task: Task,
        source: Source,
        settings: Settings,
        bounds: dict[str, float],
        tell: Callable[[Event], None],
    ) -> Graded:
        """Grades a submission.

        Args:
            task: `Task`.
            source: `Source`.
            settings: `Settings`.
            bounds: Dict: measure -> bound.
            tell: Callable that takes events.
        """

    def close(self) -> None:
        """Ends what is under way."""


class ThisMachine:
    """Grades on this machine; holds the warm process as long as it lives.

    Args:
        isolation: `Isolation`; what the machine has if `None`. Less than that is for trials.
    """

    def __init__(self, isolation: Isolation | None = None) -> None:
        self._warm: WarmProcess | None = None
        self._lock = threading.RLock()
        self._isolation = isolation
        self._temporary: str | None = None
        self._closed = False

    def close(self) -> None:
        """Ends the warm process and everything under it."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None
        if self._temporary is not None:
            remove(self._temporary)
            self._temporary = None

    def isolation(self) -> Isolation:
        """Returns how submissions are kept apart here: asked once, true for the whole run."""
        with self._lock:
            if self._isolation is None:
                self._isolation = probed()
            return self._isolation

    def _folder(self) -> str:
        """Returns the folder for temporary files; other users may pass through it."""
        if self._temporary is None:
            self._temporary = tempfile.mkdtemp(prefix="keras-kit-")
            os.chmod(self._temporary, 0o711)
            os.mkdir(os.path.join(self._temporary, SHOWN))
        return self._temporary

    def _walls(self) -> dict[str, Any]:
        """Returns what the processes that start sandboxes are told, see `graders.warm.server`."""
        level, extra = self.isolation().level, os.path.join(self._folder(), SHOWN)
        if level == "user" and not self._closed:
            close_to_submissions()
            self._closed = True
        return {"level": level, "hidden": hidden(), "extra": [extra]}

    def warm_up(self, settings: Settings) -> Launcher:
        """Starts the warm process, if it does not run yet, and returns what starts its children."""
        # Only Linux forks a process that has loaded TensorFlow safely.
        self.isolation()
        with self._lock:
            if settings.spawn or sys.platform != "linux":
                return spawning(self._folder())
            if self._warm is None or not self._warm.alive:
                self._warm = WarmProcess(self._walls(), self._folder())
            return self._warm.launcher

    def grade(
        self,
        task: Task,
        source: Source,
        settings: Settings,
        bounds: dict[str, float],
        tell: Callable[[Event], None] = lambda event: None,
    ) -> Graded:
        """Grades a submission, see `Place`."""
        launcher = self.warm_up(settings)
        job_r, job_w = os.pipe()
        events_r, events_w = os.pipe()
        channel = Channel(events_r, job_w)
        try:
            number = launcher.start("grader", [job_r, events_w], {})
        finally:
            os.close(job_r)
            os.close(events_w)
        collected = Collected(task, source, self.isolation().level)
        try:
            work = job(task, source, settings, bounds, self._walls())
            channel.send(work, time.monotonic() + GRADER_START_SECONDS)
            deadline = None
            while not collected.done:
                event = unpack(channel.receive(deadline))
                if deadline is None:
                    # The clock starts when the process is there, not while it imports.
                    deadline = time.monotonic() + settings.seconds + GRADER_GRACE_SECONDS
                result = collected.take(event)
                tell(event if result is None else ResultReady(result))
        except WireTimeout:
            collected.cut_off(
                f"The grader could not evaluate your model within {settings.seconds:g} s.",
                "Look for a model or a training that is far larger than the task needs.",
            )
        except (WireClosed, WireError):
            if not collected.done:
                collected.cut_off(
                    "The process that evaluates your model was ended by the system.",
                    "Most likely it took too much memory. Look for a layer that is far larger than "
                    "needed.",
                )
        finally:
            launcher.stop(number)
            channel.close()
        verdict = collected.verdict()
        return Graded(verdict, collected.lasting and verdict.status != "grader_error")


def job(
    task: Task,
    source: Source,
    settings: Settings,
    bounds: dict[str, float],
    walls: dict[str, Any],
) -> dict[str, Any]:
    """Returns what a grader process is told: plain data, see `graders.judge.process`.

    Args:
        task: `Task`.
        source: `Source`, the submission.
        settings: `Settings`.
        bounds: Dict of floats, by the names of the measures.
        walls: Dict of plain data, see `graders.boundary.launching.Launcher`.
    """
    return {
        "task": task.id,
        "path": str(task.path),
        "source": source.text,
        "filename": source.filename,
        "seed": settings.seed,
        "draw": draw_for(task.id, settings),
        "data": task.data,
        "datasets": str(task.datasets) if task.datasets else None,
        "source_name": data_of(task, settings),
        "seconds": settings.seconds,
        "walls": walls,
        "shown": walls["extra"][0],
        "limits": {
            "memory": SANDBOX_MEMORY,
            # CPU time of all threads: a backstop for what the clock does not stop.
            "cpu_seconds": int(settings.seconds * max(2, os.cpu_count() or 2)) + 60,
            "threads": settings.threads,
        },
        "files": list(task.files),
        "weights": settings.weights,
        "calibrating": settings.calibrating,
        "bounds": bounds,
        "threads": settings.threads,
    }
