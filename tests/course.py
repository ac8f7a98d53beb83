"""A small course for tests: one task, its notebooks, and what nbgrader records of given verdicts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from graders import rubric
from graders.course import autograde, release
from graders.rubric import KIT
from graders.runner import Request
from graders.submission import locate
from graders.verdict import CheckResult, Status, TaskVerdict

# The quickest task to grade.
TASK = rubric.find("custom_layer")
SECTION = TASK.section
REFERENCE = TASK.reference.read_text(encoding="utf-8")
STUB = TASK.stub.read_text(encoding="utf-8")
WRONG = (KIT / "tests/submissions/custom_layer/wrong/bias_forgotten.py").read_text()


def nbgrader(folder: Path, *arguments: str) -> str:
    """Runs nbgrader as people do, and returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make(target: Path) -> Path:
    """Makes a course whose one assignment has been generated: the task and the questions."""
    release.release(target)
    course = target / "course"
    for path in (course / "source").rglob("*"):
        if path.is_file() and (path.parent.name, path.stem) not in (
            (SECTION, TASK.id),
            (SECTION, "questions"),
        ):
            path.unlink()
    nbgrader(course, "generate_assignment", SECTION)
    return course


def released_notebook(course: Path) -> Path:
    """Returns the path of the task's notebook as students get it."""
    return course / "release" / SECTION / f"{TASK.id}.ipynb"


def filled(path: Path, module: str) -> str:
    """Returns a student's notebook with a module in the place of its code."""
    document = json.loads(path.read_text(encoding="utf-8"))
    [cell] = [c for c in document["cells"] if "class CustomDense" in "".join(c["source"])]
    cell["source"] = module
    return json.dumps(document)


def verdict(outcomes: list[str], status: Status, message: str = "") -> TaskVerdict:
    """Returns a verdict on the task with the given outcomes, in turn."""
    checks = tuple(
        CheckResult(
            check.id, check.description, outcomes[i % len(outcomes)],  # type: ignore[arg-type]
            {"passed": check.points, "failed": check.points / 4}.get(outcomes[i % len(outcomes)], 0),
            check.points, "<b>no</b> $x$", "Look.",
        )
        for i, check in enumerate(TASK.checks)
    )  # fmt: skip
    history = {"loss": [2.0, 1.0, float("nan")], "val_loss": [2.0, 1.5, 1.6], "$\\bad": [1, 2, 3]}
    return TaskVerdict(
        TASK.id, SECTION, status, checks, submission="sha256:0", message=message,
        evidence={"history": history},
    )  # fmt: skip


def record(
    released: Path, folder: Path, given: Mapping[str, TaskVerdict], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Lets nbgrader record verdicts, as those on the students' work; returns the course."""
    course = folder / "course"
    shutil.copytree(released, course)
    for student in given:
        work = course / "submitted" / student / SECTION
        work.mkdir(parents=True)
        (work / f"{TASK.id}.ipynb").write_text(filled(released_notebook(released), REFERENCE))

    class Told:
        trouble = ""

        def grade_task(self, request: Request) -> TaskVerdict:
            work = course / "submitted" / request.path.name / SECTION
            assert locate(request.task, request.path) == work / f"{TASK.id}.ipynb"
            return given[request.path.name]

    monkeypatch.setattr(autograde, "runner_for", lambda settings: Told())
    config = Config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = SECTION
    autograde.configure(config)
    Autograde(coursedir=CourseDirectory(config=config), config=config).start()
    return course


def gradebook(course: Path) -> dict[str, dict[str, Any]]:
    """Returns, for each student, the points and what waits for a person."""
    found = {}
    with Gradebook(f"sqlite:///{course}/gradebook.db", "keras") as book:
        for submission in book.assignment_submissions(SECTION):
            [part] = [part for part in submission.notebooks if part.name == TASK.id]
            found[submission.student.id] = {
                "score": part.score,
                "manual": part.needs_manual_grade,
                "late": submission.total_seconds_late,
                "cells": {grade.name: grade.auto_score for grade in part.grades},
            }
    return found
