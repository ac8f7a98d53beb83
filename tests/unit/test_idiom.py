"""The remark on complete solutions: what it sees, where it keeps silent, and where it is shown."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from graders import jupyter, rubric, submission
from graders.reports import html, text
from graders.rubric import KIT
from graders.runner import Graded, Request, Runner, Settings, ThisMachine
from graders.submission import Source, idiom, notebooks, reading
from tests import notebook, verdicts

KERAS = "import keras\nfrom keras import layers\nkeras.Model, layers.Dense\n"
FIT = "def train(model, data, val, epochs):\n    {}\n"
LOOP = "for {} in range(epochs):\n        {}"

SEEN = {
    "tf.keras beside keras": ("import keras\nimport tensorflow as tf\nkeras.Input\ntf.keras.Model\n", 4, "`keras` in line 1"),
    "two imports": ("from keras import layers\nfrom tensorflow.keras import Model\nlayers.Dense, Model\n", 2, "two places"),
    "input_shape": (KERAS + "layers.Conv2D(8, 3, input_shape=(32, 32, 3))\n", 4, "keras.Input"),
    "Flatten in a list": (KERAS + "keras.Sequential([\n  layers.GlobalAveragePooling2D(),\n  layers.Flatten()])\n", 6, "changes nothing"),
    "Flatten in a chain": (KERAS + "def f(x):\n    return layers.Flatten()(layers.GlobalMaxPooling1D()(x))\n", 5, "GlobalMaxPooling1D"),
    "Flatten in steps": (KERAS + "def f(x):\n    x = layers.GlobalAveragePooling2D()(x)\n    x = layers.Flatten()(x)\n", 6, "changes nothing"),
    "Flatten by add": (KERAS + "def f(m):\n    m.add(layers.GlobalAveragePooling2D())\n    m.add(layers.Flatten())\n", 6, "changes nothing"),
    "one-hot": (KERAS + "def f(m, y):\n    m.compile('adam', 'categorical_crossentropy')\n    keras.utils.to_categorical(y)\n", 6, "integer labels"),
    "one-hot with the class": (KERAS + "keras.losses.CategoricalCrossentropy()\nkeras.ops.one_hot(3, 4)\n", 5, "`one_hot` is not needed"),
    "epochs by hand": (FIT.format(LOOP.format("_", "model.fit(*data, epochs=1)")), 2, "epochs=n"),
    "epochs by hand, unsaid": (FIT.format(LOOP.format("epoch", "model.fit(*data)")), 2, "epochs=n"),
    "unused import": ("import os\n" + KERAS, 1, "`os` is imported and never used"),
    "unused name": (KERAS + "from keras import regularizers as r, ops\nops.add\n", 4, "`r` is imported"),
}  # fmt: skip

SILENT = {
    "nothing": KERAS,
    "only tf.keras": "import tensorflow as tf\ntf.keras.Model\n",
    "tensorflow for other things": "import keras\nimport tensorflow as tf\nkeras.Input, tf.data\n",
    "a base with input_shape": KERAS + "keras.applications.VGG16(input_shape=(32, 32, 3))\n",
    "Flatten after pooling": KERAS + "keras.Sequential([layers.MaxPooling2D(), layers.Flatten()])\n",
    "axes kept": KERAS + "[layers.GlobalAveragePooling2D(keepdims=True), layers.Flatten()]\n",
    "two branches": KERAS
    + "def f(a, b):\n    x = layers.GlobalMaxPooling2D()(a)\n    y = layers.Flatten()(b)\n    return x, y\n",
    "model.add": KERAS + "def f(m):\n    m.add(layers.Flatten())\n    m.add(layers.Dense(1))\n",
    "label smoothing": KERAS
    + "keras.losses.CategoricalCrossentropy(label_smoothing=0.1)\nkeras.ops.one_hot(3, 4)\n",
    "one-hot for something else": KERAS + "keras.ops.one_hot(3, 4)\n",
    "sparse": KERAS + "keras.ops.one_hot(3, 4), 'sparse_categorical_crossentropy'\n",
    "fit with epochs": FIT.format("return model.fit(*data, epochs=epochs)"),
    "a loop over settings": FIT.format("for size in (16, 32):\n        model.fit(*data, batch_size=size)"),
    "several epochs each": FIT.format(LOOP.format("_", "model.fit(*data, epochs=5)")),
    "its number counts": FIT.format(LOOP.format("epoch", "model.fit(*data); print(epoch)")),
    "timed": "import time\n" + FIT.format(LOOP.format("_", "time.time(); model.fit(*data)")),
    "from the stub": "import numpy as np\nfrom keras import layers, ops\nops.add\n",
    "in an annotation": "import typing\ndef f(x: 'typing.Any'): pass\n",
    "the future": "from __future__ import annotations\n",
    "no Python": "def broken(:\n",
    "nested too deep": "x = " + "(" * 4000 + ")" * 4000,
}  # fmt: skip


def remark(text: str, given: str = "") -> str:
    """Returns the remark on a module's text."""
    return idiom.remark(Source(text, "cnn.py", Path("cnn.py")), given)


GIVEN = "import numpy as np\nfrom keras import layers\n"


@pytest.mark.parametrize("name", SEEN)
def test_what_could_be_more_idiomatic_is_said(name: str) -> None:
    """One remark, with its line and with what to write instead."""
    module, line, words = SEEN[name]
    found = remark(module)
    assert found.startswith(f'"cnn.py", line {line}: ')
    assert words in found
    assert found.endswith(".") and "\n" not in found


@pytest.mark.parametrize("name", SILENT)
def test_what_may_have_a_reason_is_left_alone(name: str) -> None:
    """No remark where the code is fine, was handed out, or cannot be read."""
    assert remark(SILENT[name], GIVEN) == ""


@pytest.mark.parametrize("task", rubric.tasks(), ids=lambda task: task.id)
def test_references_are_idiomatic(task: rubric.Task) -> None:
    """Our own solutions get no remark; hardly any right work of the test set does."""
    given = task.stub.read_text()
    assert remark(task.reference.read_text(), given) == ""
    right = sorted((KIT / "tests" / "submissions" / task.id / "right").glob("*.py"))
    found = [remark(path.read_text(), given) for path in right]
    assert sum(map(bool, found)) <= len(right) / 4, found


def test_nothing_runs() -> None:
    """The source is looked at only: what would end the process does not."""
    assert remark("import os\nos._exit(3)\n") == ""


REMARK = '"cnn.py", line 1: `os` is imported & never <b>used</b>.'


@pytest.mark.parametrize(
    ("status", "shown"), [("passed", True), ("failed", False), ("error", False)]
)
def test_only_complete_work_gets_it(status: str, shown: bool) -> None:
    """On the terminal and on the page: with all points, and never otherwise; escaped."""
    found = verdicts.task("cnn", status, evidence={"idiom": REMARK})
    line = " ".join(text.plain(text.task_line(found)).split())
    page = html.render(verdicts.verdict(found))
    assert (REMARK in line) is shown
    assert ("More idiomatic" in page) is shown
    assert ("&amp; never &lt;b&gt;used&lt;/b&gt;" in page) is shown
    assert "<b>used" not in page


UNUSED = "import os\n" + KERAS


class Ending(ThisMachine):
    """Where every grading ends in the same way.

    Args:
        status: String, the status of each task.
    """

    def __init__(self, status: verdicts.Status = "passed"):
        super().__init__()
        self.status, self.graded = status, []

    def grade(self, task, source, settings, bounds, tell=None) -> Graded:
        """Notes what is to be graded, and returns the verdict."""
        self.graded.append(source)
        found = verdicts.task(task.id, self.status)
        return Graded(dataclasses.replace(found, submission=source.digest), True)


def work(folder: Path, text: str = UNUSED) -> Request:
    """Writes a submission and returns the request to grade it."""
    path = folder / "cnn.py"
    path.write_text(text)
    return Request(rubric.find("cnn"), path)


def test_the_runner_adds_it_and_no_points(tmp_path: Path) -> None:
    """The remark is in the evidence of complete work; points, checks and JSON stay as they are."""
    request = work(tmp_path)
    for status, seen in (("passed", True), ("failed", False)):
        with Runner(Settings(), place=Ending(status)) as runner:
            verdict = runner.grade_task(request)
        assert verdict.evidence.get("idiom", "").startswith('"cnn.py", line 1: `os`') is seen
        digest = submission.read(request.path, request.task).digest
        bare = dataclasses.replace(
            verdicts.task("cnn", status), submission=digest, seconds=verdict.seconds
        )
        assert verdict.to_json() == bare.to_json()
    with Runner(Settings(), place=Ending()) as runner:
        assert "idiom" not in runner.grade_task(work(tmp_path, KERAS)).evidence


def test_it_is_about_what_was_graded(tmp_path: Path) -> None:
    """A submission that is saved again while it is graded: the remark is on what stood there."""
    request = work(tmp_path)

    class Saves(Ending):
        def grade(self, *given, **more) -> Graded:
            work(tmp_path, KERAS)
            return super().grade(*given, **more)

    with Runner(Settings(), place=Saves()) as runner:
        assert "`os`" in runner.grade_task(request).evidence["idiom"]


def test_in_a_notebook_the_place_is_a_cell(tmp_path: Path) -> None:
    """The place is named in the notebook's own words."""
    cell = "def train(model, train_data, val_data):\n    for _ in range(3):\n        h = model.fit(*train_data)\n    return h"
    path = notebook.write(tmp_path / "cnn.ipynb", "1 + 1", cell)
    with Runner(Settings(), place=Ending()) as runner:
        found = runner.grade_task(Request(rubric.find("cnn"), path)).evidence["idiom"]
    assert found.startswith('"cnn.ipynb", code cell 2, line 2: this loop calls `fit`')


def test_the_store_neither_keeps_nor_loses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graded, from the store, and recalled: the same remark, which is no part of the entry."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    request, machine = work(tmp_path), Ending()
    with Runner(Settings(use_store=True), place=machine) as runner:
        found = [runner.grade_task(request) for _ in range(2)]
        found.append(runner.recall(request))
    assert [verdict.cached for verdict in found] == [False, True, True]
    assert len(machine.graded) == 1
    assert {verdict.evidence["idiom"].count("`os`") for verdict in found} == {1}
    [entry] = (tmp_path / "cache" / "verdicts").glob("*/*.json")
    assert "idiom" not in entry.read_text()


def test_a_submission_is_read_and_parsed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One grading, one reading and one parse: for the syntax, the stub and the remark."""
    read, parsed = [], []
    read_bytes, parse = reading.read_bytes, notebooks.parse

    def counted_read(path: Path, *more: Any, **named: Any) -> bytes:
        read.append(path)
        return read_bytes(path, *more, **named)

    def counted_parse(text: str):
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(reading, "read_bytes", counted_read)
    monkeypatch.setattr(notebooks, "parse", counted_parse)
    monkeypatch.setattr(idiom, "parse", counted_parse)
    request = work(tmp_path)
    with Runner(Settings(), place=Ending()) as runner:
        for grade in (runner.grade_task, lambda request: runner.grade([request]).tasks[0]):
            read.clear(), parsed.clear()
            assert "idiom" in grade(request).evidence
            assert (read, parsed.count(UNUSED)) == ([request.path], 1)


def test_check_cells_of_a_notebook_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict behind a check cell is the whole one."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    passed = Graded(verdicts.task("cnn", "passed"), True)
    monkeypatch.setattr(ThisMachine, "grade", lambda *given: passed)
    jupyter.runner.cache_clear()
    with contextlib.closing(jupyter.runner()) as runner:
        assert "`os`" in runner.grade_task(work(tmp_path)).evidence["idiom"]
    jupyter.runner.cache_clear()
