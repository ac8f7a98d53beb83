"""Committed results, one JSON file for each kind of measurement and task, and what they depend on.

A result holds as long as what it came from is the same: the submission, the task's checks with
their bounds and data, and the engine. Comments and docstrings do not count as a change.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
from datasets.cache import atomic
from graders import rubric
from graders.rubric import KIT, Task
from graders.rubric import bounds as thresholds
from graders.runner import fingerprint

FOLDER = Path(__file__).resolve().parent
KINDS = ("corpus", "mutants", "stability")


def path_of(kind: str, task: str, folder: Path | None = None) -> Path:
    """Returns the path of the results of one kind for one task."""
    return (folder or FOLDER) / kind / f"{task}.json"


def read(kind: str, task: str, folder: Path | None = None) -> dict[str, Any]:
    """Returns the results of one kind for one task: name -> result. Empty if there are none."""
    return _load(kind, task, folder).get("results", {})


def about(kind: str, task: str, folder: Path | None = None) -> dict[str, Any]:
    """Returns what was written about the results as a whole."""
    return _load(kind, task, folder).get("about", {})


def _load(kind: str, task: str, folder: Path | None) -> dict[str, Any]:
    path = path_of(kind, task, folder)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(
    kind: str,
    task: str,
    results: dict[str, Any],
    folder: Path | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Writes the results of one kind for one task, whole or not at all.

    Args:
        kind: String, one of `KINDS`.
        task: String, the task's id.
        results: Dict, name -> result.
        folder: Path, `None` for the committed results.
        about: Dict of plain data, what is to be said of them as a whole.
    """
    path = path_of(kind, task, folder)
    # One line for each result: a new measurement shows as a small difference.
    lines = [
        f"{json.dumps(name)}: {json.dumps(results[name], sort_keys=True, ensure_ascii=False)}"
        for name in sorted(results)
    ]
    with atomic(path) as temporary:
        text = f'{{"about": {json.dumps(about or {}, sort_keys=True)},\n"results": {{\n'
        temporary.write_text(text + ",\n".join(lines) + "\n}}\n", encoding="utf-8")
        temporary.chmod(0o644)


def chosen_tasks(names: Iterable[str]) -> list[Task]:
    """Returns the tasks of the given names, or all tasks.

    Raises:
        UnknownTask: If there is no task of such a name.
    """
    return [rubric.find(name) for name in names] or list(rubric.tasks())


def digest(*texts: str) -> str:
    """Returns a short digest of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


@functools.cache
def _essence(path: Path) -> str:
    """Returns a module's source without comments, docstrings, and what a check names to read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not _names_walkthrough(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "check":
            node.keywords = [word for word in node.keywords if word.arg != "doc"]
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _names_walkthrough(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WALKTHROUGH"


def checks_digest(task: Task) -> str:
    """Returns a digest of what belongs to one task: its checks, bounds and data."""
    data = filter(None, (task.data, *task.files))
    paths = [task.path, *(datasets.module_file(name, task.datasets) for name in data)]
    bounds = {
        f"{source}.{name}": figures["bound"]
        for source, measures in thresholds.table().get(task.id, {}).items()
        for name, figures in measures.items()
        if "bound" in figures
    }
    return digest(*map(_essence, paths), json.dumps(bounds, sort_keys=True))


def engine_digest(task: Task) -> str:
    """Returns a digest of all modules that a grading of a task passes through, checks aside."""
    paths = [path for path in fingerprint.judging(task) if path != task.path]
    return digest(*(f"{path.relative_to(KIT)}\0{_essence(path)}" for path in paths))


def holds(
    result: dict[str, Any] | None, submission: str, task: Task, keep_engine: bool = False
) -> bool:
    """Says whether an earlier result still holds.

    Args:
        result: Dict with `submission`, `checks` and `engine`, as `stamp` makes them, or `None`.
        submission: String, the submission's source as it is now.
        task: `Task`.
        keep_engine: Boolean, whether a result of another engine holds too.
    """
    if not result:
        return False
    wanted = stamp(submission, task)
    names = [name for name in wanted if not (keep_engine and name == "engine")]
    return all(result.get(name) == wanted[name] for name in names)


def stamp(submission: str, task: Task) -> dict[str, str]:
    """Returns what a result depends on, as digests."""
    return {
        "submission": digest(submission),
        "checks": _of_task(task)[0],
        "engine": _of_task(task)[1],
    }


@functools.cache
def _of_task(task: Task) -> tuple[str, str]:
    return checks_digest(task), engine_digest(task)
