"""How many train at once, what waiting costs, and which task comes first."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from graders import rubric
from graders.runner import Request, Runner, Settings, durations
from graders.runner.collected import ungraded
from graders.runner.isolation import Isolation
from graders.runner.machine import Graded
from graders.runner.trainings import Trainings
from graders.verdict import TaskVerdict

TASKS = [rubric.find(name) for name in ("custom_layer", "multi_branch", "lstm")]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    return tmp_path


def passed(task: str, seconds: float, **changes: Any) -> TaskVerdict:
    """Returns a verdict of which only the status and the seconds matter."""
    found = ungraded(rubric.find(task), "passed", "")
    return dataclasses.replace(found, seconds=seconds, **changes)


def test_one_more_waits_until_one_ends() -> None:
    """And is told how long it waited, which is nobody's time."""
    trainings = Trainings()
    trainings.most = 1
    assert trainings.begin() < 0.1
    waited: list[float] = []
    second = threading.Thread(target=lambda: waited.append(trainings.begin()))
    second.start()
    time.sleep(0.3)
    assert not waited
    trainings.end()
    second.join(10)
    assert waited and waited[0] >= 0.3


def test_as_many_as_come_where_nothing_is_said() -> None:
    """A worker of a cluster, or a calibration, counts on its own."""
    trainings = Trainings()
    assert sum(trainings.begin() for _ in range(9)) < 0.5


def test_what_waits_is_let_go_when_all_ends() -> None:
    """Ctrl-C does not wait for a turn that never comes."""
    trainings = Trainings()
    trainings.most = 1
    trainings.begin()
    second = threading.Thread(target=trainings.begin)
    second.start()
    trainings.close()
    second.join(10)
    assert not second.is_alive()


def test_what_passed_is_remembered(cache: Path) -> None:
    """Not what failed, which may have ended early, and not what came from the store."""
    durations.note([passed("cnn", 7.04), passed("lstm", 3.0, status="failed")])
    durations.note([passed("multi_branch", 2.0), passed("cnn", 0.1, cached=True)])
    assert durations.known() == {"cnn": 7.0, "multi_branch": 2.0}
    assert [path.name for path in cache.iterdir()] == ["seconds.json"]


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"cnn": "long", "lstm": NaN, "vgg16_finetune": 1e999}', "\x00"]
)
def test_a_spoiled_file_is_no_memory(text: str, cache: Path) -> None:
    """Whatever stands in it, the order is the one that was asked for."""
    (cache / "seconds.json").write_text(text)
    assert durations.known() == {}
    durations.note([passed("cnn", 7.0)])
    assert durations.known() == {"cnn": 7.0}


def test_a_cache_that_cannot_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no error."""
    (cache / "file").write_text("")
    monkeypatch.setenv("KERAS_KIT_CACHE", str(cache / "file"))
    durations.note([passed("cnn", 7.0)])
    assert durations.known() == {}


class Place:
    """Notes the order in which gradings begin."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def isolation(self) -> Isolation:
        """Returns a level."""
        return Isolation("process")

    def warm_up(self, settings: Settings) -> None:
        """Has nothing to prepare."""

    def grade(self, task: Any, *rest: Any) -> Graded:
        """Returns a verdict at once."""
        self.order.append(task.id)
        time.sleep(0.2)
        return Graded(ungraded(task, "failed", "No."), lasting=True)

    def close(self) -> None:
        """Has nothing to end."""


@pytest.mark.parametrize(
    ("jobs", "order"), [(1, [0, 1, 2]), (2, [1, 2, 0])], ids=["one by one", "side by side"]
)
def test_the_longest_is_first(jobs: int, order: list[int]) -> None:
    """Side by side, with what was never measured before all; one by one, as they were asked for."""
    durations.note([passed("custom_layer", 1.0), passed("lstm", 5.0)])
    place = Place()
    with Runner(Settings(jobs=jobs), place=place) as runner:
        verdict = runner.grade([Request(task, task.reference, True) for task in TASKS])
    assert place.order == [TASKS[at].id for at in order]
    assert [found.task for found in verdict.tasks] == [task.id for task in TASKS]
