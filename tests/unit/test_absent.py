"""What a sandbox lacks: what would use it does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graders.sandbox import absent


class Logger:
    """Writes like one of Keras's callbacks."""

    def __init__(self, filename: str):
        self.filename, self.wrote = filename, 0

    def on_epoch_end(self, epoch: int) -> str:
        """Counts, and answers."""
        self.wrote += 1
        return "answer"


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Logger]:
    """A guarded class of its own, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    found = type("Logger", (Logger,), {"on_epoch_end": Logger.on_epoch_end})
    absent._guard(found, "filename")
    return found


@pytest.mark.parametrize("path", ["a.csv", "logs/deep/a.csv", "checkpoints/{epoch:02d}.keras"])
def test_files_below_the_working_folder_are_written(logger: type[Logger], path: str) -> None:
    """The folder is made, as it is there where the work was written."""
    made = logger(path)
    assert made.on_epoch_end(1) == "answer"
    assert made.wrote == 1
    assert Path(path).parent.is_dir()


@pytest.mark.parametrize("path", ["/proc/nowhere/a.csv", "gs://bucket/a.csv"])
def test_a_callback_that_cannot_write_does_nothing(
    logger: type[Logger], path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints so, once, and lets the training go on."""
    made = logger(path)
    assert made.on_epoch_end(1) is None
    assert made.on_epoch_end(2) is None
    assert made.wrote == 0
    printed = capsys.readouterr().out
    assert printed.count("Logger does nothing here") == 1
    assert path in printed


def test_what_jupyter_shows_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without IPython, what modules import from it takes anything and shows nothing."""
    for name in ("IPython", "IPython.display"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    absent._replace_ipython()
    space: dict[str, object] = {}
    exec(
        "from IPython import get_ipython\n"
        "from IPython.display import HTML, clear_output, display\n"
        "import IPython.display as shown\n"
        "clear_output(wait=True)\n"
        "handle = display(HTML('x'), display_id=True)\n"
        "handle.update(shown.Image('x'))\n",
        space,
    )
    assert space["get_ipython"]() is None  # type: ignore[operator]


def test_a_log_without_tensorboard_stays_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow finds what it takes from the package, and nothing is written."""
    import keras

    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setattr(keras.callbacks.TensorBoard, "_configure_embeddings", None)
    absent._replace_tensorboard()
    space: dict[str, object] = {}
    exec("from tensorboard.summary.v2 import audio, histogram, image, scalar, text", space)
    assert space["scalar"](name="loss", data=1.0, step=0) is False  # type: ignore[operator]
