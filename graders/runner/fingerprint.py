"""What a verdict depends on beside the submission: the code that judges, the data, the versions."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import datasets
from graders import KIT
from graders.rubric import Task

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "scipy")
# What the judge and the sandbox begin with; what they import follows from it.
BEGINNINGS = (
    "graders/judge/process.py",
    "graders/judge/plugin.py",
    "graders/sandbox/guard.py",
    "datasets/keep.py",
)
# What of the front half judges, too: it says what a grader is told, and gives points to outcomes.
OF_THE_FRONT = ("graders/runner/collected.py", "graders/runner/job.py")
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+((?:graders|datasets)[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    r"|import[ \t]+((?:graders|datasets)[\w.]*))",
    re.MULTILINE,
)


def imports(source: str) -> Iterator[str]:
    """Gives the names of the kit's modules that a module may import, and of what it takes of them.

    Args:
        source: String, the module's source.
    """
    for found in IMPORT.finditer(source):
        module, names, plain = found.groups()
        yield module or plain
        for name in re.findall(r"\w+", re.sub(r"#[^\n]*|\bas[ \t]+\w+", "", names or "")):
            yield f"{module}.{name}"


def _files(module: str, root: Path, own: Path | None) -> Iterator[Path]:
    """Gives the files that Python runs to import a module of the kit; none for other names."""
    package, *parts = module.split(".")
    for folder in (root / package, *([own] if own and package == "datasets" else [])):
        for count in range(len(parts) + 1):
            path = folder.joinpath(*parts[:count])
            for file in (path / "__init__.py", path.with_name(path.name + ".py")):
                if file.is_file():
                    yield file


@functools.cache
def _imported(path: Path, root: Path, own: Path | None) -> frozenset[Path]:
    """Returns the files of the kit that a module imports."""
    names = set(imports(path.read_text(encoding="utf-8")))
    return frozenset(file for name in names for file in _files(name, root, own))


def closure(start: Iterable[Path], root: Path = KIT, own: Path | None = None) -> set[Path]:
    """Returns modules, and all modules of the kit that they import.

    Args:
        start: Paths of modules.
        root: Path of the kit.
        own: Path of a course's own data sets.
    """
    found: set[Path] = set()
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, root, own)
    return found


def judging(task: Task, root: Path = KIT) -> list[Path]:
    """Returns the files whose change may change a task's verdicts.

    Args:
        task: `Task`.
        root: Path of the kit.
    """
    data = [datasets.module_file(task.data, task.datasets)] if task.data else []
    files = [root / "datasets" / f"{name}.py" for name in task.files]
    begin = [root / name for name in BEGINNINGS]
    found = closure([*begin, task.path, *data, *files], root, task.datasets)
    return sorted(found | {root / name for name in OF_THE_FRONT})


@functools.cache
def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@functools.cache
def versions() -> dict[str, str]:
    """Returns what else decides, by name: Python, the packages, and how TensorFlow computes."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    found["TF_ENABLE_ONEDNN_OPTS"] = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "unset")
    return found


@functools.cache
def of_task(task: Task) -> str:
    """Returns a digest of all that decides a task's verdicts but submission, bounds and settings.

    Args:
        task: `Task`.
    """
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    digest.update(repr([(check.id, check.points) for check in task.checks]).encode())
    for path in judging(task):
        digest.update(path.name.encode() + b"\0" + _digest(path))
    return digest.hexdigest()
