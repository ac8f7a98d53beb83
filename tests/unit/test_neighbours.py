"""Whether labels go with their inputs: a tie is seen, and none is seen where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from graders.diagnosis.facts import Facts, Input, Layer
from graders.diagnosis.neighbours import Agreement, agreement, features

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 10))
TIES = {
    "classes": X[:, :3].argmax(axis=1),
    "two classes that no line parts": (X[:, 0] * X[:, 1] > 0).astype(int),
    "values": X[:, 0] - 2 * X[:, 1],
    "a rare class": (X[:, 0] > 1.5).astype(int),
}


def told(x: np.ndarray, y: np.ndarray) -> Agreement:
    """Returns what is told of labels and inputs."""
    found = agreement(x, y)
    assert found is not None
    return found


@pytest.mark.parametrize("name", TIES)
def test_a_tie_is_seen(name: str) -> None:
    """Labels in the order of their inputs meet the guesses; in another order they do not."""
    assert told(X, TIES[name]).score > 3
    assert told(X, RNG.permutation(TIES[name])).score < 3


def test_chance_is_what_other_orders_reach() -> None:
    """Of nine in ten that have the same label, eight in ten neighbours do by chance."""
    found = told(X, (np.arange(300) % 10 == 0).astype(int))
    assert found.chance == pytest.approx(0.82, abs=0.02)
    assert found.share == pytest.approx(found.chance, abs=0.04)


def test_other_examples_are_guessed_from_these() -> None:
    """Validation data whose labels were shuffled are told from those that were not."""
    y = TIES["classes"]
    right = agreement(X[:150], y[:150], (X[150:], y[150:]))
    wrong = agreement(X[:150], y[:150], (X[150:], RNG.permutation(y[150:])))
    assert right is not None and wrong is not None
    assert right.score > 5 and wrong.score < 2.5


def test_too_few_examples_and_one_label_tell_nothing() -> None:
    """There is no answer."""
    assert agreement(X[:50], TIES["classes"][:50]) is None
    assert agreement(X, np.zeros(300, int)) is None


def test_words_are_counted() -> None:
    """Two texts are near if they share words, not if their numbers are near."""
    words = np.where(np.arange(300)[:, None] % 2, 7, 400) + np.zeros((300, 5), int)
    part = Input("x", "int64", (300, 5), sample=words, values=((7, 1), (400, 1)))
    facts = Facts(layers=(Layer("e", "Embedding"),), inputs=(part,))
    bags = features(facts, facts.inputs)
    assert bags is not None and bags.shape == (300, 512)
    assert np.count_nonzero(bags[0]) == 1
