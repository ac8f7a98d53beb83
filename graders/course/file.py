"""`course.toml`: how a course grades, in one file beside `nbgrader_config.py`.

`bulk`, `nbgrader autograde` and `release` read it, so they cannot differ. `release` writes it once,
with every key and its default, and never again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import math
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import datasets
from graders import KIT, rubric
from graders.boundary.limits import TASK_SECONDS
from graders.course import values
from graders.course.values import BadCourse, Late, Reader
from graders.printable import printable
from graders.rubric import COURSE_VARIABLE, POINTS, BrokenRubric, Own, Task
from graders.runner import BadSecret, Settings, secret_from, usual_jobs
from graders.walls.levels import CLASS_ISOLATION, LEVELS

NAME = "course.toml"
MAX_JOBS = 256
# A key of `[points.<task>]` that names no check.
SCALE = "scale"

TEMPLATE = """\
# How this course grades. `grade.py bulk`, `nbgrader autograde` and `grade.py release` read this;
# `release` never writes it again. Each key is shown with its default: take the # away to change it.

# The tasks; after a change, run `grade.py release` again.
# tasks = [{tasks}]
# A folder, relative to this file, with checks, tasks and data of your own; "" is none. Its layout
# stands at the top of the kit's graders/rubric/tasks.py.
# folder = ""

# The file that holds the secret of the hidden tests, relative to this file. Without one, the
# environment variable KERAS_KIT_SECRET counts, and without that the tests are public.
# secret = ""
# Seconds for each task, the public seed, and the data (default, cifar10 or mnist).
# seconds = {seconds:g}
# seed = 0
# data = "default"
# VGG16 weights: kit or imagenet.
# weights = "kit"
# The lowest level of isolation that will do: {levels}.
# isolation = "{isolation}"
# Tasks side by side in `bulk`; 0 is what suits the machine.
# jobs = 0

# What late work loses: "none", "zero" (all of it), or percent of what it earned, per hour that has
# begun, up to a most: {{ per_hour = 2, at_most = 50 }}
# late = "none"

# When each section is due, with the time zone: model_architectures = 2030-01-31T23:59:00+01:00
# [due]

# Seconds for single tasks: cnn = 120
# [seconds_of]

# What the checks of a task are worth. Those that are not named keep their points. The sum is 10, or
# `scale = true` scales it to 10: two_convolutions = 3
# [points.cnn]
# scale = false
"""


@dataclasses.dataclass(frozen=True)
class Course:
    """What a course's file holds; see `TEMPLATE`.

    Attributes:
        path: Path of the file.
        tasks: Tuple of strings, the ids of the tasks; all if empty.
        folder: Path of the folder of its own, or `None`.
        secret: Path of the file that holds the secret, or `None`.
        seconds: Float, the limit for each task.
        seconds_of: Dict: task -> its own limit.
        seed: Integer, the public seed.
        data: String, as `--data`.
        weights: String, as `--weights`.
        isolation: String, the lowest level that will do.
        jobs: Integer, tasks side by side; 0 for what suits the machine.
        late: `"none"`, `"zero"` or a `Late`.
        due: Dict: section -> when it is due, with a time zone.
        points: Dict: task -> the points of its checks as they are given, and perhaps `scale`.
    """

    path: Path
    tasks: tuple[str, ...] = ()
    folder: Path | None = None
    secret: Path | None = None
    seconds: float = TASK_SECONDS
    seconds_of: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seed: int = 0
    data: str = "default"
    weights: str = "kit"
    isolation: str = CLASS_ISOLATION
    jobs: int = 0
    late: str | Late = "none"
    due: Mapping[str, datetime.datetime] = dataclasses.field(default_factory=dict)
    points: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)

    def settings(self) -> Settings:
        """Returns how the course grades.

        Raises:
            BadCourse: If the secret file cannot be read.
        """
        try:
            secret = secret_from(self.secret)
        except BadSecret as error:
            raise BadCourse(f"{self.path}: secret: {error}") from None
        return Settings(
            seed=self.seed,
            seconds=self.seconds,
            seconds_of=tuple(sorted(self.seconds_of.items())),
            data=self.data,
            weights=self.weights,
            isolation=self.isolation,
            secret=secret,
            jobs=self.jobs or usual_jobs(),
        )

    @property
    def subtracts(self) -> bool:
        """Boolean, whether late work loses points."""
        return self.late != "none" and bool(self.due)

    def differences(self, settings: Settings) -> list[str]:
        """Names the options by which a grading differs from what the file has.

        Args:
            settings: `Settings` of the grading.
        """
        usual = self.settings()
        options = {
            "--secret": usual.secret != settings.secret,
            "--seed": usual.seed != settings.seed,
            "--timeout": (usual.seconds, usual.seconds_of)
            != (settings.seconds, settings.seconds_of),
            "--data": usual.data != settings.data,
            "--weights": usual.weights != settings.weights,
            "--isolation": usual.isolation != settings.isolation,
        }
        return [name for name, differs in options.items() if differs]


# --- reading --------------------------------------------------------------------------------------


_SIMPLE: dict[str, Callable[[Any], Any]] = {
    "tasks": values.ids,
    "seconds": values.seconds,
    "seed": lambda value: int(values.number(value, -1, 2**32 - 1, whole=True)),
    "data": values.text,
    "weights": values.one_of(("kit", "imagenet")),
    "isolation": values.one_of(LEVELS),
    "jobs": lambda value: int(values.number(value, -1, MAX_JOBS, whole=True)),
    "late": values.late,
}
_PATHS = ("folder", "secret")
_TABLES: dict[str, Callable[[Any], Any]] = {"due": values.moment, "seconds_of": values.seconds}
_KEYS = (*_SIMPLE, *_PATHS, *_TABLES, "points")


def read(path: Path) -> Course:
    """Reads a course's file; what depends on the tasks is judged by `take`.

    Args:
        path: Path of the file.

    Returns:
        A `Course`.

    Raises:
        BadCourse: If it cannot be read, or holds anything that it should not.
    """
    path = path.absolute()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCourse(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise BadCourse(f"{path} is no TOML: {printable(reason, 200)}.") from None
    reader, given = Reader(path), dict[str, Any]()
    for key, value in found.items():
        if key in _SIMPLE:
            given[key] = reader.value(key, _SIMPLE[key], value)
        elif key in _PATHS:
            given[key] = reader.file(key, value)
        elif key in _TABLES:
            given[key] = {
                name: reader.value(f"{key}.{name}", _TABLES[key], item)
                for name, item in reader.table(key, value).items()
            }
        elif key == "points":
            given[key] = {
                task: {
                    name: reader.value(
                        f"points.{task}.{name}",
                        values.scale if name == SCALE else values.points,
                        item,
                    )
                    for name, item in reader.table(f"points.{task}", checks).items()
                }
                for task, checks in reader.table(key, value).items()
            }
        else:
            raise reader.bad(key, f"there is no such key. {values.unknown(key, _KEYS)}")
    course = Course(path, **given)
    if course.secret is not None:
        # At the level `user` submissions run as somebody else on this machine.
        with contextlib.suppress(OSError):
            course.secret.chmod(course.secret.stat().st_mode & 0o770)
    course.settings()
    return course


# --- putting it in force --------------------------------------------------------------------------


def scaled(points: Mapping[str, float]) -> dict[str, float]:
    """Scales weights to a task's points, in hundredths, so that they sum exactly.

    Args:
        points: Mapping from names to weights, which are not all 0.
    """
    total, whole = sum(points.values()), round(POINTS * 100)
    exact = {name: whole * value / total for name, value in points.items()}
    found = {name: math.floor(value) for name, value in exact.items()}
    # What is lost by rounding goes to those that lost most; of equals, to the first.
    order = sorted(exact, key=lambda name: found[name] - exact[name])
    for name in order[: whole - sum(found.values())]:
        found[name] += 1
    return {name: value / 100 for name, value in found.items()}


def _weigh(reader: Reader, task: Task, given: Mapping[str, float]) -> dict[str, float]:
    known = {check.name: check.points for check in task.checks}
    key = f"points.{task.id}"
    for name in given:
        if name not in known and name != SCALE:
            raise reader.bad(
                f"{key}.{name}", f"no check of that name. {values.unknown(name, known)}"
            )
    points = known | {name: value for name, value in given.items() if name != SCALE}
    total = round(sum(points.values()), 6)
    if given.get(SCALE):
        if not total:
            raise reader.bad(key, "expected a weight above 0.")
        return scaled(points)
    if total != POINTS:
        raise reader.bad(
            key, f"the points sum to {total:g}, expected {POINTS:g}; or add scale = true."
        )
    return points


def take(path: Path) -> Course:
    """Reads a course's file and makes its tasks those of this process.

    Args:
        path: Path of the file.

    Returns:
        A `Course`.

    Raises:
        BadCourse: If it cannot be used.
    """
    course = read(path)
    reader = Reader(course.path)
    try:
        rubric.use(Own(course.folder))
        known = {task.id: task for task in rubric.tasks()}
    except BrokenRubric as error:
        rubric.use(Own())
        raise reader.bad("folder", str(error)) from None
    try:
        _judge(reader, course, known)
        points = {task: _weigh(reader, known[task], given) for task, given in course.points.items()}
    except BadCourse:
        rubric.use(Own())
        raise
    rubric.use(Own(course.folder, course.tasks, points))
    return course


def _judge(reader: Reader, course: Course, known: Mapping[str, Task]) -> None:
    """Raises `BadCourse` for what the tasks do not fit."""
    for key, names in (
        ("tasks", course.tasks),
        ("seconds_of", course.seconds_of),
        ("points", course.points),
    ):
        for name in names:
            if name not in known:
                shown = printable(name, 80)
                raise reader.bad(key, f"there is no task {shown!r}. {values.unknown(name, known)}")
    sections = list(dict.fromkeys(task.section for task in known.values()))
    for name in course.due:
        if name not in sections:
            raise reader.bad(
                "due", f"there is no section {name!r}. {values.unknown(name, sections)}"
            )
    sources = sorted({source for task in known.values() for source in task.sources} | {"default"})
    if course.data not in sources:
        raise reader.bad("data", f"expected one of {', '.join(sources)}.")
    kits = datasets.names()
    own_data = course.folder / "datasets" if course.folder else None
    own = datasets.own_in(own_data) if own_data else []
    for path in sorted(own_data.glob("*.py")) if own_data else ():
        if path.stem not in own or path.stem in kits:
            raise reader.bad("folder", f"datasets/{path.name} has the name of a module of the kit.")
    for task in known.values():
        if task.root == KIT:
            continue
        if not task.reference.is_file():
            raise reader.bad("folder", f"{task.id} has no reference: {task.reference} is missing.")
        if task.data and task.data not in (*kits, *own):
            raise reader.bad(
                "folder",
                f"{task.id} wants the data {task.data!r}. {values.unknown(task.data, kits + own)}",
            )


def of_class(submitted: Path, named: str | None = None) -> Course | None:
    """Puts the course of a class in force: the one that is named, or that lies beside its work.

    Args:
        submitted: Path of the folder with one for each student.
        named: String, the path of the course's file, or `None`.

    Returns:
        A `Course`, or `None` if there is none.

    Raises:
        BadCourse: If it cannot be used.
    """
    if named:
        return take(Path(named).expanduser())
    beside = submitted.absolute().parent / NAME
    return take(beside) if beside.is_file() else from_environment()


def from_environment() -> Course | None:
    """Puts the course in force whose file `KERAS_KIT_COURSE` names.

    Returns:
        A `Course`, or `None` if it names none, or only a folder of tasks.

    Raises:
        BadCourse: If it cannot be used.
    """
    named = os.environ.get(COURSE_VARIABLE, "")
    path = Path(named).expanduser()
    return take(path) if named and not path.is_dir() else None


def template() -> str:
    """Returns a course's file as `release` writes it: every key with its default."""
    tasks = ", ".join(f'"{task.id}"' for task in rubric.tasks())
    lines = TEMPLATE.format(
        tasks=tasks,
        seconds=TASK_SECONDS,
        levels=", ".join(LEVELS),
        isolation=CLASS_ISOLATION,
    )
    return lines
