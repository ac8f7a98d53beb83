"""The remark on complete solutions: what it sees, where it keeps silent, and where it is shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from graders import cli, rubric
from graders.reports import html, text
from graders.rubric import KIT
from graders.runner import Request
from graders.submission import idiom, source
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
GIVEN = "import numpy as np\nfrom keras import layers\n"


@pytest.mark.parametrize("name", SEEN)
def test_what_could_be_more_idiomatic_is_said(name: str) -> None:
    """One remark, with its line and with what to write instead."""
    module, line, words = SEEN[name]
    found = idiom.remark(module, "cnn.py", "")
    assert found.startswith(f'"cnn.py", line {line}: ')
    assert words in found
    assert found.endswith(".") and "\n" not in found


@pytest.mark.parametrize("name", SILENT)
def test_what_may_have_a_reason_is_left_alone(name: str) -> None:
    """No remark where the code is fine, was handed out, or cannot be read."""
    assert idiom.remark(SILENT[name], "cnn.py", GIVEN) == ""


@pytest.mark.parametrize("task", rubric.tasks(), ids=lambda task: task.id)
def test_references_are_idiomatic(task: rubric.Task) -> None:
    """Our own solutions get no remark; hardly any right work of the test set does."""
    given = task.stub.read_text()
    assert idiom.remark(task.reference.read_text(), f"{task.id}.py", given) == ""
    right = sorted((KIT / "tests" / "submissions" / task.id / "right").glob("*.py"))
    found = [idiom.remark(path.read_text(), path.name, given) for path in right]
    assert sum(map(bool, found)) <= len(right) / 4, found


def test_nothing_runs() -> None:
    """The source is looked at only: what would end the process does not."""
    assert idiom.remark("import os\nos._exit(3)\n", "cnn.py", "") == ""


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


def _passed(path: Path) -> tuple[Request, verdicts.TaskVerdict]:
    task = rubric.find("cnn")
    found = source.load(task, path)
    passed = verdicts.task("cnn", "passed")
    return Request(task, path), dataclasses.replace(passed, submission=found.digest)


def test_the_front_end_adds_it_and_no_points(tmp_path: Path) -> None:
    """The remark is on what was graded; points, checks and JSON stay as they are."""
    path = tmp_path / "cnn.py"
    path.write_text("import os\n" + KERAS)
    request, passed = _passed(path)
    found = cli._with_idiom(passed, request)
    assert found.evidence["idiom"].startswith('"cnn.py", line 1: `os` is imported')
    assert found.to_json() == passed.to_json()
    failed = dataclasses.replace(passed, status="failed")
    assert cli._with_idiom(failed, request) is failed
    # Saved again while it was graded, or gone.
    path.write_text("import sys\n" + KERAS)
    assert cli._with_idiom(passed, request) is passed
    path.unlink()
    assert cli._with_idiom(passed, request) is passed


def test_in_a_notebook_the_place_is_a_cell(tmp_path: Path) -> None:
    """The place is named in the notebook's own words."""
    cell = "def train(model, train_data, val_data):\n    for _ in range(3):\n        h = model.fit(*train_data)\n    return h"
    path = notebook.write(tmp_path / "cnn.ipynb", "1 + 1", cell)
    request, passed = _passed(path)
    found = cli._with_idiom(passed, request).evidence["idiom"]
    assert found.startswith('"cnn.ipynb", code cell 2, line 2: this loop calls `fit`')
