"""What only some systems have is used where `graders.system` says, and nowhere else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders import KIT
from graders.system import here
from tests.elsewhere import sitecustomize as elsewhere

# Where names are used that Windows lacks, and why it never comes there.
APART = {
    "graders/system/posix.py": "Linux's and macOS's own",
    "graders/system/cleaning.py": "part of it",
    "graders/walls/keeper.py": "a wall of Linux",
    "graders/walls/namespaces.py": "a wall of Linux",
    "graders/walls/landlock.py": "a wall of Linux",
    "graders/walls/seccomp.py": "a wall of Linux",
    "graders/walls/second.py": "a wall of Linux",
    "graders/walls/ward.py": "a wall of Linux",
    "graders/walls/probe.py": "asks which walls Linux has",
    "graders/walls/kernel.py": "calls of Linux; what others call does nothing elsewhere",
    "graders/walls/heard.py": "hears the guard, a wall of Linux",
    "graders/warm/server.py": "forks",
    "graders/warm/children.py": "what is forked, or spawned behind walls",
    "graders/boundary/piped.py": "hands pipes to what is forked",
    "graders/boundary/launching.py": "its Launcher hands pipes to what is forked",
    "graders/runner/warm.py": "its WarmProcess forks",
    "graders/boundary/log.py": "a file in memory, which what is forked has",
    "graders/judge/printed.py": "reads such a file, and elsewhere asks what holds another one",
    "graders/sandbox/printing.py": "writes such a file",
}
# Names that are asked for before they are used.
ASKED_FOR = {("graders/runner/settings.py", "os.sched_getaffinity")}
FOLDER_ARGUMENTS = {"dir_fd", "src_dir_fd", "dst_dir_fd"}
MODULES = sorted(
    path
    for path in [*(KIT / "graders").rglob("*.py"), *(KIT / "datasets").rglob("*.py")]
    if path.relative_to(KIT).as_posix() not in APART
)


def lacking(module: str) -> set[str]:
    """Returns the names of a module of Python that Windows lacks."""
    both = (elsewhere.ONLY_LINUX, elsewhere.NOT_ON_WINDOWS)
    return {name for names in both for name in names.get(module, "").split()}


def uses(source: str) -> Iterator[tuple[int, str]]:
    """Gives the lines of a module that use what Windows lacks, and what they use."""
    missing = {*elsewhere.NO_MODULES["win32"], "pty"} - {"posixpath"}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                for item in names:
                    if item.name.partition(".")[0] in missing:
                        yield node.lineno, item.name
            case ast.ImportFrom(module=str(module), names=names, level=0):
                if module.partition(".")[0] in missing:
                    yield node.lineno, module
                for item in names:
                    if item.name in lacking(module):
                        yield node.lineno, f"{module}.{item.name}"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in lacking(module):
                yield node.lineno, f"{module}.{name}"
            case ast.Call(keywords=given):
                for item in given:
                    if item.arg in FOLDER_ARGUMENTS or item.arg in ("pass_fds", "preexec_fn"):
                        yield node.lineno, f"{item.arg}="


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(KIT).as_posix())
def test_nothing_is_used_that_windows_lacks(path: Path) -> None:
    """A use that is new belongs into `graders/system`, one function for each system."""
    name = path.relative_to(KIT).as_posix()
    found = [
        f"{name}:{line} {what}"
        for line, what in uses(path.read_text(encoding="utf-8"))
        if (name, what) not in ASKED_FOR
    ]
    assert not found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os, fcntl", "fcntl"),
        ("from os import fork", "os.fork"),
        ("def f():\n    import resource", "resource"),
        ("os.kill(1, signal.SIGKILL)", "signal.SIGKILL"),
        ("select.poll()", "select.poll"),
        ("subprocess.run([], pass_fds=[3])", "pass_fds="),
        ("os.open('a', 0, dir_fd=3)", "dir_fd="),
        ("os.kill(1, signal.SIGTERM)", None),
    ],
)
def test_uses_are_found(source: str, expected: str | None) -> None:
    """The test above sees a use wherever it stands."""
    assert [what for _, what in uses(source)] == ([expected] if expected else [])


@pytest.mark.parametrize("name", APART)
def test_what_stands_apart_has_to(name: str) -> None:
    """Each module that may use such names does."""
    assert list(uses((KIT / name).read_text(encoding="utf-8")))


def test_no_front_end_reads_text_in_the_systems_encoding() -> None:
    """Windows would take its own code page where no encoding is named."""
    found = []
    for path in MODULES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            text = re.search(r"\.(read_text|write_text)\((?!.*encoding)[^,]*\)", line)
            if text and "/proc" not in line:
                found.append(f"{path.relative_to(KIT)}:{number} {line.strip()}")
    assert not found


def test_both_systems_offer_the_same() -> None:
    """A name that one of the two modules lacks would be missed there only."""
    used = set()
    for path in (KIT / "graders").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if re.search(r"from graders\.system import .*\bhere\b", source):
            used |= set(re.findall(r"\bhere\.([A-Za-z_]+)", source))
    for system in ("posix", "windows"):
        tree = ast.parse((KIT / "graders" / "system" / f"{system}.py").read_text(encoding="utf-8"))
        offered = set()
        for node in tree.body:
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    offered.add(name)
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(name)):
                    offered.add(name)
                case ast.Assign(targets=[ast.Tuple(items)]):
                    offered |= {item.id for item in items if isinstance(item, ast.Name)}
                case ast.ImportFrom(names=names):
                    offered |= {item.asname for item in names if item.asname}
        assert used - offered == set(), system
        assert {name for name in used if not hasattr(here, name)} == set()


def apart(line: str) -> bool:
    """Returns whether an error of mypy is about what Windows never comes to."""
    name = line.partition(":")[0]
    return name in APART or name == "graders/walls/totals.py"


@pytest.mark.slow
def test_types_hold_on_windows() -> None:
    """mypy, told that this is Windows, knows every name that is used there."""
    pytest.importorskip("mypy")
    for system in ("win32", "darwin"):
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--platform", system],
            cwd=KIT,
            capture_output=True,
            text=True,
            timeout=600,
        )
        lines = [line for line in done.stdout.splitlines() if ": error:" in line]
        others = [line for line in lines if not apart(line)]
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert not others, "\n".join(others)
