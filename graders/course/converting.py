"""What of nbgrader's converters is otherwise in a course of this kit: whom they find and copy.

nbgrader looks for notebooks only, reads names as patterns, follows links, and takes the folder of a
student for finished as soon as it is there. It has no settings for that.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import os
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde, GenerateFeedback, NbGraderException, base
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files, rmtree
from sqlalchemy.exc import SAWarning

from graders import rubric
from graders.course import in_force
from graders.course.handed_in import refused
from graders.course.patterns import matching
from graders.printable import printable
from graders.submission import Unreadable, holds, notebooks, read_bytes

# In the metadata of a notebook whose scores are in the gradebook. nbgrader writes each notebook
# twice, and the first time nothing of it is recorded.
RECORDED = "keras_kit_recorded"
# What nbgrader copies of the other files in a student's folder: nothing that a browser runs. The
# formgrader serves these files from its own address.
COPIED = frozenset(".py .txt .csv .json .png .jpg .jpeg .gif".split())
MAX_COPIED = 500


def _init_notebooks(self: Autograde) -> None:
    """Finds the notebooks, those too in whose place there is a module, or nothing."""
    missed = None
    # A folder without notebooks is nothing to warn of: a module counts, too.
    self.log.addFilter(_is_no_miss)
    try:
        _original_init(self)
    except NbGraderException as error:
        missed = error
    finally:
        self.log.removeFilter(_is_no_miss)
    if not _add_missing(self) and missed:
        self.log.error("%s", missed)
        raise missed


def _is_no_miss(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("No notebooks were matched")


def _add_missing(self: Autograde) -> bool:
    """Adds what nbgrader does not see and `bulk` grades, and drops what neither can take."""
    course = self.coursedir
    pattern = self._format_source(course.assignment_id, course.student_id)
    for folder in map(Path, [*matching(pattern), *_elsewhere(self, pattern)]):
        for task in rubric.tasks():
            notebook = folder / f"{task.id}.ipynb"
            wanted = fnmatch.fnmatchcase(task.id, course.notebook_id)
            known = task.section == course.assignment_id and _is_released(self, notebook.name)
            if known and wanted and not notebook.exists():
                self.assignments.setdefault(str(folder), []).append(str(notebook))
    submitted = Path(course.root, course.submitted_directory)
    nobody = refused(submitted) if submitted.is_dir() else {}
    for student, reason in nobody.items():
        self.log.error("%r is not graded: %s. Rename the folder.", student, reason)
    for place in list(self.assignments):
        if Path(place).parent.name in nobody:
            del self.assignments[place]
    return bool(self.assignments)


def _is_released(self: BaseConverter, name: str) -> bool:
    course = self.coursedir
    released = course.format_path(course.source_directory, ".", course.assignment_id)
    return Path(released, name).is_file()


def _elsewhere(self: Autograde, pattern: str) -> Iterator[str]:
    """Gives the sections' folders of students who handed in, and made no such folder."""
    above, section = os.path.split(pattern)
    if section != self.coursedir.assignment_id:
        return
    tasks = [task for task in rubric.tasks() if task.section == section]
    for student in matching(above):
        folder = os.path.join(student, section)
        unseen = os.path.isdir(student) and not os.path.lexists(folder)
        if unseen and any(holds(task, Path(student)) for task in tasks):
            yield folder


def _is_done(self: BaseConverter, path: Path) -> bool:
    """Returns whether a notebook, or its feedback, was finished."""
    if not isinstance(self, Autograde):
        return path.exists()
    try:
        return bool(json.loads(path.read_bytes())["metadata"].get(RECORDED))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _destination(self: BaseConverter, assignment: str, student: str) -> bool:
    """Returns whether a student is to be worked on: also who was left unfinished."""
    made = Path(os.path.normpath(self._format_dest(assignment, student)))
    if isinstance(self, (Autograde, GenerateFeedback)) and made.is_dir():
        names = [Path(path).stem for path in self.notebooks]
        left = [
            name
            for name in names
            if _is_released(self, f"{name}.ipynb")
            and not _is_done(self, made / f"{name}{self.exporter.file_extension}")
        ]
        if left and self.coursedir.notebook_id == "*":
            self.log.warning("%s was not finished (%s): done again.", made, ", ".join(left))
            rmtree(str(made))
    return _original_destination(self, assignment, student)


def _copy_others(self: BaseConverter, assignment: str, student: str) -> None:
    """Copies the other files of a submission: plain ones of harmless kinds, and no links."""
    if not isinstance(self, (Autograde, GenerateFeedback)):
        # The instructor's own files.
        _original_copy(self, assignment, student)
        return
    source = Path(self._format_source(assignment, student))
    target = Path(self._format_dest(assignment, student))
    found = find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"])
    for number, path in enumerate(map(Path, sorted(found))):
        reason = ""
        if number >= MAX_COPIED:
            reason = f"there are more than {MAX_COPIED} files"
        elif path.suffix.lower() not in COPIED:
            reason = "files of this kind are not"
        else:
            try:
                data = read_bytes(path, notebooks.MAX_BYTES, source)
                copy_to = target / path.relative_to(source)
                copy_to.parent.mkdir(parents=True, exist_ok=True)
                copy_to.unlink(missing_ok=True)
                copy_to.write_bytes(data)
            except (Unreadable, OSError) as error:
                reason = str(error)
        if reason:
            self.log.warning("%s is not copied: %s", printable(str(path)), printable(reason))


def _timestamp(self: CourseDirectory, folder: str) -> Any:
    """Reads when work was handed in; a link or a pipe in the place of the file is none."""
    path = Path(folder) / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None
    return _original_timestamp(self, folder)


_original_init = Autograde.init_notebooks
_original_copy = BaseConverter.init_assignment
_original_destination = BaseConverter.init_destination
_original_assignment = Autograde.init_assignment
_original_convert = Autograde.convert_single_notebook
_original_timestamp = CourseDirectory.get_existing_timestamp


def change_nbgrader() -> None:
    """Puts the functions of this module into the place of nbgrader's own."""
    # nbgrader's own use of its database; three for each student bury what matters.
    warnings.filterwarnings("ignore", category=SAWarning)
    base.glob = types.SimpleNamespace(glob=matching)
    Autograde.init_notebooks = _init_notebooks
    Autograde.init_assignment = in_force.undoing(_original_assignment)
    Autograde.convert_single_notebook = in_force.undoing(_original_convert)
    BaseConverter.init_destination = _destination
    BaseConverter.init_assignment = _copy_others
    CourseDirectory.get_existing_timestamp = _timestamp
