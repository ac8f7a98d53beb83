"""From submissions to verdicts: the one path that every front end uses.

    grade(requests, settings) -> Verdict

The runner is the only place where points are given: for outcomes that a grader process reports,
from a rubric that no submission can reach.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import hmac
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from graders.boundary.launching import Launcher
from graders.boundary.wire import Channel, WireClosed, WireError, WireTimeout
from graders.calibration import first_use
from graders.printable import plain, printable
from graders.rubric import Task
from graders.rubric import bounds as thresholds
from graders.runner.store import Store, key_for, local_key
from graders.runner.warm import WarmProcess, spawning
from graders.submission import source as sources
from graders.verdict import CheckResult, Status, TaskVerdict, Verdict

DEFAULT_SECONDS = 300.0
# What the grader's own work may take beyond the submission's limit before it is cut off.
GRACE_SECONDS = 60.0
SANDBOX_MEMORY = 6 * 2**30


def processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        seed: Integer, public: seeds the submission's process, and takes part in every draw.
        seconds: Float, the limit for each task.
        data: String, the data source: `"default"` or what `--data` names.
        secret: Bytes, an instructor's secret for the hidden tests, or `None`.
        jobs: Integer, how many tasks side by side.
        spawn: Boolean, whether to start fresh interpreters rather than fork a warm one.
        threads: Integer, TensorFlow's threads for each process; 0 leaves it to TensorFlow.
        weights: String, which pretrained weights: `"kit"` or `"imagenet"`.
        use_store: Boolean, whether unchanged work is answered from the verdict store.
        calibrating: Boolean, whether to measure only: no bound counts, nothing is skipped.
        settle: Boolean, whether the store keeps a time-out too. It may be the machine's fault, so
            a student's is tried again; a class is graded once, and recorded from the store.
    """

    seed: int = 0
    seconds: float = DEFAULT_SECONDS
    data: str = "default"
    secret: bytes | None = None
    jobs: int = 1
    spawn: bool = False
    threads: int = 0
    weights: str = "kit"
    use_store: bool = False
    calibrating: bool = False
    settle: bool = False

    @property
    def hidden_tests(self) -> str:
        """String, what the verdict says of the hidden tests."""
        return "public checks" if self.secret is None else "secret hidden tests"

    def sharing(self, count: int) -> Settings:
        """Returns the settings for so many gradings, each with its share of the processors.

        Args:
            count: Integer, how many gradings there are: no more of them run side by side.
        """
        jobs = max(1, min(self.jobs, count))
        threads = max(1, processors() // jobs) if jobs > 1 else 0
        return dataclasses.replace(self, jobs=jobs, threads=threads)


@dataclasses.dataclass(frozen=True)
class Request:
    """One task to grade.

    Attributes:
        task: `Task`.
        path: Path of the submission: a file, or a folder to look in.
        is_reference: Boolean, whether this is the kit's own solution.
    """

    task: Task
    path: Path
    is_reference: bool = False


Listener = Callable[[str, dict[str, Any]], None]


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


def source_of(task: Task, settings: Settings) -> str:
    """Returns where a task's data and weights come from, as the calibration names it."""
    source = settings.data if settings.data in task.sources else "default"
    return f"{source}, {settings.weights}" if task.files and settings.weights != "kit" else source


def _result(task: Task, name: str, outcome: Any, message: str, seconds: float) -> CheckResult:
    [item] = [check for check in task.checks if check.name == name]
    passed = outcome == "passed"
    return CheckResult(
        item.id,
        item.description,
        outcome,
        item.points if passed else 0.0,
        item.points,
        "" if passed else printable(message).strip(),
        "" if passed else item.hints[0],
        seconds,
    )


def _all_skipped(task: Task, message: str, first: str = "skipped") -> tuple[CheckResult, ...]:
    names = [check.name for check in task.checks]
    return tuple(
        _result(
            task,
            name,
            first if i == 0 else "skipped",
            message if i == 0 else f"Not run: {message}",
            0,
        )
        for i, name in enumerate(names)
    )


class Runner:
    """Grades requests; holds the warm process as long as it lives. Use as a context manager.

    Args:
        settings: `Settings`.
        listener: Callable that takes a task's id and each event of its grading, for progress;
            called from several threads if `jobs` is more than 1.
    """

    def __init__(self, settings: Settings, listener: Listener = lambda task, event: None):
        self.settings = settings
        self._listener = listener
        self._zygote: WarmProcess | None = None
        self._lock = threading.Lock()
        # Two tasks of one class must not measure the same thing twice.
        self._lock_first_use = threading.Lock()

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the warm process and everything under it."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def warm_up(self) -> Launcher:
        """Starts the warm process, if it does not run yet, and returns what starts its children."""
        # Only Linux forks a process that has loaded TensorFlow safely.
        if self.settings.spawn or sys.platform != "linux":
            return spawning()
        with self._lock:
            if self._zygote is None or not self._zygote.alive:
                self._zygote = WarmProcess()
            return self._zygote.launcher

    def grade(self, requests: Iterable[Request]) -> Verdict:
        """Grades several tasks.

        Args:
            requests: Iterable of `Request`.

        Returns:
            A `Verdict`.
        """
        started = time.monotonic()
        requests = list(requests)
        found: dict[int, TaskVerdict] = {}
        # A stub, and what cannot be read, is said at once, whatever has to be graded before it.
        for index, request in enumerate(requests):
            if self._without_grading(request)[0] is not None:
                found[index] = self.grade_task(request)
        waiting = [index for index in range(len(requests)) if index not in found]

        def grade_one(index: int) -> None:
            found[index] = self.grade_task(requests[index])

        if self.settings.jobs > 1 and len(waiting) > 1:
            with concurrent.futures.ThreadPoolExecutor(self.settings.jobs) as pool:
                try:
                    list(pool.map(grade_one, waiting))
                except BaseException:
                    # Ctrl-C ends what is under way, rather than wait for its end.
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.close()
                    raise
        else:
            for index in waiting:
                grade_one(index)
        tasks = tuple(found[index] for index in range(len(requests)))
        return Verdict(
            self.settings.seed, tasks, time.monotonic() - started, self.settings.hidden_tests
        )

    def grade_task(self, request: Request, settings: Settings | None = None) -> TaskVerdict:
        """Grades one task. Whatever the submission is, this returns a verdict.

        Args:
            request: `Request`.
            settings: `Settings`; the runner's own if `None`.

        Returns:
            A `TaskVerdict`.
        """
        settings = settings or self.settings
        started = time.monotonic()
        verdict, source = self._without_grading(request)
        if source is not None:
            verdict = verdict or self._from_store_or_graded(request.task, source, settings)
            if source.note:
                text = f"{source.note} {verdict.message}".strip()
                verdict = dataclasses.replace(verdict, message=printable(text))
        assert verdict is not None
        verdict = dataclasses.replace(verdict, seconds=time.monotonic() - started)
        self._listener(request.task.id, {"verdict": verdict})
        return verdict

    def recall(self, request: Request) -> TaskVerdict | None:
        """Returns the verdict on a task as it is now if that is known without grading.

        Args:
            request: `Request`.

        Returns:
            A `TaskVerdict`: a stub's, or one from the store; else `None`.
        """
        verdict, source = self._without_grading(request)
        if verdict is not None or source is None or not self.settings.use_store:
            return verdict
        bounds = self._known_bounds(request.task, self.settings)
        if bounds is None:
            return None
        store, key = self._store_and_key(request.task, source, self.settings, bounds)
        return store.read(key)

    def _without_grading(
        self, request: Request
    ) -> tuple[TaskVerdict | None, sources.Source | None]:
        """Reads a submission; what cannot be read, and a stub, have their verdict at once."""
        task = request.task
        try:
            source = sources.load(task, request.path)
        except sources.Unreadable as error:
            text = printable(str(error))
            checks = _all_skipped(task, text, "error")
            return TaskVerdict(task.id, task.section, "error", checks, message=text), None
        if request.is_reference or not sources.is_stub(source.text, task):
            return None, source
        text = f"Not started: {source.path.name} is still the stub."
        checks = _all_skipped(task, text)
        return (
            TaskVerdict(
                task.id,
                task.section,
                "not_started",
                checks,
                submission=source.digest,
                message=text,
            ),
            source,
        )

    def _store_and_key(
        self, task: Task, source: sources.Source, settings: Settings, bounds: dict[str, float]
    ) -> tuple[Store, str]:
        chosen = ("seed", "data", "weights", "seconds", "spawn")
        parts = {name: getattr(settings, name) for name in chosen}
        # The draw stands for the secret, which does not belong into a file name's hash alone.
        parts["draw"] = draw_for(task.id, settings)
        parts["bounds"] = bounds
        return Store(), key_for(task, source.digest, parts)

    def _from_store_or_graded(
        self, task: Task, source: sources.Source, settings: Settings
    ) -> TaskVerdict:
        store = key = None
        bounds = self._bounds(task, settings)
        if isinstance(bounds, str):
            return self._broken(task, source, bounds)
        if settings.use_store and not settings.calibrating:
            store, key = self._store_and_key(task, source, settings, bounds)
            found = store.read(key)
            if found is not None:
                return found
        try:
            verdict, lasting = self._grade_source(task, source, settings, bounds)
        except Exception as error:
            return self._broken(task, source, _report_this(f"{type(error).__name__}: {error}"))
        lasting = lasting or (settings.settle and verdict.status != "grader_error")
        if store is not None and key is not None and lasting:
            store.write(key, verdict)
        return verdict

    def _known_bounds(self, task: Task, settings: Settings) -> dict[str, float] | None:
        """Returns the bounds of a task, `None` if they have to be measured first."""
        # A task that is in no calibration asks for no bound.
        if settings.calibrating or task.id not in thresholds.table():
            return {}
        source = source_of(task, settings)
        return thresholds.bounds(task.id, source) or first_use.known(task, source)

    def _bounds(self, task: Task, settings: Settings) -> dict[str, float] | str:
        """Returns the bounds of a task, or a line that says why there are none.

        Data that were never calibrated are measured now, with the reference, and kept.
        """
        known = self._known_bounds(task, settings)
        if known is not None:
            return known
        source = source_of(task, settings)
        if not task.reference.exists():
            return (
                f"{task.id} has no bounds for the data {source}, and this copy of the kit holds no "
                "reference to measure them with. Leave --data and --weights away, or ask your "
                "instructor."
            )
        with self._lock_first_use:
            return first_use.bounds(task, source, lambda seed: self._measure(task, settings, seed))

    def _measure(self, task: Task, settings: Settings, seed: int) -> TaskVerdict:
        """Grades the reference to see what it reaches, not whether it passes."""
        self._listener(task.id, {"first_use": seed})
        changed = dataclasses.replace(settings, seed=seed, calibrating=True, use_store=False)
        source = sources.read(task.reference, task)
        return self._grade_source(task, source, changed, {})[0]

    def _broken(self, task: Task, source: sources.Source, text: str) -> TaskVerdict:
        checks = _all_skipped(task, text)
        return TaskVerdict(
            task.id, task.section, "grader_error", checks, submission=source.digest, message=text
        )

    def _job(
        self, task: Task, source: sources.Source, settings: Settings, bounds: dict[str, float]
    ) -> dict[str, Any]:
        return {
            "task": task.id,
            "path": str(task.path),
            "source": source.text,
            "filename": source.filename,
            "seed": settings.seed,
            "draw": draw_for(task.id, settings),
            "data": task.data,
            "source_name": settings.data if settings.data in task.sources else "default",
            "seconds": settings.seconds,
            "isolation": "namespaces" if sys.platform == "linux" else "process",
            "limits": {
                "memory": SANDBOX_MEMORY,
                # CPU time of all threads: a backstop for what the clock does not stop.
                "cpu_seconds": int(settings.seconds * max(2, os.cpu_count() or 2)) + 60,
                "threads": settings.threads,
                "visible": [],
            },
            "files": list(task.files),
            "weights": settings.weights,
            "calibrating": settings.calibrating,
            "bounds": bounds,
            "threads": settings.threads,
        }

    def _grade_source(
        self, task: Task, source: sources.Source, settings: Settings, bounds: dict[str, float]
    ) -> tuple[TaskVerdict, bool]:
        launcher = self.warm_up()
        job_r, job_w = os.pipe()
        events_r, events_w = os.pipe()
        channel = Channel(events_r, job_w)
        try:
            number = launcher.start("grader", [job_r, events_w], {})
        finally:
            os.close(job_r)
            os.close(events_w)
        outcome = _Collected(task, source.in_cells)
        try:
            channel.send(
                self._job(task, source, settings, bounds),
                time.monotonic() + GRACE_SECONDS * 5,
            )
            deadline = None
            while not outcome.done:
                event = channel.receive(deadline)
                if deadline is None:
                    # The clock starts when the process is there, not while it imports.
                    deadline = time.monotonic() + settings.seconds + GRACE_SECONDS
                result = outcome.take(event)
                self._listener(task.id, event if result is None else {"result": result})
        except WireTimeout:
            outcome.cut_off(
                f"The grader could not evaluate your model within {settings.seconds:g} s. "
                "Look for a model or a training that is far larger than the task needs."
            )
        except (WireClosed, WireError):
            if not outcome.done:
                outcome.cut_off(
                    "The process that evaluates your model was ended by the system, most likely "
                    "for the memory it took. Look for a layer that is far larger than needed."
                )
        finally:
            launcher.stop(number)
            channel.close()
        verdict = outcome.verdict(source)
        return verdict, outcome.lasting and verdict.status != "grader_error"


def _report_this(reason: str) -> str:
    return (
        "The grader itself failed; this is not your fault. Run it again, and if it stays, "
        f"report this line: {reason}"
    )


class _Collected:
    """The events of one grading, and the verdict that they make."""

    def __init__(self, task: Task, in_cells: Callable[[str], str]):
        self._task, self._in_cells = task, in_cells
        self._results: dict[str, CheckResult] = {}
        self._current = ""
        self._grader_error = ""
        self._isolation = "none"
        self._evidence: dict[str, Any] = {}
        self._unavailable = ""
        self.done = False
        # Time and memory depend on the machine's day: such a verdict is not stored.
        self.lasting = True

    def take(self, event: dict[str, Any]) -> CheckResult | None:
        """Takes an event, and returns the result if a check ended."""
        if "start" in event:
            self._current = event["start"]
        elif "check" in event:
            message = self._in_cells(event["message"])
            self._results[event["check"]] = _result(
                self._task, event["check"], event["outcome"], message, event["seconds"]
            )
            self._isolation = event["isolation"]
            self._current = ""
            if event["kind"] in ("timeout", "died", "memory", "protocol"):
                self.lasting = False
            return self._results[event["check"]]
        elif "grader_error" in event:
            self._grader_error = event["grader_error"]
        elif "evidence" in event:
            self._evidence = {**self._evidence, **plain(event["evidence"])}
        elif "output" in event:
            self._evidence["output"] = plain(event["output"])
        elif "unavailable" in event:
            self._unavailable = event["unavailable"]
        elif "done" in event:
            self.done = True
        return None

    def cut_off(self, message: str) -> None:
        self.done, self.lasting = True, False
        if self._current:
            self._results[self._current] = _result(self._task, self._current, "error", message, 0)
        elif not self._results:
            self._grader_error = message

    def verdict(self, source: sources.Source) -> TaskVerdict:
        checks = tuple(
            self._results.get(check.name)
            or _result(
                self._task, check.name, "skipped", "Not run: the grading ended before it.", 0
            )
            for check in self._task.checks
        )
        status: Status = "passed"
        message = ""
        if self._unavailable:
            status, message = "grader_error", self._unavailable
        elif self._grader_error or not self._results:
            status = "grader_error"
            last = (self._grader_error.strip() or "no check ran").splitlines()[-1]
            message = _report_this(printable(last, 300))
            if os.environ.get("KERAS_KIT_DEBUG"):
                message += "\n" + self._grader_error
        elif any(check.outcome == "error" for check in checks):
            status = "error"
        elif any(check.outcome != "passed" for check in checks):
            status = "failed"
        return TaskVerdict(
            self._task.id,
            self._task.section,
            status,
            checks,
            isolation=self._isolation,
            submission=source.digest,
            message=message,
            evidence=self._evidence,
        )


def grade(
    requests: Iterable[Request],
    settings: Settings | None = None,
    listener: Listener = lambda task, event: None,
) -> Verdict:
    """Grades submissions.

    Args:
        requests: Iterable of `Request`.
        settings: `Settings`; the defaults if `None`.
        listener: See `Runner`.

    Returns:
        A `Verdict`.
    """
    with Runner(settings or Settings(), listener) as runner:
        return runner.grade(requests)
