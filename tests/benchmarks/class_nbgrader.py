"""A class graded by the kit, and by plain nbgrader with the same checks in ordinary cells.

    python -m tests.benchmarks.class_nbgrader [STUDENTS] [--jobs N]

Plain nbgrader executes each notebook in a kernel of its own: the task's checks are there as cells
that import Keras and assert. The kit grades the same work with `bulk`, and nbgrader then records it.
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

from graders import rubric
from graders.course import release
from graders.course.notebooks import grade_id, marks
from graders.rubric import KIT

TASK = rubric.find("custom_layer")
# What the kit's checks establish, written as people write autograder cells: in the student's kernel.
CELLS = {
    "weights_created": "layer = CustomDense(3); layer(np.ones((2, 5), 'float32'))\n"
    "assert tuple(layer.w.shape) == (5, 3) and tuple(layer.b.shape) == (3,)",
    "computes": "layer = CustomDense(4); x = np.random.rand(6, 7).astype('float32'); y = layer(x)\n"
    "want = x @ np.asarray(layer.w) + np.asarray(layer.b)\nassert np.allclose(y, want, atol=1e-4)",
    "any_rank": "for shape in ((2, 3), (2, 4, 3), (2, 4, 5, 3)):\n"
    "    assert tuple(CustomDense(6)(np.ones(shape, 'float32')).shape) == (*shape[:-1], 6)",
    "activation": "y = CustomDense(8, 'relu')(np.random.randn(9, 4).astype('float32'))\n"
    "assert np.asarray(y).min() >= 0",
    "gradients": "import tensorflow as tf\nlayer = CustomDense(2)\nwith tf.GradientTape() as tape:\n"
    "    loss = tf.reduce_sum(layer(np.ones((3, 4), 'float32')))\n"
    "assert all(g is not None for g in tape.gradient(loss, layer.trainable_variables))",
    "dtype_policy": "layer = CustomDense(2, dtype='mixed_float16')\n"
    "assert layer(np.ones((3, 4), 'float32')).dtype == 'float16'",
    "trainable_flag": "layer = CustomDense(2, trainable=False); layer(np.ones((3, 4), 'float32'))\n"
    "assert not layer.trainable_weights",
    "config": "layer = CustomDense.from_config(CustomDense(2, 'relu', name='x').get_config())\n"
    "assert layer.units == 2 and layer.name == 'x'",
    "trains": "model = keras.Sequential([keras.Input((8,)), CustomDense(16, 'relu'), CustomDense(1)])\n"
    "model.compile('adam', 'mse')\nx = np.random.rand(256, 8)\n"
    "losses = model.fit(x, x.sum(1), epochs=10, verbose=0).history['loss']\n"
    "assert losses[-1] < losses[0]",
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
        new_code_cell(
            "import numpy as np, keras", metadata=marks("imports", locked=True), id="imports"
        ),
    ]
    for check in TASK.checks:
        kind = marks(grade_id(check), grade=True, locked=True, points=check.points)
        cells.append(new_code_cell(CELLS.get(check.name, "pass"), metadata=kind, id=check.name))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.writes(new_notebook(cells=cells, metadata=kernel))


def _works(count: int) -> dict[str, str]:
    folder = KIT / "tests" / "submissions" / TASK.id
    paths = [*sorted((folder / "right").glob("*.py")), *sorted((folder / "wrong").glob("*.py"))]
    # A comment of its own makes each of them new to the store.
    return {
        f"s{index:03d}": f"# student {index}\n{paths[index % len(paths)].read_text()}"
        for index in range(count)
    }


def main() -> None:
    """Prints the seconds of both ways."""
    parser = argparse.ArgumentParser(description="Time the kit and plain nbgrader on one class.")
    parser.add_argument("students", nargs="?", type=int, default=12)
    parser.add_argument("--jobs", default="2")
    given = parser.parse_args()
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
        seconds = {"plain nbgrader": _nbgrader(plain, "autograde", TASK.section)}
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "grade.py", "bulk", str(course / "submitted"), "--jobs", given.jobs],
            cwd=KIT,
            stdout=subprocess.DEVNULL,
        )
        seconds[f"bulk --jobs {given.jobs}"] = time.monotonic() - started
        seconds["nbgrader records"] = _nbgrader(course, "autograde", TASK.section)
    each = {name: round(spent / len(works), 2) for name, spent in seconds.items()}
    print(json.dumps({"students": len(works), "seconds": seconds, "each": each}, indent=1))


if __name__ == "__main__":
    main()
