"""However a submission is graded, its verdict is the same."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from graders import rubric
from graders.cli.watch import Interrupt
from graders.rubric import KIT
from graders.runner import Event, Request, Runner, Settings, ThisMachine, warm
from graders.runner.events import CheckStarted
from graders.verdict import TaskVerdict
from graders.walls.totals import descendants
from tests.programs import cnn, run

LAYER = rubric.find("custom_layer")
CASES = sorted((KIT / "tests" / "submissions" / "custom_layer").glob("*/*.py"))[4:24:10]
SECRET = b"the same draw in each mode"


def essence(verdict: TaskVerdict) -> dict[str, Any]:
    """Returns what must not depend on the way of grading: all but times and `cached`."""
    found = verdict.to_json()
    for key in ("seconds", "cached", "isolation"):
        del found[key]
    for check in found["checks"]:
        del check["seconds"]
    return found


def test_modes_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, side by side, watched, from the store, forked and spawned: the same verdicts."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    modes = {
        "jobs 1": Settings(secret=SECRET, use_store=True),
        "cached": Settings(secret=SECRET, use_store=True),
        "jobs 2": Settings(secret=SECRET, jobs=2, threads=1),
        "spawned": Settings(secret=SECRET, spawn=True),
    }
    requests = [Request(LAYER, path) for path in CASES]
    found = {}
    for name, settings in modes.items():
        with Runner(settings) as runner:
            found[name] = runner.grade(requests).tasks
            if name == "jobs 1":
                # What --watch does on a save: the same warm process once more, nothing stored.
                runner.settings = dataclasses.replace(settings, use_store=False)
                found["watched"] = runner.grade(requests).tasks
    assert all(task.cached for task in found["cached"])
    expected = [essence(task) for task in found["jobs 1"]]
    assert {task["status"] for task in expected} >= {"passed", "failed"}
    for name, verdicts in found.items():
        assert [essence(task) for task in verdicts] == expected, name


def test_an_interrupt_ends_what_runs_side_by_side(tmp_path: Path) -> None:
    """Ctrl-C with several jobs ends at once, not when the last of them is through."""
    paths = [tmp_path / "cnn.py", tmp_path / "custom_layer.py"]
    for path in paths:
        path.write_text("while True:\n    pass\n")
    main = threading.main_thread().ident
    assert main is not None

    def listen(task: str, event: Event) -> None:
        if isinstance(event, CheckStarted):
            signal.pthread_kill(main, signal.SIGINT)

    started = time.monotonic()
    with (
        Runner(Settings(jobs=2, seconds=300), listen) as runner,
        pytest.raises(KeyboardInterrupt),
    ):
        runner.grade([Request(rubric.find(path.stem), path) for path in paths])
    assert time.monotonic() - started < 150


def stopped(folder: Path, *arguments: str, until: str) -> subprocess.CompletedProcess[str]:
    """Grades two tasks of a folder, the second without end, and presses Ctrl-C in its training.

    Every process gets the signal, as one that a careless program sends to all of them.
    """
    (folder / "custom_layer.py").write_text(LAYER.reference.read_text())
    (folder / "cnn.py").write_text(cnn(train="print('training', flush=True)\n    while True: pass"))
    process = subprocess.Popen(
        [sys.executable, "grade.py", "--from", str(folder), *arguments],
        cwd=KIT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_KIT_CACHE": str(folder / "cache")},
    )
    try:
        deadline = time.monotonic() + 200
        while until not in "".join(map(str, folder.rglob("*.json"))):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        time.sleep(20)
        for pid in [*descendants(process.pid)][::-1]:
            os.kill(pid, signal.SIGINT)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return subprocess.CompletedProcess([], process.returncode, out, err)


@pytest.mark.parametrize(
    "arguments", [["custom_layer", "cnn"], ["custom_layer", "cnn", "--jobs", "2"]], ids=" ".join
)
def test_an_interrupted_task_has_no_verdict(arguments: list[str], tmp_path: Path) -> None:
    """One line: what was graded before, and is kept; nothing of the other, and no file."""
    target = tmp_path / "out" / "verdict.json"
    target.parent.mkdir()
    done = stopped(tmp_path, *arguments, "--json", str(target), until="verdicts")
    assert done.returncode == 2
    assert done.stderr == (
        "grade.py: stopped. Graded before: custom_layer (passed, 10 of 10 points). "
        f"Not graded: cnn. Nothing was written to {target}.\n"
    )
    assert re.fullmatch(r"custom_layer: passed, 10 of 10 points, [\d.]+ s\n", done.stdout)
    assert not target.exists()
    again = run("custom_layer", "--from", str(tmp_path), KERAS_KIT_CACHE=str(tmp_path / "cache"))
    assert "(cached)" in again.stdout


def test_watch_notes_an_interrupt_that_python_dropped() -> None:
    """An interrupt that was raised where nobody heard it is raised again."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupt() as interrupt:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        interrupt.check()
    assert signal.getsignal(signal.SIGINT) is before


def test_watch_grades_again_on_save(tmp_path: Path) -> None:
    """--watch: a save grades that file again, a half-saved file is one line, Ctrl-C is clean."""
    path = tmp_path / "cnn.py"
    path.write_text("def build_model(input_shape, num_classes):\n    raise ValueError('first')\n")
    process = subprocess.Popen(
        [sys.executable, "grade.py", "cnn", "--watch", "--from", str(tmp_path)],
        cwd=KIT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "KERAS_KIT_CACHE": str(tmp_path / "cache"), "PYTHONUNBUFFERED": "1"},
    )
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(
        target=lambda: [lines.put(line) for line in process.stdout], daemon=True
    ).start()

    def wait_for(words: str) -> None:
        deadline = time.monotonic() + 180
        seen = []
        while time.monotonic() < deadline:
            try:
                seen.append(lines.get(timeout=1))
            except queue.Empty:
                continue
            if words in seen[-1]:
                return
        pytest.fail(f"{words!r} did not come: {seen}")

    try:
        wait_for("ValueError: first")
        wait_for("Watching for changes")
        path.write_text("def build_model(input_shape, num_cl")
        wait_for("Syntax error in cnn.py, line 1")
        path.write_text(
            "def build_model(input_shape, num_classes):\n    raise ValueError('third')\n"
        )
        wait_for("ValueError: third")
        wait_for("cnn: error, 0 of 10 points")
        # As a person does: once more if nothing happens.
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
                break
        # Right after its last line a grading may still count as under way, and is told of.
        wait_for("topped.")
        assert process.wait(20) in (1, 2)
    finally:
        process.kill()


def test_bytecode_is_kept_where_the_user_allows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Beside the sources by default; in the kit's cache where nothing may be written there."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert warm.bytecode_variables() == {}
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(importlib.util, "cache_from_source", lambda _: str(tmp_path / "none"))
    assert warm.bytecode_variables() == {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    # The installer compiled already: nothing is to be written, and nothing to be read elsewhere.
    monkeypatch.setattr(importlib.util, "cache_from_source", lambda _: __file__)
    assert warm.bytecode_variables() == {"PYTHONDONTWRITEBYTECODE": "1"}


def test_the_warm_process_outlives_the_thread_that_started_it() -> None:
    """A pool of threads ends; what the runner grades after it needs no new warm process."""
    task = rubric.find("custom_layer")
    request = Request(task, task.reference, is_reference=True)
    found: list[tuple[str, str]] = []
    machine = ThisMachine()
    with Runner(Settings(threads=1), place=machine) as runner:

        def grade_one() -> None:
            verdict = runner.grade_task(request)
            found.append((verdict.status, verdict.message))

        starter = threading.Thread(target=grade_one)
        starter.start()
        starter.join()
        process = machine.warm_up(runner.settings)
        grade_one()
        assert found == [("passed", "")] * 2
        assert machine.warm_up(runner.settings) is process


@pytest.mark.skipif(sys.platform != "linux", reason="there is no warm process")
def test_the_warm_process_ends_with_a_runner_that_is_killed() -> None:
    """Nobody is left to end it, and it ends all the same."""
    program = (
        "import os, pathlib\n"
        "from graders.runner import Runner, Settings\n"
        "runner = Runner(Settings())\n"
        "runner.warm_up()\n"
        "tasks = pathlib.Path('/proc/self/task')\n"
        "[warm] = (tasks / str(os.getpid()) / 'children').read_text().split()\n"
        "print(warm, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=KIT,
        text=True,
    ) as killed:
        assert killed.stdout is not None
        warm = Path("/proc") / killed.stdout.readline().strip()
        assert warm.exists()
        killed.kill()
    # It sees the end of its socket once it has imported TensorFlow.
    deadline = time.monotonic() + 120
    while warm.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not warm.exists()
