"""From submissions to verdicts: the one path that every front end uses.

    grade(requests, settings) -> Verdict

A submission is read and parsed once. What its source alone decides (it cannot be read, it is still
the stub) has its verdict at once; what was graded before comes from the store; the rest is graded.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import math
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from graders import submission
from graders.printable import printable
from graders.rubric import Task
from graders.rubric.bounds import NO_BOUNDS_ADVICE, Bounds, CommittedBounds, NoBounds
from graders.rubric.stubs import pristine
from graders.runner import durations, examining
from graders.runner.collected import grader_failed, in_part, ungraded
from graders.runner.events import Event, Interrupted, Listener, Measuring, VerdictReady
from graders.runner.machine import Place, Stopped, ThisMachine
from graders.runner.settings import Request, Settings, draw_for, source_of
from graders.runner.store import Store, key_for, not_kept
from graders.submission import Source, idiom
from graders.submission.touches import touches
from graders.verdict import TaskVerdict, Verdict


@dataclasses.dataclass(frozen=True, slots=True)
class _Work:
    """A request whose submission has been read.

    Attributes:
        request: `Request`.
        source: `Source`, or `None` if it cannot be read.
        verdict: `TaskVerdict`, if the source alone decides it.
    """

    request: Request
    source: Source | None
    verdict: TaskVerdict | None


def _ignore(task: str, event: Event) -> None:
    """Listens to nothing."""


class Runner:
    """Grades requests. Use as a context manager.

    Args:
        settings: `Settings`.
        listener: Callable that takes a task's id and each event of its grading, see
            `graders.runner.events`; called from several threads if `jobs` is more than 1.
        bounds: Where bounds come from; the committed calibration if `None`.
        place: Where gradings are done; this machine if `None`. It is closed with the runner.

    Attributes:
        trouble: String, why verdicts cannot be kept, in one line; empty if they can.
        interrupted: Integer, how many gradings the machine ended.
    """

    def __init__(
        self,
        settings: Settings,
        listener: Listener = _ignore,
        bounds: Bounds | None = None,
        place: Place | None = None,
    ):
        self.settings = settings
        self._listener = listener
        self._bounds = bounds or CommittedBounds()
        self._place = place or ThisMachine()
        self.trouble = Store().trouble() if settings.use_store else ""
        self.interrupted = 0

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
        """Ends what is under way, and the processes that do it."""
        self._place.close()

    def warm_up(self) -> None:
        """Prepares for gradings that will come, so that the first of them need not wait."""
        self._place.warm_up(self.settings)

    def grade(self, requests: Iterable[Request]) -> Verdict:
        """Grades several tasks.

        Args:
            requests: Iterable of `Request`.

        Returns:
            A `Verdict`.

        Raises:
            TooLow: If the isolation is not what the settings demand; nothing was graded then.
        """
        started = time.monotonic()
        self._place.isolation().require(self.settings.isolation)
        works = [self._read(request) for request in requests]
        found: dict[int, TaskVerdict] = {}

        def finish(index: int) -> None:
            found[index] = self._finish(works[index], self.settings)

        # What the source alone decides does not wait for what has to be graded.
        for index, work in enumerate(works):
            if work.verdict is not None:
                finish(index)
        waiting = [index for index in range(len(works)) if index not in found]
        at_once = self.settings.jobs
        if isinstance(self._place, ThisMachine):
            # A training keeps three quarters of a processor busy; one more work is prepared.
            at_once += at_once // 2
            self._place.trainings.most = at_once
            at_once += 1
        if self.settings.jobs > 1:
            seconds = durations.known()
            waiting.sort(key=lambda at: -seconds.get(works[at].request.task.id, math.inf))
        if at_once > 1 and len(waiting) > 1:
            with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
                try:
                    list(pool.map(finish, waiting))
                except BaseException:
                    # Ctrl-C ends what is under way, rather than wait for its end.
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.close()
                    raise
        else:
            for index in waiting:
                finish(index)
        tasks = tuple(found[index] for index in range(len(works)))
        durations.note(tasks)
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
        self._place.isolation().require(settings.isolation)
        return self._finish(self._read(request), settings)

    def why(self, request: Request, verdict: TaskVerdict, seconds: float) -> dict[str, Any]:
        """Tries repairs where a submission's training failed. No verdict changes by it.

        Args:
            request: `Request`.
            verdict: `TaskVerdict` on it, `"failed"` or `"error"`.
            seconds: Float, what may go into trying, after the submission has trained again.

        Returns:
            Dict of plain data: `faults`, with places in the student's file and what was tried, and
            `trouble`, a sentence where nothing explains it.

        Raises:
            NotExamined: If the machine did not let it be examined.
        """
        return examining.why(self._place, request, verdict, self.settings, seconds)

    def recall(self, request: Request) -> TaskVerdict | None:
        """Returns the verdict on a task as it is now if that is known without grading.

        Args:
            request: `Request`.

        Returns:
            A `TaskVerdict`: one that the source decides, or one from the store; else `None`.
        """
        work = self._read(request)
        verdict = work.verdict
        if verdict is None and work.source is not None and self.settings.use_store:
            task = request.task
            try:
                bounds = self._bounds.of(task, source_of(task, self.settings))
            except NoBounds:
                return None
            verdict = self._recalled(work.request, work.source, self.settings, bounds)
        return None if verdict is None else _whole(work, verdict)

    def _read(self, request: Request) -> _Work:
        """Reads a submission; what cannot be read, and a stub, have their verdict at once."""
        task, asked = request.task, request.asked
        try:
            source = submission.load(task, request.path)
        except submission.Unreadable as error:
            text = printable(str(error))
            found = ungraded(
                asked, "error", text, first="error", where=error.where, hints=error.hints
            )
            return _Work(request, None, found)
        if request.is_reference or not submission.is_stub(source, task):
            return _Work(request, source, None)
        text = f"Not started: {submission.still(source, task)}."
        return _Work(request, source, ungraded(asked, "not_started", text, source.digest))

    def _finish(self, work: _Work, settings: Settings) -> TaskVerdict:
        """Returns the whole verdict on a submission that has been read, and reports it."""
        started = time.monotonic()
        task, verdict = work.request.task, work.verdict
        if verdict is None:
            assert work.source is not None
            verdict = self._from_store_or_graded(work.request, work.source, settings)
        verdict = _whole(work, verdict)
        # On a cluster a submission waits for a slot: what counts is what it took there.
        seconds = 0.0 if verdict.cached else verdict.seconds
        verdict = dataclasses.replace(verdict, seconds=seconds or time.monotonic() - started)
        if verdict.isolation == "none":
            # Nothing of it ran. What the run had holds for it, too.
            level = self._place.isolation().level
            verdict = dataclasses.replace(verdict, isolation=level)
        self._listener(task.id, VerdictReady(verdict))
        return verdict

    def _from_store_or_graded(
        self, request: Request, source: Source, settings: Settings
    ) -> TaskVerdict:
        store = key = None
        task, asked = request.task, request.asked
        settings = settings.of(task.id)
        try:
            bounds = self._bounds_of(task, settings)
            if settings.use_store and not settings.calibrating:
                # A part has a key of its own: it never stands for the whole.
                store, key = Store(), self._key(asked, source, settings, bounds)
                found = self._recalled(request, source, settings, bounds)
                if found is not None:
                    return found
            graded = self._place.grade(
                asked, source, settings, bounds, lambda event: self._hear(task.id, event)
            )
        except Stopped:
            raise
        except NoBounds as error:
            found = ungraded(asked, "grader_error", str(error), source.digest)
            return dataclasses.replace(found, evidence={"advice": NO_BOUNDS_ADVICE})
        except Exception as error:
            text = grader_failed(f"{type(error).__name__}: {error}")
            return ungraded(asked, "grader_error", text, source.digest)
        verdict = graded.verdict
        settled = settings.settle and graded.alone and verdict.status != "grader_error"
        lasting = graded.lasting or settled
        if store is not None and key is not None and lasting:
            try:
                store.write(key, verdict)
            except OSError as error:
                self.trouble = self.trouble or not_kept(store.folder, error)
        return verdict

    def _recalled(
        self, request: Request, source: Source, settings: Settings, bounds: dict[str, float]
    ) -> TaskVerdict | None:
        """Returns what the store holds; what it holds of a whole task answers for a part, too."""
        found = Store().read(self._key(request.task, source, settings, bounds))
        if not request.only:
            return found
        if found is not None:
            return in_part(found, request.asked)
        return Store().read(self._key(request.asked, source, settings, bounds))

    def _hear(self, task: str, event: Event) -> None:
        self.interrupted += isinstance(event, Interrupted)
        self._listener(task, event)

    def _key(self, task: Task, source: Source, settings: Settings, bounds: dict[str, float]) -> str:
        """Returns the key under which the store keeps a verdict."""
        settings = settings.of(task.id)
        chosen = ("seed", "data", "weights", "seconds", "spawn")
        parts = {name: getattr(settings, name) for name in chosen}
        if settings.device != "cpu":
            parts["device"] = settings.device
        # The draw stands for the secret, which must not be part of a hash that names a file.
        parts["draw"] = draw_for(task.id, settings)
        parts["bounds"] = bounds
        if source.lines:
            # A notebook's places are cells.
            parts["notebook"] = [source.path.name, source.lines]
        parts["isolation"] = self._place.isolation().level
        return key_for(task, source.digest, parts)

    def _bounds_of(self, task: Task, settings: Settings) -> dict[str, float]:
        if settings.calibrating:
            return {}

        def measure(seed: int) -> TaskVerdict:
            """Grades the reference to see what it reaches, not whether it passes."""
            self._listener(task.id, Measuring(seed))
            changed = dataclasses.replace(settings, seed=seed, calibrating=True, use_store=False)
            reference = submission.read(task.reference, task)
            graded = self._place.grade(
                task, reference, changed, {}, lambda event: self._listener(task.id, event)
            )
            return graded.verdict

        return self._bounds.of(task, source_of(task, settings), measure)


def _whole(work: _Work, verdict: TaskVerdict) -> TaskVerdict:
    """Adds what the store does not keep: which file counts, and what is remarkable.

    Remarks earn no points and are in no JSON: they are part of the evidence.
    """
    source = work.source
    if source is None:
        return verdict
    verdict = _named(source, verdict)
    if source.note:
        text = f"{source.note} {verdict.message}".strip()
        verdict = dataclasses.replace(verdict, message=printable(text))
    if verdict.status != "not_started":
        found = touches(source.tree)
        if found:
            verdict = dataclasses.replace(verdict, evidence={**verdict.evidence, "touches": found})
    if verdict.status == "passed" and not work.request.only:
        remark = idiom.remark(source, pristine(work.request.task) or "")
        if remark:
            evidence = {**verdict.evidence, "idiom": remark}
            verdict = dataclasses.replace(verdict, evidence=evidence)
    return verdict


def _named(source: Source, verdict: TaskVerdict) -> TaskVerdict:
    """Names the file that was graded now: in the store, the same text may have had another name."""
    checks = []
    for check in verdict.checks:
        where = check.where
        if where is not None:
            name = printable(source.path.name, 200)
            where = dataclasses.replace(where, file=name, path=str(source.path))
        message, reproduce = source.in_own_file(check.message), source.pasted(check.reproduce)
        named = dataclasses.replace(check, message=message, where=where, reproduce=reproduce)
        checks.append(named)
    return dataclasses.replace(verdict, checks=tuple(checks))


def grade(
    requests: Iterable[Request],
    settings: Settings | None = None,
    listener: Listener = _ignore,
    bounds: Bounds | None = None,
) -> Verdict:
    """Grades submissions.

    Args:
        requests: Iterable of `Request`.
        settings: `Settings`; the defaults if `None`.
        listener: See `Runner`.
        bounds: See `Runner`.

    Returns:
        A `Verdict`.
    """
    with Runner(settings or Settings(), listener, bounds) as runner:
        return runner.grade(requests)
