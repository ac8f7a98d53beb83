"""`--isolation`: at least this level, or nothing is graded."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders.rubric import KIT
from graders.walls import kernel, levels, seccomp
from tests.levels import lacking

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
# Would be seen if anything of it was run.
SUBMISSION = "open({mark!r}, 'w').close()\nraise ValueError('it ran')\n"


def _without(*names: str) -> None:
    """Takes system calls from this process and its children: as a container does."""
    column = seccomp.ARCHITECTURES[os.uname().machine] != seccomp.ARCHITECTURES["x86_64"]
    known = seccomp.REFUSED | seccomp.PRETENDED | {"landlock": (444, 444)}
    numbers = [known[name][column] for name in names]
    lines = [(seccomp.LOAD, 0, 0, seccomp.NUMBER_AT)]
    for number in numbers:
        lines += [(seccomp.EQUAL, 0, 1, number), (seccomp.RETURN, 0, 0, 0x00050000 | errno.EPERM)]
    lines += [(seccomp.RETURN, 0, 0, seccomp.ALLOW)]
    code = b"".join(struct.pack("<HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(lines), ctypes.addressof(buffer))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    mode = ctypes.c_ulong(seccomp.MODE_FILTER)
    assert kernel.libc().prctl(seccomp.PR_SET_SECCOMP, mode, header, 0, 0) == 0


def grade(tmp_path: Path, *options: str, lost: tuple[str, ...] = ()) -> tuple[int, str, str]:
    """Runs grade.py on a submission that leaves a mark, without some system calls."""
    path = tmp_path / "cnn.py"
    path.write_text(SUBMISSION.format(mark=str(tmp_path / "mark")))
    done = subprocess.run(
        [sys.executable, "grade.py", "cnn", "--from", str(path), "--no-cache", *options],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: _without(*lost),
    )
    return done.returncode, done.stdout, done.stderr


LOST = {
    "namespaces": ("unshare",),
    "landlock": ("unshare", "landlock"),
    # Not even the filter's own effect can be tried: nothing starts a session.
    "user": ("unshare", "landlock", "setsid"),
}


@pytest.mark.parametrize("demanded", LOST)
def test_a_level_that_is_not_to_be_had_grades_nothing(demanded: str, tmp_path: Path) -> None:
    """One line that names the level and what to do, exit code 2, and nothing was run."""
    code, out, error = grade(tmp_path, "--isolation", demanded, lost=LOST[demanded])
    assert code == 2
    assert out == ""
    [line] = error.splitlines()
    assert f"level {demanded} is demanded" in line
    assert "Nothing was graded" in line
    assert f"no {demanded} (" in line
    assert not (tmp_path / "mark").exists()


def test_a_refusal_is_quick(tmp_path: Path) -> None:
    """Neither Keras nor a submission is imported to find out."""
    start = os.times()
    begun = time.monotonic()
    grade(tmp_path, "--isolation", "namespaces", lost=LOST["namespaces"])
    wall, end = time.monotonic() - begun, os.times()
    used = end.children_user + end.children_system - start.children_user - start.children_system
    # Processor time: other tests run beside this one.
    assert used < 2, wall


@pytest.mark.parametrize("level", ["namespaces", "landlock"])
def test_the_level_is_in_the_verdict(level: str, tmp_path: Path) -> None:
    """What is demanded and had is graded, and told in the report."""
    missing = lacking(level)
    if missing:
        pytest.skip(missing)
    lost = LOST["namespaces"] if level == "landlock" else ()
    report = tmp_path / "report.json"
    code, _, error = grade(tmp_path, "--isolation", level, "--json", str(report), lost=lost)
    assert code == 1, error
    [task] = json.loads(report.read_text())["tasks"]
    assert task["isolation"] == level
    assert task["status"] == "error"


def test_a_higher_level_than_demanded_will_do(tmp_path: Path) -> None:
    """`--isolation process` is met by every machine."""
    assert grade(tmp_path, "--isolation", "process")[0] == 1


@pytest.mark.parametrize("level", ["none", "", "NAMESPACES", "full"])
def test_an_unknown_level_is_a_mistake_of_the_command(level: str, tmp_path: Path) -> None:
    """The known ones are named."""
    code, _, error = grade(tmp_path, "--isolation", level)
    assert code == 2
    assert all(name in error for name in levels.LEVELS)
