"""Whether labels go with their inputs, by two simple guesses and a permutation test.

The nearest examples should have like labels, or a line through the data should tell them. Where
both guesses do no better than for labels in any other order, nothing ties the labels to the inputs
that these guesses could see.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graders.diagnosis.facts import Facts, Input

# Neighbours that are asked, permutations that are tried, and examples below which nothing is told.
NEAREST, PERMUTATIONS, LEAST = 3, 200, 100
# The size of a bag that words are put into.
BAG = 512


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How well guesses from the inputs meet the labels.

    Attributes:
        share: Float, of the nearest neighbours with the same label; of values, the correlation.
        chance: Float, the same for labels in another order.
        score: Float, the better of the two guesses: how many standard deviations it lies above
            those for labels in another order.
        count: Integer, examples that were looked at.
    """

    share: float
    chance: float
    score: float
    count: int


def features(facts: Facts, inputs: tuple[Input, ...]) -> np.ndarray | None:
    """Returns one row of numbers for each example of a sample, `None` if there are none.

    Args:
        facts: `Facts`.
        inputs: Tuple of `Input`, the training's or the validation's.
    """
    samples = [part.sample for part in inputs]
    if not samples or any(sample is None or not len(sample) for sample in samples):
        return None
    words = any(layer.kind == "Embedding" for layer in facts.layers)
    rows = [
        _bag(np.asarray(sample)) if words and part.integers else _flat(np.asarray(sample))
        for part, sample in zip(inputs, samples, strict=True)
        if sample is not None
    ]
    count = min(len(row) for row in rows)
    found = np.concatenate([row[:count] for row in rows], axis=1)
    return found if np.isfinite(found).all() else None


def _flat(sample: np.ndarray) -> np.ndarray:
    return sample.reshape(len(sample), -1).astype("float64")


def _bag(sample: np.ndarray) -> np.ndarray:
    """Counts words, without what fills short texts up."""
    numbers = sample.reshape(len(sample), -1).astype(int)
    found = np.zeros((len(numbers), BAG))
    for row, words in zip(found, numbers, strict=True):
        np.add.at(row, words[words > 0] % BAG, 1.0)
    return np.sqrt(found)


def targets(facts: Facts, labels: Input | None) -> np.ndarray | None:
    """Returns the labels of a sample: whole numbers for classes, floats for values."""
    if labels is None or labels.sample is None:
        return None
    y, kind = np.asarray(labels.sample), facts.labels_are
    if kind == "one_hot" and y.ndim == 2:
        return np.asarray(y.argmax(axis=-1))
    flat = y.reshape(len(y), -1)
    if flat.shape[1] != 1 or kind not in ("integers", "binary", "values"):
        return None
    column = flat[:, 0].astype("float64")
    return column if kind == "values" else column.astype(int)


def agreement(
    x: np.ndarray, y: np.ndarray, theirs: tuple[np.ndarray, np.ndarray] | None = None
) -> Agreement | None:
    """Compares guesses from the inputs with the labels.

    Args:
        x: Array `(n, columns)`.
        y: Array of `n` labels, whole numbers for classes.
        theirs: Pair of arrays, other examples that are to be guessed from these; `None` to guess
            each of these from the others.

    Returns:
        `Agreement`; `None` if there are too few examples, or all labels are alike.
    """
    count = min(len(x), len(y))
    x, y = x[:count], y[:count]
    if count < LEAST or (y == y[0]).all():
        return None
    x, asked = _standardized(x, theirs[0] if theirs else None)
    answers = theirs[1][: len(asked)] if theirs and asked is not None else y
    if theirs and (len(answers) < LEAST or (answers == answers[0]).all()):
        return None
    classes = np.issubdtype(y.dtype, np.integer)
    near = y[_nearest(x, asked)]
    line = _line(x, y, asked, classes)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(answers)) for _ in range(PERMUTATIONS)]
    scores = []
    shares = []
    for guess in (near, line):
        share = _meets(guess, answers, classes)
        others = np.array([_meets(guess, answers[order], classes) for order in orders])
        scores.append((share - float(others.mean())) / max(1e-9, float(others.std())))
        shares.append((share, float(others.mean())))
    return Agreement(*shares[0], max(scores), len(answers))


def _standardized(x: np.ndarray, asked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    middle, spread = x.mean(axis=0), x.std(axis=0)
    kept = spread > 1e-9
    if not kept.any():
        return x, asked
    x = (x[:, kept] - middle[kept]) / spread[kept]
    return x, None if asked is None else (asked[:, kept] - middle[kept]) / spread[kept]


def _distances(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    squares = (other**2).sum(axis=1)[:, None] + (x**2).sum(axis=1)[None, :]
    return np.asarray(squares - 2 * other @ x.T)


def _nearest(x: np.ndarray, asked: np.ndarray | None) -> np.ndarray:
    """Returns the places of the nearest examples, rows of `NEAREST`."""
    far = _distances(x, x if asked is None else asked)
    if asked is None:
        np.fill_diagonal(far, np.inf)
    return np.argpartition(far, NEAREST, axis=1)[:, :NEAREST]


def _line(x: np.ndarray, y: np.ndarray, asked: np.ndarray | None, classes: bool) -> np.ndarray:
    """Guesses labels by ridge regression, each example from the others."""
    values = np.unique(y) if classes else np.zeros(0)
    wanted = (y[:, None] == values).astype(float) if classes else y[:, None].astype(float)
    middle = wanted.mean(axis=0)
    kernel = x @ x.T
    penalty = 0.1 * float(np.trace(kernel)) / len(x) + 1e-9
    inverse = np.linalg.inv(kernel + penalty * np.eye(len(x)))
    weights = inverse @ (wanted - middle)
    if asked is None:
        found = wanted - weights / np.diag(inverse)[:, None]
    else:
        found = middle + (asked @ x.T) @ weights
    guess = values[found.argmax(axis=1)] if classes else found[:, 0]
    return np.asarray(guess)[:, None]


def _meets(guess: np.ndarray, answers: np.ndarray, classes: bool) -> float:
    if classes:
        return float((guess == answers[:, None]).mean())
    middle = guess.mean(axis=1)
    if middle.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(middle, answers)[0, 1])
