"""Sequences whose label is the order of two events.

Three features: a marker and two kinds of signal, A and B. An event is a marker and a signal at the
same step; a marker or a signal alone means nothing, and there are many of those. Each sequence
holds one event of kind A and one of kind B, far apart, at places that vary; the label says which
came first. How much of everything there is, is the same for both labels, and a step alone does not
tell either: a model has to notice the first event and remember it until the second one comes.

Without the lone markers and signals a linear model would do: the place of A minus the place of B is
a linear function of the flattened input (measured: 91 %).
"""

import numpy as np

from datasets import Part, Parts, generator

TIMESTEPS = 20
FEATURES = 3

_PARTS = {"train": 1500, "validation": 400, "test": 1000}
_GAP = 5  # the two events are at least this many steps apart
_LONE_SIGNALS = 4  # of each kind
_LONE_MARKERS = 3
_NOISE = 0.1


def load(name: str, draw: int) -> tuple[int, Parts]:
    """Return one draw of the sequences.

    Args:
        name: String, `"sequences"`.
        draw: Integer from 0 up.

    Returns:
        Pair: 2, the number of classes, and the parts; `x` is float32 `(n, 20, 3)`, `y` int64 `(n,)`
        of 0 and 1. Which feature is the marker, and which order has which label, differ from draw
        to draw.
    """
    rng = generator(name, draw)
    features = rng.permutation(FEATURES)
    swapped = int(rng.integers(2))
    return 2, {part: _sequences(n, features, swapped, rng) for part, n in _PARTS.items()}


def _sequences(n: int, features: np.ndarray, swapped: int, rng: np.random.Generator) -> Part:
    """Make some sequences of one draw, half of them (give or take one) with each label."""
    marker, *kinds = features
    labels = rng.permutation(np.arange(n) % 2)
    x = rng.normal(scale=_NOISE, size=(n, TIMESTEPS, FEATURES))
    every = np.arange(n)

    # All pairs of steps that are far enough apart, each as likely as any other.
    first, second = np.triu_indices(TIMESTEPS, k=_GAP)
    pick = rng.integers(len(first), size=n)
    first, second = first[pick], second[pick]
    a_first = labels == swapped
    x[every, first, marker] += 1
    x[every, second, marker] += 1
    x[every, np.where(a_first, first, second), kinds[0]] += 1
    x[every, np.where(a_first, second, first), kinds[1]] += 1

    # The other steps in random order: the first few get a lone signal or marker, one each.
    chance = rng.random((n, TIMESTEPS))
    chance[every, first] = chance[every, second] = 2
    steps = np.argsort(chance, axis=1)
    lone = [kinds[0]] * _LONE_SIGNALS + [kinds[1]] * _LONE_SIGNALS + [marker] * _LONE_MARKERS
    for place, feature in enumerate(lone):
        x[every, steps[:, place], feature] += 1
    return x.astype(np.float32), labels.astype(np.int64)
