"""What a call of `fit` asks for: batches, steps, validation."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from graders.sandbox.scripts import data
from graders.sandbox.scripts.where import Lines


def batch(given: Any, batches: Any) -> int | None:
    """Returns the size of a batch; `None` if the data come in batches of their own."""
    if isinstance(given, int | np.integer):
        return int(given)
    return None if batches is not None else 32


def steps(given: dict[str, Any], batched: bool) -> int | None:
    """Returns the steps of an epoch where they are given."""
    asked = given.get("steps_per_epoch")
    if isinstance(asked, int | float):
        return int(asked)
    if batched:
        with contextlib.suppress(Exception):
            return len(given["x"])
    return None


def validation(given: dict[str, Any], x: Any, y: Any) -> str:
    """Names what a training is validated on: nothing, a part, the same data, or others.

    A part that is cut from a shuffle after each epoch anew is `"reshuffled"`.
    """
    found = given.get("validation_data")
    if found is None:
        return "split" if given.get("validation_split") else "none"
    with contextlib.suppress(Exception):
        if same(found[0], x):
            return "same"
    with contextlib.suppress(Exception):
        if _shuffles(given.get("x")) & _shuffles(found):
            return "reshuffled"
    return "data"


def _shuffles(found: Any, cut: bool = False) -> set[int]:
    """Returns the identities of the shuffles that a part of a tf.data.Dataset is cut from.

    Those that draw one order for all epochs do not count.
    """
    kind = type(found).__name__
    if kind == "_CacheDataset":
        return set()
    if kind == "_ShuffleDataset" and found._reshuffle_each_iteration is not False:
        return {id(found)} if cut else set()
    cut = cut or kind in ("_TakeDataset", "_SkipDataset", "_ShardDataset")
    before = found._inputs() if hasattr(found, "_inputs") else []
    return set().union(*(_shuffles(other, cut) for other in before))


def same(theirs: Any, ours: Any) -> bool:
    """Returns whether two arrays hold the same numbers; of other data it is not known."""
    with contextlib.suppress(Exception):
        if not all(isinstance(v, list | tuple) or hasattr(v, "shape") for v in (theirs, ours)):
            return False
        theirs, ours = data.array_of(theirs), data.array_of(ours)
        if theirs is None or ours is None or theirs.shape != ours.shape:
            return False
        return bool(np.may_share_memory(theirs, ours) or np.array_equal(theirs, ours))
    return False


def loss_in(answer: Any) -> float | None:
    """Returns the loss in what `evaluate` or `train_on_batch` gives; `None` if there is none."""
    with contextlib.suppress(Exception):
        found = answer[0] if isinstance(answer, list | tuple) else answer
        return float(found["loss"] if isinstance(found, dict) else found)
    return None


def held_inputs(given: dict[str, Any]) -> Any:
    """Returns the inputs of the validation data; `None` if these are no arrays."""
    found = given.get("validation_data")
    return found[0] if isinstance(found, tuple | list) and len(found) >= 2 else None


def class_weight(given: dict[str, Any]) -> list[list[Any]]:
    """Lists pairs of a class and its weight in the loss."""
    found = given.get("class_weight")
    pairs: list[list[Any]] = []
    with contextlib.suppress(Exception):
        if isinstance(found, dict):
            pairs = [[int(label), float(weight)] for label, weight in list(found.items())[:1000]]
    return [pair for pair in pairs if pair[0] >= 0]


def split(given: dict[str, Any]) -> float:
    """Returns the share of the data that is kept apart for validation, 0 if none is."""
    share = given.get("validation_split")
    usable = isinstance(share, int | float | np.number) and given.get("validation_data") is None
    return float(share) if usable and share is not None else 0.0


def shorten_validation(given: dict[str, Any]) -> None:
    """Leaves of many validation data the first: a look at a training needs no more."""
    found = given.get("validation_data")
    if isinstance(found, tuple | list) and len(found) == 2:
        x, y = found
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and len(x) > 1000:
            given["validation_data"] = (x[:1000], y[:1000])


def watching(given: dict[str, Any], lines: Lines) -> list[dict[str, Any]]:
    """Describes the callbacks of Keras's that do something by what they monitor.

    Args:
        given: Dict, what `fit` got.
        lines: `Lines`.

    Returns:
        List of dicts of `kind`, `monitor`, `mode` and `line`.
    """
    found = []
    for callback in callbacks(given)[:20]:
        monitor, mode = getattr(callback, "monitor", None), getattr(callback, "mode", None)
        idle = getattr(callback, "save_best_only", True) is False
        own = not type(callback).__module__.startswith("keras.")
        if own or idle or not isinstance(monitor, str) or not isinstance(mode, str):
            continue
        found.append(
            {
                "kind": type(callback).__name__[:80],
                "monitor": monitor[:80],
                "mode": mode[:80],
                "line": lines.of(callback),
            }
        )
    return found


def callbacks(given: dict[str, Any]) -> list[Any]:
    """Returns the callbacks that `fit` got."""
    found = given.get("callbacks")
    return list(found) if isinstance(found, list | tuple) else [found] if found else []
