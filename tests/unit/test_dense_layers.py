"""The closed forms of a dense layer: values, gradients, training, and mistakes that differ."""

from __future__ import annotations

import numpy as np
import pytest

from graders.toolkit import dense_layers as dense
from graders.toolkit.closed_forms import diagnose
from graders.toolkit.layer_lines import SMALL

RNG = np.random.default_rng(0)


def test_linear_works_on_the_last_axis() -> None:
    """Each output is a sum over the features, plus the unit's bias."""
    given = dense.draw(RNG, 3, 2, 4, 5)
    found = dense.linear(given)
    assert found.shape == (2, 4, 3) and found.dtype == "float64"
    one = sum(given["x"][1, 2, i] * given["w"][i, 2] for i in range(5)) + given["b"][2]
    np.testing.assert_allclose(found[1, 2, 2], one, rtol=1e-5)


@pytest.mark.parametrize("name", ["w", "b", "x"])
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    """A step in one number changes the weighted sum as the gradient tells."""
    given = dense.draw(RNG, 3, 6, 5, dtype="float64")
    upstream = RNG.normal(size=(6, 3))
    found = dense.gradients(given, upstream)[name]
    assert found.shape == given[name].shape
    for index in np.ndindex(found.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = {key: value.copy() for key, value in given.items()}
            moved[name][index] += step
            ends.append((upstream * dense.linear(moved)).sum())
        np.testing.assert_allclose(found[index], (ends[0] - ends[1]) / 2e-6, atol=1e-6)


def test_a_step_of_descent_goes_along_the_gradient() -> None:
    """Each weight moves by the learning rate times a finite difference of the mean squared error."""
    x, y = RNG.normal(size=(7, 4)), RNG.normal(size=(7, 2))
    start = {
        "w1": RNG.normal(size=(4, 3)), "b1": RNG.normal(size=3),
        "w2": RNG.normal(size=(3, 2)), "b2": RNG.normal(size=2),
    }  # fmt: skip

    def loss(at: dense.Arrays) -> float:
        h = np.tanh(x @ at["w1"] + at["b1"])
        return float(((h @ at["w2"] + at["b2"] - y) ** 2).mean())

    after = dense.descend(start, x, y, rate=0.1, steps=1)
    for name, values in start.items():
        for index in np.ndindex(values.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = {key: value.copy() for key, value in start.items()}
                moved[name][index] += step
                ends.append(loss(moved))
            slope = (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(after[name][index], values[index] - 0.1 * slope, atol=1e-6)
    # Not in place, and each step from where the last one ended.
    twice = dense.descend(after, x, y, rate=0.1, steps=1)
    for name, values in dense.descend(start, x, y, rate=0.1, steps=2).items():
        np.testing.assert_allclose(values, twice[name])


@pytest.mark.parametrize("words", dense.MISTAKES)
def test_few_small_numbers_tell_mistakes_apart(words: str) -> None:
    """One of the inputs that are shown to students, or its mirror image, shows each mistake."""
    named = []
    for shape in SMALL:
        small = dense.small(1, *shape)
        for given in (small, {**small, "w": -small["w"]}):
            z = dense.linear(given)
            mistakes = {key: wrong(z, given["b"]) for key, (wrong, _) in dense.MISTAKES.items()}
            named.append(diagnose(mistakes[words], z, mistakes))
    assert words in named


@pytest.mark.parametrize("name", dense.ACTIVATIONS)
def test_mistakes_with_an_activation_are_named(name: str) -> None:
    """The right values are no mistake, and each mistake of the table is itself, or too close to tell."""
    given = dense.draw(RNG, 4, 6, 5)
    z, function = dense.linear(given), dense.ACTIVATIONS[name][1]
    right = dense.activated(name, z)
    mistakes = dense.misapplied(function, z, given["b"])
    assert diagnose(right, right, mistakes) == ""
    for words, values in mistakes.items():
        twice = "twice" in words and name == "relu"
        assert diagnose(values, right, mistakes) == ("" if twice else words)
    np.testing.assert_array_equal(dense.activated(None, z), z)
