"""Which folders a pattern of nbgrader's names."""

from __future__ import annotations

import glob
from pathlib import Path

import pytest

from graders.course.patterns import matching


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Students with plain and odd names, each with a notebook."""
    for name in ("ada", "bob", "dan 1", "dan [1]", ".hid"):
        (tmp_path / name / "part").mkdir(parents=True)
        (tmp_path / name / "part" / "cnn.ipynb").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_is_itself(folder: Path) -> None:
    """The student `dan [1]` is found, and not `dan 1` in his place."""
    assert matching("dan [1]/part/*.ipynb") == ["dan [1]/part/cnn.ipynb"]
    assert matching(f"{folder}/dan [1]/part") == [f"{folder}/dan [1]/part"]


@pytest.mark.parametrize(
    "pattern",
    ["*/part", "a*/part/*.ipynb", "[ab]*/part", "?ob", "nobody/*", "*", "ada/no/*", "./b*"],
)
def test_patterns_mean_what_they_did(pattern: str, folder: Path) -> None:
    """A pattern that is nobody's name finds what nbgrader's own search finds."""
    assert sorted(matching(pattern)) == sorted(glob.glob(pattern))
    assert sorted(matching(f"{folder}/{pattern}")) == sorted(glob.glob(f"{folder}/{pattern}"))
