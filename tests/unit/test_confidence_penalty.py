"""The closed forms of a loss with a confidence penalty: values, gradients, and known mistakes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from graders.toolkit.closed_forms import softmax
from graders.toolkit.confidence_penalty import EXTREMES, SMALL, Batch, Extreme, flat

BATCH = Batch.draw(np.random.default_rng(0))


def test_the_loss_of_known_probabilities() -> None:
    """Two even classes: the cross-entropy and the entropy are both log 2."""
    even = Batch(np.array([0, 1]), np.zeros((2, 2)), np.full((2, 2), 0.5))
    np.testing.assert_allclose(even.loss(0.25), [0.75 * np.log(2)] * 2)
    np.testing.assert_allclose(BATCH.p, softmax(BATCH.z), atol=1e-6)


@pytest.mark.parametrize("logits", [False, True])
def test_gradients_are_those_of_finite_differences(logits: bool) -> None:
    """A step within the plane of predictions changes the summed loss as the gradient tells."""
    whole = sum(BATCH.gradients(0.6, logits))
    exact = dataclasses.replace(BATCH, z=BATCH.z.astype("float64"), p=softmax(BATCH.z))
    for index in np.ndindex(BATCH.p.shape):
        direction = np.zeros(BATCH.p.shape)
        direction[index] = 1
        ends = []
        for step in (1e-6, -1e-6):
            way = step * flat(direction)
            p = softmax(exact.z + way) if logits else exact.p + way
            ends.append(dataclasses.replace(exact, p=p).loss(0.6).sum())
        slope = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose((whole * flat(direction)).sum(), slope, atol=1e-5)


def test_what_leaves_the_plane_is_left_out() -> None:
    """What is added to the gradient of each class alike changes nothing."""
    found = flat(BATCH.z)
    np.testing.assert_allclose(found.sum(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(flat(BATCH.z + 3), found, atol=1e-6)


@pytest.mark.parametrize("words", BATCH.mistakes(1.7))
def test_mistakes_are_named(words: str) -> None:
    """The values of each known mistake are explained by it."""
    assert BATCH.explain(BATCH.mistakes(1.7)[words], 1.7) == words


def test_another_penalty_is_told() -> None:
    """The right loss needs no explanation, and one with another penalty has that one."""
    assert BATCH.explain(BATCH.loss(0.3), 0.3) == ""
    assert BATCH.explain(BATCH.loss(0.1), 0.3) == "cross-entropy minus 0.1 * entropy"
    assert BATCH.explain(BATCH.loss(0.3) + 1, 0.3) == "values that are up to 1 off"


def test_cases() -> None:
    """A batch as probabilities or logits, whole or one example at a time."""
    for logits, given in ((False, BATCH.p), (True, BATCH.z)):
        np.testing.assert_array_equal(BATCH.case(logits)["p"], given)
        singles = BATCH.singles(logits)
        assert all(len(case["y"]) == 1 for case in singles)
        np.testing.assert_array_equal(np.concatenate([case["p"] for case in singles]), given)
    np.testing.assert_allclose(BATCH.softened().p, softmax(BATCH.p), atol=1e-6)


def test_small_batches_are_right() -> None:
    """The probabilities that students are shown belong to the logits."""
    for batch in SMALL:
        np.testing.assert_allclose(batch.p, softmax(batch.z), atol=1e-6)
        assert len(batch.y) == len(batch.z)


@pytest.mark.parametrize("row", EXTREMES, ids=lambda row: str(row.p))
def test_extremes_are_right(row: Extreme) -> None:
    """The logits give the probabilities, and the loss is that of the closed form, or any large one."""
    np.testing.assert_allclose(softmax(row.z), row.p, atol=1e-12)
    [loss] = Batch(np.array([row.y]), np.array([row.z]), np.array([row.p])).loss(0.5)
    if row.loss is None:
        assert np.isinf(loss)
    else:
        np.testing.assert_allclose(loss, row.loss, atol=1e-12)
    np.testing.assert_array_equal(row.case(True)["p"], [row.z])
    np.testing.assert_array_equal(row.case(False)["p"], np.array([row.p], "float32"))
