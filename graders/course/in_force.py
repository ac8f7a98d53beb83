"""The course's file in nbgrader: its settings, what is refused, and a gradebook that is locked."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde, NbGraderException
from nbgrader.utils import remove, rmtree

from graders import rubric
from graders.course import agreement, file, gradebook
from graders.rubric import BrokenRubric, Task
from graders.runner import Settings

UNKNOWN = (
    "The gradebook does not hold {section}: run `nbgrader generate_assignment {section}` first. If "
    "an earlier gradebook is lost, add --force to it and to this command: all scores are then "
    "recorded anew, from the verdicts that are stored."
)
# The course's file as it was last read, or why it cannot be used.
_course: list[file.Course] = []
_broken: list[str] = []


def course() -> file.Course | None:
    """Returns the course in force, `None` if it has no file that can be used."""
    return _course[-1] if _course else None


def read(c: Any, path: Path | None) -> None:
    """Takes what a course's file has into nbgrader's configuration.

    Args:
        c: The configuration object of `nbgrader_config.py`.
        path: Path of the course's file, which need not exist; `None` if there is none.
    """
    _course.clear()
    _broken.clear()
    if path is None or not path.is_file():
        return
    try:
        found = file.take(path)
    except file.BadCourse as error:
        # The formgrader goes on with what is recorded; nothing is graded.
        _broken.append(str(error))
        return
    _course.append(found)
    c.GradeWithKit.secret_file = str(found.secret or "")
    c.GradeWithKit.timeout, c.GradeWithKit.seconds_of = found.seconds, dict(found.seconds_of)
    c.GradeWithKit.seed, c.GradeWithKit.data = found.seed, found.data
    c.GradeWithKit.weights, c.GradeWithKit.isolation = found.weights, found.isolation
    if isinstance(found.late, file.Late):
        c.AssignLatePenalties.plugin_class = gradebook.PenaltyPerHour
        c.PenaltyPerHour.per_hour = found.late.per_hour
        c.PenaltyPerHour.at_most = found.late.at_most
    else:
        c.LateSubmissionPlugin.penalty_method = found.late


def tasks() -> tuple[Task, ...]:
    """Returns the course's tasks; none if a check file is broken, and then nothing is graded."""
    try:
        return rubric.tasks()
    except BrokenRubric as error:
        # An error while nbgrader reads its configuration would leave it as it is without the kit:
        # it would run what students handed in.
        _broken.append(str(error))
        return ()


def refused(converter: Autograde, reason: str) -> NbGraderException:
    """Prints why nothing is graded, and returns the error to raise.

    Args:
        converter: nbgrader's `Autograde`.
        reason: String, one line.
    """
    # nbgrader ends without a word on such an error.
    converter.log.error(reason)
    return NbGraderException(reason)


def prepare(converter: Autograde, settings: Callable[[], Settings]) -> None:
    """Refuses what would be graded otherwise than the course has it; writes the due dates.

    Args:
        converter: nbgrader's `Autograde`.
        settings: Callable that returns how it is going to grade.

    Raises:
        NbGraderException: If it must not grade.
        Locked: If the gradebook is locked.
    """
    if _broken:
        raise refused(converter, _broken[0])
    where = converter.coursedir
    try:
        agreement.require(Path(where.root, where.submitted_directory), settings())
    except (NbGraderException, agreement.Disagreement) as error:
        raise refused(converter, str(error)) from None
    if gradebook.missing(where, [where.assignment_id]):
        raise refused(converter, UNKNOWN.format(section=where.assignment_id))
    gradebook.set_due(where, _course[-1].due if _course else {})


def undoing(original: Callable[..., None]) -> Callable[..., None]:
    """Leaves nothing half recorded of a student where the gradebook turns out to be locked.

    Args:
        original: `Autograde.init_assignment`, called first for a student, or
            `Autograde.convert_single_notebook`.
    """

    @functools.wraps(original)
    def run(self: Any, *arguments: Any) -> None:
        if len(arguments) == 2:
            self.kit_under_way = arguments
        try:
            with gradebook.locked_ends():
                original(self, *arguments)
        except gradebook.Locked:
            # What lies there counts as recorded.
            made = Path(os.path.normpath(self._format_dest(*self.kit_under_way)))
            if self.coursedir.notebook_id == "*":
                if made.exists():
                    rmtree(str(made))
            else:
                for notebook in (made / Path(name).name for name in self.notebooks):
                    if notebook.exists():
                        remove(str(notebook))
            raise

    return run
