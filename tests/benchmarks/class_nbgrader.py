"""A class graded by the kit, and by plain nbgrader with the same checks in ordinary cells.

    python -m tests.benchmarks.class_nbgrader [STUDENTS] [--jobs N]

Plain nbgrader executes each notebook in a kernel of its own: the task's checks are there as cells
that import Keras, do what the checks do, and assert. The kit grades the same work with `bulk`, and
nbgrader then records it. In a class of a dozen nbgrader's own start is most of that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

from graders import rubric
from graders.course import release
from graders.course.source_notebooks import grade_id, marks
from graders.rubric import KIT
from tests import bytecode

TASK = rubric.find("custom_layer")
# How many times as fast the kit is to be: a class that nobody has graded yet, and one that `bulk` has.
GOALS = {"bulk": 9.0, "recording": 30.0}

# What the kit's checks establish, by the same calls of the layer on arrays of the same sizes, written
# as people write autograder cells: in the student's kernel, with assertions.
IMPORTS = """\
import json
import keras
import numpy as np
import tensorflow as tf

rng = np.random.default_rng()

def build(units, dim, between=(), **options):
    layer = CustomDense(units, **options)
    layer.build((None, *between, dim))
    return layer

def compute(units, *shape, activation=None, dtype="float32", gradient=None, **options):
    x, w, b = (rng.normal(size=s).astype(dtype) for s in (shape, (shape[-1], units), units))
    layer, x = CustomDense(units, activation=activation, **options), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        layer(x)
        layer.w.assign(w), layer.b.assign(b)
        y = layer(x)
        total = tf.reduce_sum(tf.cast(y, x.dtype) * (1.0 if gradient is None else gradient))
    found = None if gradient is None else tape.gradient(total, [layer.w.value, layer.b.value, x])
    return layer, np.asarray(y), x.numpy().astype("float64") @ w + b, found
"""
CELLS = {
    "weights_created": """\
for units, dim in ((3, 5), (4, 9)):
    layer = build(units, dim)
    assert tuple(layer.w.shape) == (dim, units) and tuple(layer.b.shape) == (units,)
    assert len(layer.trainable_weights) == 2 and not isinstance(layer, keras.layers.Dense)
""",
    "computes": """\
for units, shape in ((3, (6, 5)), (4, (1, 7))):
    _, y, z, _ = compute(units, *shape)
    assert np.allclose(y, z, atol=1e-4)
""",
    "any_rank": """\
for shape in ((4, 6, 5), (2, 3, 4, 5)):
    assert tuple(build(3, 5, shape[1:-1]).w.shape) == (5, 3)
    _, y, z, _ = compute(3, *shape)
    assert y.shape == z.shape and np.allclose(y, z, atol=1e-4)
""",
    "activation": """\
def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

for given, wanted in (
    ("relu", lambda z: np.maximum(z, 0)), ("tanh", np.tanh), ("softmax", softmax),
    (keras.activations.softplus, lambda z: np.logaddexp(0, z)), (lambda t: t * t + 1.0,) * 2,
):
    _, y, z, _ = compute(4, 6, 5, activation=given)
    assert np.allclose(y, wanted(z), rtol=1e-4, atol=1e-4)
""",
    "gradients": """\
c = rng.normal(size=(6, 3)).astype("float32")
layer, y, z, (dw, db, dx) = compute(3, 6, 5, gradient=c)
assert np.allclose(db, c.sum(0), atol=1e-3) and np.allclose(dx, c @ np.asarray(layer.w).T, atol=1e-3)
assert dw is not None
""",
    "dtype_policy": """\
for policy, variables, output, error in (
    ("mixed_float16", "float32", "float16", 1e-1), ("float64", "float64", "float64", 1e-8)
):
    layer = build(3, 5, dtype=policy)
    assert layer.w.dtype == variables and layer.b.dtype == variables
    layer = CustomDense(3, dtype=policy)
    x, w, b = (rng.normal(size=s).astype(variables) for s in ((6, 5), (5, 3), 3))
    layer(x)
    layer.w.assign(w), layer.b.assign(b)
    y = np.asarray(layer(x))
    assert y.dtype == output and np.allclose(y, x @ w + b, atol=error)
""",
    "trainable_flag": """\
frozen, y, z, _ = compute(3, 6, 5, trainable=False)
later, *_ = compute(3, 6, 5)
later.trainable = False
assert not frozen.trainable_weights and not later.trainable_weights and len(frozen.weights) >= 2
assert np.allclose(y, z, atol=1e-4)
""",
    "config": """\
for given, options in (
    ("tanh", {"name": "copied", "dtype": "float64", "trainable": False}),
    (None, {"name": "plain", "dtype": "float32"}),
    (keras.activations.softplus, {"name": "other", "dtype": "float32"}),
):
    x = rng.normal(size=(4, 5)).astype(options["dtype"])
    layer = CustomDense(7, activation=given, **options)
    y = layer(x)
    copies = [CustomDense.from_config(dict(layer.get_config()))]
    if not callable(given):
        text = json.dumps(keras.saving.serialize_keras_object(layer))
        known = {"CustomDense": CustomDense}
        copies.append(
            keras.saving.deserialize_keras_object(json.loads(text), custom_objects=known)
        )
    for copy in copies:
        copy(x)
        copy.w.assign(layer.w), copy.b.assign(layer.b)
        assert copy.name == layer.name and copy.dtype_policy.name == layer.dtype_policy.name
        assert copy.units == 7 and copy.trainable == layer.trainable
        assert np.allclose(copy(x), y)
""",
    "trains": """\
x, y = (rng.normal(size=s).astype("float32") for s in ((32, 6), (32, 2)))
first, second = CustomDense(8, activation="tanh"), CustomDense(2)
inputs = keras.Input((6,))
model = keras.Model(inputs, second(first(inputs)))
start = [rng.normal(size=s, scale=0.5).astype("float32") for s in ((6, 8), 8, (8, 2), 2)]
for weight, value in zip((first.w, first.b, second.w, second.b), start):
    weight.assign(value)
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
model.fit(np.tile(x, (20, 1)), np.tile(y, (20, 1)), batch_size=32, shuffle=False, verbose=0)
w1, b1, w2, b2 = (value.astype("float64") for value in start)
for _ in range(20):
    h = np.tanh(x @ w1 + b1)
    out = 2 * (h @ w2 + b2 - y) / y.size
    inner = (out @ w2.T) * (1 - h**2)
    w1, b1 = w1 - 0.1 * x.T @ inner, b1 - 0.1 * inner.sum(0)
    w2, b2 = w2 - 0.1 * h.T @ out, b2 - 0.1 * out.sum(0)
for weight, value in zip((first.w, first.b, second.w, second.b), (w1, b1, w2, b2)):
    assert np.allclose(weight, value, atol=2e-3)
assert len(model.trainable_weights) == 4 and np.ptp(np.asarray(build(8, 12).w), axis=1).max() > 0
""",
}


def _nbgrader(course: Path, *arguments: str) -> float:
    started = time.monotonic()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        capture_output=True,
        text=True,
        env={**environment, "PATH": path},
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.monotonic() - started


def _plain(module: str) -> str:
    """Returns a notebook as plain nbgrader has it."""
    cells = [
        new_code_cell(module, metadata=marks("work", solution=True), id="work"),
        new_code_cell(IMPORTS, metadata=marks("imports", locked=True), id="imports"),
    ]
    for check in TASK.checks:
        kind = marks(grade_id(check), grade=True, locked=True, points=check.points)
        cells.append(new_code_cell(CELLS[check.name], metadata=kind, id=check.name))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.writes(new_notebook(cells=cells, metadata=kernel))


def _scores(course: Path) -> dict[str, bool]:
    """Returns who has all points."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        found = book.assignment_submissions(TASK.section)
        return {one.student.id: one.score == TASK.max_points for one in found}


def _works(count: int) -> dict[str, str]:
    folder = KIT / "tests" / "submissions" / TASK.id
    paths = [*sorted((folder / "right").glob("*.py")), *sorted((folder / "wrong").glob("*.py"))]
    # A comment of its own makes each of them new to the store.
    return {
        f"s{index:03d}": f"# student {index}\n{paths[index % len(paths)].read_text()}"
        for index in range(count)
    }


def main() -> None:
    """Prints the seconds of both ways; exits with 1 if the kit misses a goal."""
    parser = argparse.ArgumentParser(description="Time the kit and plain nbgrader on one class.")
    parser.add_argument("students", nargs="?", type=int, default=30)
    parser.add_argument("--jobs", default="2")
    given = parser.parse_args()
    bytecode.keep()
    works = _works(given.students)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["KERAS_KIT_CACHE"] = str(folder / "cache")
        release.release(folder)
        course, plain = folder / "course", folder / "plain"
        for path in (course / "source").rglob("*.ipynb"):
            if path.stem != TASK.id:
                path.unlink()
        source = plain / "source" / TASK.section / f"{TASK.id}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(_plain("pass"))
        for place in (course, plain):
            _nbgrader(place, "generate_assignment", TASK.section)
        for student, text in works.items():
            for place, suffix, written in ((course, "py", text), (plain, "ipynb", _plain(text))):
                target = place / "submitted" / student / TASK.section / f"{TASK.id}.{suffix}"
                target.parent.mkdir(parents=True)
                target.write_text(written)
        # What nbgrader's own start takes, whoever grades: there is nothing to do.
        seconds = {"nbgrader starts": _nbgrader(plain, "autograde", "--help")}
        # nbgrader's own limits, 30 s for a cell and 4 s for its output, fail on a busy machine.
        patient = ("--Execute.timeout=600", "--Execute.iopub_timeout=120")
        seconds["plain nbgrader"] = _nbgrader(plain, "autograde", TASK.section, *patient)
        agreed = _scores(plain)
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "grade.py", "bulk", str(course / "submitted"), "--jobs", given.jobs],
            cwd=KIT,
            stdout=subprocess.DEVNULL,
        )
        seconds["bulk"] = time.monotonic() - started
        seconds["recording"] = _nbgrader(course, "autograde", TASK.section)
        agreed = {name for name, score in _scores(course).items() if agreed.get(name) == score}
    each = {name: round(spent / len(works), 2) for name, spent in seconds.items()}
    ratios = {name: round(seconds["plain nbgrader"] / seconds[name], 1) for name in GOALS}
    found = {
        "students": len(works), "jobs": int(given.jobs), "seconds": seconds, "each": each,
        "times_as_fast": ratios, "goals": GOALS, "same_full_marks": len(agreed),
    }  # fmt: skip
    print(json.dumps(found, indent=1))
    sys.exit(any(ratios[name] < goal for name, goal in GOALS.items()))


if __name__ == "__main__":
    main()
