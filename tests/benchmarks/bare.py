"""The baseline: a script that imports Keras once and trains the references, with no grading.

`python -m tests.benchmarks.bare [TASK …]` trains one after the other what each task asks to train,
as often as its checks do: `penalized_loss` with and without the penalty, `dropout_l2` both models.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graders.rubric import KIT, find

DRAW = 12345


def module(task: str) -> Any:
    """Imports a reference."""
    spec = importlib.util.spec_from_file_location(task, find(task).reference)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@functools.cache
def load(task: str) -> Any:
    """Returns the data of a task."""
    import datasets

    return datasets.load(find(task).data, DRAW)


def cnn() -> None:
    """Builds and trains the CNN."""
    _fit("cnn")


def lstm() -> None:
    """Builds and trains the LSTM."""
    data, found = load("lstm"), module("lstm")
    found.train(found.build_model(*data.train[0].shape[1:]), data.train, data.validation)


def vgg16_finetune() -> None:
    """Trains the head of VGG16, then fine-tunes."""
    from datasets import vgg16_weights

    data, found = load("vgg16_finetune"), module("vgg16_finetune")
    weights = str(vgg16_weights.path("kit"))
    model = found.build_model(data.train[0].shape[1:], data.num_classes, weights)
    found.train(model, data.train, data.validation)
    found.fine_tune(model, data.train, data.validation)


def custom_layer() -> None:
    """Trains a model of two custom layers, as long as the check does."""
    import keras
    import numpy as np

    layer = module("custom_layer").CustomDense
    model = keras.Sequential([keras.Input((4,)), layer(8, activation="tanh"), layer(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.tile(np.random.default_rng(0).normal(size=(64, 4)).astype("float32"), (20, 1))
    model.fit(x, x.sum(axis=1), batch_size=64, verbose=0)


def penalized_loss() -> None:
    """Trains with the penalty and without."""
    _fit("penalized_loss", 0.5)
    _fit("penalized_loss", 0.0)


def multi_branch() -> None:
    """Trains the model with two inputs."""
    data, found = load("multi_branch"), module("multi_branch")
    shapes = {name: x.shape[1:] for name, x in data.train[0].items()}
    model = found.build_model(shapes["image"], shapes["context"][0], data.num_classes)
    found.train(model, data.train, data.validation)


def lr_batch_sweep() -> None:
    """Sweeps over a grid as large as the grader's, with a model like its own."""
    import keras

    from graders.checks.optimization import lr_batch_sweep as check

    data = load("lr_batch_sweep")

    def build_model(learning_rate: float) -> Any:
        model = keras.Sequential(
            [
                keras.Input(data.train[0].shape[1:]),
                keras.layers.Flatten(),
                keras.layers.Dense(data.num_classes, activation="softmax"),
            ]
        )
        loss = "sparse_categorical_crossentropy"
        model.compile(keras.optimizers.SGD(learning_rate), loss, metrics=["accuracy"])
        return model

    def some(part: tuple[Any, Any], count: int) -> tuple[Any, Any]:
        return part[0][:count], part[1][:count]

    module("lr_batch_sweep").sweep(
        build_model,
        some(data.train, check.EXAMPLES),
        some(data.validation, check.WATCHED),
        list(check.RATES),
        list(check.BATCH_SIZES),
        check.EPOCHS,
    )


def dropout_l2() -> None:
    """Trains the baseline and the regularised model."""
    _fit("dropout_l2", build="build_baseline")
    _fit("dropout_l2", build="build_regularized")


def mixed_precision() -> None:
    """Compares the three policies."""
    data = load("mixed_precision")
    policies = ["float32", "mixed_float16", "mixed_bfloat16"]
    module("mixed_precision").compare(data.train, data.validation, policies)


def _fit(task: str, *arguments: Any, build: str = "build_model") -> None:
    data, found = load(task), module(task)
    model = getattr(found, build)(data.train[0].shape[1:], data.num_classes, *arguments)
    found.train(model, data.train, data.validation)


TRAININGS: dict[str, Callable[[], None]] = {
    f.__name__: f
    for f in (
        *(cnn, lstm, vgg16_finetune, custom_layer, penalized_loss, multi_branch),
        *(lr_batch_sweep, dropout_l2, mixed_precision),
    )
}


def training_seconds(task: str) -> float:
    """Returns the seconds of one training in a process of its own, imports and data not counted."""
    script = (
        "import time, keras; from tests.benchmarks import bare;"
        f"bare.load({task!r}); t = time.perf_counter();"
        f"bare.TRAININGS[{task!r}](); print('seconds', time.perf_counter() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(KIT), capture_output=True, text=True, check=True
    )
    return float(done.stdout.rsplit("seconds", 1)[1])


def main() -> None:
    """Trains what is named, or all."""
    for task in sys.argv[1:] or TRAININGS:
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):  # a progress bar is no part of the baseline
            TRAININGS[task]()
        print(f"{task} {time.perf_counter() - started:.2f}", flush=True)


if __name__ == "__main__":
    main()
