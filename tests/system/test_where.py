"""A message names its line wherever it is shown: terminal, JSON, GitHub, page, notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from graders import rubric
from graders.runner import Request, Runner, Settings
from tests.notebook import write
from tests.programs import FIT, GOOD, cnn, run

# The model's last layer is ReLU, in line 10 of the file.
WRONG = cnn(GOOD.replace("softmax", "relu"))
LINE = next(i for i, text in enumerate(WRONG.split("\n"), 1) if '"relu")])' in text)
CODE = 'layers.Dense(num_classes, activation="relu")])'


def first(verdict: Any) -> dict[str, Any]:
    """Returns the first check of a verdict's JSON that failed."""
    return next(c for c in verdict["tasks"][0]["checks"] if c["outcome"] in ("failed", "error"))


def test_a_module(tmp_path: Path) -> None:
    """On the terminal, in JSON, on the page, and the second time from the store."""
    path, page = tmp_path / "cnn.py", tmp_path / "page.html"
    path.write_text(WRONG)
    own = {"KERAS_KIT_CACHE": str(tmp_path / "cache")}
    arguments = ("cnn::output_and_loss", "--from", str(path))
    for _ in range(2):
        done = run(*arguments, "--html", str(page), **own)
        assert done.returncode == 1, done.stderr
        assert f"\n    cnn.py:{LINE}: {CODE}\n" in done.stdout
        assert f"cnn.py:{LINE}: layers.Dense(num_classes, activation=" in page.read_text()
    # Under another name the same text has a place of that name.
    other = tmp_path / "mine.py"
    other.write_text(WRONG)
    done = run("cnn::output_and_loss", "--from", str(other), "--json", "-", **own)
    found = json.loads(done.stdout)
    assert found["tasks"][0]["cached"] is True
    assert first(found)["where"] == {"file": "mine.py", "line": LINE}


def test_a_traceback_names_the_students_file(tmp_path: Path) -> None:
    """Whatever the file is called, graded or from the store."""
    own = {"KERAS_KIT_CACHE": str(tmp_path / "cache")}
    for name, cached in (("mine.py", False), ("mine.py", True), ("other.py", True)):
        path = tmp_path / name
        path.write_text(WRONG.replace("num_classes, activation", "classes, activation"))
        done = run("cnn::builds", "--from", str(path), "--json", "-", **own)
        found = json.loads(done.stdout)
        assert found["tasks"][0]["cached"] is cached
        assert f'  File "{name}", line {LINE}, in build_model' in first(found)["message"]
        assert '"cnn.py"' not in first(found)["message"]


def test_github_actions(tmp_path: Path) -> None:
    """An error beside the line, and standard output stays JSON where it is asked for."""
    path = tmp_path / "cnn.py"
    path.write_text(WRONG)
    own = {"KERAS_KIT_CACHE": str(tmp_path / "cache"), "GITHUB_ACTIONS": "true"}
    own["GITHUB_WORKSPACE"] = str(tmp_path)
    done = run("cnn::output_and_loss", "--from", str(path), **own)
    head = f"::error file=cnn.py,title=cnn%3A%3Aoutput_and_loss,line={LINE}::Expected class"
    assert next(row for row in done.stdout.split("\n") if row.startswith("::")).startswith(head)
    done = run("cnn::output_and_loss", "--from", str(path), "--json", "-", **own)
    json.loads(done.stdout)
    assert done.stderr.startswith(head)


def test_a_notebook(runner: Runner, tmp_path: Path) -> None:
    """The cell, as a student counts, and the line in it."""
    top, _, rest = WRONG.strip().partition("\n\n")
    build, _, train = rest.partition("\n\n")
    path = write(tmp_path / "cnn.ipynb", "%pip list", top, "1 + 1", f"\n{build}", train)
    verdict = runner.grade_task(Request(rubric.find("cnn"), path))
    check = next(c for c in verdict.checks if c.outcome == "failed")
    assert check.where is not None
    inside = LINE - WRONG.split("\n").index("def build_model(input_shape, num_classes):") + 1
    assert check.where.to_json() == {"file": "cnn.ipynb", "cell": 4, "line": inside}
    assert check.where.code == CODE


@pytest.mark.parametrize(
    ("body", "train", "code"),
    [
        # What is absent: the function that should hold it.
        (GOOD.replace("layers.Conv2D", "layers.SeparableConv2D", 0).replace(
            'layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D(),',
            "layers.GlobalAveragePooling2D(),"), FIT, "def build_model(input_shape, num_classes):"),
        # What the student's code raised.
        (GOOD, "x = 1 / 0\n    return x", "x = 1 / 0"),
        # What is missing at the end of a function.
        (GOOD.replace("    return model", "    return None"), FIT, "def build_model("),
        # A training.
        (GOOD, "return model.fit(*train_data, epochs=0, validation_data=val_data)", "return model.fit("),
        (GOOD, "return model.fit(\n        *train_data,\n        epochs=0,\n    )", "epochs=0,"),
    ],
    ids=["absent", "raised", "returned", "fit", "argument"],
)  # fmt: skip
def test_what_a_message_points_at(grade, body: str, train: str, code: str) -> None:
    """The line that a teacher would point at."""
    verdict = grade("cnn", cnn(body, train))
    check = next(c for c in verdict.checks if c.outcome in ("failed", "error"))
    assert check.where is not None
    assert check.where.code.startswith(code), check.message


FORGED = """
import sys

import keras
from keras import layers

def build_model(input_shape, num_classes):
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(num_classes)])
    model.compile("adam", "mse")
    for part in [model, *model.layers]:
        for name in ("_line_made", "_line_compiled", "_line_fitted", "_line_asked"):
            part.__dict__[name] = {claim}
    return model

def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data)
"""


@pytest.mark.parametrize("claim", ["-7", "10 ** 9", "'x'", "[1]", "2.5", "True"])
def test_a_forged_line_points_nowhere_else(grade, claim: str) -> None:
    """A claim that is no number of a line of the file is left out: what the text tells stands."""
    verdict = grade("cnn", FORGED.replace("{claim}", claim))
    check = next(c for c in verdict.checks if c.outcome in ("failed", "error"))
    assert check.where is not None
    assert check.where.code == "def build_model(input_shape, num_classes):"


def test_syntax_errors(tmp_path: Path) -> None:
    """What cannot be read has a place, too."""
    path = tmp_path / "cnn.py"
    path.write_text("import keras\ndef broken(:\n")
    with Runner(Settings(use_store=False)) as runner:
        verdict = runner.grade_task(Request(rubric.find("cnn"), path))
    check = verdict.checks[0]
    assert check.where is not None and check.where.to_json() == {"file": "cnn.py", "line": 2}
    assert os.path.basename(check.where.path) == "cnn.py"
