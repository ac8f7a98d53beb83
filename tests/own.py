"""A course's own folder for tests: a task of a new section, with data of its own."""

from __future__ import annotations

from pathlib import Path

from graders.rubric import KIT

SECTION, TASK, DATA = "forecasting", "two_lines", "lines"
REFERENCE = '''\
"""Tell two kinds of lines apart.

Build a small model.
"""

import keras


def build_model(features, num_classes):
    """Returns a compiled model."""
    # TODO: build and compile the model.
    ### BEGIN SOLUTION
    secret_solution_width = 7 + 1
    model = keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(secret_solution_width, activation="relu"),
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION
'''
CHECKS = '''\
"""Two kinds of lines."""

import datasets
import pytest

from graders.checking import check, fail

DATA = "lines"
ORDER = 1


@pytest.fixture(scope="module")
def model(submission, data):
    """The model as the student builds it for the task's data."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", *shape, data.num_classes, input_shape=shape)


@check(points=4, hints=("Return the model.",))
def builds(model, data):
    """build_model returns a model."""
    assert data.name in datasets.names()


@check(points=6, needs=("builds",), hints=("One output for each class.",))
def outputs(model, data):
    """The model has one output for each class."""
    found = model.keras.output_shape
    if found != (None, data.num_classes):
        fail(f"outputs of shape (None, {data.num_classes})", f"{found}", "Look at the last layer")
'''
MODULE = '''\
"""Lines that rise or fall."""

import datasets


def load(name, draw):
    """Makes one draw."""
    rng = datasets.generator(name, draw)
    parts = {}
    for part in ("train", "validation", "test"):
        y = rng.integers(0, 2, 32)
        x = rng.normal(size=(32, 5)) + (2 * y - 1)[:, None] * [-2, -1, 0, 1, 2]
        parts[part] = (x.astype("float32"), y)
    return 2, parts
'''


def make(folder: Path) -> Path:
    """Writes the folder: a task with data of its own, and own checks for one of the kit's tasks."""
    for name, text in {
        f"reference/{SECTION}/{TASK}.py": REFERENCE,
        f"checks/{SECTION}/{TASK}.py": CHECKS,
        f"datasets/{DATA}.py": MODULE,
        "checks/customization/custom_layer.py": _own_checks(),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _own_checks() -> str:
    """Returns the kit's checks of `custom_layer`, in which one has other words."""
    path = KIT / "graders" / "checks" / "customization" / "custom_layer.py"
    words = "Without an activation the layer computes x @ w + b."
    text = path.read_text(encoding="utf-8")
    assert words in text
    return text.replace(words, "The layer computes x @ w + b, as we saw in the lecture.")
