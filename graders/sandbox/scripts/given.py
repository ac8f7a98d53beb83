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

from graders.sandbox.scripts import enlarged

Note = Callable[[str, str, str], None]
# With data of the kit's own, no more rows are trained on or evaluated: they are made from few, and
# several epochs of these show more than a part of one.
MOST_ROWS = 2000
# Words that have names, of texts.
WORDS = 10_000
# The data sets that were loaded.
_replaced: set[str] = set()


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


def in_part() -> None:
    """Has `fit` and `evaluate` work on a part of the data, once some of them were replaced.

    Whoever watches these methods is to begin later: what is seen then is all of the data.
    """
    import keras

    for name, steps in (("fit", "steps_per_epoch"), ("evaluate", "steps")):
        setattr(keras.Model, name, _on_a_part(getattr(keras.Model, name), steps))


def _on_a_part(original: Callable[..., Any], steps: str) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def working(*args: Any, **kwargs: Any) -> Any:
        if not _replaced:
            return original(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        given = bound.arguments
        named = {key: given.get(key) for key in ("x", "y", "sample_weight")}
        parts: dict[str, Any] = {key: part for key, part in named.items() if part is not None}
        arrays = all(isinstance(part, np.ndarray) and part.ndim for part in parts.values())
        if arrays and given.get(steps) is None and len({len(part) for part in parts.values()}) == 1:
            given.update({key: part[:MOST_ROWS] for key, part in parts.items()})
        return original(*bound.args, **bound.kwargs)

    return working


def _data_set(name: str, parts: dict[str, Any], note: Note) -> None:
    signature = None

    def load_data(*args: Any, **kwargs: Any) -> Any:
        options = dict(kwargs)
        if signature is not None:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            options = dict(bound.arguments)
        train, test = enlarged.made(name, parts, options)
        note(
            "data",
            f"keras.datasets.{name}",
            f"{len(train[0]):,} examples of the kit's own, each of the same shape: there is no "
            "network here",
        )
        _replaced.add(name)
        return train, test

    for home in ("keras.src", "keras", "keras._tf_keras.keras"):
        try:
            module = importlib.import_module(f"{home}.datasets.{name}")
        except ImportError:
            continue
        if signature is None:
            signature = inspect.signature(module.load_data)
        module.load_data = load_data  # type: ignore[attr-defined]
        if hasattr(module, "get_word_index"):
            module.get_word_index = _word_index  # type: ignore[attr-defined]


def _word_index(*args: Any, **kwargs: Any) -> dict[str, int]:
    """Returns names of the words of texts that stand for others, as `get_word_index` does."""
    return {f"word{number}": number for number in range(1, WORDS + 1)}


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
