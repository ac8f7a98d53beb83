"""`bulk --scheduler`: a class graded on a Dask cluster, here of processes on one machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")
pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

import distributed

from graders import runner
from graders.course import bulk, cluster
from graders.rubric import KIT
from graders.runner import Request, Settings
from tests.course import REFERENCE, SECTION, STUB, TASK, WRONG
from tests.notebook import write

SECRET = b"s3cret"


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of two processes, and a verdict store for all that takes part."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_KIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("KERAS_KIT_SECRET", raising=False)
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as found:
            yield found


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class: right, wrong (as a notebook), an attack, a stub, nothing."""
    folder = tmp_path_factory.mktemp("class") / "submitted"
    works = {"ada": REFERENCE, "dee": "import sys\nsys.exit(0)\n", "jon": STUB}
    for student, text in works.items():
        path = folder / student / SECTION / f"{TASK.id}.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    write(folder / "cid" / SECTION / f"{TASK.id}.ipynb", WRONG)
    (folder / "eve" / SECTION).mkdir(parents=True)
    return folder


def grade(submitted: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Runs `bulk`; returns each student's verdict, without what differs from run to run."""
    secret = submitted.parent / "secret"
    secret.write_bytes(SECRET)
    done = subprocess.run(
        [sys.executable, "grade.py", "bulk", str(submitted), TASK.id, "--secret", str(secret),
         "--json", "-", *arguments],
        cwd=KIT, capture_output=True, text=True, timeout=800,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    found = {}
    for student, tasks in json.loads(done.stdout)["students"].items():
        [task] = tasks["tasks"]
        for told in (task, *task["checks"]):
            told.pop("seconds"), told.pop("cached", None)
        found[student] = task
    return found, done.stderr


def warm(dask_worker: Any) -> int:
    """Returns, on a worker, whether it has graded."""
    return cluster.machine.cache_info().currsize


def test_a_cluster_grades_as_this_machine_does(workers: Any, submitted: Path) -> None:
    """The same verdicts, word for word; made by the workers; kept in this machine's store."""
    address = workers.scheduler_address
    there, said = grade(submitted, "--scheduler", address)
    assert {student: task["status"] for student, task in there.items()} == {
        "ada": "passed", "cid": "failed", "dee": "error", "eve": "error", "jon": "not_started",
    }  # fmt: skip
    assert "5 of 5 tasks graded, 0 of them from the store; secret hidden tests." in said
    # A notebook's messages speak of its cells there, too.
    assert "custom_layer.py" not in json.dumps(there["cid"])
    with distributed.Client(address, set_as_default=False) as client:
        assert sum(client.run(warm).values()) > 0
        logs = json.dumps([list(client.get_worker_logs().values()), client.get_scheduler_logs()])
        assert SECRET.decode() not in logs
    stored, said = grade(submitted)
    assert "3 of them from the store" in said
    assert stored == there
    here, said = grade(submitted, "--no-cache")
    assert "0 of them from the store" in said
    assert here == there


def test_another_kit_is_refused(
    workers: Any, submitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker with another engine would say is no verdict, and is not stored."""
    monkeypatch.setattr(cluster, "engine_digest", lambda: "another")
    settings = Settings(secret=SECRET, use_store=True)
    with cluster.connect(workers.scheduler_address, settings) as found:
        assert found.settings.jobs == 2
        verdict = found.grade_task(Request(TASK, submitted / "ada"), Settings(secret=b"other"))
    assert verdict.status == "grader_error"
    assert "its kit, Python or packages are not those of this machine" in verdict.message
    assert b"other" not in verdict.message.encode() and verdict.points == 0


def test_who_cannot_connect_is_told_why(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret, no scheduler, no workers, no Dask: each is a line of its own."""
    monkeypatch.setattr(cluster, "SECONDS", 1.0)
    given = Settings(secret=SECRET)
    with pytest.raises(bulk.CannotGrade, match="--scheduler needs a secret"):
        cluster.connect(workers.scheduler_address, Settings())
    for address in ("tcp://127.0.0.1:9", "no address"):
        with pytest.raises(bulk.CannotGrade, match="No Dask scheduler answers at"):
            cluster.connect(address, given)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        pytest.raises(bulk.CannotGrade, match="has no workers"),
    ):
        cluster.connect(empty.scheduler_address, given)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(bulk.CannotGrade, match=r"Dask is not installed. Run: .*\[bulk\]"):
        cluster.connect(workers.scheduler_address, given)


def test_a_worker_says_what_broke_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on a worker travels as words: what the call was given stays out of the log."""

    def broken(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(runner.ThisMachine, "grade", broken)
    job = {
        "engine": cluster.engine_digest(), "task": TASK.id, "bounds": {},
        "settings": {"secret": SECRET},
        "source": {"text": "", "filename": "x.py", "path": "x.py", "lines": ()},
    }  # fmt: skip
    assert json.loads(cluster.grade_here(job)) == {"failed": "OSError: no space left"}
