"""What makes editors know the exercises: settings of pytest and Visual Studio Code for students."""

from __future__ import annotations

import json
import re
from typing import Any

CONFTEST = '''\
"""Makes each check of an exercise a test, for pytest and for editors: see assignments/README.md."""

import importlib.util
import sys

for package in ("keras", "rich"):
    if importlib.util.find_spec(package) is None:
        sys.exit(
            f"conftest.py: the package {package} is not installed for this Python, "
            f"{sys.executable}. Choose the one for which you installed the kit, or see README.md."
        )

pytest_plugins = ["graders.editor.plugin"]
'''
# In the place of the settings for the kit's own tests.
PYTEST = """\
[tool.pytest.ini_options]
# Each check of an exercise is a test: conftest.py makes them.
testpaths = ["assignments"]
pythonpath = ["."]

"""
TABLE = re.compile(r"^\[tool\.pytest\.ini_options\]\n.*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)

WORKSPACE = "${workspaceFolder}"
ON_PATH = {"PYTHONPATH": WORKSPACE}
SETTINGS: dict[str, Any] = {
    "python.testing.pytestEnabled": True,
    "python.testing.unittestEnabled": False,
    "python.testing.pytestArgs": ["assignments"],
    "python.testing.cwd": WORKSPACE,
    "python.testing.autoTestDiscoverOnSaveEnabled": True,
    # What a module of the exercises imports is found by the editor, and by Run in its terminal.
    "python.analysis.extraPaths": [WORKSPACE],
    "terminal.integrated.env.linux": ON_PATH,
    "terminal.integrated.env.osx": ON_PATH,
    "terminal.integrated.env.windows": ON_PATH,
    # Check cells look for the notebook beside them.
    "jupyter.notebookFileRoot": "${fileDirname}",
    "files.exclude": {"**/__pycache__": True, ".pytest_cache": True},
}
EXTENSIONS = {"recommendations": ["ms-python.python", "ms-toolsai.jupyter"]}
# The words of each task, and what follows `python grade.py`; {task} is the open file's.
TASKS = {
    "Grade this file": ["{task}"],
    "Hint for this file": ["--hint", "{task}"],
    "Grade this file on every save": ["--watch", "{task}"],
    "Play this file": ["play", "{task}"],
    "Grade everything": [],
}
THIS = "${fileBasenameNoExtension}"


def pyproject(text: str) -> str:
    """Returns the project's file with the settings of pytest for students.

    Args:
        text: String, the kit's `pyproject.toml`.
    """
    return TABLE.sub(lambda _: PYTEST, text)


def _task(label: str, words: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "label": label,
        # No shell between: it would read names anew.
        "type": "process",
        "command": "${command:python.interpreterPath}",
        "args": ["grade.py", *(word.format(task=THIS) for word in words)],
        "options": {"cwd": WORKSPACE},
        "presentation": {"panel": "dedicated", "clear": True},
        "problemMatcher": [],
    }
    if label == "Grade this file":
        made["group"] = {"kind": "test", "isDefault": True}
    if "--watch" in words:
        made["isBackground"] = True
    return made


def files() -> dict[str, str]:
    """Returns the files for editors, by their names in the student copy."""
    tasks = [_task(label, words) for label, words in TASKS.items()]
    found = {
        ".vscode/settings.json": SETTINGS,
        ".vscode/extensions.json": EXTENSIONS,
        ".vscode/tasks.json": {"version": "2.0.0", "tasks": tasks},
    }
    texts = {name: json.dumps(value, indent=4) + "\n" for name, value in found.items()}
    return {"conftest.py": CONFTEST, **texts}
