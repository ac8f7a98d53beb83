"""The runner's folder for temporary files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from graders.rubric import KIT
from graders.runner import Settings, scratch
from graders.runner.isolation import Isolation
from graders.runner.machine import Stopped, ThisMachine


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that such folders are made in."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def old(path: Path) -> None:
    """Makes a folder look an hour old."""
    os.utime(path, (path.stat().st_atime - 3600, path.stat().st_mtime - 3600))


def test_what_a_killed_runner_left_is_removed(place: Path) -> None:
    """Its folder is held by nobody; that of one that lives is, however old it is."""
    lives = scratch.Scratch()
    code = (
        "import os, signal, tempfile, sys\n"
        "from graders.runner.scratch import Scratch\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "print(Scratch().path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(place)], cwd=KIT, capture_output=True, text=True
    )
    left = Path(done.stdout.strip())
    assert left.is_dir()
    for path in (left, Path(lives.path)):
        old(path)
    scratch.sweep()
    assert not left.exists() and Path(lives.path).exists()
    lives.close()
    assert not any(place.iterdir())


def test_a_new_folder_and_other_files_stay(place: Path) -> None:
    """What was made just now may not be held yet; links and files are not followed."""
    (place / "keras-kit-new").mkdir()
    (place / "other").mkdir()
    (place / "keras-kit-link").symlink_to(place / "other")
    (place / "keras-kit-file").write_text("")
    old(place / "other")
    scratch.sweep()
    assert len(list(place.iterdir())) == 4


def test_a_place_is_closed_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C closes it from two threads at once: a second close of a file could hit another's."""
    closed: list[str] = []
    let_go = threading.Event()

    def close(held: scratch.Scratch) -> None:
        closed.append(held.path)
        let_go.wait(10)

    monkeypatch.setattr(scratch.Scratch, "close", close)
    machine = ThisMachine(Isolation("process"))
    machine._folder()
    threads = [threading.Thread(target=machine.close) for _ in range(2)]
    for thread in threads:
        thread.start()
    threads[1].join(10)
    let_go.set()
    threads[0].join(10)
    assert len(closed) == 1
    with pytest.raises(Stopped):
        machine.warm_up(Settings())
