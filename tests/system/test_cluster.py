"""`bulk --scheduler`: a class graded on a Dask cluster, of processes as the page starts them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")
pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

import distributed

from graders.rubric import KIT
from tests.cluster import Processes, end, recipe, verdicts_in, wait_until, worker_of
from tests.course import REFERENCE, SECTION, STUB, TASK, WRONG
from tests.notebook import write

SECRET = "s3cret"
GRADED = {"passed": REFERENCE, "failed": WRONG}


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A cluster of two workers."""
    folder = tmp_path_factory.mktemp("cluster")
    with Processes(folder, KERAS_KIT_CACHE=str(folder / "cache")) as there:
        there.scheduler()
        for _ in range(2):
            there.worker()
        yield there


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Processes]:
    """A cluster of which a test starts and kills what it likes."""
    with Processes(tmp_path, KERAS_KIT_CACHE=str(tmp_path / "cache")) as there:
        yield there


def hand_in(submitted: Path, works: dict[str, str]) -> Path:
    """Makes a class of these students' modules."""
    for student, text in works.items():
        path = submitted / student / SECTION / f"{TASK.id}.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return submitted


def many(submitted: Path, count: int) -> dict[str, str]:
    """Makes a class of different works, every third of them wrong; returns what each should get."""
    due = {f"s{index:02d}": "failed" if index % 3 == 2 else "passed" for index in range(count)}
    hand_in(submitted, {name: f"# {name}\n{GRADED[status]}" for name, status in due.items()})
    return due


class Run:
    """A class under way.

    Args:
        there: `Processes`.
        submitted: Path of the class.
        cache: Path, where this machine's verdict store is.
        options: Strings, more options of `bulk`.
    """

    def __init__(self, there: Processes, submitted: Path, cache: Path, *options: str):
        self.cache, self._file = cache, cache.parent / f"{cache.name}.json"
        self.process = there.bulk(
            submitted, TASK.id, "--json", str(self._file), *options,
            KERAS_KIT_CACHE=str(cache), KERAS_KIT_SECRET=SECRET,
        )  # fmt: skip

    def stored(self) -> int:
        """Returns how many verdicts are in the store."""
        return len(list(verdicts_in(self.cache)))

    def wait_for(self, count: int) -> None:
        """Waits until so many verdicts are in the store."""
        wait_until(lambda: self.stored() >= count, f"{count} verdicts")

    def end(self, code: int) -> tuple[str, str]:
        """Waits for the end; returns standard output and standard error."""
        out, errors = self.process.communicate(timeout=300)
        assert self.process.returncode == code, out + errors
        return out, errors

    def verdicts(self) -> dict[str, Any]:
        """Returns each student's verdict, without what differs from run to run."""
        found = {}
        for student, tasks in json.loads(self._file.read_text())["students"].items():
            [task] = tasks["tasks"]
            for told in (task, *task["checks"]):
                told.pop("seconds"), told.pop("cached", None)
            found[student] = task
        return found

    def statuses(self) -> dict[str, str]:
        """Returns each student's status."""
        return {student: task["status"] for student, task in self.verdicts().items()}


def test_the_page_as_it_stands_grades_as_this_machine_does(
    workers: Processes, tmp_path: Path
) -> None:
    """The recipe's commands give the verdicts of this machine, word for word, into its store."""
    assert list(recipe()) == ["pip", "scheduler", "worker", "bulk"]
    works = {"ada": REFERENCE, "dee": "import sys\nsys.exit(0)\n", "jon": STUB}
    submitted = hand_in(tmp_path / "class", works)
    write(submitted / "cid" / SECTION / f"{TASK.id}.ipynb", WRONG)
    (submitted / "eve" / SECTION).mkdir(parents=True)
    there = Run(workers, submitted, tmp_path / "there")
    out, errors = there.end(1)
    assert there.statuses() == {
        "ada": "passed", "cid": "failed", "dee": "error", "eve": "error", "jon": "not_started",
    }  # fmt: skip
    assert "5 of 5 tasks graded, 0 of them from the store; secret hidden tests." in out
    assert errors == ""
    # A notebook's messages speak of its cells there, too.
    assert "custom_layer.py" not in json.dumps(there.verdicts()["cid"])
    assert SECRET not in workers.logs()
    [total] = json.loads((tmp_path / "there.json").read_text())["students"]["ada"]["tasks"]
    assert 0 < total["seconds"] < 60
    words = ["grade.py", "bulk", str(submitted), TASK.id, "--json", str(tmp_path / "here.json")]
    for cached, options in ((3, []), (0, ["--no-cache"])):
        here = subprocess.run(
            [*recipe()["bulk"].split()[:1], *words, *options],
            cwd=KIT, capture_output=True, text=True, timeout=800,
            env={
                **workers.environment, "KERAS_KIT_CACHE": str(tmp_path / "there"),
                "KERAS_KIT_SECRET": SECRET,
            },
        )  # fmt: skip
        assert f"{cached} of them from the store" in here.stdout, here.stderr
        before = there.verdicts()
        shutil.copy(tmp_path / "here.json", tmp_path / "there.json")
        assert there.verdicts() == before


def test_who_does_not_fit_is_named_and_gets_no_work(own: Processes, tmp_path: Path) -> None:
    """One worker with another kit and one without any: a line each; the third one grades."""
    other = tmp_path / "other"
    for name in ("graders", "datasets"):
        shutil.copytree(KIT / name, other / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(KIT / "grade.py", other)
    path = other / "graders" / "course" / "worker.py"
    graded = "    return json.dumps(_graders[0].grade(job))"
    assert graded in path.read_text()
    path.write_text(path.read_text().replace(graded, f'    print("BY ANOTHER KIT")\n{graded}'))
    due = many(tmp_path / "class", 6)
    own.scheduler()
    own.worker("--name", "changed", kit=other)
    own.start(["dask", "worker", own.address, "--name", "bare", "--nthreads", "4"])
    with distributed.Client(own.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        host = {known["name"]: at for at, known in client.scheduler_info()["workers"].items()}
    run = Run(own, tmp_path / "class", tmp_path / "here")
    # Nobody fits: it waits, and tells so.
    told = [run.process.stderr.readline() for _ in range(3)]
    own.worker()
    _, errors = run.end(1)
    assert run.statuses() == due
    # One without a kit fails in reading what it is sent.
    assert "BY ANOTHER KIT" not in own.logs() and "ModuleNotFoundError" not in own.logs()
    lines = [*told, *errors.splitlines()]
    [changed] = [line for line in lines if host["changed"] in line]
    assert f"gets no work: its kit ({other}) is not the same as {KIT}." in changed
    # A machine without a name of its own is told by its address.
    assert f" on {os.uname().nodename or '127.0.0.1'} " in changed
    [bare] = [line for line in lines if host["bare"] in line]
    assert "gets no work: it was not started with python grade.py worker." in bare
    [none] = [line for line in lines if "No worker" in line]
    assert f"python {KIT}/grade.py worker {own.address}" in none
    assert "There are workers again: 1 submissions side by side." in errors
    assert len([line for line in lines if line.strip()]) == 4


def test_a_worker_that_joins_late_is_used(own: Processes, tmp_path: Path) -> None:
    """Work goes to a worker that was not there when the run began."""
    due = many(tmp_path / "class", 8)
    own.scheduler()
    own.worker()
    run = Run(own, tmp_path / "class", tmp_path / "here")
    run.wait_for(1)
    with distributed.Client(own.address, set_as_default=False) as client:
        [first] = client.scheduler_info()["workers"]
        own.worker()
        wait_until(
            lambda: any(keys for at, keys in client.processing().items() if at != first),
            "the second worker has work",
        )
        assert run.process.poll() is None
    run.end(1)
    assert run.statuses() == due


@pytest.mark.parametrize("victim", ["worker", "nanny"])
def test_a_killed_worker_loses_nothing(own: Processes, tmp_path: Path, victim: str) -> None:
    """What it had is graded again: every verdict right, each once."""
    # The first death is one too many for Dask, which then gives a task up.
    own.environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
    due = many(tmp_path / "class", 9)
    own.scheduler()
    nannies = [own.worker() for _ in range(2)]
    run = Run(own, tmp_path / "class", tmp_path / "here")
    run.wait_for(2)
    killed = worker_of(nannies[0]).pid if victim == "worker" else nannies[0].pid
    os.kill(killed, signal.SIGKILL)
    out, _ = run.end(1)
    assert run.statuses() == due
    assert run.stored() == len(due)
    assert "9 of 9 tasks graded, 0 of them from the store" in out


def test_without_any_worker_it_waits(own: Processes, tmp_path: Path) -> None:
    """All workers killed is a line; with the next one it goes on."""
    due = many(tmp_path / "class", 5)
    own.scheduler()
    nanny = own.worker()
    run = Run(own, tmp_path / "class", tmp_path / "here")
    run.wait_for(1)
    end(nanny)
    assert f"No worker at {own.address} for" in run.process.stderr.readline()
    own.worker()
    run.end(1)
    assert run.statuses() == due
    assert run.stored() == len(due)


def test_a_killed_scheduler_ends_it_and_the_same_command_goes_on(
    own: Processes, tmp_path: Path
) -> None:
    """One line and exit code 2; what was graded is in the store, and is not graded again."""
    due = many(tmp_path / "class", 7)
    scheduler = own.scheduler()
    own.worker()
    run = Run(own, tmp_path / "class", tmp_path / "here")
    run.wait_for(2)
    os.kill(scheduler.pid, signal.SIGKILL)
    _, errors = run.end(2)
    kept = run.stored()
    assert errors == (
        f"grade.py: The scheduler {own.address} is gone. {kept} of 7 tasks graded, 0 of them from "
        "the store. The same command goes on.\n"
    )
    own.scheduler()
    own.worker()
    run = Run(own, tmp_path / "class", tmp_path / "here")
    out, _ = run.end(1)
    assert f"7 of 7 tasks graded, {kept} of them from the store" in out
    assert run.statuses() == due
    assert run.stored() == len(due)


def test_ctrl_c_ends_it_at_once(workers: Processes, tmp_path: Path) -> None:
    """One line and exit code 2, and what was under way is not stored."""
    many(tmp_path / "class", 40)
    run = Run(workers, tmp_path / "class", tmp_path / "here")
    run.wait_for(2)
    os.kill(run.process.pid, signal.SIGINT)
    began = time.monotonic()
    _, errors = run.end(2)
    assert time.monotonic() - began < 8
    assert errors.startswith("grade.py: Stopped: ") and errors.count("\n") == 1
    # The thread that was just at it may have stored one more than was counted.
    assert 2 <= run.stored() <= 6
    told = {json.loads(json.loads(p.read_text())["body"])["status"] for p in verdicts_in(run.cache)}
    assert told <= {"passed", "failed"}


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("foo", "'foo' is no address of a Dask scheduler: tcp://HOST:8786 is one."),
        ("tcp://h:99999", "'tcp://h:99999' is no address of a Dask scheduler"),
        ("127.0.0.1:9", "No Dask scheduler answers at tcp://127.0.0.1:9. Start one there"),
    ],
)
def test_an_address_without_a_scheduler_is_a_line(
    own: Processes, tmp_path: Path, address: str, line: str
) -> None:
    """A malformed and a dead address: one line within seconds, exit code 2, no traceback."""
    many(tmp_path / "class", 1)
    run = Run(own, tmp_path / "class", tmp_path / "here", "--scheduler", address)
    out, errors = run.process.communicate(timeout=20)
    assert run.process.returncode == 2
    assert errors.startswith(f"grade.py: {line}") and errors.count("\n") == 1 and out == ""
