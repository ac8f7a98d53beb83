"""Closed forms: what is right, what is near, and which mistake explains an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graders.toolkit.closed_forms import (
    crossentropy,
    diagnose,
    differs,
    entropy,
    log_softmax,
    near,
    number,
    same,
    softmax,
)

FINITE = st.floats(-1000, 1000)
LOGITS = arrays.arrays("float64", (3, 4), elements=FINITE)
RIGHT = np.array([1.0, 2.0, 4.0])


def test_softmax_of_known_logits() -> None:
    """Logits that are logarithms of probabilities give these probabilities."""
    p = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])
    np.testing.assert_allclose(softmax(np.log(p) + 7), p, rtol=1e-12)


@given(LOGITS)
def test_softmax_sums_to_one(logits: np.ndarray) -> None:
    """Softmax of any finite logits is finite and sums to 1."""
    found = softmax(logits)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-9)


@given(LOGITS)
def test_log_softmax_is_finite(logits: np.ndarray) -> None:
    """The logarithm of softmax never overflows, where softmax itself gives 0."""
    assert np.isfinite(log_softmax(logits)).all()
    assert (log_softmax(logits) <= 0).all()


@pytest.mark.parametrize(
    ("p", "expected"),
    [([1.0, 0.0], 0.0), ([0.5, 0.5], np.log(2)), ([0.25] * 4, np.log(4))],
)
def test_entropy(p: list[float], expected: float) -> None:
    """The entropy is in nats, and 0 * log(0) adds nothing."""
    assert entropy(p) == pytest.approx(expected)


def test_crossentropy() -> None:
    """The cross-entropy is that of the label's probability, for labels of either shape."""
    p = [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]]
    expected = [np.log(2), np.log(4), np.inf]
    np.testing.assert_allclose(crossentropy([0, 0, 1], p), expected)
    np.testing.assert_allclose(crossentropy([[0.0], [0.0], [1.0]], p), expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (RIGHT, True),
        (RIGHT + 0.0039, True),  # a thousandth of the largest value
        (RIGHT + 0.0041, False),
        (RIGHT.astype("float32"), True),
        (RIGHT[:, None], False),
        (np.array([1.0, 2.0, np.nan]), False),
        (np.array([1.0, 2.0, np.inf]), False),
        (np.array(["1", "2", "4"]), False),
        ([1.0, 2.0, 4.0], False),
        (None, False),
        ({"kind": "list"}, False),
    ],
)
def test_near(found: Any, expected: bool) -> None:
    """Near is the same shape, finite, and within a share of the largest value."""
    assert near(found, RIGHT) is expected
    assert (differs(found, RIGHT) == "") is expected


def test_small_values_have_an_absolute_tolerance() -> None:
    """Where all values are below 1, the tolerance is the difference itself."""
    assert near(np.array([0.0109]), np.array([0.01]))
    assert not near(np.array([0.0111]), np.array([0.01]))


def test_nothing_is_near_an_infinite_value() -> None:
    """A closed form that is infinite fits no answer, not even an infinite one."""
    assert not near(np.array([np.inf]), np.array([np.inf]))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "no array"),
        (7.0, "a single number"),
        (RIGHT[:2], "an array of shape (2,)"),
        (np.array([1.0, np.nan, 4.0]), "NaN or infinity"),
        (RIGHT + [0, 0, 0.25], "values that are up to 0.25 off"),
    ],
)
def test_differs_tells_how(found: Any, expected: str) -> None:
    """What is wrong with an answer is told in a few words."""
    assert differs(found, RIGHT) == expected


MISTAKES = {"twice the value": 2 * RIGHT, "the sum alone": RIGHT.sum(), "sorted": RIGHT[::-1]}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (RIGHT, ""),
        (2 * RIGHT, "twice the value"),
        (RIGHT[::-1], "sorted"),
        (7.0, "the sum alone"),  # of another shape than the right answer
        (3 * RIGHT, "values that are up to 8 off"),
        (None, "no array"),
        (np.full(3, np.nan), "NaN or infinity"),
    ],
)
def test_diagnose_names_the_mistake(found: Any, expected: str) -> None:
    """The mistake whose own closed form fits is named; without one, the distance is."""
    assert diagnose(found, RIGHT, MISTAKES) == expected


def test_the_best_fit_is_named() -> None:
    """Of two mistakes within the tolerance, the nearer one is named, not the first."""
    mistakes = {"far": 2 * RIGHT, "nearer": 2 * RIGHT + 0.004}
    assert diagnose(2 * RIGHT + 0.003, RIGHT, mistakes) == "nearer"


def test_a_mistake_without_finite_values_is_passed_over() -> None:
    """A closed form that is NaN or infinite explains nothing, and hides no other mistake."""
    mistakes = {"a log of 0": np.full(3, np.nan), "twice": 2 * RIGHT}
    assert diagnose(2 * RIGHT, RIGHT, mistakes) == "twice"


def test_a_mistake_that_changes_nothing_is_not_named() -> None:
    """With a penalty of 0, a penalty with the wrong sign explains no difference."""
    found = RIGHT + 0.0045
    assert (
        diagnose(found, RIGHT, {"wrong sign": RIGHT + 0.001}) == "values that are up to 0.0045 off"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (np.float32(0.5), 0.5), (np.array([[2.0]]), 2.0), (True, 1.0)],
)
def test_number(value: Any, expected: float) -> None:
    """A number, or an array of one, is a number."""
    assert number(value) == expected


@pytest.mark.parametrize("value", [None, "3", np.array([1.0, 2.0]), [1.0], {"a": 1}])
def test_no_number(value: Any) -> None:
    """Anything else is NaN."""
    assert np.isnan(number(value))


@pytest.mark.parametrize(
    ("found", "other", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.001], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([1.0, np.nan, np.inf], [1.0, np.nan, np.inf], True),
        ([1.0, np.nan], [1.0, 2.0], False),
        ([1.0, 2.0], [1.0, np.nan], False),
        ([1.0, np.inf], [1.0, -np.inf], False),
        ([1.1, np.nan], [1.0, np.nan], False),
        ([[1.0]], [1.0], False),
    ],
)
def test_same(found: list[float], other: list[float], expected: bool) -> None:
    """Two answers are the same if they are near, and NaN in the same places."""
    assert same(np.array(found), np.array(other)) is expected


def test_what_is_no_array_is_never_the_same() -> None:
    """Two answers that are no numbers tell nothing."""
    assert not same(None, None)
    assert not same("1", np.array(1.0))
