"""Where gradings are done: on this machine, in processes that a warm one forks."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from graders.boundary import device
from graders.boundary.events import Training, unpack
from graders.boundary.launching import Launcher
from graders.boundary.limits import (
    GRADER_GRACE_SECONDS,
    GRADER_START_SECONDS,
    grader_cpu_seconds,
)
from graders.boundary.spawned import Spawned, Spawner
from graders.boundary.wire import WireClosed, WireError, WireTimeout
from graders.rubric import Task
from graders.runner.collected import Collected
from graders.runner.events import Event, Interrupted, ResultReady
from graders.runner.isolation import Isolation, close_to_submissions, hidden, probed
from graders.runner.job import job
from graders.runner.scratch import Scratch
from graders.runner.settings import Settings
from graders.runner.trainings import Trainings
from graders.runner.turns import Turns
from graders.runner.warm import WarmProcess, environment, spawning
from graders.submission import Source
from graders.system import here
from graders.verdict import TaskVerdict
from graders.walls import reports
from graders.walls.limits import is_machines

if here.FORKS:
    from graders.boundary.piped import PipedGrader

# How long a process that has closed its pipes may take to be reaped.
END_SECONDS, GONE_SECONDS = 10.0, 1.0
# In the folder for temporary files, what submissions may read: pretrained weights.
SHOWN = "shown"


@dataclasses.dataclass(frozen=True)
class Graded:
    """What a place returns.

    Attributes:
        verdict: `TaskVerdict`.
        lasting: Boolean, whether the same submission would get the same verdict another day.
        interrupted: Boolean, whether the machine ended the grading, and another one after it:
            there is no verdict on the work.
        alone: Boolean, whether nothing was graded beside it on its machine.
    """

    verdict: TaskVerdict
    lasting: bool
    interrupted: bool = False
    alone: bool = False


class Stopped(Exception):
    """The place was closed before there was a verdict."""


@dataclasses.dataclass
class _Given:
    """What is graded, and how; see `Place.grade`."""

    task: Task
    source: Source
    settings: Settings
    bounds: dict[str, float]
    tell: Callable[[Event], None]


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


class _Turn:
    """One grading's turns to train, one after the other.

    Attributes:
        waited: Float, the seconds that it waited for them.
    """

    def __init__(self, trainings: Trainings):
        self._trainings, self._held = trainings, False
        self.waited = 0.0

    def begin(self) -> float:
        """Waits for a turn, and returns the seconds that it took."""
        self.end()
        waited = self._trainings.begin()
        self._held = True
        self.waited += waited
        return waited

    def end(self) -> None:
        """Ends a turn, if it is held."""
        if self._held:
            self._held = False
            self._trainings.end()


class ThisMachine:
    """Grades on this machine; holds the warm process as long as it lives.

    Args:
        isolation: `Isolation`; what the machine has if `None`. Less than that is for trials.
        shows: Sequence of paths that sandboxes may read, beside what every one may.

    Attributes:
        trainings: `Trainings`, how many submissions train at once.
    """

    def __init__(self, isolation: Isolation | None = None, shows: Sequence[str] = ()) -> None:
        self._shows = tuple(shows)
        self._warm: WarmProcess | None = None
        self._spawner: Spawner | None = None
        self._lock, self._probing = threading.RLock(), threading.Lock()
        self._isolation = isolation
        self._scratch: Scratch | None = None
        self._closed = False
        self._closing = False
        self._turns = Turns()
        self.trainings = Trainings()

    def close(self) -> None:
        """Ends the warm process and everything under it; what is under way raises `Stopped`."""
        self._closing = True
        self.trainings.close()
        # Ctrl-C closes this from the thread that waits and from the one that grades: each closes
        # what it took, so that nothing is closed twice.
        with self._lock:
            held = (self._warm, self._spawner, self._scratch)
            self._warm = self._spawner = self._scratch = None
        for each in held:
            if each is not None:
                each.close()

    def isolation(self) -> Isolation:
        """Returns how submissions are kept apart here: asked once, true for the whole run."""
        with self._probing:
            if self._isolation is None:
                self._isolation = probed()
            return self._isolation

    def _folder(self) -> str:
        """Returns the folder for temporary files; other users may pass through it.

        Raises:
            Stopped: If this place is closed.
        """
        with self._lock:
            if self._closing:
                raise Stopped
            if self._scratch is None:
                self._scratch = Scratch()
                os.mkdir(os.path.join(self._scratch.path, SHOWN))
            return self._scratch.path

    def walls(self, computes_on: str) -> dict[str, Any]:
        """Returns what the processes that start sandboxes are told, see `graders.warm.server`."""
        level, extra = self.isolation().level, os.path.join(self._folder(), SHOWN)
        if level == "user" and not self._closed:
            close_to_submissions()
            self._closed = True
        return {
            "level": level,
            "hidden": hidden(),
            "extra": [extra, *device.files(computes_on), *self._shows],
        }

    def warm_up(self, settings: Settings) -> Launcher | Spawner:
        """Starts the warm process, if it does not run yet, and returns what starts its children.

        Where nothing is forked, the next grader is started ahead.

        Raises:
            Stopped: If this place is closed.
        """
        self.isolation()
        with self._lock:
            if not here.FORKS:
                if self._spawner is None:
                    self._spawner = Spawner(environment(self._folder(), settings.device))
                self._spawner.ahead("grader")
                return self._spawner
            if settings.spawn:
                return spawning(self._folder(), settings.device)
            if self._warm is None or not self._warm.alive:
                self._warm = WarmProcess(
                    self.walls(settings.device), self._folder(), settings.device
                )
            return self._warm.launcher

    def grade(
        self,
        task: Task,
        source: Source,
        settings: Settings,
        bounds: dict[str, float],
        tell: Callable[[Event], None] = lambda event: None,
    ) -> Graded:
        """Grades a submission, see `Place`.

        What the machine ended is graded once more, and nothing beside it. So is what ran out of
        time, died or used too much memory beside others, where that would count for good
        (`settings.settle`): the others may have been the cause.
        """
        given = _Given(task, source, settings, bounds, tell)
        with self._turns.beside() as turn:
            graded = self._attempt(given)
        again = graded.interrupted
        if settings.settle and graded.verdict.status != "grader_error":
            again = again or not (graded.lasting or turn.alone)
        if again:
            given.settings = dataclasses.replace(settings, threads=0)
            with self._turns.alone():
                graded = self._attempt(given)
            return dataclasses.replace(graded, alone=True)
        return dataclasses.replace(graded, alone=turn.alone)

    def _attempt(self, given: _Given) -> Graded:
        """Grades a submission once.

        Raises:
            Stopped: If this place is closed before there is a verdict.
        """
        if self._closing:
            raise Stopped
        collected = Collected(given.task, given.source, self.isolation().level)
        started = time.monotonic()
        waited = self._follow(given, collected)
        if collected.interrupted:
            self._let_go()
            given.tell(Interrupted(collected.interrupted))
        if self._closing:
            raise Stopped
        seconds = time.monotonic() - started - waited
        verdict = dataclasses.replace(collected.verdict(), seconds=seconds)
        lasting = collected.lasting and verdict.status != "grader_error"
        return Graded(verdict, lasting, interrupted=bool(collected.interrupted))

    def _follow(self, given: _Given, collected: Collected) -> float:
        """Starts a grader, and collects its events until it ends.

        Returns:
            Float, the seconds that it waited to train.
        """
        settings, turn = given.settings, _Turn(self.trainings)
        try:
            grader = self.start(settings)
        except OSError as error:
            # No process, no pipe, no room: a machine's bad day, or the end of the warm process.
            if not is_machines(error):
                raise
            collected.interrupt(f"the grader could not be started ({error.strerror})")
            return 0.0
        deadline: float | None = None
        try:
            work = job(
                given.task, given.source, settings, given.bounds, self.walls(settings.device)
            )
            grader.channel.send(work, time.monotonic() + GRADER_START_SECONDS)
            while not collected.done:
                event = unpack(grader.channel.receive(deadline))
                if deadline is None:
                    # The clock starts when the process is there, not while it imports.
                    grace = GRADER_GRACE_SECONDS + (0 if here.FORKS else GRADER_START_SECONDS)
                    deadline = time.monotonic() + settings.seconds + grace
                if isinstance(event, Training):
                    if event.begins:
                        waited = turn.begin()
                        deadline += waited
                        grader.channel.send({"waited": waited}, deadline)
                    else:
                        turn.end()
                    continue
                result = collected.take(event)
                # What is being ended fails, which is nobody's fault and not told.
                if not (isinstance(event, Interrupted) or self._closing):
                    given.tell(event if result is None else ResultReady(result))
        except WireTimeout:
            if deadline is None:
                collected.interrupt("the grader did not start in time")
                return turn.waited
            collected.cut_off(
                f"The grader could not evaluate your model within {settings.seconds:g} s.",
                "Look for a model or a training that is far larger than the task needs.",
            )
        except (WireClosed, WireError):
            if not collected.done and not self._closing:
                self._explain_end(grader.ended(END_SECONDS), settings, collected)
        finally:
            turn.end()
            grader.stop()
        return turn.waited

    def start(self, settings: Settings) -> PipedGrader | Spawned:
        """Starts a grader."""
        launcher = self.warm_up(settings)
        if isinstance(launcher, Spawner):
            return launcher.grader()
        return PipedGrader(launcher)

    def _explain_end(self, ended: dict[str, Any], settings: Settings, collected: Collected) -> None:
        """Notes whose end it was, when a grader ended before its work.

        Args:
            ended: Dict, how it ended, see `Launcher.ended`.
            settings: `Settings`.
            collected: `Collected`.
        """
        number = ended.get("signal")
        if number == reports.CPU_LIMIT:
            seconds = grader_cpu_seconds(settings.seconds)
            collected.cut_off(
                f"To evaluate your model took the grader more than {seconds} s of processor time.",
                "Look for a model that is far larger than the task needs.",
            )
        elif number is not None:
            name = reports.signal_name(number)
            outside = number in reports.FROM_OUTSIDE
            how = "was ended from outside" if outside else "crashed"
            collected.interrupt(f"the process that evaluates your model {how} ({name})")
        elif "exit" in ended and collected.failed:
            # It has told why.
            collected.done = True
        elif "exit" in ended:
            collected.interrupt(f"the grader ended with exit code {ended['exit']}")
        elif "broken" in ended:
            collected.interrupt(str(ended["broken"]))
        else:
            collected.interrupt("the process that starts graders was ended from outside")

    def _let_go(self) -> None:
        """Lets go of a warm process that has ended, so that the next grading starts another."""
        with self._lock:
            warm = self._warm
            if warm is not None and not warm.ends_within(GONE_SECONDS):
                warm = None
            if warm is not None:
                self._warm = None
        if warm is not None:
            warm.close()
