"""A class's work: who handed in what, and where it lies."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from graders import rubric
from graders.rubric import Task, UnknownTask
from graders.submission import Unreadable, locate

# What macOS and Python leave beside other folders.
NO_STUDENTS = ("__MACOSX", "__pycache__")


class CannotGrade(Exception):
    """There is no class to grade, or no file to write to; the text is one line."""


@dataclasses.dataclass(frozen=True)
class Work:
    """One student's work on one task.

    Attributes:
        student: String, the name of the student's folder.
        task: `Task`.
        folder: Path to look in.
    """

    student: str
    task: Task
    folder: Path


def refusal(name: str) -> str:
    """Returns why a folder's name cannot be a student's; empty if it can.

    nbgrader reads names as patterns, and keeps them as UTF-8. What it cannot take, `bulk` does not
    grade either.

    Args:
        name: String, the folder's name.
    """
    if any(sign in name for sign in "*?"):
        return "its name holds * or ?, which nbgrader reads as a pattern"
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name):
        return "its name holds characters that are no text"
    return ""


def refused(submitted: Path) -> dict[str, str]:
    """Returns the folders that are graded neither by `bulk` nor by nbgrader, with the reason.

    Args:
        submitted: Path of the folder with one folder for each student.
    """
    found = {}
    sections = {task.section for task in rubric.tasks()}
    for path in sorted(submitted.iterdir()):
        if not path.is_dir() or path.name in NO_STUDENTS:
            continue
        reason = refusal(path.name)
        if path.name.startswith("."):
            # Tools keep folders of such names; nbgrader sees none of them.
            work = any((path / section).is_dir() for section in sections)
            reason = "its name begins with a dot, so that it is hidden" if work else ""
        if reason:
            found[path.name] = reason
    return found


def _students(submitted: Path, wanted: Iterable[str]) -> list[str]:
    if not submitted.is_dir():
        raise CannotGrade(f"There is no folder {submitted}. Expected a folder for each student.")
    for name in ("nbgrader_config.py", "course.toml"):
        if (submitted / name).is_file():
            raise CannotGrade(
                f"{submitted} is a course, not a class: it holds {name}. Give its folder submitted."
            )
    found = sorted(
        path.name
        for path in submitted.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in NO_STUDENTS
    )
    linked = [name for name in found if (submitted / name).is_symlink()]
    if linked:
        raise CannotGrade(
            f"{submitted / linked[0]} is a link, and no link is followed. Put the student's folder "
            "itself there."
        )
    for name in sorted(set(wanted) & set(refused(submitted))):
        raise CannotGrade(f"{name!r} is not graded: {refusal(name) or 'it is hidden'}. Rename it.")
    found = [name for name in found if not refusal(name)]
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise CannotGrade(f"There is no student {missing[0]!r} in {submitted}.")
    chosen = [name for name in found if name in set(wanted)] if wanted else found
    if not chosen:
        raise CannotGrade(f"There is nobody in {submitted}: expected a folder for each student.")
    return chosen


def collect(
    submitted: Path, students: Iterable[str] = (), tasks: Iterable[Task] = ()
) -> list[Work]:
    """Finds what is to be graded.

    Args:
        submitted: Path of the folder with one folder for each student.
        students: Names of students; all if empty.
        tasks: The tasks; if empty, those of every section that anybody handed something in for.

    Returns:
        List of `Work`: each of the tasks for each student, handed in or not.

    Raises:
        CannotGrade: If there is nobody.
    """
    chosen = _students(submitted, list(students))
    asked = list(tasks)
    if not asked:
        everybody = _students(submitted, ())
        asked = [
            task
            for task in rubric.tasks()
            if any(
                (submitted / student / task.section).is_dir() or _has(task, submitted / student)
                for student in everybody
            )
        ]
    if not asked:
        raise CannotGrade(
            f"There is no task in {submitted}: expected <student>/<section>/<task>.ipynb or .py."
        )
    return [Work(student, task, submitted / student) for student in chosen for task in asked]


def _has(task: Task, folder: Path) -> bool:
    try:
        locate(task, folder)
    except Unreadable:
        return False
    return True


def tasks_of(names: Iterable[str]) -> list[Task]:
    """Returns the tasks of these names, each once.

    Args:
        names: Iterable of strings.

    Raises:
        CannotGrade: If there is no such task.
    """
    try:
        return rubric.find_all(names)
    except UnknownTask as error:
        raise CannotGrade(str(error)) from None
