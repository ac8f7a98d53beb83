"""A sandbox's scratch folder is taken away, whatever a submission has made in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders.system import cleaning
from graders.walls import totals

MEMORY = 2**40


def _deep(folder: Path, depth: int) -> None:
    """Makes folders in folders, with a file in the last one."""
    back = os.getcwd()
    os.chdir(folder)
    try:
        for _ in range(depth):
            os.mkdir("deep")
            os.chdir("deep")
        Path("file").write_text("kept")
    finally:
        os.chdir(back)


def test_folders_of_any_depth_are_removed(tmp_path: Path) -> None:
    """3000 folders in each other are longer than a path may be, and deeper than Python recurses."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    _deep(scratch, 3000)
    cleaning.remove(str(scratch))
    assert not scratch.exists()


def test_closed_folders_are_removed(tmp_path: Path) -> None:
    """Folders that may not be listed or entered go, too."""
    for mode in (0o000, 0o300, 0o500):
        closed = tmp_path / "scratch" / f"{mode}" / "inner"
        closed.mkdir(parents=True)
        (closed / "file").write_text("kept")
        closed.chmod(mode)
        closed.parent.chmod(mode)
    cleaning.remove(str(tmp_path / "scratch"))
    assert not (tmp_path / "scratch").exists()


def test_no_link_is_followed(tmp_path: Path) -> None:
    """What links lead to stays."""
    outside, scratch = tmp_path / "outside", tmp_path / "scratch"
    outside.mkdir()
    scratch.mkdir()
    (outside / "file").write_text("kept")
    (scratch / "link").symlink_to(outside)
    (tmp_path / "other").symlink_to(outside)
    cleaning.remove(str(scratch))
    cleaning.remove(str(tmp_path / "other"))
    assert not scratch.exists()
    assert (outside / "file").read_text() == "kept"


def test_odd_names_are_removed(tmp_path: Path) -> None:
    """Names that are no text, pipes and sockets go, too."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    os.mkdir(os.fsencode(scratch) + b"/\xff\n")
    os.mkfifo(scratch / "pipe")
    cleaning.remove(str(scratch))
    assert not scratch.exists()


def test_a_users_files_in_folders_for_everybody_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and folders of one user count, and others' do not."""
    monkeypatch.setattr(totals, "FOR_EVERYBODY", (str(tmp_path), "/not/there"))
    monkeypatch.setattr(totals, "SCRATCH_BYTES", 2**20)
    scratch, file = tmp_path / "scratch", tmp_path / "file"
    scratch.mkdir()
    file.write_bytes(bytes(2**21))
    user = os.getuid()
    assert sorted(totals.files_of(user)) == [str(file), str(scratch)]
    assert totals.files_of(user + 1) == []
    found = totals.Totals(MEMORY, str(scratch), user).exceeded(os.getpid())
    assert found is not None and found.limit == "scratch"
    assert totals.Totals(MEMORY, str(scratch), user + 1).exceeded(os.getpid()) is None
    cleaning.remove(str(file))
    assert not file.exists()


@pytest.mark.parametrize("depth", [3, totals.MOST_DEPTH + 2])
def test_what_cannot_be_counted_is_too_much(depth: int, tmp_path: Path) -> None:
    """Folders deeper than anybody needs count as more than allowed."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    _deep(scratch, depth)
    found = totals.Totals(MEMORY, str(scratch)).exceeded(os.getpid())
    assert (found is None) == (depth == 3)
    cleaning.remove(str(scratch))
