"""Real data in place of the default: CIFAR-10 and MNIST, through `keras.datasets`.

They are subsampled for a CPU. Training and validation examples are drawn from Keras's training
images, hidden ones from its test images, so no draw mixes them.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from datasets import Parts, generator
from datasets.downloads import downloading

CLASSES = 10  # of CIFAR-10 and of MNIST


@dataclass(frozen=True)
class _Role:
    """How real images stand in for a data set.

    Attributes:
        sizes: Integers, how many are for training, validation and test.
        top: Float, the value of the lightest pixel.
        noisy: Whether some training labels are made wrong.
    """

    sizes: tuple[int, int, int]
    top: float = 1.0
    noisy: bool = False


_ROLES = {
    "shapes": _Role((8000, 1000, 2000)),
    "small_shapes": _Role((1000, 300, 600), top=255.0),
    "digits": _Role((1000, 300, 1000)),
    "noisy_digits": _Role((300, 500, 1000), noisy=True),
}


def load(name: str, draw: int, source: str) -> tuple[int, Parts]:
    """Draw a data set from real images.

    Args:
        name: String, the data set that they stand in for.
        draw: Integer, where everything random comes from.
        source: String, `"cifar10"` or `"mnist"`.

    Returns:
        Pair of the number of classes and the parts.

    Raises:
        DataUnavailable: If Keras neither has them nor can download them.
    """
    role = _ROLES[name]
    (pool_x, pool_y), (test_x, test_y) = _images(source)
    rng = generator(name, draw, source)
    labels = rng.permutation(CLASSES)
    train, validation, test = role.sizes
    order = rng.permutation(len(pool_x))
    chosen = {
        "train": (pool_x, pool_y, order[:train]),
        "validation": (pool_x, pool_y, order[train : train + validation]),
        "test": (test_x, test_y, rng.permutation(len(test_x))[:test]),
    }
    parts: Parts = {}
    for part, (x, y, which) in chosen.items():
        images = x[which].astype(np.float32) * np.float32(role.top / 255)
        parts[part] = (images, labels[y[which]].astype(np.int64))
    if role.noisy:
        from datasets.digits import WRONG_LABELS, with_wrong_labels

        x, y = parts["train"]
        parts["train"] = (x, with_wrong_labels(y, WRONG_LABELS, CLASSES, rng))
    return CLASSES, parts


@cache
def _images(source: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Load all of Keras's images: uint8 `(n, h, w, channels)` with labels `(n,)`, twice."""
    import keras  # here, since nothing else in this package needs it

    known = {"cifar10": keras.datasets.cifar10, "mnist": keras.datasets.mnist}
    with downloading(
        f"The data set {source!r}", "The default data need no download: leave --data away."
    ):
        train, test = known[source].load_data()
        (x, y), (test_x, test_y) = train, test
        if x.ndim == 3:  # MNIST has no axis for the channel
            x, test_x = x[..., None], test_x[..., None]
    return (x, np.ravel(y)), (test_x, np.ravel(test_y))
