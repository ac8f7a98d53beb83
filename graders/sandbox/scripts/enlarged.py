"""As many examples as Keras's data sets have, made from the few of the kit's own that are sent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

# Examples for training and for testing.
SIZES = {
    "mnist": (60_000, 10_000),
    "fashion_mnist": (60_000, 10_000),
    "cifar10": (50_000, 10_000),
    "cifar100": (50_000, 10_000),
    "imdb": (25_000, 25_000),
    "reuters": (8_982, 2_246),
    "boston_housing": (404, 102),
    "california_housing": (16_512, 4_128),
}
# What a small data set has in all, where Keras has one.
SMALL = 600
# How far a picture is moved, in pixels, and which part of its brightness it keeps.
MOVED, BRIGHTNESS = 2, (1.0, 0.92, 0.84)
# Which part of a text's words is left out, and by which part a number is changed.
LEFT_OUT, CHANGED = 0.1, 0.02
# Words from this one on are counted by how often they occur; 2 stands for one that is not known.
UNKNOWN = 2

Part = tuple[Any, np.ndarray]


def made(name: str, parts: dict[str, Any], options: dict[str, Any]) -> tuple[Part, Part]:
    """Makes a data set of Keras's size, the same one each time.

    Args:
        name: String, which of `keras.datasets`.
        parts: Dict of `x_train`, `y_train`, `x_test` and `y_test`: a few examples.
        options: Dict, what `load_data` got.

    Returns:
        Two pairs of inputs and labels, for training and for testing. No example is there twice.

    Raises:
        ValueError: If the options are none that Keras takes.
    """
    rng = np.random.default_rng(0)
    kind = np.asarray(parts["x_train"]).dtype.kind
    make = {"u": _pictures, "i": _texts}.get(kind, _tables)
    train, test = (
        make(np.asarray(parts[f"x_{part}"]), np.asarray(parts[f"y_{part}"]), count, rng)
        for part, count in zip(("train", "test"), SIZES[name], strict=True)
    )
    if "test_split" in options:
        train, test = _split(train, test, options)
    if kind == "i":
        return _words(*train, options), _words(*test, options)
    return train, test


def _copies(have: int, count: int, order: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yields, for each copy of `have` examples, its number and the rows where it goes."""
    for number, start in enumerate(range(0, count, have)):
        yield number, order[start : start + have]


def _pictures(x: np.ndarray, y: np.ndarray, count: int, rng: np.random.Generator) -> Part:
    """Moves pictures by a few pixels, and darkens them a little: no copy is like another."""
    height, width = x.shape[1:3]
    sides = [(0, 0), (MOVED, MOVED), (MOVED, MOVED), (0, 0)][: x.ndim]
    wide = np.pad(x, sides, mode="edge")
    by = sorted(range(2 * MOVED + 1), key=lambda step: abs(step - MOVED))
    ways = list(itertools.product(BRIGHTNESS, by, by))
    order = rng.permutation(count)
    pictures, labels = np.empty((count, *x.shape[1:]), x.dtype), _labels(y, count, order)
    for number, rows in _copies(len(x), count, order):
        share, down, right = ways[number % len(ways)]
        moved = wide[: len(rows), down : down + height, right : right + width]
        darker = np.round(share * np.arange(256)).astype(x.dtype)
        pictures[rows] = moved if share == 1 else darker[moved]
    return pictures, labels


def _labels(y: np.ndarray, count: int, order: np.ndarray) -> np.ndarray:
    labels = np.empty((count, *y.shape[1:]), y.dtype)
    for _, rows in _copies(len(y), count, order):
        labels[rows] = y[: len(rows)]
    return labels


def _texts(x: np.ndarray, y: np.ndarray, count: int, rng: np.random.Generator) -> Part:
    """Turns texts round by some words, and leaves out some: a text has no word 0."""
    order = rng.permutation(count)
    texts = np.empty((count, x.shape[1]), x.dtype)
    for number, rows in _copies(len(x), count, order):
        texts[rows, 0] = x[: len(rows), 0]
        texts[rows, 1:] = np.roll(x[: len(rows), 1:], -number, axis=1)
    texts[:, 1:] *= rng.random((count, x.shape[1] - 1), dtype="float32") >= LEFT_OUT
    return texts, _labels(y, count, order)


def _tables(x: np.ndarray, y: np.ndarray, count: int, rng: np.random.Generator) -> Part:
    """Changes all numbers a little, where there are fewer rows than are wanted."""
    if len(x) >= count:
        return x[:count].copy(), y[:count].copy()
    rows = rng.permutation(np.arange(count) % len(x))
    table = x[rows] * rng.normal(1, CHANGED, (count, x.shape[1]))
    values = y[rows] * rng.normal(1, CHANGED / 2, count)
    return table, np.clip(values, y.min(), y.max())


def _split(train: Part, test: Part, options: dict[str, Any]) -> tuple[Part, Part]:
    """Splits a data set as `load_data` was asked to."""
    share = options["test_split"]
    if not 0 <= share < 1:
        raise ValueError(
            f"Invalid `test_split` argument: {share}. It must be between 0 and 1 (exclusive of 1)."
        )
    if options.get("version", "large") not in ("small", "large"):
        raise ValueError(
            "Argument `version` must be one of 'small', 'large'. "
            f"Received: version={options['version']}"
        )
    x, y = (np.concatenate(both) for both in zip(train, test, strict=True))
    if options.get("version") == "small":
        x, y = x[:SMALL], y[:SMALL]
    cut = int(len(x) * (1 - share))
    return (x[:cut].copy(), y[:cut].copy()), (x[cut:].copy(), y[cut:].copy())


def _words(x: np.ndarray, y: np.ndarray, options: dict[str, Any]) -> Part:
    """Returns texts as Keras gives them: lists of numbers, of different lengths."""
    least, most = options.get("skip_top") or 0, options.get("num_words")
    known = (x >= least) & (x < most) if most else x >= least
    x = np.where(known | (x == 0), x, UNKNOWN)
    # Each number is one object, however often it stands there.
    numbers = np.array(range(int(x.max(initial=0)) + 1), dtype=object)
    lists = np.empty(len(x), dtype=object)
    lists[:] = [numbers[row[row > 0]].tolist() for row in x]
    if options.get("maxlen"):
        short = np.array([len(text) < options["maxlen"] for text in lists], dtype=bool)
        lists, y = lists[short], y[short]
    return lists, y
