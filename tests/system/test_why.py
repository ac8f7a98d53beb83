"""`grade.py --why TASK`: a repair is tried where a training fails, and no verdict changes by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graders import KIT

SUBMISSIONS = KIT / "tests" / "submissions"


def graded(task: str, name: str, *words: str) -> tuple[int, Any]:
    """Grades a submission of the corpus, and returns the exit code and the task's JSON."""
    command = [sys.executable, "grade.py", task, "--from", str(SUBMISSIONS / task / f"{name}.py")]
    done = subprocess.run(
        [*command, "--json", "-", *words], cwd=KIT, capture_output=True, text=True, timeout=400
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["tasks"][0]


@pytest.mark.parametrize(
    ("task", "name", "fault", "words"),
    [
        ("cnn", "shuffled_labels", "training_function", "as they belong together"),
        ("cnn", "logits_as_probabilities", "logits_for_probabilities", "with softmax"),
        ("lstm", "softmax_one_unit", "softmax_on_one_unit", "with one sigmoid unit"),
        ("lstm", "too_short", "too_few_steps", "with more epochs"),
    ],
)
def test_the_right_repair_is_tried(task: str, name: str, fault: str, words: str) -> None:
    """It is named first, with what it reached; the verdict is the one that there is without it."""
    code, found = graded(task, f"wrong/{name}", "--why")
    first = found.pop("why")["faults"][0]
    assert (code, first["id"]) == (1, fault)
    assert words in first["tried"] and "instead of" in first["tried"]
    code, plain = graded(task, f"wrong/{name}")
    assert code == 1 and "why" not in plain
    varies = ("seconds", "cached")
    assert {k: v for k, v in plain.items() if k not in (*varies, "checks")} == {
        k: v for k, v in found.items() if k not in (*varies, "checks")
    }
    assert [(c["outcome"], c["points"], c["message"]) for c in plain["checks"]] == [
        (c["outcome"], c["points"], c["message"]) for c in found["checks"]
    ]


@pytest.mark.parametrize(
    ("task", "name", "told"),
    [
        ("cnn", "wrong/no_validation", "trains is not about what a training reaches"),
        ("cnn", "wrong/dense_only", "two_convolutions is not about what a training reaches"),
        ("custom_layer", "wrong/bias_forgotten", "No model that custom_layer.py builds is trained"),
        ("lr_batch_sweep", "wrong/history_object", "is not about what a training reaches"),
    ],
)
def test_where_nothing_can_be_tried_one_line_tells_so(task: str, name: str, told: str) -> None:
    """The exit code is that of the verdict."""
    code, found = graded(task, name, "--why")
    assert code == 1 and found["why"]["faults"] == []
    assert told in found["why"]["trouble"]


def test_right_work_has_nothing_to_try() -> None:
    """It passes as ever."""
    name = sorted((SUBMISSIONS / "cnn" / "right").glob("*.py"))[0].stem
    code, found = graded("cnn", f"right/{name}", "--why")
    assert (code, found["status"]) == (0, "passed")
    assert found["why"]["trouble"] == "cnn has all its points: there is nothing to try."


def test_the_page_and_the_terminal_show_it(tmp_path: Path) -> None:
    """The sentence stands in both, and the line."""
    page = tmp_path / "why.html"
    path = SUBMISSIONS / "lstm" / "wrong" / "softmax_one_unit.py"
    done = subprocess.run(
        [sys.executable, "grade.py", "--why", "lstm", "--from", str(path), "--html", str(page)],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 1
    shown = " ".join(done.stdout.split())
    assert "lstm: why? What was tried (no point depends on it):" in shown
    assert "Tried: with one sigmoid unit and binary_crossentropy," in shown
    assert "softmax_one_unit.py:" in shown
    text = page.read_text(encoding="utf-8")
    assert "What was tried" in text and "with one sigmoid unit" in text
