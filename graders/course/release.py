"""`python grade.py release DIR`: what students get, and the nbgrader course.

Nothing here has a date or a random id in it: releasing again changes no file that is up to date.
"""

from __future__ import annotations

import argparse
import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from graders import KIT
from graders.boundary.limits import TASK_SECONDS
from graders.rubric import SECTIONS, tasks
from graders.rubric.stubs import make_stub

if TYPE_CHECKING:
    from nbformat import NotebookNode

# What makes a student's copy. It leaves out references and tests, which hold solutions, and what
# only instructors use.
FILES = (
    *("grade.py", "README.md", "LICENSE", "pyproject.toml", "uv.lock", ".gitignore"),
    *("assignments/README.md", "assignments/interview_practice.md", "assignments/colab.ipynb"),
)
FOLDERS = {"graders": (".py", ".json", ".j2", ".css"), "datasets": (".py", ".npz")}
INSTRUCTORS = ("graders/course", "graders/calibration")
# An instructor's own part of a check file that students do not get: nbgrader's markers.
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS(?s:.*?)^[ \t]*### END HIDDEN TESTS.*\n?", re.MULTILINE
)
FOR_INSTRUCTORS = re.compile(
    r"<!-- for instructors -->\n.*?<!-- end of for instructors -->\n*", re.DOTALL
)

CONFIG = '''\
"""nbgrader's settings for this course; written by `python grade.py release`."""

import sys

# The kit, with its references: it grades what students hand in.
KIT = {kit!r}
sys.path.insert(0, KIT)

from graders.course.autograde import configure
from graders.course.downloads import Downloaded

c = get_config()
configure(c)

# The secret of the hidden tests; the environment variable KERAS_KIT_SECRET does it too.
# c.GradeWithKit.secret_file = "/path/to/a/file"
# Seconds for each task, and the data: as --timeout and --data of `python grade.py`.
# c.GradeWithKit.timeout = {timeout}
# c.GradeWithKit.data = "default"

# `nbgrader zip_collect` reads the names of downloaded files as Blackboard, Canvas and Moodle write
# them. For another system, give its pattern:
# c.FileNameCollectorPlugin.named_regexp = r"(?P<student_id>[^_]+)_(?P<file_id>.+)"
c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".py"]
c.ZipCollectApp.collector_plugin = Downloaded

# `nbgrader validate` runs check cells, which may train.
c.Execute.timeout = {seconds}
'''

VALIDATE_CONFIG = '''\
"""nbgrader's settings for `nbgrader validate`; written by `python grade.py release`."""

c = get_config()
# A check cell may train a model; nbgrader's own limit is 30 s.
c.Execute.timeout = {seconds}
'''
# What a check cell may take, in seconds: a task's own limit, the grader's part and its start.
CELL_SECONDS = int(TASK_SECONDS) + 120


class CannotRelease(Exception):
    """There is nothing to release, or nowhere to; the text is one line."""


class _Writer:
    """Writes what differs, and remembers what there is."""

    def __init__(self, root: Path):
        self.root, self.files, self.changed = root, set[Path](), list[Path]()

    def bytes(self, name: str, data: bytes) -> None:
        path = self.root / name
        self.files.add(path)
        with contextlib.suppress(OSError):
            if path.read_bytes() == data:
                return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise CannotRelease(f"{path} cannot be written: {error.strerror}.") from None
        self.changed.append(path)

    def text(self, name: str, text: str) -> None:
        self.bytes(name, text.encode("utf-8"))


def _kit(writer: _Writer) -> None:
    """Copies the part of the kit that students get."""
    for name in FILES:
        if (KIT / name).is_file():
            text = (KIT / name).read_text(encoding="utf-8")
            writer.text(f"student/{name}", FOR_INSTRUCTORS.sub("", text))
    for folder, suffixes in FOLDERS.items():
        for path in sorted((KIT / folder).rglob("*")):
            name = path.relative_to(KIT).as_posix()
            own = any(name == item or name.startswith(f"{item}/") for item in INSTRUCTORS)
            if own or path.suffix not in suffixes or not path.is_file():
                continue
            data = path.read_bytes()
            if name.startswith("graders/checks/"):
                data = HIDDEN.sub("", data.decode("utf-8")).encode("utf-8")
            writer.bytes(f"student/{name}", data)


def release(target: Path) -> list[Path]:
    """Writes the student copy and the course.

    Args:
        target: Path of the folder, which is made if need be. Files in it that this does not write
            stay as they are: the gradebook and submissions, for example.

    Returns:
        List of the paths that changed.

    Raises:
        CannotRelease: If a reference is missing, or the folder cannot be written.
    """
    from graders.course import source_notebooks as notebooks

    if target.resolve() == KIT or KIT in target.resolve().parents:
        raise CannotRelease(f"{target} lies within the kit. Give a folder outside it.")
    writer = _Writer(target)
    _kit(writer)
    for task in tasks():
        if not task.reference.is_file():
            raise CannotRelease(f"There is no {task.reference.relative_to(KIT)} to release from.")
        stub = make_stub(task.reference.read_text(encoding="utf-8"))
        source = notebooks.for_task(task)
        for folder in ("student/assignments", "student/graders/pristine", "course/source"):
            writer.text(f"{folder}/{task.section}/{task.id}.py", stub)
        _notebook(writer, f"{task.section}/{task.id}.ipynb", source)
    sections = list(dict.fromkeys((*SECTIONS, *(task.section for task in tasks()))))
    for section in sections:
        questions = notebooks.for_questions(section)
        if questions is not None:
            _notebook(writer, f"{section}/questions.ipynb", questions)
        walkthrough = notebooks.for_walkthrough(section)
        if walkthrough is not None:
            # Nothing in it is graded, so nbgrader's course does without it.
            writer.text(f"student/walkthroughs/{section}.ipynb", notebooks.text(walkthrough))
    config = CONFIG.format(
        kit=str(KIT),
        timeout=TASK_SECONDS,
        seconds=CELL_SECONDS,
    )
    writer.text("course/nbgrader_config.py", config)
    writer.text("student/nbgrader_config.py", VALIDATE_CONFIG.format(seconds=CELL_SECONDS))
    return writer.changed


def _notebook(writer: _Writer, name: str, source: NotebookNode) -> None:
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
        changed = release(target)
    except ModuleNotFoundError as error:
        raise CannotRelease(
            f"The package {error.name} is not installed. Run: python -m pip install .[instructor] "
            "(with uv: python -m uv run --extra instructor grade.py release DIR)."
        ) from None
    print(f"{target / 'student'}: the kit for students.")
    print(f"{target / 'course'}: the nbgrader course; graders/course/README.md tells how to go on.")
    print(f"{len(changed)} files changed." if changed else "Everything was up to date.")
    return 0
