"""Handwritten digits: scikit-learn's 1,797 bundled scans, drawn anew each time.

The scans are 8x8; they are upscaled smoothly to 28x28x1 and each gets a small random rotation,
shear, scale, shift and contrast, so that a memorised pool of images is worth little. A scan
belongs to one part only: no test image is a jittered copy of a training image.
"""

from functools import cache

import numpy as np
from scipy import ndimage
from sklearn import datasets as bundled

from datasets import Parts, generator

SIZE = 28
DIGITS = 10

# Scans in each part; the rest of the 1,797 are the test part.
_SPLIT = {"digits": (1000, 300), "noisy_digits": (300, 500)}

# Share of the training labels of "noisy_digits" that are wrong.
WRONG_LABELS = 0.2

# "digits_context": digits that are used, readings that the context can show, its length, how many
# scans are for training and validation, how often each is used, and the noise of the context.
_CONTEXT_DIGITS = 5
_CONTEXT_KINDS = 4
_CONTEXT_FEATURES = 8
_CONTEXT_SPLIT = (500, 150)
_CONTEXT_REPEATS = 3
_CONTEXT_NOISE = 0.6


def load(name: str, draw: int) -> tuple[int, Parts]:
    """Return one draw of a data set of digits.

    Args:
        name: String, `"digits"`, `"noisy_digits"` (few training examples, one in five with a wrong
            label; validation and test labels are right) or `"digits_context"` (two inputs).
        draw: Integer from 0 up.

    Returns:
        Pair: the number of classes, and the parts; images are float32 `(n, 28, 28, 1)` in [0, 1],
        labels int64 `(n,)`.
    """
    rng = generator(name, draw)
    if name == "digits_context":
        return _with_context(rng)
    scans, digits = _scans()
    labels = rng.permutation(DIGITS)[digits]
    parts: Parts = {}
    for part, chosen in _split(len(scans), _SPLIT[name], rng).items():
        parts[part] = (_jitter(scans[chosen], rng), labels[chosen])
    if name == "noisy_digits":
        x, y = parts["train"]
        parts["train"] = (x, with_wrong_labels(y, WRONG_LABELS, DIGITS, rng))
    return DIGITS, parts


def with_wrong_labels(
    labels: np.ndarray, share: float, num_classes: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a copy of the labels in which exactly a given share is wrong.

    Args:
        labels: Integer array `(n,)`.
        share: Float in [0, 1], how many of them get another label.
        num_classes: Integer, the labels are below it.
        rng: Generator that everything random comes from.

    Returns:
        Integer array `(n,)`.
    """
    wrong = rng.permutation(len(labels))[: round(share * len(labels))]
    noisy = labels.copy()
    # An offset that is never 0 modulo the number of classes: a "wrong" label is really wrong.
    noisy[wrong] = (labels[wrong] + rng.integers(1, num_classes, len(wrong))) % num_classes
    return noisy


def _with_context(rng: np.random.Generator) -> tuple[int, Parts]:
    """Draw the two-input data: the class is which digit was seen, under which reading.

    The image tells the digit and nothing of the reading; the context is a noisy copy of one of a
    few vectors and tells the reading but nothing of the digit. Knowing one input perfectly leaves
    a guess among the values of the other.
    """
    classes = _CONTEXT_DIGITS * _CONTEXT_KINDS
    scans, digits = _scans()
    used = rng.permutation(DIGITS)[:_CONTEXT_DIGITS]
    rank = np.full(DIGITS, -1)
    rank[used] = np.arange(_CONTEXT_DIGITS)
    scans, digits = scans[rank[digits] >= 0], rank[digits][rank[digits] >= 0]

    # Orthogonal centres are equally far apart in every draw, so no draw is harder than another.
    basis, _ = np.linalg.qr(rng.normal(size=(_CONTEXT_FEATURES, _CONTEXT_KINDS)))
    centres = basis.T * np.sqrt(_CONTEXT_FEATURES)
    label_of = rng.permutation(classes).reshape(_CONTEXT_DIGITS, _CONTEXT_KINDS)

    parts: Parts = {}
    for part, chosen in _split(len(scans), _CONTEXT_SPLIT, rng).items():
        chosen = rng.permutation(np.repeat(chosen, _CONTEXT_REPEATS))
        # Each reading equally often, whatever the digit.
        kinds = rng.permutation(np.arange(len(chosen)) % _CONTEXT_KINDS)
        noise = rng.normal(scale=_CONTEXT_NOISE, size=(len(chosen), _CONTEXT_FEATURES))
        context = (centres[kinds] + noise) / np.sqrt(1 + _CONTEXT_NOISE**2)
        x = {"image": _jitter(scans[chosen], rng), "context": context.astype(np.float32)}
        parts[part] = (x, label_of[digits[chosen], kinds])
    return classes, parts


@cache
def _scans() -> tuple[np.ndarray, np.ndarray]:
    """Return the bundled scans, upscaled to 28x28 in [0, 1], and the digits that they show."""
    raw, digits = bundled.load_digits(return_X_y=True)
    small = raw.reshape(-1, 8, 8) / 16
    # Cubic upscaling is linear and separable: one 28x8 matrix for rows and columns of all scans.
    enlarge = ndimage.zoom(np.eye(8), (SIZE / 8, 1), order=3, mode="nearest", grid_mode=True)
    return np.clip(enlarge @ small @ enlarge.T, 0, 1), digits.astype(np.int64)


def _split(count: int, sizes: tuple[int, int], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Deal the indices of the scans out to the three parts."""
    order = rng.permutation(count)
    train, validation, test = np.split(order, np.cumsum(sizes))
    return {"train": train, "validation": validation, "test": test}


def _jitter(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give each image a small affine change and another contrast; add the channel axis."""
    n = len(images)
    angle = rng.uniform(-0.2, 0.2, n)  # radians: about 11 degrees either way
    shear = rng.uniform(-0.15, 0.15, n)
    # The scans fill their frame; shrunk a little, a shift cuts no stroke off (as in MNIST).
    scale = 1 / rng.uniform(0.75, 0.9, (n, 2))
    shift = rng.uniform(-1.5, 1.5, (n, 2))
    contrast = rng.uniform(0.75, 1.0, n)

    middle = (SIZE - 1) / 2
    row, column = np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij")
    v = row.reshape(1, -1) - middle - shift[:, :1]
    u = column.reshape(1, -1) - middle - shift[:, 1:]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    source_row = scale[:, :1] * (cos * v - sin * u) + middle
    source_column = scale[:, 1:] * (sin * v + (cos + shear[:, None]) * u) + middle

    pixels = _bilinear(images, source_row, source_column) * contrast[:, None]
    # Whole grey levels, as in an 8-bit image: rounding differences between machines vanish.
    pixels = np.round(pixels * 255) / 255
    return pixels.reshape(n, SIZE, SIZE, 1).astype(np.float32)


def _bilinear(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Sample each image at its own points; outside it is black."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows, columns = np.clip(rows + 1, 0, SIZE + 0.999), np.clip(columns + 1, 0, SIZE + 0.999)
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    down, right = rows - top, columns - left
    width = SIZE + 2
    flat = padded.reshape(len(images), -1)
    corner = top * width + left

    def at(offset: int) -> np.ndarray:
        return np.take_along_axis(flat, corner + offset, axis=1)

    upper = at(0) * (1 - right) + at(1) * right
    lower = at(width) * (1 - right) + at(width + 1) * right
    return upper * (1 - down) + lower * down
