"""What a grading found: frozen dataclasses on the standard library, and their JSON form."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

Outcome = Literal["passed", "failed", "skipped", "error"]
Status = Literal["not_started", "passed", "failed", "error", "grader_error"]
SCHEMA = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Where:
    """The place in a student's file that a message is about: shown, never scored.

    Attributes:
        file: String, the file's name.
        line: Integer, from 1; in a notebook, within its cell.
        cell: Integer, the code cell of a notebook, from 1; 0 for a module.
        code: String, that line of the file without its indentation. It is kept, and in no JSON.
        path: String, the file with its folder, for links. It is kept, and in no JSON.
    """

    file: str
    line: int
    cell: int = 0
    code: str = ""
    path: str = ""

    def __str__(self) -> str:
        if self.cell:
            return f"{self.file}, code cell {self.cell}, line {self.line}"
        return f"{self.file}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """Returns the place as the contract's JSON object."""
        cell = {"cell": self.cell} if self.cell else {}
        return {"file": self.file, **cell, "line": self.line}


@dataclasses.dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        id: String, `"<task>::<check>"`.
        description: String, the line that the student reads.
        outcome: One of `"passed"`, `"failed"`, `"skipped"`, `"error"`.
        points: Float, what was earned.
        max_points: Float, what could be earned.
        message: String, what was expected, what was found and where to look; empty if passed.
        hint: String, the first hint; empty if passed.
        seconds: Float, wall-clock time.
        hints: Tuple of strings, all hints of the message; the check's own if empty. They are kept,
            and in no JSON.
        doc: String, the address of a page to read; empty if there is none.
        where: `Where` the message is about; `None` if passed, or if it is not known.
        reproduce: String, lines for Python that show the fault; empty if there are none.
    """

    id: str
    description: str
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    hint: str = ""
    seconds: float = 0.0
    hints: tuple[str, ...] = ()
    doc: str = ""
    where: Where | None = None
    reproduce: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns the check as the contract's JSON object."""
        return {
            "id": self.id,
            "description": self.description,
            "outcome": self.outcome,
            "points": self.points,
            "max_points": self.max_points,
            "message": self.message,
            "hint": self.hint,
            "seconds": round(self.seconds, 3),
            **({"doc": self.doc} if self.doc else {}),
            **({"where": self.where.to_json()} if self.where else {}),
            **({"reproduce": self.reproduce} if self.reproduce else {}),
        }

    def packed(self) -> dict[str, Any]:
        """Returns all of it as plain data, for `unpacked`."""
        where = dataclasses.asdict(self.where) if self.where else None
        return {**self.to_json(), "hints": list(self.hints), "where": where}

    @classmethod
    def unpacked(cls, found: dict[str, Any]) -> CheckResult:
        """Makes a result of what `packed` returned.

        Args:
            found: Dict of plain data.

        Raises:
            KeyError, TypeError: If it is nothing of the kind.
        """
        where = found.get("where")
        hints = tuple(found.get("hints", ()))
        return cls(**{**found, "hints": hints, "where": Where(**where) if where else None})


@dataclasses.dataclass(frozen=True, slots=True)
class TaskVerdict:
    """The verdict on one task of one submission.

    Attributes:
        task: String, the task's id.
        section: String, the section's id.
        status: One of `"not_started"`, `"passed"`, `"failed"`, `"error"`, `"grader_error"`.
        checks: Tuple of `CheckResult`, in the rubric's order.
        seconds: Float, wall-clock time.
        cached: Boolean, whether the verdict came from the store.
        isolation: String, how the student's code was kept apart: `"namespaces"`, `"landlock"`, …
            (`"none"` where none of it ran).
        submission: String, `"sha256:…"` of what was graded, empty if it could not be read.
        message: String, what holds for the task as a whole (a syntax error, for example).
        evidence: Dict of plain data for plots and reports, never for points. Its `"why"` is in the
            JSON, too: which repairs were tried, see `graders.runner.examining.why`. It is not kept.
    """

    task: str
    section: str
    status: Status
    checks: tuple[CheckResult, ...]
    seconds: float = 0.0
    cached: bool = False
    isolation: str = "none"
    submission: str = ""
    message: str = ""
    evidence: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def points(self) -> float:
        """Float, the points earned."""
        return round(sum(check.points for check in self.checks), 6)

    @property
    def max_points(self) -> float:
        """Float, the points that could be earned."""
        return round(sum(check.max_points for check in self.checks), 6)

    def to_json(self) -> dict[str, Any]:
        """Returns the task as the contract's JSON object."""
        return {
            "task": self.task,
            "section": self.section,
            "status": self.status,
            "points": self.points,
            "max_points": self.max_points,
            "seconds": round(self.seconds, 3),
            "cached": self.cached,
            "isolation": self.isolation,
            "submission": self.submission,
            "message": self.message,
            "checks": [check.to_json() for check in self.checks],
            **({"why": self.evidence["why"]} if "why" in self.evidence else {}),
        }

    def packed(self) -> dict[str, Any]:
        """Returns all of it as plain data, evidence and hints too, for `unpacked`."""
        checks = [check.packed() for check in self.checks]
        return {**self.to_json(), "checks": checks, "evidence": self.evidence}

    @classmethod
    def unpacked(cls, found: dict[str, Any]) -> TaskVerdict:
        """Makes a verdict of what `packed` returned.

        Args:
            found: Dict of plain data.

        Raises:
            KeyError, TypeError: If it is nothing of the kind.
        """
        derived = ("checks", "points", "max_points", "why")
        checks = tuple(CheckResult.unpacked(check) for check in found["checks"])
        return cls(checks=checks, **{k: v for k, v in found.items() if k not in derived})


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on every task that was asked for.

    Attributes:
        seed: Integer, the public seed.
        tasks: Tuple of `TaskVerdict`.
        seconds: Float, wall-clock time of the run.
        hidden_tests: String, `"public checks"` without an instructor's secret, else
            `"secret hidden tests"`.
    """

    seed: int
    tasks: tuple[TaskVerdict, ...]
    seconds: float
    hidden_tests: str = "public checks"

    @property
    def points(self) -> float:
        """Float, the points earned in all tasks."""
        return round(sum(task.points for task in self.tasks), 6)

    @property
    def max_points(self) -> float:
        """Float, the points that could be earned in all tasks."""
        return round(sum(task.max_points for task in self.tasks), 6)

    @property
    def isolation(self) -> str:
        """String, the levels of isolation that the tasks had: one, unless machines differ."""
        return ", ".join(dict.fromkeys(task.isolation for task in self.tasks))

    @property
    def exit_code(self) -> int:
        """Integer: 0, all points; 1, some missing; 2, the grader itself failed."""
        if any(task.status == "grader_error" for task in self.tasks):
            return 2
        return 0 if all(task.status == "passed" for task in self.tasks) else 1

    def to_json(self) -> dict[str, Any]:
        """Returns the verdict as the contract's JSON object."""
        return {
            "schema": SCHEMA,
            "seed": self.seed,
            "points": self.points,
            "max_points": self.max_points,
            "seconds": round(self.seconds, 3),
            "hidden_tests": self.hidden_tests,
            "tasks": [task.to_json() for task in self.tasks],
        }
