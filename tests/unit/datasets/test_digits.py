"""The handwritten digits: shapes, fresh draws, wrong labels, and the two inputs."""

import numpy as np
import pytest

import datasets
from datasets import digits

NAMES = ["digits", "noisy_digits", "digits_context"]


def images(part):
    """The images of a part, whether it has one input or two."""
    x = part[0]
    return x["image"] if isinstance(x, dict) else x


def parts(data):
    """The three parts of a data set."""
    return data.train, data.validation, data.test


@pytest.mark.parametrize("name", NAMES)
def test_shapes(name):
    """Images are 28x28x1 float32 in [0, 1]; labels int64, every class among them."""
    data = datasets.load(name, 3)
    for part in parts(data):
        x, y = images(part), part[1]
        assert x.shape[1:] == (28, 28, 1)
        assert np.float32 == x.dtype
        assert x.min() == 0
        assert 0.9 < x.max() <= 1
        assert np.int64 == y.dtype
        assert (len(x),) == y.shape
        assert list(range(data.num_classes)) == sorted(set(y.tolist()))


@pytest.mark.parametrize("name", NAMES)
def test_same_draw(name):
    """A draw is the same whenever it is asked for."""
    one, two = datasets.load(name, 2**100 + 1), datasets.load(name, 2**100 + 1)
    for left, right in zip(parts(one), parts(two), strict=True):
        np.testing.assert_array_equal(images(left), images(right))
        np.testing.assert_array_equal(left[1], right[1])


@pytest.mark.parametrize("name", NAMES)
def test_another_draw_has_other_images(name):
    """No image of one draw comes back in another: a memorised pool is worth nothing."""
    seen = {image.tobytes() for part in parts(datasets.load(name, 1)) for image in images(part)}
    assert not any(
        image.tobytes() in seen for part in parts(datasets.load(name, 2)) for image in images(part)
    )


def test_label_ids_differ_between_draws(monkeypatch):
    """What a digit is called is drawn anew; within a draw it is one name."""
    scans, shown = digits._scans()
    names = set()
    for draw in range(3):
        # Every scan in place, so that labels can be compared with the digits.
        order = np.arange(len(scans))
        monkeypatch.setattr(digits, "_split", lambda *_, order=order: {"train": order})
        _, made = digits.load("digits", draw)
        labels = made["train"][1]
        name_of = [set(labels[shown == digit].tolist()) for digit in range(10)]
        assert [len(n) for n in name_of] == [1] * 10
        names.add(tuple(min(n) for n in name_of))
    assert len(names) == 3


@pytest.mark.parametrize("name", NAMES)
def test_no_scan_is_in_two_parts(name, monkeypatch):
    """A test image is never a jittered copy of a training image."""
    dealt = []
    split = digits._split

    def watched(*args):
        """Note what was dealt out."""
        dealt.append(split(*args))
        return dealt[-1]

    monkeypatch.setattr(digits, "_split", watched)
    digits.load(name, 5)
    indices = np.concatenate(list(dealt[0].values()))
    assert len(indices) == len(set(indices.tolist()))


def test_wrong_labels():
    """Exactly the asked share is wrong, and each wrong label really is another one."""
    right = np.repeat(np.arange(10), 20)
    noisy = digits.with_wrong_labels(right, 0.2, 10, np.random.default_rng(0))
    assert np.sum(noisy != right) == 40
    assert 0 <= noisy.min() <= noisy.max() < 10


def test_wrong_labels_leave_the_given_array_alone():
    """The labels that were given are not changed in place."""
    right = np.zeros(50, dtype=np.int64)
    digits.with_wrong_labels(right, 1.0, 10, np.random.default_rng(0))
    assert right.sum() == 0


def test_only_training_labels_are_wrong(monkeypatch):
    """With and without wrong labels, validation and test are the same."""
    noisy = digits.load("noisy_digits", 4)[1]
    monkeypatch.setattr(digits, "WRONG_LABELS", 0.0)
    clean = digits.load("noisy_digits", 4)[1]
    np.testing.assert_array_equal(clean["validation"][1], noisy["validation"][1])
    np.testing.assert_array_equal(clean["test"][1], noisy["test"][1])
    assert pytest.approx(np.mean(clean["train"][1] != noisy["train"][1])) == 0.2


def test_noisy_digits_are_few():
    """Few training examples, more for validation and test."""
    data = datasets.load("noisy_digits", 0)
    assert len(data.train[1]) == 300
    assert len(data.train[1]) < len(data.validation[1]) < len(data.test[1])


def test_context_is_about_unit_scale():
    """The context is float32 `(n, k)` with numbers of about size 1."""
    for x, y in parts(datasets.load("digits_context", 6)):
        assert (len(y), 8) == x["context"].shape
        assert np.float32 == x["context"].dtype
        assert 0.9 < np.sqrt(np.mean(x["context"] ** 2)) < 1.1


def test_context_alone_tells_a_fifth():
    """A perfect reading of the context leaves five digits, an image of the digit four readings."""
    data = datasets.load("digits_context", 7)
    (x, y), (xt, yt) = data.train, data.test
    # The nearest training context says which classes go with this reading.
    distance = ((xt["context"][:, None] - x["context"][None]) ** 2).sum(-1)
    guess = y[distance.argmin(1)]
    assert np.mean(guess == yt) < 0.3
    # It is the reading that it tells: the other four digits' classes make up the rest.
    assert data.num_classes == 20
