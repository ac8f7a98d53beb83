"""The tasks and their checks, read from the check files' source without running them.

There is no registry: `graders/checks/<section>/<task>.py` is a task. Reading the source keeps the
rubric out of reach of anything that happens while grading, and needs no TensorFlow.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import functools
import textwrap
from collections.abc import Iterable
from pathlib import Path

from graders import KIT

CHECKS = KIT / "graders" / "checks"
HINTS = KIT / "graders" / "toolkit" / "hints.py"
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
    """

    id: str
    name: str
    description: str
    points: float
    hints: tuple[str, ...]
    needs: tuple[str, ...]


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

    @property
    def max_points(self) -> float:
        """Float, the points of all checks."""
        return round(sum(check.points for check in self.checks), 6)

    @property
    def stub(self) -> Path:
        """Path of the stub."""
        return KIT / "assignments" / self.section / f"{self.id}.py"

    @property
    def reference(self) -> Path:
        """Path of the reference solution."""
        return KIT / "reference" / self.section / f"{self.id}.py"


def _first_paragraph(node: ast.AST) -> str:
    doc = ast.get_docstring(node) or ""  # type: ignore[arg-type]
    return " ".join(textwrap.dedent(doc.split("\n\n")[0]).split())


def _texts(node: ast.expr, constants: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Reads a tuple of strings from source, which may name or unpack shared ones.

    Args:
        node: Expression: a tuple, `NAME`, `hints.NAME`, or a sum of these.
        constants: Dict, the shared hints by their names.

    Returns:
        Tuple of strings.

    Raises:
        ValueError: If it is anything else.
    """
    name = ""
    if isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hints":
        name = node.attr
    if name in constants:
        return constants[name]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _texts(node.left, constants) + _texts(node.right, constants)
    if not isinstance(node, ast.Tuple):
        raise ValueError(f"{ast.unparse(node)} is no tuple of strings")
    found: list[str] = []
    for item in node.elts:
        if isinstance(item, ast.Starred):
            found += _texts(item.value, constants)
        elif isinstance(item, ast.Constant) and isinstance(item.value, str):
            found.append(item.value)
        else:
            raise ValueError(f"{ast.unparse(item)} is no string")
    return tuple(found)


@functools.cache
def _shared_hints() -> dict[str, tuple[str, ...]]:
    """Returns the hints that several tasks give, by the names of their constants."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.parse(HINTS.read_text(encoding="utf-8"), str(HINTS)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _texts(node.value, found)
    return found


def _read_check(function: ast.FunctionDef, task: str) -> Check | None:
    for decorator in function.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Name)
            and decorator.func.id == "check"
        ):
            words = {word.arg: word.value for word in decorator.keywords}
            try:
                hints = _texts(words.pop("hints"), _shared_hints())
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
            )
    return None


def read_task(path: Path) -> Task:
    """Reads one check file.

    Args:
        path: Path, `…/<section>/<task>.py`.

    Returns:
        A `Task`.

    Raises:
        BrokenRubric: If the file lacks what a rubric needs.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    task = path.stem
    constants: dict[str, object] = {}
    checks = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("DATA", "SOURCES", "ORDER", "FILES"):
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
    )


@functools.cache
def tasks() -> tuple[Task, ...]:
    """Returns every task of the kit, in the order of the sections and then of the course."""
    found = [read_task(path) for path in CHECKS.glob("*/*.py") if path.name != "__init__.py"]
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
    """Finds tasks by their ids, each once.

    Args:
        names: Iterable of strings, see `find`.

    Returns:
        List of `Task`, in the order of the names.

    Raises:
        UnknownTask: If there is no task of one of these names.
    """
    return list(dict.fromkeys(find(name) for name in names))
