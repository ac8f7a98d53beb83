"""Pretrained weights for VGG16's convolutional base: the kit's own, or Keras's for ImageNet.

The kit's own (made by `vgg16_pretrain.py`) are shipped as `vgg16_base.npz`, eight bits for each
weight, and expanded once into a `.weights.h5` file in the cache.
"""

import atexit
import functools
import hashlib
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from datasets import DataUnavailable, cache
from datasets.downloads import downloading

SHIPPED = Path(__file__).with_name("vgg16_base.npz")

# VGG16's blocks: number, convolutions, filters.
BLOCKS = ((1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512))

Weights = dict[str, tuple[np.ndarray, np.ndarray]]  # a convolution's kernel and bias

# Where Keras keeps the ImageNet weights, and what they are.
_IMAGENET = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
_IMAGENET_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{_IMAGENET}"
_IMAGENET_MD5 = "6d6bbae143d832006294945121d1f1fc"


def path(which: str = "kit") -> str:
    """Return a file that `keras.applications.VGG16(weights=PATH, include_top=False)` loads.

    Args:
        which: String, `"kit"` (the kit's own, offline) or `"imagenet"` (Keras's cached file, or
            its download).

    Returns:
        String, the path of the file.

    Raises:
        ValueError: If there are no such weights.
        DataUnavailable: If the weights cannot be had here.
    """
    if which == "kit":
        return _kit()
    if which == "imagenet":
        return _imagenet()
    raise ValueError(f"There are no weights called {which!r}. Known: 'kit', 'imagenet'")


def read(file: str) -> list[np.ndarray]:
    """Read the weights from a file that `path` returned, without building a model.

    Args:
        file: String, its path.

    Returns:
        List of arrays, in the order of `keras.applications.VGG16(…).get_weights()`.
    """
    found = []
    with h5py.File(file, "r") as held:
        for name in held.attrs["layer_names"]:
            layer = held[os.fsdecode(name)]
            found += [layer[os.fsdecode(weight)][()] for weight in layer.attrs["weight_names"]]
    return found


def _imagenet() -> str:
    """Return Keras's own file, downloading it where it is not cached."""
    import keras  # here, since the kit's own weights do not need it

    with downloading("VGG16's ImageNet weights", "The kit's own need no download: --weights kit."):
        return keras.utils.get_file(
            _IMAGENET, _IMAGENET_URL, cache_subdir="models", file_hash=_IMAGENET_MD5
        )


def _kit() -> str:
    """Return the expanded file, from the cache if what is there is whole."""
    try:
        content = SHIPPED.read_bytes()
    except OSError as error:
        raise DataUnavailable(
            f"The kit's VGG16 weights, {SHIPPED}, cannot be read ({error.strerror}). They are part "
            "of the repository: git restore brings them back."
        ) from error
    weights = expand(content)
    name = f"vgg16_base-{hashlib.sha256(content).hexdigest()[:16]}.h5"
    target = cache.cache_dir() / name
    if _holds(target, weights) or cache.write(target, lambda file: _write_h5(file, weights)):
        return str(target)
    target = _own_folder(os.getpid()) / name  # the cache cannot be written
    if not target.exists():
        _write_h5(target, weights)
    return str(target)


@functools.cache
def _own_folder(process: int) -> Path:
    """Make a folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="keras-exercise-kit-"))

    def remove() -> None:
        if os.getpid() == process:  # and not a fork of it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def expand(content: bytes) -> Weights:
    """Undo `quantise`.

    Args:
        content: Bytes of the shipped file.

    Returns:
        Dict from the name of a convolution to its kernel and bias, both float32.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as packed:
        return {
            name: (
                packed[f"{name}/kernel"].astype(np.float32) * packed[f"{name}/scale"],
                packed[f"{name}/bias"],
            )
            for name in layer_names()
        }


def _write_h5(target: Path, weights: Weights) -> None:
    """Write the layout of Keras's own VGG16 files, which every version of Keras 3 loads.

    No model is built for it: TensorFlow must not have run in a process that is forked later.
    """
    with h5py.File(target, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in weights]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"3.0.0"
        for name, (kernel, bias) in weights.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel".encode(), f"{name}/bias".encode()]
            group.create_dataset(f"{name}/kernel", data=kernel)
            group.create_dataset(f"{name}/bias", data=bias)


def _holds(target: Path, weights: Weights) -> bool:
    """Say whether the file is there, whole, and holds exactly these weights."""
    try:
        with h5py.File(target, "r") as file:
            if [os.fsdecode(name) for name in file.attrs["layer_names"]] != list(weights):
                return False
            return all(
                np.array_equal(file[f"{name}/{name}/kernel"][()], kernel)
                and np.array_equal(file[f"{name}/{name}/bias"][()], bias)
                for name, (kernel, bias) in weights.items()
            )
    except (OSError, KeyError, ValueError, RuntimeError, AttributeError, TypeError):
        return False


def layer_names() -> list[str]:
    """Return the names of VGG16's convolutions, in order."""
    return [f"block{b}_conv{i}" for b, count, _ in BLOCKS for i in range(1, count + 1)]


def quantise(weights: Weights) -> dict[str, Any]:
    """Round kernels to eight bits, with a scale for each output channel.

    Args:
        weights: Dict from the name of a convolution to its kernel and bias.

    Returns:
        Dict of arrays: `<name>/kernel` int8, `<name>/scale` and `<name>/bias` float32.
    """
    packed: dict[str, Any] = {}
    for name, (kernel, bias) in weights.items():
        scale = np.abs(kernel).max(axis=(0, 1, 2)) / 127
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        packed[f"{name}/kernel"] = np.rint(kernel / scale).astype(np.int8)
        packed[f"{name}/scale"] = scale
        packed[f"{name}/bias"] = bias.astype(np.float32)
    return packed


def write_shipped(weights: Weights, target: Path = SHIPPED) -> int:
    """Quantise weights and write the file that the kit ships.

    Args:
        weights: Dict from the name of a convolution to its kernel and bias.
        target: Path, where to write it.

    Returns:
        The size of the file in bytes.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **quantise(weights))
    target.write_bytes(buffer.getvalue())
    return target.stat().st_size
