"""Whose end was it? What the machine, or we, end is no verdict on a submission."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.rubric import KIT
from graders.runner import Event, Request, Runner, Settings, Stopped, ThisMachine
from graders.runner.events import CheckStarted, Interrupted
from graders.verdict import TaskVerdict
from tests import faults
from tests.course import REFERENCE, SECTION, TASK
from tests.levels import lacking

needs_namespaces = pytest.mark.skipif(
    bool(lacking("namespaces")), reason="roles are those of the level namespaces"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A verdict store of its own."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "verdicts"


def write(folder: Path, count: int) -> list[Request]:
    """Writes right work of several students; no two texts are the same."""
    found = []
    for number in range(count):
        path = folder / f"student{number}" / SECTION / f"{TASK.id}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"{REFERENCE}\n# {number}\n")
        found.append(Request(TASK, path))
    return found


def stored(store: Path) -> list[dict[str, Any]]:
    """Returns the verdicts in the store."""
    return [json.loads(json.loads(path.read_text())["body"]) for path in store.rglob("*.json")]


class Fault:
    """Ends processes of a role when the third check or a later one starts, a number of times."""

    CHECKS = frozenset(check.name for check in TASK.checks[2:])

    def __init__(self, role: str, number: int, times: int):
        self.role, self.number, self.left = role, number, times
        self.interrupted = 0
        # One grading gets one fault: the next waits until it was noticed.
        self._noticed = True
        self._lock = threading.Lock()

    def __call__(self, task: str, event: Event) -> None:
        """Listens to a runner."""
        with self._lock:
            if isinstance(event, Interrupted):
                self.interrupted, self._noticed = self.interrupted + 1, True
            begins = isinstance(event, CheckStarted) and event.check in self.CHECKS
            # There may be no such process now: a grading may be between two sandboxes.
            if (
                self.left
                and self._noticed
                and begins
                and faults.end(os.getpid(), self.role, self.number)
            ):
                self.left, self._noticed = self.left - 1, False


# A warm process, a guard and a grader end by SIGTERM, too; the first process of a namespace does not.
ENDS = [(role, signal.SIGKILL) for role in faults.ROLES] + [
    (role, signal.SIGTERM) for role in ("guard", "grader", "student")
]


@needs_namespaces
@pytest.mark.parametrize(("role", "number"), ENDS, ids=str)
def test_what_the_machine_ends_is_graded_again(
    role: str, number: signal.Signals, store: Path, tmp_path: Path
) -> None:
    """Whichever process is killed, each right work has its points, and nothing else is stored."""
    fault = Fault(role, number, 1)
    settings = Settings(jobs=2, threads=1, use_store=True, settle=True)
    with Runner(settings, fault) as runner:
        verdict = runner.grade(write(tmp_path, 3))
    assert [task.status for task in verdict.tasks] == ["passed"] * 3
    assert fault.left == 0
    assert fault.interrupted
    assert [entry["status"] for entry in stored(store)] == ["passed"] * 3


@needs_namespaces
@pytest.mark.parametrize("role", ["student", "guard", "grader", "warm"])
def test_what_is_ended_again_could_not_be_graded(role: str, store: Path, tmp_path: Path) -> None:
    """Neither points nor 0 points: nothing is stored, and the next run grades it."""
    fault = Fault(role, signal.SIGKILL, 2)
    [request] = write(tmp_path, 1)
    settings = Settings(use_store=True, settle=True)
    with Runner(settings, fault) as runner:
        verdict = runner.grade_task(request)
        assert (verdict.status, verdict.points, fault.interrupted) == ("grader_error", 0, 2)
        assert "Could not be graded: " in verdict.message
        assert "SIGKILL" in verdict.message or "from outside" in verdict.message
        assert not stored(store)
        assert runner.grade_task(request).status == "passed"
    assert [entry["status"] for entry in stored(store)] == ["passed"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_closed_runner_has_no_verdict(jobs: int, store: Path, tmp_path: Path) -> None:
    """Who stops a runner gets `Stopped` from what is under way, and nothing is stored or told."""
    told: list[Event] = []
    begun = threading.Event()

    def listen(task: str, event: Event) -> None:
        told.append(event)
        begun.set()

    runner = Runner(Settings(jobs=jobs, use_store=True, settle=True), listen)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            runner.grade(write(tmp_path, 2))
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(120)
    runner.close()
    thread.join(60)
    assert not thread.is_alive()
    assert [type(error) for error in caught] == [Stopped]
    assert not stored(store)
    assert not any(type(event).__name__ == "VerdictReady" for event in told)


@pytest.fixture
def bulk(store: Path, tmp_path: Path) -> Iterator[Any]:
    """Returns a function that starts `bulk` on a class of right work."""
    write(tmp_path / "submitted", 10)
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "grade.py", "bulk", str(tmp_path / "submitted"), TASK.id]
        done = subprocess.Popen(
            [*command, "--jobs", "2", "--json", str(tmp_path / "out.json")],
            cwd=KIT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(done)
        return done

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=str)
@needs_namespaces
def test_a_stopped_class_goes_on(
    number: signal.Signals, bulk: Any, store: Path, tmp_path: Path
) -> None:
    """Ctrl-C, or a kill, while submissions are graded: what was under way is graded next time."""
    process = bulk()
    limit = time.monotonic() + 120
    while not faults.roles(process.pid)["student"]:
        assert time.monotonic() < limit and process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    if number == signal.SIGINT:
        assert process.returncode == 2
        assert "Stopped: " in said and "The same command goes on." in said
        assert "Traceback" not in said
    assert {entry["status"] for entry in stored(store)} <= {"passed"}
    again = bulk()
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    found = json.loads((tmp_path / "out.json").read_text())["students"]
    assert [task["status"] for student in found.values() for task in student["tasks"]] == [
        "passed"
    ] * 10


ITSELF = {
    "kill": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "group": "import os, signal\nos.killpg(0, signal.SIGTERM)\n",
    "raise": "import signal\nsignal.raise_signal(signal.SIGKILL)\n",
}


@needs_namespaces
@pytest.mark.parametrize("how", ITSELF)
def test_who_ends_himself_is_told_where(how: str, grade: Any) -> None:
    """A submission cannot end itself as the machine would: it is refused, with the line."""
    verdict: TaskVerdict = grade(TASK.id, ITSELF[how])
    assert (verdict.status, verdict.points) == ("error", 0)
    assert "Operation not permitted" in verdict.checks[0].message
    assert "line 2" in verdict.checks[0].message


@needs_namespaces
def test_children_may_be_ended(grade: Any) -> None:
    """`Popen.kill` and `terminate` work: a child's end is the submission's own affair."""
    text = (
        "import subprocess, sys\n"
        "for end in ('kill', 'terminate'):\n"
        "    child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "    getattr(child, end)()\n"
        "    assert child.wait(30) < 0\n"
    )
    assert grade(TASK.id, text + REFERENCE).status == "passed"


def test_a_machine_without_room_is_not_the_submissions_fault(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process can be started: graded again, and then could not be graded, with the reason."""
    tries: list[bool] = []

    def full(self: ThisMachine, settings: Settings) -> Any:
        tries.append(True)
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(ThisMachine, "warm_up", full)
    [request] = write(tmp_path, 1)
    with Runner(Settings(use_store=True, settle=True)) as runner:
        verdict = runner.grade_task(request)
    assert (verdict.status, len(tries)) == ("grader_error", 2)
    assert "the grader could not be started (Cannot allocate memory)" in verdict.message
    assert not stored(store)
