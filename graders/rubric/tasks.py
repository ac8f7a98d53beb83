"""The tasks and their checks, read from the check files' source without running them.

There is no registry: `graders/checks/<section>/<task>.py` is a task. Reading the source keeps the
rubric out of reach of anything that happens while grading, and needs no TensorFlow.

A course may have a folder of its own, outside the kit, with tasks of the same form:

    <folder>/checks/<section>/<task>.py         what the kit has in graders/checks/
    <folder>/reference/<section>/<task>.py      the solution, with the markers of the kit's
    <folder>/assignments/<section>/<task>.py    the stub, made by `python -m graders.rubric.stubs`
    <folder>/submissions/<task>/right, wrong    the corpus: what the kit has in tests/submissions/
    <folder>/datasets/<name>.py                 data of its own, a module as in datasets/
    <folder>/reference/<section>/questions.md   a section's questions
    <folder>/calibration.json                   the bounds of its tasks

A task there with the id of one of the kit's takes its place; it may leave the reference to the kit.
`use` tells which folder that is, which tasks the course has, and what their checks are worth. Until
it is called, the environment variable `KERAS_KIT_COURSE` may name the folder.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import functools
import os
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from graders import KIT
from graders.rubric.shared_hints import shared_hints, texts

CHECKS = KIT / "graders" / "checks"
# In a student's copy of a check file: what the checks are worth that only instructors have.
HIDDEN = "HIDDEN"
# What a check file may tell beside its checks.
CONSTANTS = ("DATA", "SOURCES", "ORDER", "FILES", "WALKTHROUGH", HIDDEN)
# Names a course's file, or the folder of its own tasks.
COURSE_VARIABLE = "KERAS_KIT_COURSE"
# What a task is worth.
POINTS = 10.0
SECTIONS = ("model_architectures", "customization", "optimization")


class UnknownTask(ValueError):
    """A task name that is not in the kit."""


class BrokenRubric(Exception):
    """A check file without what a rubric needs."""


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One line of a rubric.

    Attributes:
        id: String, `"<task>::<name>"`.
        name: String, the function's name.
        description: String, the first paragraph of its docstring.
        points: Float, what it is worth.
        hints: Tuple of strings.
        needs: Tuple of check names.
        doc: String, the address of the page to read about it; empty if there is none.
        repairs: Boolean, whether repairs of a training can be tried where it fails.
    """

    id: str
    name: str
    description: str
    points: float
    hints: tuple[str, ...]
    needs: tuple[str, ...]
    doc: str = ""
    repairs: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """A task of the kit.

    Attributes:
        id: String, unique in the kit.
        section: String, the folder that it is in.
        title: String, the first line of the check file's docstring.
        path: Path of the check file.
        checks: Tuple of `Check`, in the order of the file.
        data: String, the name of its data set, empty if it has none.
        order: Integer, its place within its section.
        sources: Tuple of strings, what `--data` may name beside `"default"`.
        files: Tuple of strings, modules of `datasets` whose file the submission may read.
        root: Path of the folder that it comes from: the kit, or a course's own.
        walkthrough: Integer, the part of its section's walkthrough that is about it; 0 for none.
    """

    id: str
    section: str
    title: str
    path: Path
    checks: tuple[Check, ...]
    data: str
    sources: tuple[str, ...]
    order: int
    files: tuple[str, ...]
    root: Path = KIT
    walkthrough: int = 0

    @property
    def max_points(self) -> float:
        """Float, the points of all checks."""
        return round(sum(check.points for check in self.checks), 6)

    @property
    def stub(self) -> Path:
        """Path of the stub."""
        return self._in("assignments")

    @property
    def reference(self) -> Path:
        """Path of the reference solution."""
        return self._in("reference")

    @property
    def corpus(self) -> Path:
        """Path of the folder with its labelled submissions."""
        return (KIT / "tests" if self.root == KIT else self.root) / "submissions" / self.id

    @property
    def datasets(self) -> Path | None:
        """Path of the course's own data modules, `None` if there are none."""
        folder = self.root / "datasets"
        return folder if self.root != KIT and folder.is_dir() else None

    def _in(self, folder: str) -> Path:
        name = Path(folder, self.section, f"{self.id}.py")
        own = self.root / name
        return (
            own if self.root == KIT or own.is_file() or not (KIT / name).is_file() else KIT / name
        )


def _first_paragraph(node: ast.AST) -> str:
    doc = ast.get_docstring(node) or ""  # type: ignore[arg-type]
    return " ".join(textwrap.dedent(doc.split("\n\n")[0]).split())


def _read_check(function: ast.FunctionDef, task: str) -> Check | None:
    for decorator in function.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Name)
            and decorator.func.id == "check"
        ):
            words = {word.arg: word.value for word in decorator.keywords}
            try:
                hints = texts(words.pop("hints"), shared_hints())
                given = {name: ast.literal_eval(value) for name, value in words.items()}
            except (KeyError, ValueError) as error:
                raise BrokenRubric(f"{task}::{function.name} cannot be read: {error}.") from None
            description = _first_paragraph(function)
            if not description or not hints or not all(hints):
                raise BrokenRubric(f"{task}::{function.name} needs a docstring and a hint.")
            return Check(
                f"{task}::{function.name}",
                function.name,
                description,
                float(given["points"]),
                hints,
                tuple(given.get("needs", ())),
                str(given.get("doc", "")),
                bool(given.get("repairs", False)),
            )
    return None


def read_task(path: Path, root: Path = KIT) -> Task:
    """Reads one check file.

    Args:
        path: Path, `…/<section>/<task>.py`.
        root: Path of the folder that it comes from, see `Task`.

    Returns:
        A `Task`.

    Raises:
        BrokenRubric: If the file lacks what a rubric needs.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except (SyntaxError, ValueError) as error:
        raise BrokenRubric(f"{path} cannot be read: {error}.") from None
    task = path.stem
    constants: dict[str, object] = {}
    checks = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in CONSTANTS:
                constants[name] = ast.literal_eval(node.value)
        elif isinstance(node, ast.FunctionDef):
            found = _read_check(node, task)
            if found:
                checks.append(found)
    known: set[str] = set()
    for item in checks:
        if not set(item.needs) <= known:
            raise BrokenRubric(f"{item.id} needs checks that do not stand before it: {item.needs}.")
        known.add(item.name)
    _require_sum(task, checks, float(constants.get(HIDDEN, 0)))  # type: ignore[arg-type]
    return Task(
        task,
        path.parent.name,
        _first_paragraph(tree).rstrip("."),
        path,
        tuple(checks),
        str(constants.get("DATA", "")),
        tuple(constants.get("SOURCES", ())),  # type: ignore[arg-type]
        int(constants.get("ORDER", 99)),  # type: ignore[call-overload]
        tuple(constants.get("FILES", ())),  # type: ignore[arg-type]
        root,
        int(constants.get("WALKTHROUGH", 0)),  # type: ignore[call-overload]
    )


def _require_sum(task: str, checks: Iterable[Check], hidden: float = 0.0) -> None:
    found = round(sum(check.points for check in checks) + hidden, 6)
    if found != POINTS:
        raise BrokenRubric(
            f"{task} is worth {found:g} points; the points of its checks must sum to {POINTS:g}."
        )


@dataclasses.dataclass(frozen=True)
class Own:
    """What a course changes of the kit's rubric.

    Attributes:
        folder: Path of the folder with its own tasks, see the module; `None` if it has none.
        chosen: Tuple of strings, the ids of its tasks; all if empty.
        points: Mapping from a task's id to the points of its checks, by their names.
    """

    folder: Path | None = None
    chosen: tuple[str, ...] = ()
    points: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)


def _from_environment() -> Own:
    folder = Path(os.environ.get(COURSE_VARIABLE, "")).expanduser().absolute()
    # Reading a course's file is not done here: who starts a process for a course does it.
    return Own(folder) if os.environ.get(COURSE_VARIABLE) and folder.is_dir() else Own()


_own = _from_environment()


def use(own: Own) -> None:
    """Makes `tasks` return those of a course from now on.

    Args:
        own: `Own`; `Own()` for the kit as it is.
    """
    global _own
    _own = own
    tasks.cache_clear()


def own_folder() -> Path | None:
    """Returns the folder of the course's own tasks, `None` if there is none."""
    return _own.folder


def _reweighted(task: Task) -> Task:
    points = _own.points.get(task.id)
    if not points:
        return task
    checks = tuple(
        dataclasses.replace(check, points=float(points.get(check.name, check.points)))
        for check in task.checks
    )
    _require_sum(task.id, checks)
    return dataclasses.replace(task, checks=checks)


def in_use() -> Own:
    """Returns what `use` was told last."""
    return _own


@functools.cache
def kits() -> tuple[Task, ...]:
    """Returns the kit's tasks, whatever a course makes of them, in no special order."""
    return tuple(_read_all(None))


def _read_all(folder: Path | None) -> list[Task]:
    """Returns the tasks of the kit and of a course's own folder."""
    places = [(CHECKS, KIT)]
    if folder is not None:
        places.append((folder / "checks", folder))
    found: dict[str, Task] = {}
    for checks, root in places:
        for path in sorted(checks.glob("*/*.py")):
            if path.name == "__init__.py":
                continue
            task = read_task(path, root)
            before = found.get(task.id)
            if before is not None and (before.root == root or before.section != task.section):
                raise BrokenRubric(
                    f"{path}: there is a task {task.id} in the section {before.section} already."
                )
            found[task.id] = task
    return list(found.values())


@functools.cache
def tasks() -> tuple[Task, ...]:
    """Returns every task of the course, in the order of the sections and then of their own."""
    found = [
        _reweighted(task)
        for task in _read_all(_own.folder)
        if not _own.chosen or task.id in _own.chosen
    ]
    order = {section: index for index, section in enumerate(SECTIONS)}
    return tuple(sorted(found, key=lambda t: (order.get(t.section, 99), t.section, t.order, t.id)))


def find(name: str) -> Task:
    """Finds a task by its id.

    Args:
        name: String, the id; `section/task` and `task.py` are understood too.

    Returns:
        A `Task`.

    Raises:
        UnknownTask: If there is none; the message names close matches.
    """
    wanted = (
        name.replace("\\", "/")
        .rstrip("/")
        .split("/")[-1]
        .removesuffix(".py")
        .removesuffix(".ipynb")
    )
    known = {task.id: task for task in tasks()}
    if wanted in known:
        return known[wanted]
    close = difflib.get_close_matches(wanted.lower(), known, n=3, cutoff=0.5)
    close = close or [task for task in known if wanted.lower() and wanted.lower() in task]
    advice = f"Did you mean {' or '.join(close)}?" if close else f"Tasks: {', '.join(known)}."
    raise UnknownTask(f"There is no task {name[:80]!r}. {advice}")


def find_all(names: Iterable[str]) -> list[Task]:
    """Finds tasks by their ids or sections, each once.

    Args:
        names: Iterable of strings, see `find`; the name of a section stands for its tasks.

    Returns:
        List of `Task`, in the order of the names.

    Raises:
        UnknownTask: If there is no task and no section of one of these names.
    """
    return list(dict.fromkeys(task for name in names for task in _section(name) or [find(name)]))


def _section(name: str) -> list[Task]:
    wanted = name.replace("\\", "/").rstrip("/").split("/")[-1]
    return [task for task in tasks() if task.section == wanted]
