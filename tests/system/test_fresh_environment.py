"""From an empty machine to Jupyter: the front page's commands as they stand, in environments of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import KIT
from tests.course import REFERENCE, TASK, WRONG, filled
from tests.system.test_first_hour import replay, surroundings

COMMAND = re.compile(r"^    (\S.*?)(?:  +\S.*)?$", re.MULTILINE)
NOTEBOOK = TASK.stub.relative_to(KIT).with_suffix(".ipynb")
# What a package registry out of reach looks like.
OFFLINE = ("No matching distribution found for uv", "Could not find a version that satisfies")
# Runs in the student's environment: what is open in Jupyter, beside what was saved.
OPENED = """
import sys
import nbformat
from nbclient import NotebookClient
document, folder = sys.argv[1:]
found = nbformat.read(document, 4)
NotebookClient(
    found, timeout=600, allow_errors=True, resources={"metadata": {"path": folder}}
).execute()
for cell in found.cells:
    for output in cell.get("outputs", ()):
        print(output.get("text") or output.get("data", {}).get("text/plain") or output)
"""


@pytest.fixture(scope="module")
def kit(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's copy."""
    found = tmp_path_factory.mktemp("fresh") / "student"
    shutil.copytree(released / "student", found)
    return found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine whose `python` has pip, and nothing of the kit."""
    folder = tmp_path_factory.mktemp("machine")
    venv.create(folder / "python", with_pip=True)
    found = surroundings(folder / "cache")
    found |= {f"JUPYTER_{what}_DIR": str(folder / what) for what in ("CONFIG", "DATA", "RUNTIME")}
    found["PATH"] = os.pathsep.join([str(folder / "python" / "bin"), os.environ["PATH"]])
    return {name: value for name, value in found.items() if name != "UV"}


def commands(kit: Path) -> list[str]:
    """Returns the front page's commands of the student copy, in their order."""
    text = (kit / "README.md").read_text(encoding="utf-8")
    [start] = re.findall(r"^## Start\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    return COMMAND.findall(start)


def type_in(
    command: str, kit: Path, machine: dict[str, str], expected: int = 0
) -> subprocess.CompletedProcess[str]:
    """Does what a terminal does with a line, and returns what came."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=kit, env=machine, capture_output=True, text=True,
        timeout=1200, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if any(words in done.stderr for words in OFFLINE):
        pytest.skip("no package registry can be reached")
    assert done.returncode == expected, (command, done.stdout, done.stderr)
    return done


def answer(address: str) -> Any:
    """Returns what a server answers, which may be about to listen."""
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as found:
                return json.load(found)
        except urllib.error.URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@pytest.fixture(scope="module")
def lab(kit: Path, machine: dict[str, str]) -> Iterator[str]:
    """Jupyter as the front page starts it with uv, after the lines above it: its address."""
    lines = commands(kit)
    start = next(at for at, line in enumerate(lines) if line.endswith(" jupyter lab"))
    with_uv = [line for line in lines[:start] if " uv" in line]
    assert with_uv[0] == "python -m pip install uv" and len(with_uv) == 3
    type_in(with_uv[0], kit, machine)
    for line in with_uv[1:]:
        # Stubs do not pass.
        assert "not started, 0 of 10 points" in type_in(line, kit, machine, expected=1).stdout
    server = subprocess.Popen(
        ["bash", "-c", f"exec {lines[start]} --no-browser --allow-root --ServerApp.token=t"],
        cwd=kit, env=machine, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert server.stderr is not None
        told = []
        for line in server.stderr:
            told.append(line)
            if found := re.search(r"(http://(?:localhost|127\.0\.0\.1):\d+)/lab", line):
                yield found[1]
                break
        else:
            pytest.fail("".join(told))
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate()


def test_jupyter_opens_the_task(lab: str, kit: Path) -> None:
    """The server that the front page starts has the notebook, and a kernel for it."""
    assert answer(f"{lab}/api/contents/{NOTEBOOK}?token=t")["name"] == NOTEBOOK.name
    assert "python3" in answer(f"{lab}/api/kernelspecs?token=t")["kernelspecs"]


def test_a_stale_notebook_is_told_of(
    lab: str, kit: Path, machine: dict[str, str], tmp_path: Path
) -> None:
    """In that environment, an edit that was run but not saved."""
    path, opened = kit / NOTEBOOK, tmp_path / "opened.ipynb"
    stub = path.read_text(encoding="utf-8")
    opened.write_text(filled(path, WRONG), encoding="utf-8")
    path.write_text(filled(path, REFERENCE), encoding="utf-8")
    (tmp_path / "open.py").write_text(OPENED)
    told = type_in(
        f"python -m uv run --extra notebooks python {tmp_path / 'open.py'} {opened} {path.parent}",
        kit, machine,
    ).stdout  # fmt: skip
    path.write_text(stub, encoding="utf-8")
    names = " ".join(told.split())
    assert "holds another `CustomDense` than the one that you ran" in names
    assert f"Graded: {NOTEBOOK.name}, as it was saved at " in told


def test_the_first_hour_in_it(lab: str, kit: Path, machine: dict[str, str]) -> None:
    """Verdicts, hints by message, `next` and `pytest` there, and then a run outside the grader."""
    replay(kit, kit / ".venv" / "bin" / "python", machine)
    done = type_in(f"python -m uv run grade.py play {TASK.id}", kit, machine)
    assert "Epoch 1/" in done.stdout and ".png" in done.stdout


def test_an_ordinary_virtual_environment_does_it_as_well(
    kit: Path, machine: dict[str, str], tmp_path: Path
) -> None:
    """The lines with `venv` and `pip`, in one terminal."""
    shutil.copytree(kit, tmp_path / "kit", ignore=shutil.ignore_patterns(".venv"))
    lines = [line for line in commands(kit) if " uv" not in line]
    assert lines[:2] == ["python -m venv .venv", ". .venv/bin/activate"]
    assert lines[-1] == "jupyter lab" and "grade.py" in lines[3]
    install = " && ".join([*lines[:3], lines[4]])
    type_in(install, tmp_path / "kit", machine)
    shown = f"{lines[1]} && {lines[3]} {TASK.id}; {lines[-1]} --version"
    told = type_in(shown, tmp_path / "kit", machine).stdout
    assert f"{TASK.id}: " in told and re.search(r"^\d+\.\d+\.\d+", told, re.MULTILINE)
