"""Keras's data sets are replaced by as many examples, made from the few that are sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graders.doctor import stand_ins
from graders.sandbox.scripts import enlarged

SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    "mnist": ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)),
    "fashion_mnist": ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)),
    "cifar10": ((50_000, 32, 32, 3), (50_000, 1), (10_000, 32, 32, 3), (10_000, 1)),
    "cifar100": ((50_000, 32, 32, 3), (50_000, 1), (10_000, 32, 32, 3), (10_000, 1)),
    "imdb": ((25_000,), (25_000,), (25_000,), (25_000,)),
    "reuters": ((8_982,), (8_982,), (2_246,), (2_246,)),
    "boston_housing": ((404, 13), (404,), (102, 13), (102,)),
    "california_housing": ((16_512, 8), (16_512,), (4_128, 8), (4_128,)),
}
KINDS = {name: np.dtype("uint8") for name in stand_ins.IMAGES}
KINDS |= {name: np.dtype(object) for name in stand_ins.TEXTS}
KINDS |= {name: np.dtype("float64") for name in stand_ins.VALUES}


def sent(name: str) -> dict[str, Any]:
    """Returns the few examples that go to the sandbox."""
    return dict(stand_ins.wanted(f"keras.datasets.{name}")[name])


def rows(x: np.ndarray) -> list[Any]:
    """Returns what tells one example from another."""
    return [tuple(row) if x.dtype == object else row.tobytes() for row in x]


@pytest.mark.parametrize("name", SHAPES)
def test_a_data_set_has_its_real_size(name: str) -> None:
    """No example is there twice, any slice has all classes, and it is the same each time."""
    few = sent(name)
    options = {} if name in {*stand_ins.IMAGES, "imdb"} else {"test_split": 0.2}
    (x, y), (x_test, y_test) = enlarged.made(name, few, options)
    assert SHAPES[name] == (x.shape, y.shape, x_test.shape, y_test.shape)
    assert x.dtype == x_test.dtype == KINDS[name] and y.dtype == few["y_train"].dtype
    train, test = rows(x), rows(x_test)
    assert len(set(train) | set(test)) == len(train) + len(test)
    if name not in stand_ins.VALUES:
        last = y[-2000:]
        assert set(last.ravel().tolist()) == set(few["y_train"].ravel().tolist())
    if name in stand_ins.IMAGES:
        assert (x.min(), x.max()) == (few["x_train"].min(), few["x_train"].max())
    again, _ = enlarged.made(name, few, options)
    assert rows(again[0][:50]) == train[:50] and np.array_equal(again[1], y)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_a_copy_has_the_label_of_its_picture(name: str) -> None:
    """The first copy is the picture itself; another one lies near it."""
    few = sent(name)
    (x, y), _ = enlarged.made(name, few, {})
    labels = dict(zip(rows(x), y.ravel().tolist(), strict=True))
    own = zip(rows(few["x_train"]), few["y_train"].ravel().tolist(), strict=True)
    assert all(labels[row] == label for row, label in own)
    moved = few["x_train"][0, :-1].astype(int)
    near = np.abs(x[:, 1:].astype(int) - moved).reshape(len(x), -1).mean(axis=1) < 1e-9
    assert near.any() and set(y.ravel()[near]) == {few["y_train"].ravel()[0]}


def test_a_text_keeps_most_of_its_words() -> None:
    """Texts of imdb have the words of some text that was sent, with its label."""
    few = sent("imdb")
    (x, y), _ = enlarged.made("imdb", few, {})
    words = [set(row[row > 0].tolist()) for row in few["x_train"]]
    for text, label in zip(x[:20], y[:20], strict=True):
        from_it = [few["y_train"][i] for i, known in enumerate(words) if set(text) <= known]
        assert label in from_it and type(text) is list and type(text[0]) is int


def test_what_load_data_takes() -> None:
    """Words, lengths and splits are those that a script asks for; others are refused."""
    (x, y), _ = enlarged.made("imdb", sent("imdb"), {"num_words": 500, "maxlen": 60})
    assert max(map(max, x)) < 500 and max(map(len, x)) < 60 and 0 < len(x) == len(y) < 25_000
    few = sent("california_housing")
    train, test = enlarged.made("california_housing", few, {"test_split": 0.25, "version": "small"})
    assert (len(train[0]), len(test[1])) == (450, 150)
    with pytest.raises(ValueError, match="test_split"):
        enlarged.made("california_housing", few, {"test_split": 1.5})
    with pytest.raises(ValueError, match="version"):
        enlarged.made("california_housing", few, {"test_split": 0.2, "version": "tiny"})
