"""The kit's own data in place of those that Keras would download."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import datasets

# Examples for training and for testing that are sent: the sandbox makes more from them.
TRAIN, TEST = 2000, 500
IMAGES = {"mnist": "digits", "fashion_mnist": "digits", "cifar10": "shapes", "cifar100": "shapes"}
TEXTS = {"imdb": 2, "reuters": 46}
VALUES = {"boston_housing": 13, "california_housing": 8}
WORDS, LENGTH = 10_000, 120


def wanted(source: str) -> dict[str, Any]:
    """Returns the data sets of `keras.datasets` that a script may load.

    Args:
        source: String, its text.

    Returns:
        Dict from names to dicts of `x_train`, `y_train`, `x_test`, `y_test`.
    """
    if "datasets" not in source:
        return {}
    found: dict[str, Any] = {}
    for name in (*IMAGES, *TEXTS, *VALUES):
        if re.search(rf"\b{name}\b", source):
            make = _images if name in IMAGES else _texts if name in TEXTS else _values
            found[name] = make(name)
    return found


def _images(name: str) -> dict[str, np.ndarray]:
    data = datasets.load(IMAGES[name])
    parts = {}
    for part, (x, y), count in (("train", data.train, TRAIN), ("test", data.validation, TEST)):
        pixels = np.round(255 * np.asarray(x[:count])).astype("uint8")
        labels = np.asarray(y[:count]).astype("uint8")
        gray = pixels.shape[-1] == 1
        parts[f"x_{part}"] = pixels[..., 0] if gray else pixels
        # Keras gives those of CIFAR in a column.
        parts[f"y_{part}"] = labels if gray else labels.reshape(-1, 1)
    if name == "cifar100":
        for part in ("train", "test"):
            labels = parts[f"y_{part}"].astype(int)
            fine = np.arange(len(labels)).reshape(-1, 1) % 10
            parts[f"y_{part}"] = (10 * labels + fine).astype("uint8")
    return parts


def _texts(name: str) -> dict[str, Any]:
    """Makes lists of word numbers, in which some words tell the label."""
    rng = np.random.default_rng(0)
    classes = TEXTS[name]
    parts: dict[str, Any] = {}
    for part, count in (("train", TRAIN), ("test", TEST)):
        labels = rng.integers(0, classes, count)
        words = np.minimum(rng.zipf(1.3, (count, LENGTH)) + 3, WORDS - 1)
        telling = rng.random((count, LENGTH)) < 0.15
        words = np.where(telling, 10 + labels[:, None] * 5 + rng.integers(0, 5, words.shape), words)
        lengths = rng.integers(LENGTH // 3, LENGTH + 1, count)
        words[np.arange(LENGTH) >= lengths[:, None]] = 0
        words[:, 0] = 1
        parts[f"x_{part}"], parts[f"y_{part}"] = words.astype("int64"), labels.astype("int64")
    return parts


def _values(name: str) -> dict[str, np.ndarray]:
    """Makes columns of very different sizes, and prices that depend on them."""
    rng = np.random.default_rng(0)
    columns = VALUES[name]
    sizes, weights = 10.0 ** rng.uniform(-1, 2.5, columns), rng.normal(size=columns)
    parts = {}
    for part, count in (("train", 404), ("test", 102)):
        x = rng.gamma(2.0, 0.5, (count, columns))
        y = 22 + 4 * (x - 1) @ weights / np.sqrt(columns) + rng.normal(scale=1.0, size=count)
        parts[f"x_{part}"] = x * sizes
        # Keras gives one in thousands of dollars, the other in dollars.
        parts[f"y_{part}"] = np.clip(y, 5, 50) * (1 if name == "boston_housing" else 10_000)
    return parts
