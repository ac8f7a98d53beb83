"""`python grade.py play TASK --notebook`: the trial run in Jupyter."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from graders import KIT
from graders.cli.arguments import UsageError
from graders.rubric import Task
from graders.submission import Source, is_stub

# What opens a notebook, the one that most people have first.
PROGRAMS = ("jupyterlab", "notebook")
NONE = (
    "Jupyter is not installed. Run: python -m pip install jupyterlab "
    "(with uv: python -m uv pip install jupyterlab)."
)


def show(task: Task, source: Source, run: str) -> int:
    """Opens a notebook in Jupyter: the student's own, or one that tries out their module.

    Args:
        task: `Task`.
        source: `Source`, the work that counts.
        run: String, the trial run as a notebook has it.

    Returns:
        Integer, the exit code of Jupyter.

    Raises:
        UsageError: If Jupyter is not installed.
    """
    program = next((name for name in PROGRAMS if importlib.util.find_spec(name)), None)
    if program is None:
        raise UsageError(NONE)
    path = source.path
    if is_stub(source, task) and path.with_suffix(".ipynb").is_file():
        # Neither is begun: the notebook is the place to begin in.
        path = path.with_suffix(".ipynb")
    if path.suffix != ".ipynb":
        path = path.with_name(f"play_{task.id}.ipynb")
        # It is the student's as soon as it is there.
        if not path.exists():
            path.write_text(_notebook(task, source, run), encoding="utf-8")
            print(f"Made {path}, which imports {source.path.name}.")
    print(f"Opening {path}; Ctrl-C here ends Jupyter.", flush=True)
    return subprocess.call([sys.executable, "-m", program, str(path)])


def _notebook(task: Task, source: Source, run: str) -> str:
    folder = source.path.resolve().parent
    kit = os.path.relpath(KIT, folder) if folder.is_relative_to(KIT) else str(KIT)
    names = ", ".join(_names(source))
    begin = (
        "%load_ext autoreload\n"
        "%autoreload 2\n"
        "import sys\n\n"
        f"sys.path.insert(0, {Path(kit).as_posix()!r})  # the kit, for its data\n"
        "import keras\n\n"
        f"from {source.path.stem} import {names}"
    )
    prose = (
        f"# {task.id}, to play with\n\n"
        f"This runs the functions of `{source.path.name}` on the task's data. Edit them there and "
        "save: the next cell that you run takes them as they are then. Nothing here is graded."
    )
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": prose}]
    for text in (begin, run):
        cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": text,
            }
        )
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(made, indent=1) + "\n"


def _names(source: Source) -> list[str]:
    """Returns the functions and classes of a module that do not begin with an underscore."""
    from graders.submission.notebooks import defined

    return sorted(name for name in defined(source.text) if not name.startswith("_"))
