"""The pretrained weights as the grader reads them."""

from __future__ import annotations

import keras
import numpy as np

from datasets import vgg16_weights


def test_what_is_read_is_what_keras_loads() -> None:
    """All 26 arrays, in the order of the model's weights."""
    path = vgg16_weights.path()
    model = keras.applications.VGG16(weights=path, include_top=False, input_shape=(32, 32, 3))
    read, loaded = vgg16_weights.read(path), model.get_weights()
    assert len(read) == len(loaded) == 26
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(read, loaded, strict=True))
