"""Who is graded: names of students' folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders import rubric
from graders.course import handed_in

TASK = rubric.find("custom_layer")
SECTION = TASK.section

ODD = [
    "dan [1]", "O'Neil", 'the "boss"', "Doe, Jane", " blank ", "_wes", "zoë", "👩‍💻", "a;b", "{x}",
    "%s", "-v", "=1+1", "ada\u202e", "$HOME", "a\\b", "日本",
]  # fmt: skip
REFUSED = {
    "what?": "* or ?", "*": "* or ?", "two\nlines": "no text", ".hid": "begins with a dot",
}  # fmt: skip


def make(folder: Path, *names: str) -> Path:
    """Makes a class of students with these names."""
    for name in names:
        (folder / name / SECTION).mkdir(parents=True)
    return folder


def test_odd_names_are_names(tmp_path: Path) -> None:
    """Brackets, quotes, commas, blanks, emoji: each is a student."""
    works = handed_in.collect(make(tmp_path, *ODD), (), [TASK])
    assert sorted(work.student for work in works) == sorted(ODD)
    assert not handed_in.refused(tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_what_nbgrader_cannot_take_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """The others are graded; who asks for this one is told why it is not."""
    make(tmp_path, name, "ada")
    [work] = handed_in.collect(tmp_path, (), [TASK])
    assert work.student == "ada"
    [(found, reason)] = handed_in.refused(tmp_path).items()
    assert found == name
    with pytest.raises(handed_in.CannotGrade, match="is not graded: it"):
        handed_in.collect(tmp_path, [name], [TASK])
    assert REFUSED[name] in reason


def test_a_name_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    """The gradebook could not keep it."""
    os.makedirs(os.fsencode(tmp_path / "b") + b"\xff/" + SECTION.encode())
    assert list(handed_in.refused(tmp_path).values()) == [
        "its name holds characters that are no text"
    ]


def test_folders_of_tools_are_nobody(tmp_path: Path) -> None:
    """What macOS, git and Jupyter leave is neither graded nor named."""
    make(tmp_path, "__MACOSX", "ada")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    assert [work.student for work in handed_in.collect(tmp_path, (), [TASK])] == ["ada"]
    assert not handed_in.refused(tmp_path)
