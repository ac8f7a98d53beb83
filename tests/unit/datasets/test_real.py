"""Real data through `keras.datasets`, on small archives in the layout of Keras's cache."""

import pickle
import socket
import tarfile

import numpy as np
import pytest

import datasets
from datasets import real

pytest.importorskip("keras")


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty Keras cache whose files need not have the published hashes."""
    import keras.src.backend.config
    import keras.src.utils.file_utils as files

    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(files, "validate_file", lambda *args, **kwargs: True)
    (tmp_path / "datasets").mkdir()
    real._images.cache_clear()
    yield tmp_path
    real._images.cache_clear()


@pytest.fixture
def offline(monkeypatch):
    """No name is resolved."""

    def refuse(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("no_proxy", "*")  # a proxy on this machine would be reached by its address


@pytest.fixture
def mnist(keras_home):
    """2,000 + 1,500 "digits": a picture's grey level is twenty times its label."""
    y, test_y = np.arange(2000, dtype=np.uint8) % 10, np.arange(1500, dtype=np.uint8) % 10
    x, test_x = (np.broadcast_to(20 * v[:, None, None], (len(v), 28, 28)) for v in (y, test_y))
    np.savez(
        keras_home / "datasets" / "mnist.npz", x_train=x, y_train=y, x_test=test_x, y_test=test_y
    )


@pytest.fixture
def cifar10(keras_home):
    """An archive like CIFAR-10's, of one-coloured pictures; `keras.datasets` wants full batches."""
    labels = [i % 10 for i in range(10_000)]
    x = np.repeat(np.array(labels, np.uint8)[:, None] * 20, 3072, axis=1)
    batch = keras_home / "batch"
    batch.write_bytes(pickle.dumps({b"data": x, b"labels": labels}, protocol=4))
    archive = keras_home / "datasets" / "cifar-10-batches-py-target_archive"
    with tarfile.open(archive, "w") as file:
        for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
            file.add(batch, f"cifar-10-batches-py/{name}")


def _key(x: np.ndarray, y: np.ndarray, top: float) -> dict[int, int]:
    """Which label was given to which grey level; each level has one label only."""
    levels = np.rint(x[:, 0, 0, 0] * 255 / top / 20).astype(int)
    pairs = set(zip(levels.tolist(), y.tolist(), strict=True))
    assert len(pairs) == 10
    return dict(pairs)


def test_mnist_stands_in_for_the_digits(mnist):
    """Sizes, range, channel axis; labels permuted by the draw, the same way in all parts."""
    data = datasets.load("digits", 4, source="mnist")
    assert (data.source, data.num_classes) == ("mnist", 10)
    assert data.train[0].shape == (1000, 28, 28, 1)
    assert data.train[0].dtype == np.float32
    assert data.train[1].dtype == np.int64
    assert data.train[0].max() <= 1
    keys = [_key(x, y, 1.0) for x, y in (data.train, data.validation, data.test)]
    assert keys[0] == keys[1] == keys[2]
    assert keys[0] != _key(*datasets.load("digits", 5, source="mnist").train, 1.0)


def test_mnist_with_wrong_labels(mnist):
    """Some training labels are wrong, validation and test labels are not."""
    data = datasets.load("noisy_digits", 4, source="mnist")
    key = _key(*data.test, 1.0)
    assert key == _key(*data.validation, 1.0)
    levels = np.rint(data.train[0][:, 0, 0, 0] * 255 / 20).astype(int)
    wrong = np.mean(
        [key[level] != label for level, label in zip(levels, data.train[1], strict=True)]
    )
    assert 0.1 < wrong < 0.4


def test_cifar10_stands_in_for_the_shapes(cifar10):
    """Both image tasks get it, each in its own range."""
    for name, top in (("shapes", 1.0), ("small_shapes", 255.0)):
        data = datasets.load(name, 4, source="cifar10")
        assert data.num_classes == 10
        assert data.train[0].shape[1:] == (32, 32, 3)
        assert data.train[0].dtype == np.float32
        assert data.train[0].max() == pytest.approx(180 * top / 255)
        assert _key(*data.train, top) == _key(*data.test, top)


@pytest.mark.parametrize(("name", "source"), [("shapes", "cifar10"), ("digits", "mnist")])
def test_offline_is_one_clear_line(keras_home, offline, name, source, capsys):
    """What cannot be had is said in one line that names the default; stdout stays clean."""
    with pytest.raises(datasets.DataUnavailable) as raised:
        datasets.load(name, 0, source=source)
    line = str(raised.value)
    assert "\n" not in line
    assert repr(source) in line
    assert "default" in line
    assert capsys.readouterr().out == ""
    assert socket.getdefaulttimeout() is None
