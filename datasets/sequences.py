"""Sequences whose label is the order of two events.

Every sequence holds one event of kind A and one of kind B, far apart, at places that vary, among
distractors and noise. The label says which of the two came first. What happened is the same for
both labels; only when it happened differs, so a model has to remember the first event until the
second one comes.
"""

import numpy as np

from datasets import Part, Parts, generator

TIMESTEPS = 24
FEATURES = 4

_PARTS = {"train": 1500, "validation": 400, "test": 1000}
_NOISE = 0.15
_GAP = 6  # the two events are at least this many steps apart
_DISTRACTORS = 3


def load(name: str, draw: int) -> tuple[int, Parts]:
    """Return one draw of the sequences.

    Args:
        name: String, `"sequences"`; other draws of other names would be independent.
        draw: Integer from 0 up.

    Returns:
        Pair: 2, the number of classes, and the parts; `x` is float32 `(n, 24, 4)`, `y` int64
        `(n,)` of 0 and 1. Which feature shows which event, and which order has which label, differ
        from draw to draw.
    """
    rng = generator(name, draw)
    channels = rng.permutation(FEATURES)
    swapped = int(rng.integers(2))
    return 2, {part: _sequences(n, channels, swapped, rng) for part, n in _PARTS.items()}


def _sequences(n: int, channels: np.ndarray, swapped: int, rng: np.random.Generator) -> Part:
    """Make some sequences of one draw, as many of one label as of the other (give or take one)."""
    labels = rng.permutation(np.arange(n) % 2)
    x = rng.normal(scale=_NOISE, size=(n, TIMESTEPS, FEATURES))
    every = np.arange(n)

    # All pairs of places that are far enough apart, each as likely as any other.
    first, second = np.triu_indices(TIMESTEPS, k=_GAP)
    pick = rng.integers(len(first), size=n)
    first, second = first[pick], second[pick]
    a_first = labels == swapped
    x[every, np.where(a_first, first, second), channels[0]] += 1
    x[every, np.where(a_first, second, first), channels[1]] += 1

    # Distractors look like events, on the other features, wherever and however often.
    for _ in range(_DISTRACTORS):
        place = rng.integers(TIMESTEPS, size=n)
        x[every, place, channels[rng.integers(2, FEATURES, size=n)]] += 1
    return x.astype(np.float32), labels.astype(np.int64)
