"""The procedural images, and what every data set promises."""

import time

import numpy as np
import pytest

import datasets
from datasets import shapes

CONTENTS = [("shapes", (6000, 800, 1000), 10, 1.0), ("small_shapes", (120, 90, 300), 6, 255.0)]


def _parts(data: datasets.Dataset) -> list:
    return [data.train, data.validation, data.test]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sizes", "classes", "top"), CONTENTS)
def test_arrays_are_as_described(name, sizes, classes, top):
    """Shapes, dtypes, range and labels are those of the contract, the classes about even."""
    data = datasets.load(name, 3)
    assert classes == data.num_classes
    for (x, y), n in zip(_parts(data), sizes, strict=True):
        assert x.shape == (n, 32, 32, 3)
        assert x.dtype == np.float32
        assert y.shape == (n,)
        assert y.dtype == np.int64
        assert x.min() >= 0
        assert x.max() <= top
        assert x.max() > 0.9 * top
        counts = np.bincount(y, minlength=classes)
        assert len(counts) == classes
        assert np.ptp(counts) <= 1


def test_a_draw_is_the_same_every_time_and_parts_are_disjoint():
    """The same draw gives the same arrays, another draw others; no image is in two parts."""
    first, again, other = (datasets.load("small_shapes", draw) for draw in (5, 5, 6))
    for (x, y), (x2, y2), (x3, _) in zip(*map(_parts, (first, again, other)), strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
        assert not np.array_equal(x, x3)
    images = np.concatenate([x for x, _ in _parts(first)])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


@pytest.mark.slow
def test_labels_are_permuted_by_the_draw():
    """Which shape has which label differs between draws, and is the same in the three parts."""
    orders = set()
    for draw in range(5):
        data = datasets.load("small_shapes", draw)
        # A crude portrait of each class: how much of each pixel departs from the border's colour.
        portraits = []
        for x, y in (data.train, data.test):
            edge = np.median(x[:, [0, -1]], axis=(1, 2))[:, None, None, :]
            apart = np.abs(x - edge).mean(-1)
            portraits.append(
                np.stack([apart[y == label].mean(0).ravel() for label in range(data.num_classes)])
            )
        likeness = np.corrcoef(*portraits)[: data.num_classes, data.num_classes :]
        assert list(likeness.argmax(1)) == list(range(data.num_classes))
        orders.add(tuple(datasets.generator("small_shapes", draw, "labels").permutation(6)))
    assert len(orders) > 1


def test_colour_and_brightness_say_nothing():
    """The class cannot be told from the mean colour of an image, nor from its brightness."""
    x, y = datasets.load("shapes", 1).train
    colour = x.mean(axis=(1, 2))
    total = colour.var(axis=0)
    between = np.stack([colour[y == label].mean(0) for label in range(10)]).var(axis=0)
    assert (between < 0.01 * total).all()


def test_a_draw_may_be_of_128_bits():
    """A hidden seed of high entropy is used whole."""
    big = 2**127 + 12345
    a, b = (datasets.generator("shapes", draw).random(4) for draw in (big, big + 2**100))
    assert not np.array_equal(a, b)
    with pytest.raises(ValueError, match="draw=-1"):
        datasets.generator("shapes", -1)


def test_all_classes_differ_and_fit_the_picture():
    """Each of the sixteen shapes is its own, neither empty nor cut off."""
    y, x = (np.mgrid[:33, :33] - 16) / 13.0
    masks = np.stack([shape(x, y) > 0 for shape in shapes.SHAPES + shapes.OTHER_SHAPES])
    areas = masks.mean(axis=(1, 2))
    assert (areas > 0.1).all()
    assert (areas < 0.6).all()
    assert not masks[:, [0, -1]].any()
    for i, mask in enumerate(masks):
        for other in masks[:i]:
            common = (mask & other).sum() / (mask | other).sum()
            assert common < 0.85


def test_generation_is_quick():
    """A data set of a few thousand images takes about a second (a busy machine: a few)."""
    start = time.process_time()
    datasets.load("shapes", 7)
    assert time.process_time() - start < 6


def test_unknown_names_and_sources_name_close_matches():
    """A typing error is answered with what was perhaps meant."""
    with pytest.raises(ValueError, match="Did you mean 'small_shapes'"):
        datasets.load("small_shape", 0)
    with pytest.raises(ValueError, match="Did you mean 'cifar10'"):
        datasets.load("shapes", 0, source="cifar100")
    with pytest.raises(ValueError, match=r"Known: default$"):
        datasets.load("sequences", 0, source="mnist")
