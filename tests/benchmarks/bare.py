"""The baseline: a script that imports Keras once and trains the references, with no grading.

`python -m tests.benchmarks.bare [TASK …]` trains one after the other what each task asks to train.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
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


def _load(task: str) -> Any:
    import datasets

    return datasets.load(find(task).data, DRAW)


def cnn() -> None:
    """Builds and trains the CNN."""
    data, found = _load("cnn"), module("cnn")
    model = found.build_model(data.train[0].shape[1:], data.num_classes)
    found.train(model, data.train, data.validation)


def dropout_l2() -> None:
    """Trains the baseline and the regularised model."""
    data, found = _load("dropout_l2"), module("dropout_l2")
    for build in (found.build_baseline, found.build_regularized):
        found.train(build(data.train[0].shape[1:], data.num_classes), data.train, data.validation)


TRAININGS: dict[str, Callable[[], None]] = {"cnn": cnn, "dropout_l2": dropout_l2}


def training_seconds(task: str) -> float:
    """Returns the seconds of one training in a warm process of its own, imports not counted."""
    script = (
        "import time, keras; from tests.benchmarks import bare; t = time.perf_counter();"
        f"bare.TRAININGS[{task!r}](); print('seconds', time.perf_counter() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(KIT), capture_output=True, text=True, check=True
    )
    return float(done.stdout.rsplit("seconds", 1)[1])


def main() -> None:
    """Trains what is named, or all."""
    for task in sys.argv[1:] or TRAININGS:
        TRAININGS[task]()


if __name__ == "__main__":
    main()
