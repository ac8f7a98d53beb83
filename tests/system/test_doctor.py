"""`grade.py doctor` on small scripts: what is wrong, in which line, and each kind of bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graders import KIT
from tests import walkthroughs

HEAD = """import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
x = rng.normal(size=(300, 8)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int32")
"""
MODEL = """model = keras.Sequential([
    keras.Input((8,)),
    layers.Dense(16, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
"""
FIT = "model.fit(x, y, epochs=20, validation_split=0.2)\n"
GOOD = HEAD + MODEL + FIT


def doctor(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    return subprocess.run(
        [sys.executable, "grade.py", "doctor", str(path), *words],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def found(folder: Path, text: str, *words: str, name: str = "train.py") -> tuple[int, Any]:
    """Examines a script, and returns the exit code and what was found."""
    path = folder / name
    path.write_text(text)
    done = doctor(path, "--json", "-", *words)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def line_of(text: str, part: str) -> int:
    """Returns the line that holds a part of a text."""
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_healthy_script_has_no_faults_and_no_remarks(tmp_path: Path) -> None:
    """It exits with 0."""
    code, answer = found(tmp_path, GOOD)
    assert (code, answer["faults"], answer["remarks"]) == (0, [], [])
    assert answer["schema"] == 1 and answer["file"] == "train.py" and answer["trainings"] == 1


def test_an_epoch_at_a_time_is_no_short_training(tmp_path: Path) -> None:
    """The first call of fit makes a few steps; the same model is trained on by the others."""
    once = GOOD.replace(FIT, FIT.replace("epochs=20", "epochs=1"))
    assert [row["id"] for row in found(tmp_path, once)[1]["faults"]] == ["too_few_steps"]
    loop = "for _ in range(20):\n    " + FIT.replace("epochs=20", "epochs=1").strip() + "\n"
    code, answer = found(tmp_path, GOOD.replace(FIT, loop))
    assert (code, answer["faults"]) == (0, [])


def test_a_model_that_is_trained_again_may_have_a_small_rate(tmp_path: Path) -> None:
    """A callback that waits for a figure of no validation is shown where it is made."""
    again = MODEL.splitlines()[-1].replace('"adam"', "keras.optimizers.Adam(1e-5)") + "\n"
    code, answer = found(tmp_path, GOOD + again + FIT)
    assert (code, answer["faults"], answer["remarks"]) == (0, [], [])
    alone = GOOD.replace(MODEL, MODEL + again)
    assert [row["id"] for row in found(tmp_path, alone)[1]["faults"]] == ["learning_rate"]
    waits = "stop = keras.callbacks.EarlyStopping(patience=2)\n"
    fit = FIT.replace("validation_split=0.2", "callbacks=stop")
    text = GOOD.replace(FIT, waits + fit)
    [fault] = found(tmp_path, text)[1]["faults"]
    assert (fault["id"], fault["line"]) == ("missing_monitor", line_of(text, "stop ="))


def test_a_loop_goes_on_after_its_first_training(tmp_path: Path) -> None:
    """A later setting's fault is a remark, as it may be bad on purpose; an error is told."""
    inner = MODEL.replace('"sigmoid"', "last") + FIT
    loop = HEAD + "for last in ('sigmoid', 'softmax', 'sigmoid'):\n"
    loop += "".join(f"    {row}\n" for row in inner.splitlines())
    loop += "raise RuntimeError('after the loop')\n"
    code, answer = found(tmp_path, loop)
    assert (code, answer["faults"]) == (0, [])
    assert [row["id"] for row in answer["remarks"]] == ["softmax_on_one_unit"]
    assert "RuntimeError" in answer["trouble"] and answer["trainings"] == 3


def test_two_models_trained_in_turn(tmp_path: Path) -> None:
    """Step by step, each with its own weights; fewer steps than are watched are no failure."""
    two = MODEL + MODEL.replace("model", "other").replace("8,", "3,")
    for steps in (10, 150):
        loop = f"for step in range({steps}):\n"
        loop += "    model.train_on_batch(x[:64], y[:64])\n"
        loop += "    other.train_on_batch(x[:64, :3], y[:64])\n"
        path = tmp_path / f"turns{steps}.py"
        path.write_text(HEAD + two + loop)
        shown = doctor(path).stdout
        assert shown.count(f"{min(steps, 100)} steps in") == 2, shown
        assert "failed" not in shown and "Wrong" not in shown


def test_what_stands_in_tells_nothing_of_a_training(tmp_path: Path) -> None:
    """Few of the kit's data with a small learning rate; random weights of a pretrained model."""
    data = """import keras
from keras import layers
(x, y), _ = keras.datasets.mnist.load_data()
x = x[..., None].astype("float32") / 255
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, "softmax")])
model.compile(keras.optimizers.SGD(0.002), "sparse_categorical_crossentropy")
model.fit(x, y, epochs=2, batch_size=128)
"""
    code, answer = found(tmp_path, data)
    assert (code, answer["faults"], answer["remarks"]) == (0, [], [])
    path = tmp_path / "data.py"
    path.write_text(data)
    assert "too little was seen" in " ".join(doctor(path).stdout.split())
    weights = """import keras
import numpy as np
from keras import layers
rng = np.random.default_rng(0)
x = rng.uniform(0, 255, size=(96, 32, 32, 3)).astype("float32")
y = (x[..., 0].mean(axis=(1, 2)) > x[..., 1].mean(axis=(1, 2))).astype("int32")
base = keras.applications.MobileNetV2(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
base.trainable = False
inputs = keras.Input((32, 32, 3))
outputs = base(keras.applications.mobilenet_v2.preprocess_input(inputs), training=False)
outputs = layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling2D()(outputs))
model = keras.Model(inputs, outputs)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=12)
"""
    code, answer = found(tmp_path, weights)
    assert (code, answer["faults"]) == (0, []), answer["faults"]


def test_what_runs_elsewhere_runs_here(tmp_path: Path) -> None:
    """A generator of batches, a schedule that begins at 0, a model that was saved and loaded."""
    text = HEAD + MODEL.replace(
        'optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"]',
        "keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay("
        '0.0, 300, warmup_target=0.01, warmup_steps=10)), "binary_crossentropy", '
        "metrics=[keras.metrics.BinaryAccuracy(threshold=0.4)]",
    )
    text += """
def batches():
    while True:
        rows = rng.integers(0, 300, 32)
        yield x[rows], y[rows]

model.fit(batches(), steps_per_epoch=20, epochs=10)
model.save("kept.keras")
print(keras.models.load_model("kept.keras").evaluate(x, y))
"""
    code, answer = found(tmp_path, text)
    assert (code, answer["faults"], answer["trouble"]) == (0, [], None)


def test_a_training_that_fails_at_its_start_is_not_found_right(tmp_path: Path) -> None:
    """What Keras says of the shapes is told, without its colours."""
    (tmp_path / "train.py").write_text(GOOD.replace("keras.Input((8,))", "keras.Input((9,))"))
    done = doctor(tmp_path / "train.py")
    assert done.returncode == 2
    told = " ".join(done.stdout.split())
    assert "expected axis -1 of input shape to have value 9" in told or "shape=(None, 9)" in told
    assert "It could not be examined." in told and "\x1b" not in told


def test_a_notebook_finds_its_kernel(tmp_path: Path) -> None:
    """`get_ipython()` is there; what raises is told by its cell."""
    cells = [HEAD, "get_ipython().run_line_magic('matplotlib', 'inline')\n" + MODEL, FIT, "\n1 / 0"]
    book = {
        "cells": [
            {"cell_type": "code", "source": part, "metadata": {}, "outputs": []} for part in cells
        ],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    code, answer = found(tmp_path, json.dumps(book), name="work.ipynb")
    assert (code, answer["faults"]) == (0, [])
    assert answer["trouble"].startswith(
        "The script raised ZeroDivisionError in code cell 4, line 2"
    )
    book["cells"][3]["source"] = "\nopen('rows.csv')"
    _, answer = found(tmp_path, json.dumps(book), name="work.ipynb")
    assert answer["trouble"].startswith("Code cell 4, line 2 wants the file rows.csv, which is")
    book["metadata"] = {"kernelspec": {"language": "R", "name": "ir", "display_name": "R"}}
    code, told = found(tmp_path, json.dumps(book), name="r.ipynb")
    assert code == 2 and "is a notebook of r, not of Python." in told["trouble"]


def test_a_package_beside_it_goes_along(tmp_path: Path) -> None:
    """With the module that it imports in turn."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("from parts.sizes import UNITS\n")
    (tmp_path / "parts" / "sizes.py").write_text("UNITS = 16\n")
    text = "from parts import UNITS\n" + GOOD.replace("Dense(16", "Dense(UNITS")
    code, answer = found(tmp_path, text)
    assert (code, answer["trouble"], answer["faults"]) == (0, None, [])


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('layers.Dense(1, activation="sigmoid")', 'layers.Dense(1, activation="softmax")',
         "softmax_on_one_unit"),
        ('layers.Dense(1, activation="sigmoid")', "layers.Dense(1)", "logits_for_probabilities"),
        ('layers.Dense(16, activation="relu")', "layers.Dense(16)", "no_activation"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """The line is that of the layer."""
    text = GOOD.replace(old, new)
    code, answer = found(tmp_path, text)
    assert code == 1
    assert [row["id"] for row in answer["faults"]] == [fault]
    assert answer["faults"][0]["line"] == line_of(text, new)
    assert answer["faults"][0]["doc"].startswith("https://keras.io/")


def test_the_text_names_file_line_and_code(tmp_path: Path) -> None:
    """A terminal that knows links finds `train.py:LINE`."""
    text = GOOD.replace('"sigmoid"', '"softmax"')
    (tmp_path / "train.py").write_text(text)
    done = doctor(tmp_path / "train.py")
    assert f"train.py:{line_of(text, 'softmax')}" in done.stdout
    assert 'layers.Dense(1, activation="softmax")' in done.stdout
    assert "1 fault found." in done.stdout


def test_why_tells_what_a_repair_reached(tmp_path: Path) -> None:
    """With sigmoid, the model learns."""
    code, answer = found(tmp_path, GOOD.replace('"sigmoid"', '"softmax"'), "--why")
    assert code == 1
    assert answer["faults"][0]["tried"].startswith("Tried: with one sigmoid unit")


def test_a_notebook_has_cells(tmp_path: Path) -> None:
    """The line is that of the cell."""
    cells = [HEAD, "%matplotlib inline\n" + MODEL.replace('"sigmoid"', '"softmax"'), FIT]
    book = {
        "cells": [
            {"cell_type": "code", "source": part, "metadata": {}, "outputs": []} for part in cells
        ],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    code, answer = found(tmp_path, json.dumps(book), name="work.ipynb")
    fault = answer["faults"][0]
    assert (code, fault["file"], fault["cell"]) == (1, "work.ipynb", 2)
    assert fault["line"] == line_of(cells[1], "softmax")


def test_keras_2_is_translated_and_told(tmp_path: Path) -> None:
    """Each spelling has what to write now, and its line."""
    text = """from keras.models import Sequential
from keras.layers.core import Dense, Activation
from keras.optimizers import SGD
from keras.utils import np_utils
import numpy as np
x = np.random.default_rng(0).normal(size=(200, 8))
y = np_utils.to_categorical((x[:, 0] > 0).astype(int))
model = Sequential()
model.add(Dense(16, input_dim=8, init="uniform", activation="relu"))
model.add(Dense(output_dim=2))
model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.1, decay=1e-6), metrics=["acc"])
model.fit(x, y, nb_epoch=20, batch_size=16)
print(model.predict_classes(x)[:3])
"""
    code, answer = found(tmp_path, text)
    assert (code, answer["faults"], answer["trouble"]) == (0, [], None)
    told = " ".join(row["message"] for row in answer["changed"])
    for word in ("keras.layers.core", "np_utils", "init=", "output_dim=", "lr=", "nb_epoch=",
                 "predict_classes"):  # fmt: skip
        assert word in told
    assert any(row["line"] == line_of(text, "nb_epoch") for row in answer["changed"])
    assert [row["id"] for row in answer["remarks"]] == ["ignored_argument"]


def test_metrics_in_the_third_place_and_their_old_names(tmp_path: Path) -> None:
    """Keras 3 has loss_weights there; a key of the History is named as it is today."""
    text = GOOD.replace(
        'optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"]',
        '"adam", "binary_crossentropy", ["accuracy"]',
    ).replace(FIT, f"fitted = {FIT}print(fitted.history['val_acc'])\n")
    code, answer = found(tmp_path, text)
    assert (code, answer["faults"]) == (0, [])
    assert "metrics=[…]" in answer["changed"][0]["message"]
    assert "it is 'val_accuracy'" in answer["trouble"]


def test_data_sets_are_replaced_and_told(tmp_path: Path) -> None:
    """There is no network in the sandbox."""
    text = """from tensorflow.keras.datasets import mnist
import keras
(x, y), (x_test, y_test) = mnist.load_data()
assert x.shape[1:] == (28, 28) and x.dtype == "uint8"
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Rescaling(1 / 255),
                          keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=3)
"""
    code, answer = found(tmp_path, text)
    assert (code, answer["faults"], answer["trouble"]) == (0, [], None)
    assert "keras.datasets.mnist" in answer["changed"][0]["message"]


def test_replaced_data_have_their_size(tmp_path: Path) -> None:
    """What is cut off far behind is there; an evaluation is that of the model, in time."""
    text = """import keras
import numpy as np
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
x_val, y_val = x_train[50000:], y_train[50000:]
x_train, y_train = x_train[:50000], y_train[:50000]
assert len(x_val) == len(x_test) == 10_000 and set(y_val) == set(range(10))
model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
weights = np.ones(len(x_train))
model.fit(x_train, y_train, epochs=6, validation_data=(x_val, y_val), sample_weight=weights)
assert model.evaluate(x_test, y_test)[1] > 0.5
assert len(model.predict(x_test)) == 10_000
"""
    code, answer = found(tmp_path, text)
    assert (code, answer["faults"], answer["remarks"]) == (0, [], [])
    assert (answer["trouble"], answer["trainings"]) == (None, 1)
    assert "60,000 examples" in answer["changed"][0]["message"]


def test_a_file_beside_the_script_is_there(tmp_path: Path) -> None:
    """What the script names is found in its folder."""
    (tmp_path / "rows.csv").write_text("\n".join(f"{i},{i % 2}" for i in range(200)))
    code, answer = found(
        tmp_path,
        GOOD.replace(
            FIT, 'rows = np.loadtxt("rows.csv", delimiter=",")\nassert len(rows) == 200\n' + FIT
        ),
    )
    assert (code, answer["trouble"]) == (0, None)


BAD = {
    "missing_package": (
        "import pandas as no\nimport a_package_of_no_one\n" + GOOD,
        "Line 2 imports the package a_package_of_no_one, which is not there.",
    ),
    "moved_module": (
        "from sklearn.cross_validation import train_test_split\n" + GOOD,
        "Line 1 imports sklearn.cross_validation, and the sklearn that is installed here has no",
    ),
    "missing_file": (
        HEAD + 'np.loadtxt("data/nothing.csv")\n',
        "Line 8 wants the file data/nothing.csv, which is not there.",
    ),
    "no_fit": (HEAD + MODEL, "never calls fit"),
    "loop": (
        HEAD + MODEL + "import tensorflow as tf\nwith tf.GradientTape() as tape:\n    model(x)\n",
        "loop of its own",
    ),
    # What the text shows is told at once: the loop is not run to its end.
    "loop_alone": (
        "import tensorflow as tf\nwhile True:\n    with tf.GradientTape() as tape:\n        pass\n",
        "loop of its own",
    ),
    "arguments": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('data')\np.parse_args()\n"
        + GOOD,
        "no arguments here",
    ),
    "display": ("import tkinter\ntkinter.Tk()\n" + GOOD, ""),
    "question": ("input('how many? ')\n" + GOOD, "input()"),
    "network": (
        "import urllib.request\nurllib.request.urlopen('http://example.org')\n" + GOOD,
        "network",
    ),
    "error": (HEAD + MODEL + "1 / 0\n" + FIT, "ZeroDivisionError"),
    "traced": (
        HEAD + "import tensorflow as tf\ndef halved(x, y):\n    x = x / 2\n    return x + 'a', y\n"
        "data = tf.data.Dataset.from_tensor_slices((x, y)).map(halved)\n",
        "The script raised TypeError in line 11, before anything was trained: Input 'y' of",
    ),
    "replaced_data": (
        "import keras\n(x, y), _ = keras.datasets.imdb.load_data()\nx[30000]\n",
        "The data of keras.datasets.imdb were replaced by the kit's own, which may be the cause.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_examined_is_one_clear_line(tmp_path: Path, name: str) -> None:
    """It exits with 2, and tells why."""
    text, words = BAD[name]
    code, answer = found(tmp_path, text)
    assert code == 2 and answer["trainings"] == 0
    assert words in answer["trouble"] and "\n" not in answer["trouble"]


@pytest.mark.parametrize("name", sorted(walkthroughs.FIGURES))
def test_nothing_is_wrong_with_a_walkthrough(name: str) -> None:
    """It imports the kit's data, and one of them tries a bad setting on purpose."""
    done = doctor(walkthroughs.FOLDER / f"{name}.py", "--json", "-")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["faults"]) == (0, []) and answer["trainings"]


def test_a_subclass_is_told_as_far_as_can_be(tmp_path: Path) -> None:
    """Its layers are not measured; how it was compiled shows all the same."""
    text = (
        HEAD
        + """
class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(16, activation="relu")
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, x):
        return self.out(self.hidden(x))

model = Mine()
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
"""
        + FIT
    )
    code, answer = found(tmp_path, text)
    assert (code, answer["faults"]) == (0, [])


def test_a_script_that_takes_for_ever_ends(tmp_path: Path) -> None:
    """What was running is told."""
    code, answer = found(tmp_path, "while True:\n    pass\n", "--timeout", "5")
    assert code == 2 and "within 5 s" in answer["trouble"]


def test_wrong_usage_is_one_line(tmp_path: Path) -> None:
    """No file, no Python, no notebook."""
    (tmp_path / "bad.py").write_text("def f(:\n")
    (tmp_path / "text.txt").write_text("x")
    for name, words in (("none.py", "There is no file"), ("bad.py", "Syntax error"),
                        ("text.txt", "neither a .py nor an .ipynb")):  # fmt: skip
        done = doctor(tmp_path / name)
        assert done.returncode == 2 and words in done.stderr
    assert doctor(tmp_path / "none.py", "--timeout", "0").returncode == 2


def test_what_cannot_be_read_is_told_as_json_too(tmp_path: Path) -> None:
    """Where there is such a file; its line stands on standard error as before."""
    for name, text, words in (
        ("bad.py", "import keras\ndef f(:\n", "Syntax error in bad.py, line 2: invalid syntax."),
        ("empty.py", "\n", "is empty."),
        ("no.ipynb", "{", "no.ipynb"),
    ):
        (tmp_path / name).write_text(text)
        done = doctor(tmp_path / name, "--json", "-")
        answer = json.loads(done.stdout)
        assert (done.returncode, answer["faults"], answer["trainings"]) == (2, [], 0)
        assert words in answer["trouble"] and "\n" not in answer["trouble"]
        assert words in done.stderr
    assert doctor(tmp_path / "none.py", "--json", "-").stdout == ""


def test_the_page_holds_what_was_found(tmp_path: Path) -> None:
    """A page of its own, in which the script's words are text."""
    path = tmp_path / "<b>.py"
    path.write_text(GOOD.replace('"sigmoid"', '"softmax"'))
    doctor(path, "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text()
    assert "<b>" not in page and "softmax over a single unit" in page
