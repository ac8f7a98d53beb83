"""From the events of a grading to its verdict. Points are given here and nowhere else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from typing import Any

from graders.boundary.events import (
    CheckEnded,
    CheckStarted,
    DataUnavailable,
    EvidenceGathered,
    Finished,
    Interrupted,
    JudgeEvent,
    JudgeFailed,
    Printed,
)
from graders.printable import plain, printable
from graders.rubric import Task
from graders.submission import Source
from graders.verdict import CheckResult, Outcome, Status, TaskVerdict, Where

# Errors that depend on the machine's day: a verdict with one of them is not stored.
PASSING_KINDS = ("timeout", "died", "memory", "protocol")


def result_of(
    task: Task,
    name: str,
    outcome: Outcome,
    message: str,
    seconds: float = 0.0,
    hints: tuple[str, ...] = (),
    where: Where | None = None,
    reproduce: str = "",
) -> CheckResult:
    """Makes the result of a check, with the points of the rubric.

    Args:
        task: `Task`.
        name: String, the check's name.
        outcome: String, its outcome.
        message: String, for the student, as it came.
        seconds: Float, how long it took.
        hints: Tuple of strings, the message's own; the check's if empty.
        where: `Where` the message is about, or `None`.
        reproduce: String, lines for Python that show the fault; may be empty.
    """
    [item] = [check for check in task.checks if check.name == name]
    passed = outcome == "passed"
    return CheckResult(
        item.id,
        item.description,
        outcome,
        item.points if passed else 0.0,
        item.points,
        "" if passed else printable(message).strip(),
        "" if passed else (hints or item.hints)[0],
        seconds,
        hints=() if passed else hints,
        doc=item.doc,
        where=None if passed else where,
        reproduce="" if passed else printable(reproduce).strip(),
    )


def in_part(verdict: TaskVerdict, task: Task) -> TaskVerdict:
    """Returns what a verdict says of some of a task's checks.

    Args:
        verdict: `TaskVerdict` on all of them.
        task: `Task` with these only.
    """
    ids = {check.id for check in task.checks}
    checks = tuple(check for check in verdict.checks if check.id in ids)
    status = verdict.status
    if status in ("failed", "error"):
        status = status_of(checks)
    return dataclasses.replace(verdict, checks=checks, status=status)


def status_of(checks: Iterable[CheckResult]) -> Status:
    """Returns the status of a task whose checks came to an end."""
    outcomes = {check.outcome for check in checks}
    if "error" in outcomes:
        return "error"
    return "passed" if outcomes == {"passed"} else "failed"


def ungraded(
    task: Task,
    status: Status,
    message: str,
    submission: str = "",
    first: Outcome = "skipped",
    where: Where | None = None,
    hints: tuple[str, ...] = (),
) -> TaskVerdict:
    """Makes a verdict on work of which no check ran.

    Args:
        task: `Task`.
        status: String, the task's status.
        message: String, why no check ran.
        submission: String, the submission's digest.
        first: String, the outcome of the first check; the others are skipped.
        where: `Where` the message is about, or `None`.
        hints: Tuple of strings, the message's own; those of the first check if empty.
    """
    names = [check.name for check in task.checks]
    checks = (
        result_of(task, names[0], first, message, hints=hints, where=where),
        *(result_of(task, name, "skipped", f"Not run: {message}") for name in names[1:]),
    )
    return TaskVerdict(
        task.id, task.section, status, checks, submission=submission, message=message
    )


def grader_failed(reason: str) -> str:
    """Returns what a student reads when the grader itself failed."""
    return (
        "The grader itself failed; this is not your fault. Run it again, and if it stays, "
        f"report this line: {reason}"
    )


def could_not_be_graded(reason: str) -> str:
    """Returns what a student reads when the machine ended the grading.

    Args:
        reason: String, what ended, and how.
    """
    return (
        f"Could not be graded: {reason}. Your work is not to blame, and no points are recorded for "
        "it. A machine that runs out of memory ends programs like this: close others, and grade "
        "again."
    )


class Collected:
    """The events of one grading, and the verdict that they make.

    Args:
        task: `Task`.
        source: `Source`, the submission.
        isolation: String, the level of the run.

    Attributes:
        done: Boolean, whether there is nothing more to come.
        lasting: Boolean, whether the same submission would get the same verdict another day.
        interrupted: String, how the machine ended the grading; empty if it did not.
    """

    def __init__(self, task: Task, source: Source, isolation: str):
        self._task, self._source, self._isolation = task, source, isolation
        self._results: dict[str, CheckResult] = {}
        self._current = ""
        self._failure = ""
        self._evidence: dict[str, Any] = {}
        self._unavailable = ""
        self.interrupted = ""
        self.done = False
        self.lasting = True

    @property
    def failed(self) -> bool:
        """Boolean, whether the grader has reported a failure of its own."""
        return bool(self._failure)

    def take(self, event: JudgeEvent) -> CheckResult | None:
        """Takes an event, and returns the result if a check ended."""
        match event:
            case CheckStarted(name):
                self._current = name
            case CheckEnded(name, outcome, message, kind, seconds, hints, line, reproduce):
                told = (hints, self._source.place(line), self._source.pasted(reproduce))
                result = result_of(self._task, name, outcome, message, seconds, *told)
                self._results[name] = result
                self._current = ""
                self.lasting = self.lasting and kind not in PASSING_KINDS
                # The verdict may be kept for the same text in another file: it keeps its own name.
                return dataclasses.replace(result, message=self._source.in_own_file(result.message))
            case JudgeFailed(trace):
                self._failure = trace
            case EvidenceGathered(evidence):
                self._evidence = {**self._evidence, **plain(evidence)}
            case Printed(text, lines):
                self._evidence |= {"output": plain(text), "printed": lines}
            case DataUnavailable(reason):
                self._unavailable = reason
            case Interrupted(reason):
                self.interrupt(reason)
            case Finished():
                self.done = True
        return None

    def cut_off(self, message: str, advice: str) -> None:
        """Ends a grading from which nothing more will come.

        Args:
            message: String, why.
            advice: String, what the student should look at, if a check was at work. Before the
                first one, the submission is not to blame.
        """
        self.done, self.lasting = True, False
        if self._current:
            self._results[self._current] = result_of(
                self._task, self._current, "error", f"{message} {advice}"
            )
        elif not self._results:
            self._failure = message

    def interrupt(self, reason: str) -> None:
        """Notes that the machine ended the grading, which is no verdict.

        Args:
            reason: String, what ended, and how.
        """
        self.done, self.lasting, self.interrupted = True, False, printable(reason, 500)

    def verdict(self) -> TaskVerdict:
        """Returns the verdict on what was collected."""
        if self.interrupted:
            message = could_not_be_graded(self.interrupted)
            found = ungraded(self._task, "grader_error", message, self._source.digest)
            return dataclasses.replace(found, isolation=self._isolation)
        checks = tuple(
            self._results.get(check.name)
            or result_of(self._task, check.name, "skipped", "Not run: the grading ended before it.")
            for check in self._task.checks
        )
        status: Status = "passed"
        message = ""
        if self._unavailable:
            status, message = "grader_error", self._unavailable
        elif self._failure or not self._results:
            status = "grader_error"
            last = (self._failure.strip() or "no check ran").splitlines()[-1]
            message = grader_failed(printable(last, 300))
            if os.environ.get("KERAS_KIT_DEBUG"):
                message += "\n" + self._failure
        else:
            status = status_of(checks)
        if status == "grader_error":
            # What some checks found earns nothing, and is no verdict.
            checks = ungraded(self._task, status, message.partition("\n")[0]).checks
        # Where the code raises an error, there is no training to repair.
        failed = {check.id for check in checks if check.outcome == "failed"}
        if any(check.repairs and check.id in failed for check in self._task.checks):
            # For the words that offer `--why`.
            self._evidence["repairs"] = True
        return TaskVerdict(
            self._task.id,
            self._task.section,
            status,
            checks,
            isolation=self._isolation,
            submission=self._source.digest,
            message=message,
            evidence=self._evidence,
        )
