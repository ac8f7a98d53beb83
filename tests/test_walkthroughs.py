"""The walkthroughs: they run, save their figures, and give no solution away."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from graders import rubric
from graders.rubric import KIT

FOLDER = KIT / "reference" / "walkthroughs"
FIGURES = {"model_architectures": 5, "customization": 4, "optimization": 5}
NAMES = sorted(FIGURES)


def test_there_is_one_for_each_section() -> None:
    """Each section has its walkthrough."""
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == NAMES
    assert sorted(rubric.SECTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_saves_its_figures(name: str, tmp_path: Path) -> None:
    """It runs from the kit's folder with the default data, and each figure is a picture."""
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--out", str(tmp_path)],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    pictures = list(tmp_path.glob("*.png"))
    assert len(pictures) == FIGURES[name]
    assert all(path.stat().st_size > 5000 for path in pictures)


def code(text: str) -> set[str]:
    """Returns the lines of code that say something: no comments, imports, brackets."""
    lines = (line.split("  #")[0].strip() for line in text.splitlines())
    dull = re.compile(
        r"(import |from |#|def |class |return model$|\"|model\.compile\($|\]|\)|else)"
    )
    return {line for line in lines if len(line) > 24 and not dull.match(line)}


@pytest.mark.parametrize("task", rubric.tasks(), ids=lambda task: task.id)
def test_it_gives_no_solution_away(task: rubric.Task) -> None:
    """A walkthrough shares hardly a line with a solution, and defines nothing of a task's names."""
    solution = "\n".join(
        re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", task.reference.read_text(), re.DOTALL
        )
    )
    stub = task.stub.read_text(encoding="utf-8")
    asked = set(re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE))
    for name in NAMES:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        defined = set(re.findall(r"^(?:def|class) (\w+)", text, re.MULTILINE))
        assert not defined & asked
        # What everybody writes, such as an output layer, is no solution.
        assert len(code(solution) & code(text)) <= 2, code(solution) & code(text)
