"""What editors are told: the line of a check, and the settings that a release writes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from graders import KIT
from graders.course import editors
from graders.editor import places
from graders.rubric import Check


def about(name: str, description: str) -> Check:
    """Returns a check with a description."""
    return Check(f"t::{name}", name, description, 1.0, ("Look.",), ())


def test_a_check_stands_at_the_function_that_it_names(tmp_path: Path) -> None:
    """The first function or class that its words name; else the first of the file."""
    path = tmp_path / "t.py"
    path.write_text(
        "import x\n\n\ndef first():\n    pass\n\n\nclass Own:\n    def train(self): pass\n"
    )
    checks = [
        about("a", "train returns what Own gives."),
        about("b", "Own is a class."),
        about("c", "Whatever."),
    ]
    assert places.lines(path, checks) == {"a": 8, "b": 7, "c": 3}


def test_a_file_that_cannot_be_read_has_its_first_line(tmp_path: Path) -> None:
    """Not Python, not text, not there: the tests are there all the same."""
    path = tmp_path / "t.py"
    for data in (b"def (", b"\xff\xfe", b"\0", b"x = 1\n"):
        path.write_bytes(data)
        assert places.lines(path, [about("a", "Whatever.")]) == {"a": 0}
    assert places.lines(tmp_path / "none.py", [about("a", "Whatever.")]) == {"a": 0}


def test_students_have_settings_of_their_own_for_pytest() -> None:
    """Instead of the kit's own tests, the exercises; all else stays as it is."""
    kit = (KIT / "pyproject.toml").read_text()
    found, before = tomllib.loads(editors.pyproject(kit)), tomllib.loads(kit)
    assert found["tool"].pop("pytest") == {
        "ini_options": {"testpaths": ["assignments"], "pythonpath": ["."]}
    }
    del before["tool"]["pytest"]
    assert found == before


def test_the_settings_are_what_editors_read() -> None:
    """JSON without comments; a command for each task of Visual Studio Code."""
    files = editors.files()
    for name, text in files.items():
        if name.endswith(".json"):
            json.loads(text)
    tasks = json.loads(files[".vscode/tasks.json"])["tasks"]
    assert [task["args"] for task in tasks][:2] == [
        ["grade.py", "${fileBasenameNoExtension}"],
        ["grade.py", "--hint", "${fileBasenameNoExtension}"],
    ]
    assert sum("group" in task for task in tasks) == 1
    compile(files["conftest.py"], "conftest.py", "exec")
