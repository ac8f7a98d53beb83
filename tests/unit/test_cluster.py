"""A cluster's parts without any process: who fits, who is next, and what a run is told."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pickle
import threading
import time
from typing import Any

import pytest

pytest.importorskip("distributed")

from distributed import KilledWorker

from graders import rubric
from graders.boundary.limits import GRADER_MEMORY, SANDBOX_MEMORY
from graders.cli import main
from graders.course import cluster, worker
from graders.course.handed_in import CannotGrade
from graders.course.line import Line
from graders.runner import Graded, Isolation, Request, Runner, Settings, ThisMachine, fingerprint
from graders.runner.collected import ungraded
from graders.walls.levels import LEVELS, reaches
from tests.cluster import wait_until

SECRET = b"s3cret"
TASK = rubric.find("custom_layer")
ADDRESS = "tcp://10.0.0.1:8786"


def facts(level: str = "namespaces", **changed: Any) -> dict[str, Any]:
    """Returns what a worker tells that is like this machine."""
    return {
        "kit": worker.kit_digest(), "folder": "/kit", "versions": fingerprint.versions(),
        "tasks": worker.tasks_digest(), "level": level, "host": "node1", **changed,
    }  # fmt: skip


def known(told: Any, slots: int = 2) -> dict[str, Any]:
    """Returns what the scheduler knows of a worker."""
    level = told["level"] if told else "process"
    names = [worker.slot_name(name) for name in LEVELS if told and reaches(level, name)]
    return {
        worker.FACTS: told, "resources": dict.fromkeys(names, slots), "status": "running",
        "host": "10.0.0.7",
    }  # fmt: skip


class Answer:
    """A future: an answer, or an exception, or `None` while there is neither."""

    def __init__(self, given: Any):
        self._given = given

    def result(self, timeout: float) -> Any:
        if self._given is None:
            time.sleep(0.01)
            raise TimeoutError
        if isinstance(self._given, BaseException):
            raise self._given
        return json.dumps(self._given)


class Scheduler:
    """Stands for Dask's client and the scheduler behind it."""

    def __init__(self, workers: dict[str, Any], answers: list[Any] | None = None):
        self.workers, self.answers = workers, answers or []
        self.status, self.scheduler = "running", self
        self.sent: list[dict[str, Any]] = []

    def identity(self) -> dict[str, Any]:
        if self.status != "running":
            raise OSError
        return {"workers": self.workers}

    def sync(self, asked: Any) -> Any:
        return asked()

    def submit(self, *given: Any, **options: Any) -> Answer:
        self.sent.append({"given": given, **options})
        return Answer(self.answers.pop(0) if self.answers else None)

    def close(self) -> None:
        self.status = "closed"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Looks often, and keeps verdicts out of the user's cache."""
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 0.01)
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))


def graded(seconds: float = 2.5) -> dict[str, Any]:
    """Returns what a worker answers: no points, as nothing ran."""
    verdict = ungraded(TASK, "failed", "no", "sha256:0", first="failed").packed()
    return {"verdict": {**verdict, "seconds": seconds}, "lasting": True}


def grade(scheduler: Scheduler, **settings: Any) -> Any:
    """Grades the reference by a runner."""
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET, **settings))
    with Runner(place.settings, place=place) as runner:
        return runner.grade_task(Request(TASK, TASK.reference, is_reference=True))


def test_the_scheduler_needs_no_kit() -> None:
    """What is sent names nothing of the kit outside of bytes; it asks for a slot of this kit."""
    scheduler = Scheduler({"tcp://a": known(facts())}, [graded()])
    assert grade(scheduler).status == "failed"
    [sent] = scheduler.sent
    function, payload = sent["given"]
    assert function is pickle.loads and isinstance(payload, bytes)
    assert sent["resources"] == {worker.slot_name("namespaces"): 1}


def test_what_a_worker_took_counts_not_the_wait() -> None:
    """A verdict's seconds are those of the worker."""
    assert grade(Scheduler({"tcp://a": known(facts())}, [graded(seconds=77.5)])).seconds == 77.5


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (None, "it was not started with python grade.py worker"),
        (
            {"host": "node1", "level": "landlock"},
            f"it has Python none, and this machine {fingerprint.versions()['Python']}",
        ),
        (facts(kit="x"), f"its kit (/kit) is not the same as {worker.KIT}"),
        (
            facts(versions={**fingerprint.versions(), "Python": "3.9.1"}),
            f"it has Python 3.9.1, and this machine {fingerprint.versions()['Python']}",
        ),
        (
            facts(versions={**fingerprint.versions(), "keras": "3.0.0"}),
            f"it has keras 3.0.0, and this machine {fingerprint.versions()['keras']}",
        ),
        (
            facts(tasks="x"),
            "its tasks, or what they are worth, are not those of this course. Start it with the "
            "course's file: KERAS_KIT_COURSE=course.toml",
        ),
        (facts(level="process"), "its isolation is process, and user is needed"),
    ],
)
def test_who_does_not_fit_is_named(
    told: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each that would grade otherwise: address, host, reason; its slots do not count."""
    unlike = {**known(told), "resources": {worker.slot_name("user"): 50}}
    scheduler = Scheduler({"tcp://b": unlike, "tcp://a": known(facts())})
    place = cluster.Cluster(scheduler, ADDRESS, Settings(isolation="user", secret=SECRET))
    assert place.slots == 2 and place.isolation() == Isolation("namespaces")
    time.sleep(0.1)
    place.close()
    host = "node1" if told else "10.0.0.7"
    line = f"grade.py: The worker tcp://b on {host} gets no work: {reason}.\n"
    assert capsys.readouterr().err == line


def test_what_tasks_are_worth_is_part_of_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that know other points, or other tasks, offer other slots."""
    before = worker.slot_name("user")
    tasks = rubric.tasks()
    first = tasks[0].checks[0]
    dearer = dataclasses.replace(first, points=first.points + 1)
    changed = dataclasses.replace(tasks[0], checks=(dearer, *tasks[0].checks[1:]))
    for others in ((changed, *tasks[1:]), tasks[1:]):
        monkeypatch.setattr(rubric, "tasks", lambda others=others: others)
        assert worker.slot_name("user") != before
    monkeypatch.setattr(rubric, "tasks", lambda: tasks[::-1])
    assert worker.slot_name("user") == before


def test_the_level_of_a_run_stays(capsys: pytest.CaptureFixture[str]) -> None:
    """The lowest level of the first workers is the run's, and one below it gets no work later."""
    scheduler = Scheduler(
        {"tcp://a": known(facts()), "tcp://b": known(facts(level="landlock"), slots=3)}
    )
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET))
    assert place.isolation() == Isolation("landlock") and place.slots == 5
    scheduler.workers = {**scheduler.workers, "tcp://c": known(facts(level="user"))}
    wait_until(lambda: "tcp://c" in capsys.readouterr().err, "a line", 5)
    assert place.isolation() == Isolation("landlock") and place.slots == 5
    scheduler.workers = {"tcp://a": known(facts())}
    wait_until(lambda: place.slots == 2, "one worker less", 5)
    assert place.isolation() == Isolation("landlock")
    place.close()


def test_slots_follow_the_workers() -> None:
    """Workers that come, go, pause or close are so many slots more or less."""
    one, two = known(facts()), known(facts(), slots=3)
    scheduler = Scheduler({"tcp://a": one})
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET))
    for workers, slots in (
        ({"tcp://a": one, "tcp://b": two}, 5), ({"tcp://b": two}, 3),
        ({"tcp://b": {**two, "status": "paused"}}, 0), ({"tcp://b": two, "tcp://c": one}, 5),
    ):  # fmt: skip
        scheduler.workers = workers
        wait_until(lambda slots=slots: place.slots == slots, f"{slots} slots", 5)
    place.close()


def test_a_submission_with_which_workers_die_has_no_verdict() -> None:
    """It is sent again; if workers die each time, it could not be graded, without points."""

    class Dead:
        address = "tcp://a"

    died = KilledWorker("k", Dead(), 3)  # type: ignore[arg-type]
    scheduler = Scheduler({"tcp://a": known(facts())}, [died, graded()])
    assert grade(scheduler).status == "failed" and len(scheduler.sent) == 2
    scheduler = Scheduler({"tcp://a": known(facts())}, [died] * 9)
    verdict = grade(scheduler, use_store=True)
    assert (verdict.status, verdict.points, len(scheduler.sent)) == ("grader_error", 0, 3)
    assert "4 workers died, the last one tcp://a" in verdict.message
    names = {sent["key"] for sent in scheduler.sent}
    assert len(names) == 3
    # Nothing of it was kept: the next time it is graded.
    scheduler = Scheduler({"tcp://a": known(facts())}, [graded()])
    assert not grade(scheduler, use_store=True).cached


def test_a_worker_that_only_fails_is_named_with_its_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A worker that took its slots back after failures: one line with the last failure."""
    failed = {"failed": "OSError: no space left", "worker": "tcp://b", "host": "node2"}
    scheduler = Scheduler({"tcp://b": known(facts())}, [failed, failed, graded()])
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET))
    with Runner(place.settings, place=place) as runner:
        assert runner.grade_task(Request(TASK, TASK.reference, True)).status == "failed"
        scheduler.answers = [failed] * 3
        verdict = runner.grade_task(Request(TASK, TASK.reference, True))
        assert verdict.status == "grader_error"
        assert "worker tcp://b (node2): OSError: no space left" in verdict.message
        scheduler.workers = {"tcp://b": known(facts(), slots=0)}
        told = wait_until(lambda: capsys.readouterr().err, "a line", 5)
    assert told == (
        "grade.py: The worker tcp://b on node1 gets no work: it fails (OSError: no space left). "
        "Start it again.\n"
    )


def test_no_worker_is_a_line_and_one_each_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A short absence is none; a long one is told, told again, and told to be over."""
    now = [1000.0]
    monkeypatch.setattr(cluster.time, "monotonic", lambda: now[0])
    scheduler = Scheduler({"tcp://a": known(facts())})
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET))
    monkeypatch.setattr(place, "_closing", threading.Event())
    place._closing.set()
    place._watcher.join()
    lines = []
    for seconds, slots in (
        (0, 2),
        (4, 0),
        (4, 2),
        (4, 0),
        (2, 0),
        (50, 0),
        (11, 0),
        (1, 3),
        (4, 0),
    ):
        now[0] += seconds
        place._tell(slots)
        lines.append(capsys.readouterr().err)
    assert [bool(line) for line in lines] == [0, 0, 0, 0, 1, 0, 1, 1, 0]
    assert lines[4].startswith(f"grade.py: No worker at {ADDRESS} for 6 s. Start one: python ")
    assert f"grade.py worker {ADDRESS}." in lines[4] and lines[4].count("\n") == 1
    assert f"No worker at {ADDRESS} for 67 s." in lines[6]
    assert lines[7] == "grade.py: There are workers again: 3 submissions side by side.\n"
    place.close()


@pytest.mark.parametrize(
    "answer", [asyncio.CancelledError(), OSError("closed"), "refused"], ids=str
)
def test_a_client_that_gave_up_is_no_worker_that_failed(answer: Any) -> None:
    """Dask gives a scheduler up before the watching thread looks: no grading fails meanwhile."""
    scheduler = Scheduler({"tcp://a": known(facts())})
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET))
    looked = threading.Event()

    def identity() -> dict[str, Any]:
        looked.wait()
        raise OSError

    def submit(*given: Any, **options: Any) -> Answer:
        scheduler.sent.append(options)
        scheduler.identity = identity
        scheduler.status = "closing"
        if answer == "refused":
            raise OSError("the client is closing")
        return Answer(answer)

    scheduler.submit = submit
    threading.Timer(0.5, looked.set).start()
    with Runner(place.settings, place=place) as runner, pytest.raises(cluster.Lost, match="gone"):
        runner.grade_task(Request(TASK, TASK.reference, is_reference=True))
    assert len(scheduler.sent) == 1


def test_a_lost_scheduler_ends_what_waits() -> None:
    """A grading under way raises, as does one that waits for a slot."""
    scheduler = Scheduler({"tcp://a": known(facts(), slots=1)})
    place = cluster.Cluster(scheduler, ADDRESS, Settings(secret=SECRET))
    errors = []

    def run() -> None:
        try:
            Runner(place.settings, place=place).grade_task(Request(TASK, TASK.reference, True))
        except cluster.Lost as error:
            errors.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: scheduler.sent, "a grading", 10)
    scheduler.status = "closed"
    for thread in threads:
        thread.join(10)
    assert errors == [f"The scheduler {ADDRESS} is gone."] * 4
    place.close()


def test_who_cannot_connect_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret, no Dask: each is a line of its own."""
    with pytest.raises(CannotGrade, match="--scheduler needs a secret"):
        cluster.connect(ADDRESS, Settings())
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(CannotGrade, match=r"Dask is not installed. Run: .*\[bulk\]"):
        cluster.connect(ADDRESS, Settings(secret=SECRET))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("tcp://h:1", "tcp://h:1"), ("h.example.org:8786", "tcp://h.example.org:8786"),
        ("tls://[::1]:8786", "tls://[::1]:8786"),
    ],
)  # fmt: skip
def test_addresses(given: str, meant: str) -> None:
    """The scheme may be left out."""
    assert worker.address_of(given) == meant


@pytest.mark.parametrize(
    "given", ["foo", "", "tcp://h", "http://h:80", "h:0", "h:65536", "h:1\n", "a b:1"]
)
def test_no_addresses(given: str) -> None:
    """What cannot be an address is refused before anybody waits for it."""
    with pytest.raises(CannotGrade, match="is no address of a Dask scheduler"):
        worker.address_of(given)


def test_slots_are_as_many_as_the_memory_carries() -> None:
    """Each slot has a sandbox's memory, and one grader its own; a small machine has one slot."""
    assert worker.slots_for(GRADER_MEMORY + 4 * SANDBOX_MEMORY) == 4
    assert worker.slots_for(GRADER_MEMORY + 4 * SANDBOX_MEMORY - 1) == 3
    assert worker.slots_for(2**30) == 1
    assert worker.too_many(1, 2**30) == ""
    assert worker.too_many(3, 20 * 2**30) == (
        "3 slots need 26 GiB of memory (6 for each submission, 8 for a grader), and here are 20.0, "
        "enough for 2."
    )


def test_a_worker_with_more_slots_than_memory_does_not_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line and exit code 2; other options go to `dask worker`."""
    started: list[Any] = []
    monkeypatch.setattr(worker.os, "execve", lambda *given: started.append(given))
    monkeypatch.setattr("distributed.system.MEMORY_LIMIT", 20 * 2**30)
    assert main(["worker", "h:1", "--slots", "3"]) == 2
    assert main(["worker", "foo"]) == 2
    assert main(["worker", "h:1", "--slots", "0"]) == 2
    assert [line.split(":")[1][:22] for line in capsys.readouterr().err.splitlines()] == [
        " 3 slots need 26 GiB o", " 'foo' is no address o", " --slots takes an inte",
    ]  # fmt: skip
    assert main(["worker", "127.0.0.1:9", "--slots", "1"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "No Dask scheduler answers at tcp://127.0.0.1:9 (Connection refused)." in line
    assert not started
    monkeypatch.setattr(worker, "_require_scheduler", lambda address: None)
    main(["worker", "h:1", "--slots", "2", "--name", "x"])
    [(_, words, environment)] = started
    assert words[1:4] == ["-m", "distributed.cli.dask_worker", "tcp://h:1"]
    assert words[-2:] == ["--name", "x"] and words[words.index("--nthreads") + 1] == "2"
    assert environment["PYTHONPATH"].split(":")[0] == str(worker.KIT)


class State:
    """Stands for the state of a Dask worker."""

    def __init__(self, nthreads: int):
        self.nthreads = nthreads
        self.total_resources: dict[str, float] = {}
        self.available_resources: dict[str, float] = {}


class DaskWorker:
    """Stands for a Dask worker: its memory, threads and what it offers."""

    def __init__(self, nthreads: int, memory: int):
        self.state = State(nthreads)
        self.memory_manager = self
        self.memory_limit = memory
        self.startup_information: dict[str, Any] = {}
        self.address = "tcp://a"
        self.loop = self

    def add_callback(self, called: Any, **given: Any) -> None:
        called(**given)

    def set_resources(self, **given: float) -> None:
        self.state.total_resources.update(given)


JOB = {
    "task": TASK.id, "bounds": {}, "settings": {"secret": SECRET, "threads": 1},
    "source": {"text": "", "filename": "x.py", "path": "x.py", "lines": ()},
}  # fmt: skip


@pytest.fixture
def kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has the level `landlock`, and starts nothing."""
    monkeypatch.setattr(ThisMachine, "isolation", lambda self: Isolation("landlock"))
    monkeypatch.setattr(ThisMachine, "warm_up", lambda self, settings: None)


@pytest.mark.usefixtures("kept_apart")
def test_a_worker_offers_its_slots_by_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Slots for each level that it reaches, as many as memory carries; it tells what it is."""
    memory = GRADER_MEMORY + 2 * SANDBOX_MEMORY
    made = DaskWorker(3, memory)
    worker.dask_setup(made)  # type: ignore[arg-type]
    names = {worker.slot_name(level): 2 for level in ("process", "user", "landlock")}
    assert made.state.total_resources == made.state.available_resources == names
    told = made.startup_information[worker.FACTS](made)
    assert worker.unfit(told, "landlock") == "" and worker.unfit(told, "namespaces") != ""
    assert "3 slots need 26 GiB" in capsys.readouterr().err


@pytest.mark.usefixtures("kept_apart")
def test_slots_share_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each grading gets its slot's threads; one that is to be alone gets what TensorFlow takes."""
    seen = []

    def grade(self: Any, task: Any, source: Any, settings: Settings, bounds: Any) -> Graded:
        seen.append(settings.threads)
        return Graded(ungraded(task, "failed", "no"), True)

    monkeypatch.setattr(ThisMachine, "grade", grade)
    monkeypatch.setattr("dask.system.CPU_COUNT", 8)
    worker.dask_setup(DaskWorker(2, 64 * 2**30))  # type: ignore[arg-type]
    answer = json.loads(worker.grade_here(JOB))
    worker.grade_here({**JOB, "settings": {"secret": SECRET, "threads": 0}})
    assert seen == [4, 0]
    assert worker.unpacked(answer).verdict.status == "failed"
    assert answer["verdict"]["seconds"] >= 0 and answer["lasting"] is True


@pytest.mark.usefixtures("kept_apart")
def test_a_worker_that_fails_in_a_row_takes_its_slots_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error travels as words, without what the call was given; the third one is the last."""
    broken = [True, True, False, True, True, True]

    def grade(self: Any, task: Any, *_: object) -> Graded:
        if broken.pop(0):
            raise OSError("no space left")
        return Graded(ungraded(task, "failed", "no"), True)

    monkeypatch.setattr(ThisMachine, "grade", grade)
    made = DaskWorker(1, 64 * 2**30)
    worker.dask_setup(made)  # type: ignore[arg-type]
    offered = []
    for _ in range(6):
        answer = json.loads(worker.grade_here(JOB))
        offered.append(max(made.state.total_resources.values()))
    assert answer["failed"] == "OSError: no space left" and answer["worker"] == "tcp://a"
    assert SECRET.decode() not in json.dumps(answer)
    assert offered == [1, 1, 1, 1, 1, 0]


def test_the_longest_task_comes_first() -> None:
    """What was never measured, then the longest; equals in the order in which they came."""
    line, order, leave = Line(), list[str](), threading.Semaphore(0)
    for name, seconds in (("short", 1), ("long", 50), ("long", 10), ("middle", 20)):
        line.measure(name, seconds)

    def wait(name: str) -> None:
        with line.turn(name):
            order.append(name)
            leave.acquire()

    names = ["short", "long", "middle", "new", "long"]
    threads = [threading.Thread(target=wait, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    wait_until(lambda: sum(map(len, line._waiting.values())) == 5, "five that wait", 5)
    line.resize(1)
    # One more than there are slots is let in, in any order; then one for each that leaves.
    for count in range(2, 6):
        wait_until(lambda count=count: len(order) == count, f"{count} let in", 5)
        leave.release(1 if count < 4 else 2)
    for thread in threads:
        thread.join(5)
    assert sorted(order[:2]) == ["long", "new"] and order[2:] == ["long", "middle", "short"]


def test_slots_come_and_go() -> None:
    """As many at once as there are slots, and a few while more wait; none without slots."""
    line, now, most = Line(), [0], [0]
    leave = threading.Semaphore(0)
    lock = threading.Lock()

    def work() -> None:
        with line.turn("a"):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            leave.acquire()
            with lock:
                now[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert most[0] == 0
    line.resize(2)
    wait_until(lambda: now[0] == 3, "two and one more", 5)
    line.resize(8)
    wait_until(lambda: now[0] == 10, "eight and two more", 5)
    line.resize(1)
    leave.release(9)
    wait_until(lambda: now[0] == 2, "one, and one more", 5)
    leave.release(30)
    wait_until(lambda: not any(thread.is_alive() for thread in threads), "all", 10)
    assert most[0] == 10
