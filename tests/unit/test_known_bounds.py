"""What students get of bounds for other data: those that the instructor's kit has measured."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from graders import rubric
from graders.calibration import first_use
from graders.course import known_bounds, release
from graders.course.file import Course
from graders.reports import text
from graders.rubric import bounds as thresholds
from graders.runner import Request, Runner, Settings
from graders.verdict import TaskVerdict

CNN, VGG = rubric.find("cnn"), rubric.find("vgg16_finetune")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing was measured yet."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))


def measure(task: rubric.Task, source: str) -> None:
    """Measures bounds for other data; what the reference reached is made up."""
    evidence = {"measures": {"accuracy": (0.6, False)}}
    verdict = TaskVerdict(task.id, task.section, "passed", (), evidence=evidence)
    first_use.measured(task, source, lambda _: verdict)


def calibration() -> dict:
    """Returns what students get."""
    kits = thresholds.FILE.read_bytes()
    return json.loads(release._calibration(kits, [task.id for task in rubric.tasks()]))


def test_a_task_has_these_sources() -> None:
    """Other data, other weights, both; the kit's own are in the calibration."""
    assert known_bounds.sources(CNN) == ["cifar10"]
    assert known_bounds.sources(rubric.find("lstm")) == []
    assert "default, imagenet" in known_bounds.sources(VGG)


def test_what_was_measured_goes_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The student copy then grades on these data without a reference; before, the file is the kit's."""
    assert calibration() == json.loads(thresholds.FILE.read_bytes())
    measure(CNN, "cifar10")
    found = calibration()
    assert found["cnn"]["cifar10"] == {"accuracy": {"bound": pytest.approx(0.42)}}
    assert found["cnn"]["default"] == thresholds.rows("cnn")
    students = tmp_path / "calibration.json"
    students.write_text(json.dumps(found))
    monkeypatch.setattr(thresholds, "FILE", students)
    known = thresholds.CommittedBounds()
    assert known.of(CNN, "cifar10") == {"accuracy": pytest.approx(0.42)}
    assert known.of(CNN, "default") == {
        name: row["bound"] for name, row in found["cnn"]["default"].items() if name[0] != "_"
    }


def test_a_course_on_data_that_nobody_measured(tmp_path: Path) -> None:
    """The release tells which tasks its students could not grade, and the command that helps."""
    course = Course(tmp_path / "course.toml")
    assert known_bounds.lacking(rubric.tasks(), course) == []
    course = dataclasses.replace(course, data="cifar10", weights="imagenet")
    lines = known_bounds.lacking((CNN, VGG, rubric.find("lstm")), course)
    assert [line.partition(":")[0] for line in lines] == ["cnn", "vgg16_finetune"]
    assert "python grade.py cnn --reference --data cifar10; then release again" in lines[0]
    assert " --weights imagenet; then" in lines[1]
    measure(CNN, "cifar10")
    assert known_bounds.lacking((CNN,), course) == []


def test_without_bounds_the_next_step_is_another_one(tmp_path: Path) -> None:
    """The same command again would not help: the student reads why, and what does."""
    path = tmp_path / "cnn.py"
    path.write_text("x = 1\n")
    settings = Settings(data="cifar10", use_store=False)
    with Runner(settings, bounds=thresholds.CommittedBounds()) as runner:
        verdict = runner.grade([Request(CNN, path)])
    [task] = verdict.tasks
    assert task.status == "grader_error"
    assert "the instructor's kit measures them" in task.message
    shown = text.plain(text.summary(verdict))
    assert "Next: leave --data and --weights away; the message above tells why." in shown
