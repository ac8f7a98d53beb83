"""The sequences: shapes, fresh draws, and that nothing short of order tells the label."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import datasets
from datasets import sequences


@pytest.fixture(scope="module")
def data():
    """One draw."""
    return datasets.load("sequences", 11)


def score(make, data):
    """Accuracy of logistic regression on features that `make` takes of the sequences."""
    (x, y), (xt, yt) = data.train, data.test
    return LogisticRegression(max_iter=500, C=0.1).fit(make(x), y).score(make(xt), yt)


def events(x):
    """Where marker and signal coincide, for data without noise: (n, 2) steps of the two events."""
    return np.sort(np.argsort(np.sort(x, axis=-1)[:, :, -2], axis=1)[:, -2:], axis=1)


def test_shapes(data):
    """Float32 `(n, 20, 3)` and int64 labels, half of each."""
    for x, y in (data.train, data.validation, data.test):
        assert (len(y), 20, 3) == x.shape
        assert np.float32 == x.dtype
        assert np.int64 == y.dtype
        assert np.mean(y) == 0.5


def test_same_draw(data):
    """A draw is the same whenever it is asked for."""
    again = datasets.load("sequences", 11)
    np.testing.assert_array_equal(data.test[0], again.test[0])
    np.testing.assert_array_equal(data.test[1], again.test[1])


def test_parts_differ(data):
    """The three parts share no sequence."""
    rows = [s.tobytes() for x, _ in (data.train, data.validation, data.test) for s in x]
    assert len(rows) == len(set(rows))


def test_labels_and_features_differ_between_draws():
    """Which feature is the marker, and which order has which label, are drawn anew."""
    # The marker is the feature with fewer pulses; a linear model's sign tells label and kinds.
    markers = {
        int(datasets.load("sequences", draw).train[0].mean((0, 1)).argmin()) for draw in range(12)
    }
    assert {0, 1, 2} == markers


def test_two_events_far_apart(monkeypatch):
    """Exactly two steps hold marker and signal together, at least five steps apart, all over."""
    monkeypatch.setattr(sequences, "_NOISE", 0.0)
    x, _ = sequences.load("sequences", 3)[1]["train"]
    assert (((x > 0).sum(-1) == 2).sum(1) == 2).all()
    steps = events(x)
    assert (steps[:, 1] - steps[:, 0]).min() == 5
    assert {0, 19} <= set(steps.ravel().tolist())


def test_label_is_the_order(monkeypatch):
    """The kind of the first event decides the label, without exception."""
    monkeypatch.setattr(sequences, "_NOISE", 0.0)
    x, y = sequences.load("sequences", 3)[1]["train"]
    marker = x.mean((0, 1)).argmin()
    first = x[np.arange(len(x)), events(x)[:, 0]]
    first[:, marker] = 0
    kind = first.argmax(1)
    assert len(set(zip(kind.tolist(), y.tolist(), strict=True))) == 2


def test_linear_model_stays_low(data):
    """A linear model of the flattened input stays far below what an LSTM reaches."""
    assert score(lambda x: x.reshape(len(x), -1), data) < 0.78


def test_mean_over_time_tells_nothing(data):
    """How much of everything there is does not tell the label."""
    assert abs(score(lambda x: x.mean(1), data) - 0.5) < 0.06


def test_last_step_tells_little(data):
    """The last step alone does not tell the label."""
    assert score(lambda x: x[:, -1], data) < 0.65
