"""Late work: who is late in a class, and what nbgrader subtracts for it."""

from __future__ import annotations

import dataclasses
import datetime
import math
import stat
from collections.abc import Mapping
from pathlib import Path

from graders.course.file import Course
from graders.course.standing import OPEN, Verdicts, standing
from graders.course.values import Late
from graders.printable import printable

# A file with a moment holds fewer bytes.
MAX_TIMESTAMP = 1000


class NoMoment(Exception):
    """A file that should tell a moment, and does not; the text is one line."""


@dataclasses.dataclass(frozen=True)
class LateWork:
    """Who is late in a class, and what that costs.

    Attributes:
        losses: Dict: (student, task) -> the points that nbgrader subtracts.
        hours: Dict: (student, section) -> how late it was handed in.
        unclear: Tuple of pairs: a student and a section, and why nobody knows whether it is late.
    """

    losses: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    hours: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    unclear: tuple[tuple[str, str], ...] = ()

    def lines(self, verdicts: Verdicts) -> list[tuple[str, str]]:
        """Returns what a person should know: pairs of who it is, and a text.

        Args:
            verdicts: The class's verdicts.
        """
        found = []
        for (student, section), hours in self.hours.items():
            loss = sum(
                self.losses.get((student, verdict.task), 0.0)
                for verdict in verdicts[student]
                if verdict.section == section
            )
            if loss:
                found.append(
                    (
                        f"{printable(student, 100)}: {section}",
                        f"{hours:.1f} h late, {round(loss, 2):g} points less in nbgrader export "
                        "and --lms",
                    )
                )
        return [*found, *self.unclear]


def penalty(late: str | Late, score: float, seconds_late: float) -> float:
    """Returns how many points a late notebook loses.

    Args:
        late: `"none"`, `"zero"` or a `Late`.
        score: Float, the notebook's points.
        seconds_late: Float, above 0 if it is late.
    """
    if seconds_late <= 0 or late == "none":
        return 0.0
    if not isinstance(late, Late):
        return score
    hours = math.ceil(seconds_late / 3600)
    return round(score * min(late.per_hour * hours, late.at_most) / 100, 2)


def handed_in_at(folder: Path) -> datetime.datetime | None:
    """Returns when a section was handed in, as nbgrader reads it: UTC, without a zone.

    Args:
        folder: Path, `<student>/<section>`.

    Returns:
        A moment, or `None` if the folder tells none.

    Raises:
        NoMoment: If `timestamp.txt` holds something else.
    """
    path = folder / "timestamp.txt"
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return None
        text = path.read_text(encoding="utf-8").strip() if found.st_size < MAX_TIMESTAMP else "?"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        raise NoMoment("timestamp.txt cannot be read") from None
    if not text:
        return None
    try:
        from nbgrader.utils import parse_utc
    except ImportError:
        raise NoMoment(
            'timestamp.txt is read by nbgrader: python -m pip install ".[instructor]"'
        ) from None
    try:
        return parse_utc(text)  # type: ignore[no-any-return]
    except (ValueError, OverflowError):
        raise NoMoment("timestamp.txt tells no time, and nbgrader autograde stops there") from None


def late_work(course: Course | None, submitted: Path, verdicts: Verdicts) -> LateWork:
    """Finds who is late and what nbgrader subtracts for it.

    Args:
        course: `Course`, or `None` if there is none.
        submitted: Path of the folder with one for each student.
        verdicts: The class's verdicts.

    Returns:
        A `LateWork`.
    """
    if course is None or not course.subtracts:
        return LateWork()
    losses, hours, unclear = {}, dict[tuple[str, str], float](), list[tuple[str, str]]()
    for student, found in verdicts.items():
        for section in dict.fromkeys(verdict.section for verdict in found):
            if section not in course.due:
                continue
            try:
                moment = handed_in_at(submitted / student / section)
            except NoMoment as error:
                unclear.append(
                    (f"{printable(student, 100)}: {section}", f"taken as in time: {error}")
                )
                continue
            due = course.due[section].astimezone(datetime.UTC).replace(tzinfo=None)
            seconds = (moment - due).total_seconds() if moment else 0.0
            if seconds <= 0:
                continue
            hours[student, section] = seconds / 3600
            for verdict in found:
                if verdict.section == section and standing(verdict) not in OPEN:
                    # nbgrader takes it from each notebook.
                    loss = penalty(course.late, verdict.points, seconds)
                    losses[student, verdict.task] = min(loss, verdict.points)
    return LateWork(losses, hours, tuple(unclear))
