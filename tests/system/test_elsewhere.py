"""The student's path where the machine is not Linux: with all hidden that Windows or macOS lacks.

This machine has neither system. The kit's own modules see no more than these systems have (see
`tests/elsewhere`), which shows that nothing else is used; it does not show that Windows does what
its documentation says.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from graders import KIT

HOOK = KIT / "tests" / "elsewhere"
CORPUS = KIT / "tests" / "submissions" / "custom_layer"
SYSTEMS = ["win32", "darwin"]
ENDLESS = """\
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time\\ntime.sleep(600)  # {mark}"])
print("it began", flush=True)
while True:
    pass
"""


def environment(system: str, folder: Path) -> dict[str, str]:
    """Returns the environment in which the kit is elsewhere; on Linux if `system` is empty."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return kept | {
        "ELSEWHERE": system,
        "PYTHONPATH": str(HOOK),
        "KERAS_KIT_CACHE": str(folder / "cache"),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "200",
    }


@pytest.fixture(scope="module")
def student(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student copy of its own."""
    target = tmp_path_factory.mktemp("elsewhere") / "student"
    shutil.copytree(released / "student", target)
    return target


def grade(system: str, student: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Runs `grade.py` in the student copy, elsewhere."""
    return subprocess.run(
        [sys.executable, "grade.py", *words],
        cwd=student,
        env=environment(system, folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
    )


def verdict(done: subprocess.CompletedProcess) -> dict[str, Any]:
    """Returns the verdict on one task, from `--json -`."""
    try:
        [found] = json.loads(done.stdout)["tasks"]
    except ValueError:
        pytest.fail(done.stdout + done.stderr)
    return found


def left(folder: Path) -> list[str]:
    """Returns what is left in the folder for temporary files."""
    return sorted(path.name for path in (folder / "temporary").iterdir())


PROGRAM = """
import runpy, sys
sys.argv = ["grade.py"]
space = {"__name__": "graders.looking", "__builtins__": __builtins__}
exec('''
import os, select, signal, socket, subprocess, sys
found = [sys.platform, os.name]
for module in ("fcntl", "resource", "termios", "pwd"):
    try:
        __import__(module, globals())
        found.append(module)
    except ImportError:
        pass
for where, names in ((os, "fork memfd_create setsid killpg set_blocking getuid pread"),
        (signal, "SIGKILL SIGXCPU setitimer"), (select, "poll"), (socket, "AF_UNIX send_fds")):
    found += [name for name in names.split() if hasattr(where, name)]
try:
    subprocess.Popen([sys.executable, "-c", ""], pass_fds=[0]).wait()
    found.append("pass_fds")
except ValueError:
    pass
''', space)
print(*space["found"])
"""


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("win32", "win32 nt"),
        (
            "darwin",
            "darwin posix fcntl resource termios pwd fork setsid killpg set_blocking getuid pread"
            " SIGKILL SIGXCPU setitimer poll AF_UNIX send_fds pass_fds",
        ),
    ],
)
def test_the_hook_hides(system: str, expected: str, tmp_path: Path) -> None:
    """What the kit's own modules find is what that system has: the tests below would tell."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(system, tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == expected.split(), done.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_right_and_wrong_work(system: str, student: Path, tmp_path: Path) -> None:
    """A right and a wrong submission get the verdicts that they get on Linux; nothing is left."""
    wrong = CORPUS / "wrong" / "always_trainable.py"
    found = {}
    for where in (system, ""):
        folder = tmp_path / (where or "linux")
        folder.mkdir()
        for path in (CORPUS / "right" / "plain_build_in_steps.py", wrong):
            words = ("custom_layer", "--from", str(path), "--json", "-", "--no-cache")
            task = verdict(grade(where, student, folder, *words))
            assert task["isolation"] == ("process" if where else task["isolation"])
            found[where, path.stem] = [
                (check["id"], check["outcome"], check["points"], check["message"])
                for check in task["checks"]
            ]
        assert left(folder) == []
    assert {outcome for _, outcome, _, _ in found[system, "plain_build_in_steps"]} == {"passed"}
    assert "failed" in {outcome for _, outcome, _, _ in found[system, wrong.stem]}
    for stem in ("plain_build_in_steps", wrong.stem):
        assert found[system, stem] == found["", stem]


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_endless_loop_is_ended_with_all_that_it_started(
    system: str, student: Path, tmp_path: Path
) -> None:
    """It runs out of its time, what it printed is there, and no process and no file is left."""
    mark = f"left over of {tmp_path}"
    path = tmp_path / "custom_layer.py"
    path.write_text(ENDLESS.format(mark=mark), encoding="utf-8")
    words = ("custom_layer", "--from", str(path), "--timeout", "6", "--verbose")
    done = grade(system, student, tmp_path, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "did not finish within 6 s and was stopped" in done.stdout
    assert "it began" in done.stdout and "absl" not in done.stdout
    running = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    assert not [line for line in running if mark in line]
    assert left(tmp_path) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_killed_grader_leaves_nothing_running(system: str, student: Path, tmp_path: Path) -> None:
    """Nobody is left to end the sandbox, and it ends all the same, in the middle of a loop."""
    mark = f"left over of {tmp_path}"
    path = tmp_path / "custom_layer.py"
    path.write_text(ENDLESS.format(mark=mark), encoding="utf-8")

    def running() -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if mark in " ".join(process.info["cmdline"] or ())
        ]

    command = [sys.executable, "grade.py", "custom_layer", "--from", str(path)]
    with subprocess.Popen(
        command, cwd=student, env=environment(system, tmp_path), stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not running() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert running()
        process.kill()
    while running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running()


def test_hint_and_messages(student: Path, tmp_path: Path) -> None:
    """--hint gives a hint; a file that is no text, and one that is a link, are told in one line."""
    path = tmp_path / "custom_layer.py"
    path.write_text("class CustomDense:\n    pass\n", encoding="utf-8")
    done = grade("win32", student, tmp_path, "--hint", "custom_layer", "--from", str(path))
    assert done.returncode == 0 and "Hint 1" in done.stdout, done.stdout + done.stderr
    path.write_bytes(b"\xff\xfe\x00")
    done = grade("win32", student, tmp_path, "custom_layer", "--from", str(path))
    assert "is not UTF-8 text" in done.stdout, done.stdout + done.stderr
    path.unlink()
    path.symlink_to(CORPUS / "right" / "plain_build_in_steps.py")
    done = grade("win32", student, tmp_path, "custom_layer", "--from", str(tmp_path))
    assert "is a link" in done.stdout, done.stdout + done.stderr


def first_message(system: str, student: Path, folder: Path, path: Path) -> float:
    """Returns the seconds from the start of `grade.py` to the first message on a submission."""
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "grade.py", "custom_layer", "--from", str(path), "--no-cache"],
        cwd=student,
        env=environment(system, folder),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Expected" in line:
                seconds = time.monotonic() - started
                break
        else:
            pytest.fail("there was no message")
        process.stdout.read()
    return seconds


def test_the_time_to_the_first_message(
    student: Path, tmp_path: Path, record_property: Any, capsys: pytest.CaptureFixture
) -> None:
    """Started side by side and ahead, two processes take less than one after the other would."""
    wrong = CORPUS / "wrong" / "always_trainable.py"
    # The first run of each fills caches, bytecode among them.
    times = {
        where: [first_message(where, student, tmp_path, wrong) for _ in range(2)][-1]
        for where in ("", *SYSTEMS)
    }
    words = ", ".join(f"{where or 'linux'} {value:.1f} s" for where, value in times.items())
    record_property("first message", words)
    with capsys.disabled():
        print(f"\nTime to the first message: {words}")
    assert max(times.values()) < 3 * times[""] + 5


def test_watch(student: Path, tmp_path: Path) -> None:
    """--watch grades a save, with a grader that has been waiting for it."""
    path = tmp_path / "custom_layer.py"
    path.write_text("raise ValueError('first')\n", encoding="utf-8")
    lines: queue.Queue[str] = queue.Queue()
    process = subprocess.Popen(
        [sys.executable, "grade.py", "custom_layer", "--watch", "--from", str(path)],
        cwd=student,
        env=environment("win32", tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()

    def wait_for(words: str) -> None:
        seen = []
        with contextlib.suppress(queue.Empty):
            while True:
                seen.append(lines.get(timeout=180))
                if words in seen[-1]:
                    return
        pytest.fail(f"{words!r} did not come: {seen}")

    try:
        wait_for("ValueError: first")
        wait_for("Watching for changes")
        shutil.copy(CORPUS / "right" / "plain_build_in_steps.py", path)
        wait_for("custom_layer: passed, 10 of 10 points")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
                break
        # Right after its last line the grading may count as under way: "grade.py: stopped. …".
        wait_for("topped.")
        assert left(tmp_path) == []
    finally:
        process.kill()
