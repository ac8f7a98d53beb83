"""Bounds come from the committed calibration, and from nowhere else."""

from __future__ import annotations

import ast

import pytest

from graders import calibrate, rubric, thresholds
from graders.rubric import KIT

# A bound that was set by hand, from fewer draws, says so in the README: "provisional".
TASKS = [
    t for t in rubric.tasks() if "_made" in thresholds.table().get(t.id, {}).get("default", {})
]
IDS = [task.id for task in TASKS]


def measures(task: rubric.Task) -> set[str]:
    """Returns the measures that a check file asks a bound for."""
    found = set()
    for node in ast.walk(ast.parse(task.path.read_text())):
        asks = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "threshold"
        # A measure for each of several inputs has a name that is put together.
        if asks and isinstance(node.args[0], ast.Constant):
            found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_every_bound_was_calibrated(task: rubric.Task) -> None:
    """Each measure has its distributions over at least 20 draws, and a bound between them."""
    rows = thresholds.table()[task.id]["default"]
    assert measures(task) == {name for name in rows if not name.startswith("_")}
    assert measures(task)
    for name in measures(task):
        row = rows[name]
        assert row["reference"]["n"] >= 20
        assert row["chance_right_work_fails"] < 1e-4
        rivals = {key: found["values"] for key, found in row["shortcuts"].items()}
        again = calibrate.bound_for(row["reference"]["values"], rivals, row["upper"])
        assert again == row
        assert thresholds.bound(task.id, name) == row["bound"]


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
        for name in measures(task):
            assert thresholds.bound(task.id, name) is not None


def test_a_missing_bound_is_not_guessed() -> None:
    """Without a calibration there is an error, never a default."""
    with pytest.raises(thresholds.NoThreshold, match=r"run python -m graders.calibrate"):
        thresholds.bound("cnn", "accuracy", "no such source")


def test_bounds_keep_their_promises() -> None:
    """The bound lies between the two, and far enough from the reference."""
    row = calibrate.bound_for([0.9, 0.92, 0.91, 0.93] * 5, {"linear": [0.3, 0.35] * 10}, False)
    assert 0.35 < row["bound"] < 0.9
    assert row["kept_out"] == ["linear"]
    row = calibrate.bound_for([0.1, 0.12] * 10, {"none": [0.5, 0.6] * 10}, True)
    assert 0.12 < row["bound"] < 0.5
    near = calibrate.bound_for([0.9, 0.5] * 10, {"close": [0.6, 0.7] * 10}, False)
    assert near["kept_out"] == []


def test_the_readme_shows_what_was_measured() -> None:
    """The README's table is what the calibration says."""
    text = (KIT / "README.md").read_text()
    begin, end = "calibrate --table` -->", "<!-- end of tasks -->"
    assert text.partition(begin)[2].partition(end)[0].strip() == calibrate.markdown()
