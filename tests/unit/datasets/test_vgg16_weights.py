"""The shipped VGG16 weights: small, expanded into a cache that mends itself, loadable by Keras."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import datasets
from datasets import vgg16_weights


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A shipped file with kernels of a few numbers, so that tests of the cache are quick."""
    rng = np.random.default_rng(0)
    weights = {
        name: (rng.normal(size=(3, 3, 2, 4)).astype(np.float32), np.arange(4, dtype=np.float32))
        for name in vgg16_weights.layer_names()
    }
    target = tmp_path / "shipped.npz"
    vgg16_weights.write_shipped(weights, target)
    monkeypatch.setattr(vgg16_weights, "SHIPPED", target)
    return weights


def test_the_shipped_file_is_small_enough():
    """At most 16 MB for 14.7 million parameters."""
    assert vgg16_weights.SHIPPED.stat().st_size <= 16_000_000


def test_rounding_is_within_half_a_step(small):
    """Eight bits for each weight, relative to the largest of its output channel; biases exact."""
    expanded = vgg16_weights.expand(vgg16_weights.SHIPPED.read_bytes())
    for name, (kernel, bias) in small.items():
        step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
        assert (np.abs(expanded[name][0] - kernel) <= step * 0.501).all()
        np.testing.assert_array_equal(bias, expanded[name][1])


def test_expanded_once_and_again_when_corrupt(cache, small):
    """A whole cache entry is used as it is; a cut, foreign or altered one is made again."""
    path = Path(vgg16_weights.path())
    assert path.parent == cache
    written = path.stat().st_ino
    assert Path(vgg16_weights.path()).stat().st_ino == written

    whole = path.read_bytes()
    for content in (b"", b"no such thing", whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert vgg16_weights.path() == str(path)
        assert path.read_bytes() == whole
    with h5py.File(path, "r+") as file:  # one weight of another value
        file["block3_conv2/block3_conv2/kernel"][0, 0, 0, 0] = 9
    vgg16_weights.path()
    assert path.read_bytes() == whole
    assert [entry.name for entry in cache.iterdir()] == [path.name]


def test_an_unwritable_cache_is_no_error(tmp_path, monkeypatch, small):
    """Without a cache the weights go to a folder of this process."""
    (tmp_path / "file").write_text("a file where the folder would be")
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "file" / "cache"))
    path = vgg16_weights.path()
    assert os.path.exists(path)
    assert vgg16_weights.path() == path


def test_expanding_runs_nothing_of_tensorflow(cache):
    """The process that is forked later has not even imported it."""
    code = (
        "import sys; from datasets import vgg16_weights; print(vgg16_weights.path());"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    )
    root = os.path.dirname(os.path.dirname(datasets.__file__))
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_keras_loads_them(cache):
    """VGG16 built with the file holds what was shipped, layer by layer."""
    keras = pytest.importorskip("keras")
    base = keras.applications.VGG16(
        weights=vgg16_weights.path(), include_top=False, input_shape=(32, 32, 3)
    )
    shipped = vgg16_weights.expand(vgg16_weights.SHIPPED.read_bytes())
    layers = [layer for layer in base.layers if layer.weights]
    assert list(shipped) == [layer.name for layer in layers]
    for layer in layers:
        for mine, theirs in zip(shipped[layer.name], layer.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_imagenet_offline_is_one_clear_line(tmp_path, monkeypatch, capsys):
    """Without Keras's file and without a network, the kit's own weights are named."""
    config = pytest.importorskip("keras.src.backend.config")

    def refuse(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(datasets.DataUnavailable, match="--weights kit") as raised:
        vgg16_weights.path("imagenet")
    assert "\n" not in str(raised.value)
    assert capsys.readouterr().out == ""


def test_a_missing_file_and_an_unknown_name_are_said(tmp_path, monkeypatch):
    """Each is one line that says how to mend it."""
    with pytest.raises(ValueError, match="'kit', 'imagenet'"):
        vgg16_weights.path("imgnet")
    monkeypatch.setattr(vgg16_weights, "SHIPPED", tmp_path / "gone.npz")
    with pytest.raises(datasets.DataUnavailable, match="git restore"):
        vgg16_weights.path()
