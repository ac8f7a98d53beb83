"""Whether a notebook's kernel has run what its file holds, and which file that is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from graders import jupyter, kernel, rubric
from graders.runner import Runner, Settings
from tests.notebook import notebook, write

LSTM = rubric.find("lstm")
BUILD = "def build_model(timesteps, features):\n    return UNITS"
OTHER = "def build_model(timesteps, features):\n    return UNITS + 1"
TRAIN = "def train(model, train_data, val_data):\n    return None"
SAVED = ["import keras", "UNITS = 3", BUILD, TRAIN, "model = build_model(20, 3)\nmodel"]


@pytest.mark.parametrize(
    ("ran", "differs"),
    [
        ([], []),
        (SAVED, []),
        ([*SAVED, "UNITS"], []),
        (SAVED[-1:], []),
        ([f"# a note\n{BUILD}  # another"], []),
        (['def build_model(timesteps, features):\n    """Doc."""\n    return UNITS'], []),
        ([OTHER], ["build_model"]),
        ([OTHER, BUILD], []),
        ([BUILD, OTHER], ["build_model"]),
        ([f"%%time\n{OTHER}"], ["build_model"]),
        (["%matplotlib inline\n!ls", "this is no Python", BUILD], []),
        ([f"{OTHER}\n\n\n{TRAIN}\n    # more"], ["build_model"]),
        (["UNITS = 4", BUILD], ["UNITS"]),
        (["model = 7", "import numpy as keras"], []),
        (["if True:\n    def train(*args):\n        return 1"], ["train"]),
    ],
)
def test_what_was_run_is_compared_with_what_was_saved(
    ran: list[str], differs: list[str], tmp_path: Path
) -> None:
    """The last run of each function, class and value counts; looks and trials do not."""
    path = write(tmp_path / "lstm.ipynb", *SAVED)
    assert kernel.unlike(LSTM, path, ran) == differs


def test_a_value_in_steps_is_no_difference(tmp_path: Path) -> None:
    """Two cells give it; whichever ran last is in the file."""
    path = write(tmp_path / "lstm.ipynb", *SAVED, "UNITS = 5")
    assert kernel.unlike(LSTM, path, ["UNITS = 5", "UNITS = 3"]) == []


def test_of_two_functions_the_last_is_graded(tmp_path: Path) -> None:
    """The file holds both: who ran the first one last sees another verdict than expected."""
    path = write(tmp_path / "lstm.ipynb", *SAVED, OTHER)
    assert kernel.unlike(LSTM, path, [BUILD]) == ["build_model"]
    assert kernel.unlike(LSTM, path, [BUILD, OTHER]) == []


def test_what_the_file_lacks_differs(tmp_path: Path) -> None:
    """A function of the task that was run and is not in the file at all."""
    path = write(tmp_path / "lstm.ipynb", TRAIN)
    assert kernel.unlike(LSTM, path, [BUILD]) == ["build_model"]
    assert kernel.unlike(LSTM, tmp_path / "none.ipynb", [BUILD]) == []


class Shell:
    """What IPython has in a kernel."""

    def __init__(self, ran: list[str] | None = None, **names: str):
        self.user_ns = names
        self.history_manager = self
        self.input_hist_raw = ["", *(ran or [])]


def test_the_notebook_that_runs_is_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """VS Code names it in a variable, Jupyter in the environment; else the task's own counts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(kernel.VARIABLE, raising=False)
    monkeypatch.setattr(kernel, "shell", Shell)
    own, copy = tmp_path / "lstm.ipynb", write(tmp_path / "lstm-Copy1.ipynb", BUILD)
    assert kernel.notebook(LSTM) == own
    monkeypatch.setenv(kernel.VARIABLE, str(copy))
    assert kernel.notebook(LSTM) == copy
    # Jupyter's own folder is another one.
    monkeypatch.setenv(kernel.VARIABLE, "course/week 3/lstm-Copy1.ipynb")
    assert kernel.notebook(LSTM) == copy
    for gone in ("lstm-Copy2.ipynb", "console-1", ""):
        monkeypatch.setenv(kernel.VARIABLE, gone)
        assert kernel.notebook(LSTM) == own
    for name in kernel.NAMES:
        monkeypatch.setattr(kernel, "shell", lambda name=name: Shell(**{name: str(copy)}))
        assert kernel.notebook(LSTM) == copy


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "(0 s ago)"), (61, "(1 min ago)"), (7300, "(2 h ago)"), (200000, "(2 d ago)")],
)
def test_when_it_was_saved_is_told(seconds: float, words: str, tmp_path: Path) -> None:
    """The file's name, the clock, and how long ago that was."""
    path = write(tmp_path / "lstm.ipynb", BUILD)
    then = time.time() - seconds
    os.utime(path, (then, then))
    clock = time.strftime("%H:%M:%S", time.localtime(then))
    assert kernel.saved(path) == f"Graded: lstm.ipynb, as it was saved at {clock} {words}."
    assert kernel.saved(tmp_path / "none.ipynb") == ""


def test_a_check_cell_tells_of_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which file, when it was saved, that it is a copy, and that the kernel has run another."""
    pytest.importorskip("IPython")
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "lstm-Copy1.ipynb"
    copy.write_text(notebook(LSTM.stub.read_text(encoding="utf-8")), encoding="utf-8")
    monkeypatch.setenv(kernel.VARIABLE, str(copy))
    shown: list[str] = []
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, raw: shown.append(bundle["text/plain"])
    )
    with Runner(Settings(use_store=False)) as runner:
        monkeypatch.setattr(jupyter, "runner", lambda: runner)
        for ran in ([], [OTHER]):
            monkeypatch.setattr(kernel, "shell", lambda ran=ran: Shell(ran))
            assert jupyter.check("lstm::builds") == 0.0
    first, _, second, _ = shown
    assert first.startswith(
        "This is about lstm-Copy1.ipynb; what counts when handed in is lstm.ipynb.\n"
        "Written, but not saved? Checks see the notebook as it was last saved.\n"
        "Graded: lstm-Copy1.ipynb, as it was saved at "
    )
    assert second.split("\n")[1] == (
        "The saved file lstm-Copy1.ipynb holds another `build_model` than the one that you ran. "
        "The verdict is about the saved one: save the notebook (Ctrl-S) and run this cell again."
    )
