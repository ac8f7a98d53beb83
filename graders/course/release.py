"""`python grade.py release DIR`: what students get, and the nbgrader course.

Nothing here has a date or a random id in it: releasing again changes no file that is up to date,
and none that a person edited. `course.toml` in the course's folder tells which tasks there are, and
what their checks are worth.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from graders import KIT, rubric
from graders.boundary.limits import TASK_SECONDS
from graders.course import editors, file, known_bounds, pages
from graders.course.keeping import CannotWrite, Changes, Writer
from graders.rubric import HIDDEN as HIDDEN_POINTS
from graders.rubric import POINTS, Task
from graders.rubric import bounds as thresholds
from graders.rubric.stubs import make_stub

if TYPE_CHECKING:
    from nbformat import NotebookNode

# What makes a student's copy. It leaves out references and tests, which hold solutions, and what
# only instructors use.
FILES = (
    *("grade.py", "LICENSE", "pyproject.toml", "uv.lock", ".gitignore"),
    *("README.md", "assignments/README.md", "assignments/interview_practice.md"),
)
INTERVIEW = "assignments/interview_practice.md"
# Goes through one task.
COLAB, COLAB_TASK = "assignments/colab.ipynb", "cnn"
FOLDERS = {"graders": (".py", ".json", ".j2", ".css"), "datasets": (".py", ".npz")}
INSTRUCTORS = ("graders/course", "graders/calibration")
CHECKS, CALIBRATION = "graders/checks/", "graders/rubric/calibration.json"
# An instructor's own part of a check file that students do not get: nbgrader's markers.
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS(?s:.*?)^[ \t]*### END HIDDEN TESTS.*\n?", re.MULTILINE
)

CONFIG = '''\
"""nbgrader's settings for this course; written by `python grade.py release`.

How to grade stands in course.toml, beside this file.
"""

import sys

# The kit, with its references: it grades what students hand in.
KIT = {kit!r}
sys.path.insert(0, KIT)

try:
    from graders.course.autograde import configure
except ModuleNotFoundError as error:
    # Without the kit nbgrader itself would run what students handed in.
    sys.exit(f"{{__file__}}: {{error}}. Run grade.py release again, from where the kit is now.")

c = get_config()
configure(c, __file__)

# `nbgrader zip_collect` reads the names of downloaded files as Blackboard, Canvas and Moodle write
# them. For another system, give its pattern:
# c.FileNameCollectorPlugin.named_regexp = r"(?P<student_id>[^_]+)_(?P<file_id>.+)"
'''

VALIDATE_CONFIG = '''\
"""nbgrader's settings for `nbgrader validate`; written by `python grade.py release`."""

c = get_config()
# A check cell may train a model; nbgrader's own limit is 30 s.
c.Execute.timeout = {seconds}
'''
# What a check cell may take beside a task's own limit: the grader's part, and its start.
MORE_SECONDS = 120


class CannotRelease(Exception):
    """There is nothing to release, or nowhere to; the text is one line."""


def _kit(writer: Writer, course: file.Course) -> None:
    """Copies the part of the kit that students get."""
    kits = {task.id: task for task in rubric.kits()}
    tasks = {task.id: task == kits.get(task.id) for task in rubric.tasks()}
    for name in FILES:
        if not (KIT / name).is_file():
            continue
        text = (KIT / name).read_text(encoding="utf-8")
        if name == INTERVIEW:
            text = pages.cut_interview(text, kits.keys() - tasks.keys())
        if name.endswith(".md"):
            text = pages.cut(text, list(kits), tasks)
        if name == "pyproject.toml":
            text = editors.pyproject(text)
        writer.text(f"student/{name}", text)
    for name, text in editors.files().items():
        writer.text(f"student/{name}", text)
    if COLAB_TASK in tasks and (KIT / COLAB).is_file():
        writer.data(f"student/{COLAB}", (KIT / COLAB).read_bytes())
    for folder, suffixes in FOLDERS.items():
        for path in sorted((KIT / folder).rglob("*")):
            name = path.relative_to(KIT).as_posix()
            own = any(name == item or name.startswith(f"{item}/") for item in INSTRUCTORS)
            checks = name.startswith(CHECKS) and name != f"{CHECKS}__init__.py"
            if own or checks or path.suffix not in suffixes or not path.is_file():
                continue
            data = path.read_bytes()
            if name == CALIBRATION:
                data = _calibration(data, list(tasks))
            writer.data(f"student/{name}", data)
    graded = {
        "seconds": course.seconds,
        "seconds_of": sorted((t, s) for t, s in course.seconds_of.items() if t in tasks),
        "data": course.data,
        "weights": course.weights,
    }
    if graded != {"seconds": TASK_SECONDS, "seconds_of": [], "data": "default", "weights": "kit"}:
        writer.text("student/graders/rubric/course.json", json.dumps(graded, indent=1) + "\n")


def _calibration(kits: bytes, tasks: list[str]) -> bytes:
    """Returns the bounds of the course's tasks: the kit's file itself if that is all there is."""
    found = {task: rows for task, rows in sorted(thresholds.table().items()) if task in tasks}
    for task, measured in known_bounds.measured(rubric.tasks()).items():
        found[task] = {**found[task], **measured}
    return kits if found == json.loads(kits) else (json.dumps(found, indent=1) + "\n").encode()


def _checks(writer: Writer, task: Task) -> None:
    """Copies a task's checks, with what they are worth here, and its data."""
    folder = f"student/{CHECKS}{task.section}"
    text = with_points(HIDDEN.sub("", task.path.read_text(encoding="utf-8")), task)
    writer.text(f"{folder}/{task.id}.py", text)
    writer.text(f"{folder}/__init__.py", '"""Checks of the section."""\n')
    if task.datasets:
        for path in sorted(task.datasets.glob("*.py")):
            writer.data(f"student/datasets/{path.name}", path.read_bytes())


def with_points(text: str, task: Task) -> str:
    """Returns a check file that tells what the checks are worth in the course.

    Args:
        text: String, the check file without what is hidden from students.
        task: `Task`.
    """
    points = {check.name: check.points for check in task.checks}
    lines = text.splitlines(keepends=True)
    left = POINTS
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef) or node.name not in points:
            continue
        for decorator in node.decorator_list:
            for word in getattr(decorator, "keywords", ()):
                if word.arg != "points":
                    continue
                left -= points[node.name]
                value, line = word.value, lines[word.value.lineno - 1].encode()
                if ast.literal_eval(value) != points[node.name]:
                    start, end = value.col_offset, value.end_col_offset
                    new = line[:start] + f"{points[node.name]:g}".encode() + line[end:]
                    lines[value.lineno - 1] = new.decode()
    if round(left, 6):
        lines.append(
            "\n# What the checks are worth that are run when the work is handed in.\n"
            f"{HIDDEN_POINTS} = {round(left, 6):g}\n"
        )
    return "".join(lines)


def release(target: Path) -> Changes:
    """Writes the student copy and the course.

    Args:
        target: Path of the folder, which is made if need be. Files in it that this does not write
            stay as they are: the gradebook and submissions, for example.

    Returns:
        `Changes`.

    Raises:
        CannotRelease: If a reference is missing, or the folder cannot be written.
        BadCourse: If the course's file cannot be used.
    """
    if target.resolve() == KIT or KIT in target.resolve().parents:
        raise CannotRelease(f"{target} lies within the kit. Give a folder outside it.")
    before = rubric.in_use()
    try:
        return _release(target)
    except CannotWrite as error:
        raise CannotRelease(str(error)) from None
    finally:
        rubric.use(before)


def _release(target: Path) -> Changes:
    from graders.course import source_notebooks as notebooks

    path = target / "course" / file.NAME
    rubric.use(rubric.Own())
    course = file.take(path) if path.exists() else file.Course(path)
    writer = Writer(target)
    if not path.exists():
        writer.once(f"course/{file.NAME}", file.template())
    _kit(writer, course)
    for task in rubric.tasks():
        if not task.reference.is_file():
            raise CannotRelease(f"There is no {task.reference} to release from.")
        stub = make_stub(task.reference.read_text(encoding="utf-8"))
        source = notebooks.for_task(task)
        _checks(writer, task)
        for folder in ("student/assignments", "student/graders/pristine", "course/source"):
            writer.text(f"{folder}/{task.section}/{task.id}.py", stub)
        _notebook(writer, f"{task.section}/{task.id}.ipynb", source)
    sections = list(dict.fromkeys(task.section for task in rubric.tasks()))
    for section in sections:
        questions = notebooks.for_questions(section)
        if questions is not None:
            _notebook(writer, f"{section}/questions.ipynb", questions)
        walkthrough = notebooks.for_walkthrough(section)
        if walkthrough is not None:
            # Nothing in it is graded, so nbgrader's course does without it.
            writer.text(f"student/walkthroughs/{section}.ipynb", notebooks.text(walkthrough))
    writer.text("course/nbgrader_config.py", CONFIG.format(kit=str(KIT)))
    writer.text("student/nbgrader_config.py", VALIDATE_CONFIG.format(seconds=cell_seconds(course)))
    changes = writer.finish()
    changes.lacking = known_bounds.lacking(rubric.tasks(), course)
    return changes


def cell_seconds(course: file.Course | None) -> int:
    """Returns what a check cell may take, in seconds.

    Args:
        course: `Course`, or `None` for the kit's own limits.
    """
    limits = [course.seconds, *course.seconds_of.values()] if course else [TASK_SECONDS]
    return int(max(limits)) + MORE_SECONDS


def _notebook(writer: Writer, name: str, source: NotebookNode) -> None:
    from graders.course import source_notebooks as notebooks

    writer.text(f"course/source/{name}", notebooks.text(source))
    writer.text(f"student/assignments/{name}", notebooks.text(notebooks.cleared(source)))


def main(arguments: list[str], parser: argparse.ArgumentParser) -> int:
    """Runs `python grade.py release`.

    Args:
        arguments: List of strings, what follows `release`.
        parser: The parser to fill in; it raises on wrong usage.

    Returns:
        Integer, the exit code.

    Raises:
        CannotRelease: If the release cannot be made.
    """
    parser.description = "Write what students get, and an nbgrader course."
    parser.add_argument("folder", metavar="DIR", help="where to; it is made if need be")
    given = parser.parse_args(arguments)
    target = Path(given.folder).expanduser()
    if target.exists() and not target.is_dir():
        raise CannotRelease(f"{target} is a file. Give a folder.")
    try:
        changes = release(target)
    except ModuleNotFoundError as error:
        raise CannotRelease(
            f"The package {error.name} is not installed. Run: python -m pip install .[instructor] "
            "(with uv: python -m uv run --extra instructor grade.py release DIR)."
        ) from None
    print(f"{target / 'student'}: the kit for students.")
    print(f"{target / 'course'}: the nbgrader course; graders/course/README.md tells how to go on.")
    print(f"{target / 'course' / file.NAME}: how the course grades; it is yours to edit.")
    for line in changes.lines():
        print(line)
    return 0
