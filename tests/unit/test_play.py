"""`python grade.py play`: the student's own code, in this process, and what is said of its end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import KIT, rubric
from graders.cli import main, play_notebook
from tests import notebook

# The names of the task cnn, and nothing that takes its time.
MODULE = """import sys

def build_model(input_shape, num_classes):
    print("built for", input_shape, num_classes)
    return "a model"

def train(model, train_data, val_data):
    # code
    return {"loss": [2.0, 1.0], "val_loss": [2.5, 1.5]}
"""
RUN = """
if __name__ == "__main__":
    model = build_model((32, 32, 3), 10)
    print("trained:", train(model, 1, 2)["loss"])
"""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Returns what writes a file of the task cnn, and plays with it."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)

    def run(text: str, *words: str, name: str = "cnn.py") -> int:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return main(["play", "cnn", "--from", str(path), *words])

    return run


def test_it_runs_the_module_as_a_program(play: Callable[..., int], capsys) -> None:
    """Prints are shown, the module is `__main__`, and afterwards everything is as it was."""
    before = sys.modules["__main__"], sys.argv, sys.path[:]
    assert (
        play(MODULE + RUN + '    print(sys.modules["__main__"].build_model is build_model)\n') == 0
    )
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "built for (32, 32, 3) 10",
        "trained: [2.0, 1.0]",
        "True",
        "Not graded. For a verdict: python grade.py cnn --from cnn.py",
    ]
    assert before == (sys.modules["__main__"], sys.argv, sys.path)


def test_without_a_run_of_its_own_the_stubs_run_follows(
    play: Callable[..., int], capsys, tmp_path: Path
) -> None:
    """The block may be deleted: then the data are loaded and the picture is made all the same."""
    assert play(MODULE) == 0
    out = capsys.readouterr().out
    assert "built for (32, 32, 3) 10" in out and "Picture: cnn_curves.png" in out
    assert (tmp_path / "cnn_curves.png").stat().st_size > 5000


def test_a_notebook_plays_too(play: Callable[..., int], capsys) -> None:
    """Its functions, without the trials beside them, and then the stub's run."""
    cells = notebook.notebook(MODULE, "print('a trial beside')\n!ls")
    assert play(cells, name="cnn.ipynb") == 0
    out = capsys.readouterr().out
    assert "built for (32, 32, 3) 10" in out and "a trial beside" not in out


@pytest.mark.parametrize("shows", ["plt.show()", "pass"])
def test_pictures_are_saved_beside_the_work(
    play: Callable[..., int], capsys, tmp_path: Path, shows: str
) -> None:
    """Without a display, a picture is a file; one that nobody shows, too."""
    code = f"    from matplotlib import pyplot as plt\n    plt.plot([1, 2])\n    {shows}\n"
    assert play(MODULE + RUN + code) == 0
    read = capsys.readouterr()
    assert "Picture: cnn_1.png" in read.out and "non-interactive" not in read.err
    assert (tmp_path / "cnn_1.png").read_bytes()[:4] == b"\x89PNG"


def test_input_reads_the_terminal(
    play: Callable[..., int], capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`input()` waits for the person who plays."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("seven\n"))
    assert play(MODULE.replace("# code", 'print("told", input())') + RUN) == 0
    assert "told seven" in capsys.readouterr().out


ERRORS = {
    "raise ValueError('no such thing')": 'stopped with this error at "cnn.py", line 8.',
    "import json; json.loads('{')": 'stopped with this error at "cnn.py", line 8.',
    "raise NotImplementedError('TODO: fit it.')": 'a TODO that is still open at "cnn.py", line 8.',
}


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_shows_own_lines_only(play: Callable[..., int], capsys, code: str) -> None:
    """The traceback has the student's lines, no library's and none of the kit's."""
    assert play(MODULE.replace("# code", code) + RUN) == 1
    read = capsys.readouterr()
    assert "Not graded" not in read.out
    lines = read.err.splitlines()
    files = [line.split('"')[1] for line in lines if line.startswith('  File "')]
    assert [Path(file).name for file in files] == ["cnn.py", "cnn.py"]
    assert ERRORS[code] in lines[-1] and lines[0] == "Traceback (most recent call last):"
    assert f"    {code}" in read.err


def test_an_error_in_a_notebook_names_its_cell(play: Callable[..., int], capsys) -> None:
    """The places of a notebook are cells and lines in them."""
    cells = notebook.notebook("x = 1", MODULE.replace("# code", "raise ValueError('no')"))
    assert play(cells, name="cnn.ipynb") == 1
    err = capsys.readouterr().err
    assert 'stopped with this error at "cnn.ipynb", code cell 2, line 8.' in err
    assert err.count('File "cnn.ipynb", code cell 2, line 8') == 1
    assert str(KIT / "graders") not in err


@pytest.mark.parametrize(("code", "end"), [("sys.exit()", 0), ("sys.exit(3)", 1)])
def test_code_may_end_itself(play: Callable[..., int], capsys, code: str, end: int) -> None:
    """`exit()` ends the run; with a number, that is said."""
    assert play(MODULE.replace("# code", code) + RUN) == end
    assert ("exit(3)" in capsys.readouterr().err) == bool(end)


def test_ctrl_c_stops(play: Callable[..., int], capsys) -> None:
    """One word, no traceback."""
    assert play(MODULE.replace("# code", "raise KeyboardInterrupt") + RUN) == 2
    assert capsys.readouterr().err == "grade.py: stopped.\n"


def test_a_stub_is_named(play: Callable[..., int], capsys) -> None:
    """There is nothing to run yet, with or without the block, or with a changed one."""
    stub = rubric.find("cnn").stub.read_text(encoding="utf-8")
    for text in (stub, stub.partition("if __name__")[0], stub + "    print(history.history)\n"):
        assert play(text) == 1
        assert capsys.readouterr().out == (
            "cnn is still the stub: open cnn.py and write what its TODOs ask for.\n"
        )


def test_what_cannot_be_read_is_one_message(play: Callable[..., int], capsys) -> None:
    """A syntax error is shown with its line."""
    assert play("def build_model(:\n") == 1
    assert "Syntax error in cnn.py, line 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["play"], "required: TASK"),
        (["play", "cnm"], "Did you mean cnn"),
        (["play", "cnn", "--from", "/nowhere/cnn.py"], "There is no file or folder /nowhere"),
    ],
)
def test_wrong_usage(capsys, words: list[str], says: str) -> None:
    """One clear line each."""
    assert main(words) == 2
    assert says in capsys.readouterr().err


def test_no_jupyter_is_said(
    play: Callable[..., int], capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(play_notebook, "PROGRAMS", ("no_such_program",))
    assert play(MODULE, "--notebook") == 2
    err = capsys.readouterr().err
    assert "Jupyter is not installed" in err and "python -m pip install jupyterlab" in err


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Returns the commands that would have opened Jupyter."""
    found: list[list[str]] = []
    monkeypatch.setattr(play_notebook, "PROGRAMS", ("json",))
    monkeypatch.setattr(subprocess, "call", lambda command: found.append(command) or 0)
    return found


def test_a_module_gets_a_notebook(
    play: Callable[..., int], tmp_path: Path, opened: list[list[str]]
) -> None:
    """It imports the functions, and holds the data and the run; once made, it is the student's."""
    path = tmp_path / "play_cnn.ipynb"
    assert play(MODULE, "--notebook") == 0
    assert opened == [[sys.executable, "-m", "json", str(path)]]
    cells = [cell["source"] for cell in json.loads(path.read_text())["cells"]]
    assert "from cnn import build_model, train" in cells[1] and repr(str(KIT)) in cells[1]
    assert 'data = load("shapes")' in cells[2] and "__file__" not in cells[2]
    path.write_text("{}")
    assert play(MODULE, "--notebook") == 0
    assert path.read_text() == "{}"


def test_a_notebook_that_nobody_began_is_opened(
    play: Callable[..., int], tmp_path: Path, opened: list[list[str]]
) -> None:
    """Where the module is the stub as well, there is nothing to import from it."""
    stub = rubric.find("cnn").stub.read_text(encoding="utf-8")
    notebook.write(tmp_path / "cnn.ipynb", stub)
    assert play(stub, "--notebook") == 0
    assert opened == [[sys.executable, "-m", "json", str(tmp_path / "cnn.ipynb")]]


def test_a_notebook_is_opened_itself(
    play: Callable[..., int], tmp_path: Path, opened: list[list[str]]
) -> None:
    """There is no need of another one."""
    assert play(notebook.notebook(MODULE), "--notebook", name="cnn.ipynb") == 0
    assert opened == [[sys.executable, "-m", "json", str(tmp_path / "cnn.ipynb")]]
    assert not (tmp_path / "play_cnn.ipynb").exists()
