"""Bounds come from the committed calibration, and from nowhere else."""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
from collections.abc import Iterable

import pytest

from graders import rubric
from graders.calibration import calibrate, first_use
from graders.calibration import placing as bounds
from graders.cli import arguments
from graders.rubric import bounds as thresholds
from graders.rubric.bounds import NoBounds
from graders.runner import Graded, Request, Runner, Settings, ThisMachine
from graders.runner.events import Measuring
from graders.verdict import TaskVerdict

# A bound that was set by hand, from fewer draws, says so in the README: "provisional".
TASKS = [
    t for t in rubric.tasks() if "_made" in thresholds.table().get(t.id, {}).get("default", {})
]
IDS = [task.id for task in TASKS]


def measures(task: rubric.Task) -> set[str]:
    """Returns patterns of the measures that a check file asks a bound for."""
    found = set()
    for node in ast.walk(ast.parse(task.path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        if getattr(node.func, "attr", getattr(node.func, "id", "")) == "check_accuracy":
            found.add("accuracy")
        if getattr(node.func, "id", "") == "threshold":
            # A measure for each of several inputs has a name that is put together.
            parts = getattr(node.args[0], "values", [node.args[0]])
            found.add(
                "".join(
                    str(getattr(part, "value", "*")) if isinstance(part, ast.Constant) else "*"
                    for part in parts
                )
            )
    return found


def matching(task: rubric.Task, rows: Iterable[str]) -> set[str]:
    """Returns the rows that a check file asks for; fails if it asks for one that is not there."""
    found = set()
    for pattern in measures(task):
        names = fnmatch.filter([name for name in rows if not name.startswith("_")], pattern)
        assert names, f"{task.id} asks for {pattern}"
        found.update(names)
    return found


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_every_bound_was_calibrated(task: rubric.Task) -> None:
    """Each measure has its distributions over at least 20 draws, and a bound between them."""
    rows = thresholds.table()[task.id]["default"]
    assert matching(task, rows) == {name for name in rows if not name.startswith("_")}
    assert matching(task, rows)
    for name in matching(task, rows):
        row = rows[name]
        assert row["reference"]["n"] >= 20
        assert row["chance_right_work_fails"] < 1e-4
        rivals = {key: found["values"] for key, found in row["shortcuts"].items()}
        again = bounds.between(row["reference"]["values"], rivals, row["upper"])
        assert again == row
        assert thresholds.bounds(task.id)[name] == row["bound"]


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_every_shortcut_is_kept_out_by_a_bound(task: rubric.Task) -> None:
    """Each shortcut stays on the wrong side of at least one bound in each draw."""
    rows = thresholds.table()[task.id]["default"]
    kept_out = {key for name, row in rows.items() if name[0] != "_" for key in row["kept_out"]}
    assert kept_out == set(calibrate.shortcuts(task))
    assert kept_out


def test_every_measure_has_a_bound() -> None:
    """No check asks for a bound that is not in the calibration file."""
    for task in rubric.tasks():
        matching(task, thresholds.bounds(task.id) or {})


def _measured(value: float, status: str = "passed") -> TaskVerdict:
    evidence = {"measures": {"accuracy": [value, False], "gap": [0.2, True]}}
    message = "no data" if status == "grader_error" else ""
    return TaskVerdict("cnn", "model_architectures", status, (), evidence=evidence, message=message)


def test_other_data_are_measured_once(tmp_path, monkeypatch) -> None:
    """Data without a calibration: bounds from a few draws of the reference, kept in the cache."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    seeds: list[int] = []

    def measure(seed: int) -> TaskVerdict:
        seeds.append(seed)
        return _measured(0.6 + 0.05 * seed)

    task, found = rubric.find("cnn"), first_use.MeasuredBounds()
    with pytest.raises(NoBounds, match="No bounds are known here for the data cifar10"):
        found.of(task, "cifar10")
    # 30 % below the worst draw of a lower bound, 30 % above for an upper one.
    expected = {"accuracy": 0.42, "gap": 0.26}
    assert found.of(task, "cifar10", measure) == expected
    assert found.of(task, "cifar10", measure) == expected
    assert found.of(task, "cifar10") == expected
    assert seeds == [0, 1, 2]
    [file] = (tmp_path / "bounds").iterdir()
    file.write_text("{corrupt")
    assert found.of(task, "cifar10", measure) == expected
    assert len(seeds) == 6


def test_other_data_that_cannot_be_had_are_one_line(tmp_path, monkeypatch) -> None:
    """If the reference cannot be measured, the reason is handed on and nothing is kept."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    with pytest.raises(NoBounds, match=r"^no data$"):
        first_use.MeasuredBounds().of(
            rubric.find("cnn"), "cifar10", lambda seed: _measured(0, "grader_error")
        )
    assert not (tmp_path / "bounds").exists()


def test_committed_bounds_measure_nothing() -> None:
    """The student copy knows the default data; other data have no bounds there, and why."""
    task = rubric.find("cnn")
    known = thresholds.CommittedBounds()
    assert known.of(task, "default") == thresholds.bounds("cnn")
    with pytest.raises(NoBounds, match="Leave --data and --weights away"):
        known.of(task, "cifar10", lambda seed: pytest.fail("it measured"))
    assert known.of(dataclasses.replace(task, id="of no calibration"), "cifar10") == {}


def test_a_student_copy_has_committed_bounds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without graders/calibration the command line grades all the same."""
    assert isinstance(arguments.bounds(), first_use.MeasuredBounds)
    monkeypatch.setattr(arguments, "is_here", lambda package: package != "graders.calibration")
    assert type(arguments.bounds()) is thresholds.CommittedBounds


def test_a_runner_measures_with_the_reference(tmp_path, monkeypatch) -> None:
    """Data that are new here: a listener learns of it, and the submission meets the bounds."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    task, graded, events = rubric.find("cnn"), [], []

    class Machine(ThisMachine):
        def grade(self, task, source, settings, bounds, tell):
            graded.append((source.path, settings.calibrating, settings.seed, bounds))
            return Graded(_measured(0.6), True)

    path = tmp_path / "cnn.py"
    path.write_text("x = 1\n")
    listen = lambda task, event: events.append(event)  # noqa: E731
    settings = Settings(seed=7, data="cifar10")
    with Runner(settings, listen, first_use.MeasuredBounds(), Machine()) as runner:
        runner.grade_task(Request(task, path))
    measured = [(task.reference, True, seed, {}) for seed in range(3)]
    assert graded == [*measured, (path, False, 7, {"accuracy": 0.42, "gap": 0.26})]
    assert [event.seed for event in events if isinstance(event, Measuring)] == [0, 1, 2]


def test_bounds_keep_their_promises() -> None:
    """The bound lies between the two, and far enough from the reference."""
    row = bounds.between([0.9, 0.92, 0.91, 0.93] * 5, {"linear": [0.3, 0.35] * 10}, False)
    assert 0.35 < row["bound"] < 0.9
    assert row["kept_out"] == ["linear"]
    row = bounds.between([0.1, 0.12] * 10, {"none": [0.5, 0.6] * 10}, True)
    assert 0.12 < row["bound"] < 0.5
    near = bounds.between([0.9, 0.5] * 10, {"close": [0.6, 0.7] * 10}, False)
    assert near["kept_out"] == []
