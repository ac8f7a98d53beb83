"""What a course writes into nbgrader's gradebook beside scores: due dates, what late work loses.

Also: a gradebook that another program holds is one clear line.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from sqlalchemy.exc import OperationalError
from traitlets import Float

from graders.course import lateness
from graders.course.values import Late

LOCKED = (
    "The gradebook is locked: another program writes to it. What was recorded before stays; end "
    "that program (a formgrader, another nbgrader), and run this command again."
)


class Locked(BaseException):
    """Another program holds the gradebook. No `Exception`: nbgrader would go on after one."""


@contextlib.contextmanager
def locked_ends() -> Iterator[None]:
    """Turns SQLite's report of a lock into `Locked`."""
    try:
        yield
    except OperationalError as error:
        if "locked" not in str(error.orig):
            raise
        raise Locked(LOCKED) from None


class PenaltyPerHour(LateSubmissionPlugin):
    """Takes percents of what late work earned, for each hour that has begun, up to a most."""

    per_hour = Float(0.0, help="Percent for each hour that has begun.").tag(config=True)
    at_most = Float(100.0, help="Percent.").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float:
        """Returns how many points late work loses."""
        return lateness.penalty(Late(self.per_hour, self.at_most), score, total_seconds_late)


def set_due(course: CourseDirectory, due: Mapping[str, datetime]) -> None:
    """Writes when sections are due into the gradebook; one that it does not hold yet waits.

    Args:
        course: nbgrader's `CourseDirectory`.
        due: Mapping from sections to moments with a time zone.
    """
    if not due:
        return
    with locked_ends(), Gradebook(course.db_url, course.course_id) as book:
        for section, moment in due.items():
            try:
                book.find_assignment(section)
            except MissingEntry:
                continue
            book.update_or_create_assignment(section, duedate=moment)


def missing(course: CourseDirectory, sections: Iterable[str]) -> list[str]:
    """Returns the sections that the gradebook does not hold.

    Args:
        course: nbgrader's `CourseDirectory`.
        sections: Iterable of strings.
    """
    with locked_ends(), Gradebook(course.db_url, course.course_id) as book:
        known = {assignment.name for assignment in book.assignments}
    return [section for section in sections if section not in known]


def points(course: CourseDirectory, sections: Iterable[str], student: str) -> dict[str, float]:
    """Returns a student's points in each of some sections for which any are recorded.

    Args:
        course: nbgrader's `CourseDirectory`.
        sections: Iterable of strings.
        student: String.
    """
    found: dict[str, float] = {}
    with locked_ends(), Gradebook(course.db_url, course.course_id) as book:
        for section in sections:
            with contextlib.suppress(MissingEntry):
                found[section] = float(book.find_submission(section, student).score)
    return found
