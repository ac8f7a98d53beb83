"""`bulk SUBMITTED --student NAME --record`: a student's points, graded again, in the gradebook."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from graders.course.handed_in import CannotGrade, Work
from graders.printable import printable
from graders.runner import Settings

CONFIG = "nbgrader_config.py"


def _configuration(folder: Path) -> Any:
    """Returns the configuration of a course, as nbgrader reads it."""
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    config.Autograde.force = True
    return config


def _sum(points: dict[str, float], sections: Iterable[str]) -> str:
    found = [points[section] for section in sections if section in points]
    return f"{round(sum(found), 2):g}" if found else "none"


def record(submitted: Path, works: list[Work], settings: Settings) -> Iterator[str]:
    """Lets nbgrader record students, whatever it has recorded of them before.

    Args:
        submitted: Path of the folder with one for each student, in the course's folder.
        works: List of `Work`, what was graded of them: the sections of its tasks are recorded.
        settings: `Settings` that it was graded with.

    Yields:
        Strings, a line for each student: the points before and after.

    Raises:
        CannotGrade: If there is no course, or nbgrader could not record.
    """
    folder = submitted.absolute().parent
    if not (folder / CONFIG).is_file():
        raise CannotGrade(f"Nothing is recorded: there is no {folder / CONFIG}.")
    try:
        import nbgrader  # noqa: F401
    except ModuleNotFoundError:
        raise CannotGrade(
            'For --record install nbgrader: python -m pip install ".[instructor]"'
        ) from None
    from nbgrader.converters import Autograde, NbGraderException
    from nbgrader.coursedir import CourseDirectory

    from graders.course import autograde, gradebook

    config = _configuration(folder)
    log = logging.getLogger("keras-kit.record")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    for student in dict.fromkeys(work.student for work in works):
        mine = [work for work in works if work.student == student]
        sections = [
            section
            for section in dict.fromkeys(work.task.section for work in mine)
            if (submitted / student / section).is_dir()
        ]
        if not sections:
            raise CannotGrade(
                f"Nothing is recorded: {printable(student)} has no folder of a section."
            )
        try:
            course = CourseDirectory(config=config)
            missing = gradebook.missing(course, sections)
            if missing:
                raise CannotGrade(
                    f"Nothing is recorded: the gradebook has no {missing[0]}. First run nbgrader "
                    f"generate_assignment {missing[0]}."
                )
            before = gradebook.points(course, sections, student)
            for section in sections:
                config.CourseDirectory.assignment_id = section
                config.CourseDirectory.student_id = student
                course = CourseDirectory(config=config, log=log)
                with autograde.grading_with(settings):
                    Autograde(coursedir=course, config=config, log=log).start()
            after = gradebook.points(course, sections, student)
        except (NbGraderException, gradebook.Locked) as error:
            reason = " ".join(str(error).split())
            raise CannotGrade(f"{printable(student)} is not recorded. {reason}") from None
        yield (
            f"Recorded for {printable(student)}: {', '.join(sections)}, "
            f"{_sum(before, sections)} -> {_sum(after, sections)} points."
        )
