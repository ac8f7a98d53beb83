"""What a script finds in place of a network: data sets of the kit's, and no pretrained weights."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Note = Callable[[str, str, str], None]


def put_files(folder: Path, files: dict[str, Any]) -> None:
    """Writes the files that lie beside a script.

    Args:
        folder: Path.
        files: Dict from relative paths to arrays of bytes.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(np.asarray(content, "uint8").tobytes())


def stand_in(note: Note, stand_ins: dict[str, Any]) -> None:
    """Puts the kit's own data, and untrained weights, where Keras would load something.

    Args:
        note: Function that takes what was replaced.
        stand_ins: Dict from names of Keras's data sets to dicts of `x_train`, `y_train`, `x_test`
            and `y_test`.
    """
    for name, parts in stand_ins.items():
        _data_set(name, parts, note)
    _weights(note)


def _data_set(name: str, parts: dict[str, Any], note: Note) -> None:
    def load_data(*args: Any, **kwargs: Any) -> Any:
        note(
            "data",
            f"keras.datasets.{name}",
            f"{len(parts['y_train'])} examples of the kit's own, each of the same shape: there is "
            "no network here",
        )
        train = (np.array(parts["x_train"]), np.array(parts["y_train"]))
        test = (np.array(parts["x_test"]), np.array(parts["y_test"]))
        if train[0].dtype.kind == "i" and "sequences" in parts:
            train, test = (_sequences(x, y, kwargs) for x, y in (train, test))
        return train, test

    for home in ("keras.src", "keras", "keras._tf_keras.keras"):
        try:
            module = importlib.import_module(f"{home}.datasets.{name}")
        except ImportError:
            continue
        module.load_data = load_data  # type: ignore[attr-defined]


def _sequences(x: np.ndarray, y: np.ndarray, options: dict[str, Any]) -> Any:
    """Returns texts as Keras's data sets give them: lists of numbers of different lengths."""
    words = options.get("num_words")
    if isinstance(words, int):
        x = np.where(x < words, x, 2)
    lists = np.empty(len(x), dtype=object)
    lists[:] = [list(map(int, row[row > 0])) for row in x]
    return lists, y


def _weights(note: Note) -> None:
    """Has Keras's applications start from weights that were not loaded."""
    import keras

    def untrained(build: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(build)

        @functools.wraps(build)
        def made(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            if isinstance(bound.arguments["weights"], str):
                note(
                    "weights",
                    f'{build.__name__}(weights="{bound.arguments["weights"]}")',
                    "random weights: there is no network here",
                )
                bound.arguments["weights"] = None
            return build(*bound.args, **bound.kwargs)

        return made

    wrapped: dict[int, Callable[..., Any]] = {}
    for name in list(sys.modules):
        if ".applications" not in name or "keras" not in name:
            continue
        module = sys.modules[name]
        for key, value in list(vars(module).items()):
            builds = inspect.isfunction(value) and key[:1].isupper()
            if builds and "weights" in inspect.signature(value).parameters:
                wrapped.setdefault(id(value), untrained(value))
                setattr(module, key, wrapped[id(value)])
    del keras
