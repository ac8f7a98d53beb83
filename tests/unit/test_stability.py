"""The command that counts false rejects."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import rubric
from graders.runner import draw_for
from graders.verdict import CheckResult, TaskVerdict
from tests import stability
from tests.quality import records
from tests.stability import Setup, Subject

TASK = rubric.find("custom_layer")


def verdict(status: str) -> TaskVerdict:
    """Returns a verdict with one check."""
    outcome = "passed" if status == "passed" else "failed"
    checks = (CheckResult("custom_layer::computes", "", outcome, 0, 1, "off by 1"),)
    return TaskVerdict("custom_layer", "customization", status, checks)


class FakeRunner:
    """Rejects what `rejected` names: pairs of a draw and a submission."""

    seen: list = []
    rejected: set = set()

    def __init__(self, settings):
        self.onednn = ""

    def warm_up(self) -> None:
        """Notes what a warm process would read when it starts."""
        import os

        self.onednn = os.environ["TF_ENABLE_ONEDNN_OPTS"]

    def close(self) -> None:
        """Ends nothing."""

    def grade_task(self, request, settings) -> TaskVerdict:
        """Grades nothing."""
        key = (settings.seed, request.path.stem)
        FakeRunner.seen.append((*key, settings.threads, self.onednn))
        return verdict("failed" if key in FakeRunner.rejected else "passed")


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> list:
    """Replaces the runner; returns the list of what it was asked for."""
    monkeypatch.setattr(stability, "Runner", FakeRunner)
    monkeypatch.setattr(FakeRunner, "seen", [])
    monkeypatch.setattr(FakeRunner, "rejected", set())
    return FakeRunner.seen


def test_bound_is_the_rule_of_three() -> None:
    """0 of n rejected bounds the chance by about 3 / n; rejects raise it."""
    assert stability.upper_bound(0, 900) == pytest.approx(3 / 900, rel=0.01)
    assert stability.upper_bound(0, 100) == pytest.approx(1 - 0.05 ** (1 / 100))
    assert stability.upper_bound(1, 100) > stability.upper_bound(0, 100)
    assert stability.upper_bound(5, 5) == 1.0
    assert stability.upper_bound(0, 0) is None


def test_each_draw_has_other_data_and_another_seed() -> None:
    """A submission that fixes its own seed still meets other data."""
    settings = [stability.settings_for(draw, Setup(1, "on"), 300) for draw in range(20)]
    assert len({draw_for("cnn", one) for one in settings}) == 20
    assert len({one.seed for one in settings}) == 20


def test_setups_take_turns(graded: list, tmp_path: Path) -> None:
    """Threads and oneDNN vary from draw to draw, and the children get both."""
    assert stability.main(["custom_layer", "--draws", "4", "--references-only"], tmp_path) == 0
    assert [(threads, onednn) for *_, threads, onednn in graded] == [
        (1, "1"), (2, "1"), (1, "0"), (2, "0"),
    ]  # fmt: skip


def test_counts_add_up_over_runs(graded: list, tmp_path: Path) -> None:
    """A later run goes on where the earlier one stopped."""
    arguments = ["custom_layer", "--references-only", "--draws"]
    stability.main([*arguments, "2"], tmp_path)
    stability.main([*arguments, "5"], tmp_path)
    stability.main([*arguments, "5"], tmp_path)
    assert [draw for draw, *_ in graded] == [0, 1, 2, 3, 4]
    entry = records.read("stability", "custom_layer", tmp_path)["reference"]
    assert (entry["gradings"], entry["rejects"]) == (5, 0)
    assert sum(number for number, _ in entry["setups"].values()) == 5


def test_counts_begin_again_when_the_checks_change(graded: list, tmp_path: Path) -> None:
    """Counts of other checks say nothing about these; those of another engine may be kept."""
    arguments = ["custom_layer", "--references-only", "--draws", "2"]
    stability.main(arguments, tmp_path)
    found = records.read("stability", "custom_layer", tmp_path)
    found["reference"]["engine"] = "another"
    records.write("stability", "custom_layer", found, tmp_path)
    stability.main([*arguments, "--keep-engine"], tmp_path)
    assert len(graded) == 2
    found["reference"]["checks"] = "others"
    records.write("stability", "custom_layer", found, tmp_path)
    stability.main([*arguments, "--keep-engine"], tmp_path)
    assert len(graded) == 4


def test_a_false_reject_is_kept_and_named(
    graded: list, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The count says which draw, which setting, which check, and what was said."""
    FakeRunner.rejected.add((1, "idiomatic"))
    assert stability.main(["custom_layer", "--draws", "2"], tmp_path) == 1
    entries = records.read("stability", "custom_layer", tmp_path)
    assert entries["idiomatic"]["rejects"] == 1
    assert entries["idiomatic"]["failures"] == [
        {"draw": 1, "setup": "threads=2 onednn=on", "status": "failed", "check": "computes",
         "message": "off by 1"},
    ]  # fmt: skip
    gradings, rejects = stability.totals(entries)
    assert (gradings, rejects) == (2 * len(stability.subjects(TASK)), 1)
    assert "custom_layer/idiomatic: 1 rejected of 2" in capsys.readouterr().out


def test_subjects_are_the_reference_and_the_right_submissions() -> None:
    """Wrong submissions take no part."""
    found = stability.subjects(TASK)
    assert found[0] == Subject(TASK, "reference", TASK.reference)
    assert len(found) >= 9
    assert all(subject.path.parent.name == "right" for subject in found[1:])
    assert stability.subjects(TASK, references_only=True) == found[:1]


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["--threads", "x"], ["--onednn", "maybe"], ["--jobs", "0"]]
)
def test_wrong_usage_is_one_line_and_2(
    arguments: list[str], capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    """Wrong usage never ends in a traceback."""
    assert stability.main(arguments, tmp_path) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
