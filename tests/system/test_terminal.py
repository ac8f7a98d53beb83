"""Terminals: wide and narrow, with and without colour, dumb, none at all; and no network."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graders import rubric
from graders.reports import text
from graders.rubric import KIT
from graders.rubric import bounds as thresholds
from tests.verdicts import check, task, verdict

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[\d;]+)(?:;\d+)*m")
STATUSES = ("passed", "failed", "error", "not_started", "grader_error")


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Runs grade.py on a terminal; returns what that got."""
    ours, theirs = pty.openpty()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "grade.py", *arguments],
        cwd=KIT,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "COLUMNS": "80", "LANG": "C.UTF-8", **environment},
    )
    os.close(theirs)
    output = b""
    # The end of the other side is an error on Linux.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            output += part
    os.close(ours)
    assert process.wait(60) == 1
    return output.decode("utf-8")


@pytest.fixture
def work(tmp_path: Path) -> str:
    """Work on two tasks that is graded at once: it does not parse."""
    for name in ("cnn", "lstm"):
        (tmp_path / f"{name}.py").write_text("def broken(:\n")
    return str(tmp_path)


def test_colours_where_they_are_wanted(work: str) -> None:
    """A terminal has colours, unless NO_COLOR says no; the words are the same."""
    coloured = on_a_terminal("--from", work, TERM="xterm-256color")
    assert COLOUR.search(coloured)
    plain = on_a_terminal("--from", work, TERM="xterm-256color", NO_COLOR="1")
    assert not COLOUR.search(plain)
    for words in ("Syntax error in cnn.py, line 1", "0 of 2 tasks complete, 0 of 20 points"):
        assert words in coloured and words in plain


def test_a_dumb_terminal_gets_text_only(work: str) -> None:
    """TERM=dumb, as in an editor's shell: no escape sequence, nothing is drawn over."""
    found = on_a_terminal("--from", work, TERM="dumb")
    assert "\x1b" not in found
    assert "\r" not in found.replace("\r\n", "\n")
    assert "Syntax error in lstm.py, line 1" in found


def test_without_a_terminal_there_is_text_only(work: str) -> None:
    """Into a file or a pipe, without a terminal's name or with one: no escape sequence."""
    for term in ({}, {"TERM": "xterm-256color"}):
        done = subprocess.run(
            [sys.executable, "grade.py", "--from", work],
            cwd=KIT,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": work, "LANG": "C.UTF-8", **term},
        )
        assert done.returncode == 1, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert "0 of 2 tasks complete" in done.stdout
        # What is to be copied, as a command with its path, stays on one line.
        assert all(len(line) <= 80 or work in line for line in done.stdout.splitlines())


@pytest.mark.parametrize("status", STATUSES)
def test_a_row_of_the_summary_is_one_line(status: str) -> None:
    """On 80 columns each task has its row, with name, status, checks, points and seconds."""
    tasks = [
        task(t.id, status, tuple(check(c.id, points=0.25) for c in t.checks))
        for t in rubric.tasks()
    ]
    shown = text.plain(text.summary(verdict(*tasks)))
    for item in tasks:
        word = text.WORDS.get(status, status)
        count = len(item.checks)
        row = rf"^ *{item.task} +{word} +{count}/{count} +{count / 4:g}/{10 * count} +1\.5 *$"
        assert re.search(row, shown, re.MULTILINE), shown
    assert max(map(len, shown.splitlines())) <= 80


def test_names_are_whole_in_every_table() -> None:
    """On 80 columns no table cuts the name of a task, a section, a check or a measure."""
    tasks = rubric.tasks()
    rows = {item.id: thresholds.rows(item.id) for item in tasks}
    shown = text.plain(text.rubric_table(tasks, verbose=True)) + text.plain(text.bounds_table(rows))
    words = set(shown.split())
    for item in tasks:
        assert {item.id, item.section, *(found.name for found in item.checks)} <= words
        assert {name for name in rows[item.id] if not name.startswith("_")} <= words
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_without_a_network_one_line_says_so(tmp_path: Path) -> None:
    """`--data cifar10` offline: the grader's failure and not the student's, and the way out."""
    offline = ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*offline, "true"], check=False).returncode:
        pytest.skip("no network can be taken away here")
    done = subprocess.run(
        [*offline, sys.executable, "grade.py", "cnn", "--reference", "--data", "cifar10"],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=600,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "KERAS_KIT_CACHE": str(tmp_path),
            "KERAS_HOME": str(tmp_path),
            "COLUMNS": "500",
        },
    )
    assert done.returncode == 2
    [line] = [line.strip() for line in done.stdout.splitlines() if "cifar10" in line]
    assert line.startswith("cnn: The data set 'cifar10' could not be had from Keras's cache")
    assert line.endswith("The default data need no download: leave --data away.")
    assert "Traceback" not in done.stdout + done.stderr
    assert "cnn: grader error, 0 of 10 points" in done.stdout
