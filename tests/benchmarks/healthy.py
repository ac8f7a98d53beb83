"""Makes scripts of right submissions: each with its data beside it, and a trial of what it defines.

    python -m tests.benchmarks.healthy FOLDER [TASK …]

What `doctor` has to leave alone: `python -m tests.benchmarks.diagnosis FOLDER --healthy`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import datasets
from graders.rubric import KIT

SUBMISSIONS = KIT / "tests" / "submissions"
DATA = {
    "cnn": "shapes",
    "lstm": "sequences",
    "penalized_loss": "digits",
    "multi_branch": "digits_context",
    "lr_batch_sweep": "digits",
    "dropout_l2": "noisy_digits",
    "mixed_precision": "digits",
}
LOAD = """

import numpy as _np

_kept = _np.load("{task}.npz")
_train, _held = (_kept["x"], _kept["y"]), (_kept["x_held"], _kept["y_held"])
_shape, _classes = _train[0].shape[1:], int(_train[1].max()) + 1
"""
TRIALS = {
    "cnn": "train(build_model(_shape, _classes), _train, _held)\n",
    "lstm": "train(build_model(*_shape), _train, _held)\n",
    "penalized_loss": "train(build_model(_shape, _classes, 0.1), _train, _held)\n",
    "multi_branch": """
_train = ({"image": _kept["x"], "context": _kept["context"]}, _kept["y"])
_held = ({"image": _kept["x_held"], "context": _kept["context_held"]}, _kept["y_held"])
train(build_model(_shape, _kept["context"].shape[1], _classes), _train, _held)
""",
    "lr_batch_sweep": """
import keras as _keras

def _build(learning_rate):
    model = _keras.Sequential([
        _keras.Input(_shape), _keras.layers.Conv2D(16, 3, activation="relu"),
        _keras.layers.MaxPooling2D(), _keras.layers.Flatten(),
        _keras.layers.Dense(_classes, activation="softmax")])
    model.compile(_keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model

sweep(_build, _train, _held, [1e-3], [32], 3)
""",
    "dropout_l2": """
train(build_baseline(_shape, _classes), _train, _held)
train(build_regularized(_shape, _classes), _train, _held)
""",
    "mixed_precision": 'compare(_train, _held, ["float32"])\n',
}


def main() -> None:
    """Writes a script for each right submission."""
    folder, chosen = Path(sys.argv[1]), sys.argv[2:] or list(DATA)
    for task in chosen:
        place = folder / task
        place.mkdir(parents=True, exist_ok=True)
        data = datasets.load(DATA[task])
        arrays: dict[str, np.ndarray] = {}
        for suffix, (x, y), most in (("", data.train, 1500), ("_held", data.validation, 400)):
            if isinstance(x, dict):
                arrays["context" + suffix], x = x["context"][:most], x["image"]
            arrays["x" + suffix], arrays["y" + suffix] = x[:most], y[:most]
        np.savez(place / f"{task}.npz", **arrays)
        for path in sorted((SUBMISSIONS / task / "right").glob("*.py")):
            text = path.read_text() + LOAD.format(task=task) + TRIALS[task]
            (place / path.name).write_text(text)


if __name__ == "__main__":
    main()
