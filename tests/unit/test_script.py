"""What goes along with a script that `doctor` examines."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.submission import script


def write(folder: Path, files: dict[str, str]) -> Path:
    """Writes files below a folder; returns the first."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / next(iter(files))


def test_what_it_names_and_imports_goes_along(tmp_path: Path) -> None:
    """Files by their names, modules, packages, and what those need in turn; nothing else."""
    files = {
        "train.py": 'import numpy, one.two as t\nfrom three import four\nopen("data/a.csv")\n',
        "one/__init__.py": "from . import beside\n",
        "one/two.py": "from .other import f\n",
        "one/other.py": 'f = open("own.npz")\n',
        "one/own.npz": "1",
        "one/beside.py": "import three\n",
        "one/computed.py": "",
        "three.py": "def four(:\n",
        "data/a.csv": "1,2\n",
        "data/b.csv": "3,4\n",
        "four.py": "",
    }
    found = script.read(write(tmp_path, files))
    assert sorted(found.files) == sorted(set(files) - {"train.py", "data/b.csv", "four.py"})
    assert found.left_out == ()


def test_nothing_from_outside_its_folder_goes_along(tmp_path: Path) -> None:
    """Neither by a path upward, nor by a relative import, nor by a link."""
    (tmp_path / "secret.py").write_text("")
    text = "from .. import secret\nfrom ..secret import x\nopen('../secret.py')\nopen('link.py')\n"
    path = write(tmp_path / "mine", {"train.py": text})
    (tmp_path / "mine" / "link.py").symlink_to(tmp_path / "secret.py")
    assert script.read(path).files == {}


def test_a_text_need_not_be_a_path(tmp_path: Path) -> None:
    """A zero byte, a folder and a name without a file are left alone."""
    (tmp_path / "folder.d").mkdir()
    text = 'a = "x\\0.csv"\nb = "folder.d"\nc = "no.csv"\n'
    found = script.read(write(tmp_path, {"train.py": text}))
    assert (found.files, found.left_out) == ({}, ())


def test_what_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays where it is."""
    monkeypatch.setattr(script, "MOST_BYTES", 100)
    files = {"train.py": "open('large.csv')\nopen('small.csv')\n", "large.csv": "1" * 101,
             "small.csv": "2"}  # fmt: skip
    found = script.read(write(tmp_path, files))
    assert (list(found.files), found.left_out) == (["small.csv"], ("large.csv",))
