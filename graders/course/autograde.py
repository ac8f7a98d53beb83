"""The bridge to nbgrader: `nbgrader autograde` without a kernel.

`configure` replaces the step that would run a student's notebook in the marker's account by one
that grades it as the kit grades everything (in a sandbox, from the verdict store if nothing
changed) and writes outputs into the check cells. nbgrader reads a cell's score from these outputs:
the value of the cell, a float. See `nbgrader.utils.determine_grade`.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader import api, preprocessors
from nbgrader.converters import Autograde, GenerateAssignment, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets import Dict, Float, Integer, Unicode

from graders import rubric
from graders.boundary.limits import TASK_SECONDS
from graders.calibration.first_use import MeasuredBounds
from graders.course import converting, file, gradebook, in_force, markup
from graders.course.downloads import Downloaded
from graders.course.export import ExportTable
from graders.course.keeping import NEW
from graders.course.release import cell_seconds
from graders.course.results import touched, without
from graders.course.source_notebooks import clear_cell, grade_id
from graders.course.standing import standing
from graders.printable import printable
from graders.reports import cells
from graders.rubric import Task
from graders.runner import BadSecret, Request, Runner, Settings, TooLow, secret_from
from graders.submission import Unreadable, beside, load, locate, notebooks, read_bytes
from graders.submission.parsing import MAX_SOURCE
from graders.verdict import TaskVerdict
from graders.walls.levels import CLASS_ISOLATION, LEVELS

UNGRADED = "keras_kit_ungraded"
# So many characters of a student's notebook are shown: twice the longest source.
MAX_SHOWN = 2 * MAX_SOURCE
MAX_LINE = 1000


def _task(name: str, section: str) -> Task | None:
    found = (task for task in rubric.tasks() if task.id == name and task.section == section)
    return next(found, None)


def _submission(converter: Any, info: dict[str, str]) -> Path:
    course = converter.coursedir
    section = info["assignment"]
    folder = Path(course.format_path(course.submitted_directory, info["student"], section))
    # As `bulk` sees it: the student's folder, with the section in it.
    return folder.parent if folder.name == section else folder


# --- from what was handed in to a notebook that nbgrader can take ---------------------------------


def _plain(cell: dict[str, Any], left: list[int], ids: Collection[str]) -> NotebookNode:
    """Copies a student's cell without anything but its text, which holds no markup.

    Args:
        cell: Dict, the cell.
        left: List with one integer, how many characters of the notebook may still be shown.
        ids: Collection of strings, the ids that the page has itself.
    """
    # A file cannot hold half of a character.
    text = notebooks.source_of(cell).encode("utf-8", "replace").decode()
    left[0] -= len(text)
    if left[0] < 0:
        return _note("The rest is left out: the notebook is too long to be shown.")
    if cell.get("cell_type") == "code":
        # To colour a very long line takes a time that grows with the square.
        return new_code_cell("\n".join(line[:MAX_LINE] for line in text.split("\n")))
    return new_markdown_cell(markup.harmless(text, ids))


def _note(text: str) -> NotebookNode:
    # An indented block: words of a submission are no markup.
    lines = "\n".join(f"    {line}" for line in printable(text).split("\n"))
    return new_markdown_cell(f"**From the grader**\n\n{lines}")


def _work(task: Task | None, folder: Path, path: Path) -> list[dict[str, Any]]:
    """Returns the cells of what was handed in: the notebook's, or the module as one cell."""
    try:
        if task is None:
            data = read_bytes(path, notebooks.MAX_BYTES, folder)
            return notebooks.document(data)["cells"]
        found = load(task, folder)
    except (Unreadable, notebooks.BadNotebook) as error:
        return _unreadable(task, folder, path, str(error))
    notes: list[dict[str, Any]] = [_note(found.note)] if found.note else []
    if found.path.suffix.lower() == ".ipynb":
        data = read_bytes(found.path, notebooks.MAX_BYTES, folder)
        return [*notes, *notebooks.document(data)["cells"]]
    notes.append(_note(f"Handed in as {found.path.name}."))
    return [*notes, new_code_cell(found.text)]


def _unreadable(task: Task | None, folder: Path, path: Path, reason: str) -> list[dict[str, Any]]:
    reason = printable(reason).replace(f"{folder}/", "")
    notes: list[dict[str, Any]] = [_note(reason)]
    try:
        # A notebook with a syntax error in it is shown all the same.
        shown = locate(task, folder) if task is not None else path
        if shown.suffix.lower() == ".ipynb":
            data = read_bytes(shown, notebooks.MAX_BYTES, folder)
            return notes + notebooks.document(data)["cells"]
        return [*notes, new_code_cell(read_bytes(shown, below=folder).decode("utf-8"))]
    except (Unreadable, notebooks.BadNotebook, UnicodeDecodeError):
        return notes


def merge(source: NotebookNode, work: list[dict[str, Any]]) -> NotebookNode:
    """Puts a student's cells into the instructor's notebook.

    The cells that decide points come from the instructor's notebook, each once, whatever became of
    them in the student's; of the student's cells only the text is taken.

    Args:
        source: The instructor's notebook.
        work: List of the student's cells, as they were read.

    Returns:
        A notebook.
    """
    marked = [cell for cell in source.cells if "nbgrader" in cell.metadata]
    known = {cell.metadata.nbgrader.grade_id: cell for cell in marked}
    own = {name for name, cell in known.items() if cell.metadata.nbgrader.solution}
    left, found = dict(known), list[NotebookNode]()
    room = [MAX_SHOWN]
    # The formgrader finds a cell by these.
    ids = {f"{name}{end}" for name in known for end in ("", "-comment", "_extra_credit")}
    for cell in work:
        marks = notebooks.marks_of(cell)
        name = marks.get("grade_id")
        name = name if isinstance(name, str) else ""
        if name in left and name not in own:
            found.append(copy.deepcopy(left.pop(name)))
        elif notebooks.is_kits(cell) and (name in known or not name):
            continue
        else:
            kept = _plain(cell, room, ids)
            if name in left and kept.cell_type == left[name].cell_type:
                kept.metadata = copy.deepcopy(left.pop(name).metadata)
            found.append(kept)
    found += [copy.deepcopy(cell) for name, cell in left.items() if name not in own]
    for index, cell in enumerate(found):
        cell["id"] = f"cell-{index}"
    made = new_notebook(cells=found, metadata=copy.deepcopy(source.metadata))
    made.nbformat, made.nbformat_minor = 4, 5
    return made


class SubmissionExporter(NotebookExporter):
    """Reads what students hand in: any notebook, or a module in its place."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        """Converts a file; see `nbconvert.exporters.Exporter.from_filename`."""
        converter: Any = self.parent
        if resources is None or not getattr(converter, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kw)
        info = resources["nbgrader"]
        course = converter.coursedir
        folder = course.format_path(course.source_directory, ".", info["assignment"])
        source = nbformat.read(Path(folder) / f"{info['notebook']}.ipynb", as_version=4)
        task = _task(info["notebook"], info["assignment"])
        work = _work(task, _submission(converter, info), Path(filename))
        resources["metadata"] = {"name": info["notebook"], "path": os.path.dirname(filename)}
        return self.from_notebook_node(merge(source, work), resources=resources, **kw)


# --- grading --------------------------------------------------------------------------------------


_runners: dict[Settings, Runner] = {}
_chosen: list[Settings] = []


@contextlib.contextmanager
def grading_with(settings: Settings) -> Iterator[None]:
    """Grades with other settings than the course's file has, in this block.

    Args:
        settings: `Settings`.
    """
    _chosen.append(settings)
    try:
        yield
    finally:
        _chosen.pop()


def runner_for(settings: Settings) -> Runner:
    """Returns the runner for some settings; `nbgrader autograde` closes it at its end."""
    if settings not in _runners:
        _runners[settings] = Runner(settings, bounds=MeasuredBounds())
    return _runners[settings]


def _close_runners() -> None:
    while _runners:
        _runners.popitem()[1].close()


class GradeWithKit(preprocessors.NbGraderPreprocessor):
    """Stands where nbgrader would execute the notebook: grades it, and writes the outputs."""

    secret_file = Unicode("", help="File with the secret of the hidden tests.").tag(config=True)
    seed = Integer(0, help="The public seed.").tag(config=True)
    timeout = Float(TASK_SECONDS, help="Seconds for each task.").tag(config=True)
    seconds_of = Dict(help="Seconds for single tasks.").tag(config=True)
    data = Unicode("default", help="The data, as with --data.").tag(config=True)
    weights = Unicode("kit", help="VGG16 weights: kit or imagenet.").tag(config=True)
    isolation = Unicode(CLASS_ISOLATION, help="The lowest level that will do.").tag(config=True)

    def settings(self) -> Settings:
        """Returns how to grade: as the course's file has it, or as `grading_with` was told."""
        if _chosen:
            return dataclasses.replace(_chosen[-1], settle=True)
        try:
            secret = secret_from(self.secret_file or None)
        except BadSecret as error:
            raise NbGraderException(str(error)) from None
        if self.isolation not in LEVELS:
            raise NbGraderException(
                f"There is no isolation level {self.isolation!r}. Known: {', '.join(LEVELS)}."
            )
        return Settings(
            seed=self.seed,
            seconds=self.timeout,
            seconds_of=tuple(sorted(self.seconds_of.items())),
            data=self.data,
            weights=self.weights,
            secret=secret,
            use_store=True,
            settle=True,
            isolation=self.isolation,
        )

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Grades a notebook; one that belongs to no task (the questions) stays as it is."""
        info = resources["nbgrader"]
        task = _task(info["notebook"], info["assignment"])
        ungraded = resources.setdefault(UNGRADED, set())
        if task is not None:
            exporter: Any = self.parent
            folder = _submission(exporter.parent, info)
            try:
                runner = runner_for(self.settings())
                verdict = runner.grade_task(Request(task, folder))
                if runner.trouble:
                    self.log.warning("%s", runner.trouble)
            except TooLow as error:
                raise NbGraderException(str(error)) from None
            verdict = without(verdict, folder)
            if standing(verdict) == "renamed":
                # Right work may lie there; nobody has looked at it.
                self.log.warning("%s of %s: %s", task.id, info["student"], verdict.message)
                verdict = dataclasses.replace(verdict, status="grader_error")
            ungraded |= fill(nb, task, verdict)
            self._name_others(task, folder, info["student"])
            if "touches" in verdict.evidence:
                self.log.warning("%s of %s %s.", task.id, info["student"], touched(verdict))
        # Written with the notebook, after the scores are recorded: see `converting`.
        nb.metadata[converting.RECORDED] = True
        # What nobody graded must not count as right for want of an error.
        for cell in nb.cells:
            marks = notebooks.marks_of(cell)
            name = marks.get("grade_id")
            code = cell.cell_type == "code" and marks.get("grade") and not marks.get("solution")
            if code and name not in ungraded and not cell.outputs:
                ungraded.add(name)
                text = f"{name} is no check of this kit: grade this cell by hand."
                cell.outputs = [new_output("display_data", {"text/plain": text})]
        for name in sorted(ungraded):
            self.log.warning("%s of %s is left for a person to grade.", name, info["student"])
        return nb, resources

    def _name_others(self, task: Task, folder: Path, student: str) -> None:
        """Warns of files that may be the task, handed in again under another name."""
        with contextlib.suppress(Unreadable):
            graded = locate(task, folder)
            for name in beside(task, graded, folder):
                self.log.warning(
                    "%s of %s is not graded: %s counts.", printable(name), student, graded.name
                )


def fill(nb: NotebookNode, task: Task, verdict: TaskVerdict) -> set[str]:
    """Writes a verdict into the check cells of a notebook.

    Args:
        nb: A notebook, which is changed.
        task: `Task`.
        verdict: `TaskVerdict` on it.

    Returns:
        Set of the ids of cells that have no score: the grader failed, or the notebook is of
        another rubric.
    """
    places = {grade_id(check): index for index, check in enumerate(task.checks)}
    ungraded = set()
    for number, cell in enumerate(nb.cells, 1):
        name = notebooks.marks_of(cell).get("grade_id")
        if cell.cell_type != "code" or name not in places:
            continue
        check = verdict.checks[places[name]]
        points = float(cell.metadata.nbgrader["points"])
        cell.execution_count = number
        if verdict.status == "grader_error":
            text = f"Not graded, a person will do it. {verdict.message}"
        elif check.max_points != points:
            text = (
                f"Not graded: {check.id} is worth {check.max_points:g} points by now, and "
                f"{points:g} in the gradebook. Release and generate the assignment again."
            )
        else:
            bundles = cells.bundles(verdict, places[name])
            value = {"text/plain": repr(float(check.points))}
            cell.outputs = [
                *(new_output("display_data", bundle) for bundle in bundles),
                new_output("execute_result", value, execution_count=number),
            ]
            continue
        cell.outputs = [new_output("display_data", {"text/plain": text})]
        ungraded.add(name)
    return ungraded


class SaveScores(preprocessors.SaveAutoGrades):
    """Records the scores; a cell without one waits for a person."""

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        if name not in resources.get(UNGRADED, ()):
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score, grade.needs_manual_grade = None, True
        self.gradebook.db.commit()


class ClearToStub(preprocessors.ClearSolutions):
    """Puts the TODO's words in the place of a solution, as in the kit's stubs."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Clears one cell."""
        if cell.cell_type == "code":
            clear_cell(cell)
        return cell, resources


# --- configuration --------------------------------------------------------------------------------


def _start(self: Autograde) -> None:
    # For each notebook nbgrader opens the gradebook nine times, and compiles all that it asks anew.
    # With one engine for all of them it takes two thirds of the time.
    create, api.create_engine = api.create_engine, functools.cache(api.create_engine)
    try:
        in_force.prepare(self, GradeWithKit(parent=self).settings)
        _original_start(self)
    except gradebook.Locked as error:
        raise in_force.refused(self, str(error)) from None
    finally:
        api.create_engine = create
        _close_runners()


_original_start = Autograde.start


def configure(c: Any, config: str | None = None) -> None:
    """Sets nbgrader up for a course of this kit.

    Args:
        c: The configuration object of `nbgrader_config.py`.
        config: String, the path of that file: the course's file, `course.toml`, lies beside it.
    """
    in_force.read(c, Path(config).absolute().with_name(file.NAME) if config else None)
    # nbgrader starts a program of its own (alembic) by name, also where no environment is active.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    c.CourseDirectory.course_id = "keras"
    c.Autograde.exporter_class = SubmissionExporter
    c.Autograde.autograde_preprocessors = [
        GradeWithKit,
        preprocessors.IgnorePattern,
        preprocessors.LimitOutput,
        SaveScores,
        preprocessors.AssignLatePenalties,
        preprocessors.CheckCellMetadata,
    ]
    # `nbgrader validate` runs check cells, which may train.
    c.Execute.timeout = cell_seconds(in_force.course())
    # A module that a student hands in stays the student's.
    tasks = in_force.tasks()
    c.Autograde.exclude_overwriting = {
        section: [f"{task.id}.py" for task in tasks if task.section == section]
        for section in dict.fromkeys(task.section for task in tasks)
    }
    c.GenerateAssignment.preprocessors = [
        ClearToStub if item is preprocessors.ClearSolutions else item
        for item in GenerateAssignment.preprocessors.default_args[0]
    ]
    # What a release puts beside an edited file is for the instructor.
    c.CourseDirectory.ignore = [*CourseDirectory.ignore.default_args[0], f"*{NEW}"]
    c.ExportApp.plugin_class = ExportTable
    c.ZipCollectApp.collector_plugin = Downloaded
    c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".py"]
    Autograde.start = _start
    converting.change_nbgrader()
