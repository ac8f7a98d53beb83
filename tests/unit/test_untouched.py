"""What counts as begun: the functions and classes of a task, and nothing beside them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from graders import rubric, submission
from graders.runner import Request, Runner, Settings
from graders.submission import Source
from graders.submission.notebooks import defined
from tests.notebook import write

TASKS = rubric.tasks()
IDS = [task.id for task in TASKS]
LSTM = rubric.find("lstm")
STUB = LSTM.stub.read_text(encoding="utf-8")
DONE = LSTM.reference.read_text(encoding="utf-8")

SCRATCH = {
    "a look": "print(keras.__version__)",
    "an import": "import matplotlib.pyplot as plt",
    "another name of an import": "import os as operating",
    "a comment": "# my notes",
    "a seed": "keras.utils.set_random_seed(1)",
    "a constant": "EPOCHS = 3",
    "another constant": "Data = tuple",
    "a helper": "def helper():\n    return 1",
    "a helper class": "class Helper(keras.layers.Layer):\n    pass",
    "a trial": "model = build_model(20, 3)\nmodel.summary()",
    "a magic": "%matplotlib inline",
    "no module": "return 1",
}
WORK = {
    "a function": "def build_model(timesteps, features):\n    return 1",
    "a name": "build_model = print",
    "a loop": "for build_model in [print]:\n    pass",
    "an import": "from helpers import build_model",
    "a branch": "if True:\n    def train(*args):\n        return 1",
    "a part of it": "build_model.__code__ = print",
    "a way around": "setattr(build_model, '__code__', print)",
    "another way around": "globals()['build_model'] = print",
    "a global name": "def f():\n    global train\n    train = print\nf()",
}


def source(text: str) -> Source:
    """Returns a module as it would be read."""
    return Source(text, "lstm.py", Path("lstm.py"))


@pytest.mark.parametrize("line", SCRATCH.values(), ids=SCRATCH)
def test_a_scratch_cell_is_no_work(line: str, tmp_path: Path) -> None:
    """Beside a complete module, a notebook whose functions are the stub's does not count."""
    write(tmp_path / "lstm.ipynb", line, STUB, line)
    (tmp_path / "lstm.py").write_text(DONE, encoding="utf-8")
    found = submission.load(LSTM, tmp_path)
    assert (found.path.name, found.note) == ("lstm.py", "")
    assert submission.locate(LSTM, tmp_path) == tmp_path / "lstm.py"


@pytest.mark.parametrize("line", [line for line in SCRATCH.values() if line[0] not in "%r"])
def test_a_scratch_line_is_no_work(line: str, tmp_path: Path) -> None:
    """In a module, too; beside a complete notebook it is not called filled in."""
    assert submission.is_stub(source(f"{STUB}\n{line}\n"), LSTM)
    (tmp_path / "lstm.py").write_text(f"{STUB}\n{line}\n", encoding="utf-8")
    write(tmp_path / "lstm.ipynb", DONE)
    found = submission.load(LSTM, tmp_path)
    assert (found.path.name, found.note) == ("lstm.ipynb", "")


@pytest.mark.parametrize("line", WORK.values(), ids=WORK)
def test_another_function_is_work(line: str, tmp_path: Path) -> None:
    """Whichever way a function gets another body."""
    assert not submission.is_stub(source(f"{STUB}\n{line}\n"), LSTM)


def test_docstrings_are_no_work() -> None:
    """A docstring that says something else, or is gone, does nothing."""
    tree = ast.parse(STUB)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[1:]
    assert submission.is_stub(source(ast.unparse(tree)), LSTM)
    assert submission.is_stub(source(STUB.replace("Train the model.", "I will train it.")), LSTM)


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_each_function_counts_alone(task: rubric.Task) -> None:
    """Who has written one of the functions, or one method of the class, has begun."""
    stub, done = (
        ast.parse(path.read_text(encoding="utf-8")) for path in (task.stub, task.reference)
    )
    parts = {n.name: n for n in done.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for index, node in enumerate(stub.body):
        if getattr(node, "name", "") in defined(ast.unparse(stub)):
            body = [*stub.body[:index], parts[node.name], *stub.body[index + 1 :]]
            text = ast.unparse(ast.Module(body, []))
            assert not submission.is_stub(source(text), task), node.name


def test_two_works_are_told(tmp_path: Path) -> None:
    """Both are filled in, and differ: the notebook counts, and a note tells it."""
    write(tmp_path / "lstm.ipynb", f"{DONE}\n# the same\n")
    (tmp_path / "lstm.py").write_text(DONE, encoding="utf-8")
    assert submission.load(LSTM, tmp_path).note == ""
    write(
        tmp_path / "lstm.ipynb", DONE.replace("    model.compile", "    print()\n    model.compile")
    )
    found = submission.load(LSTM, tmp_path)
    assert found.path.name == "lstm.ipynb"
    assert "lstm.py and lstm.ipynb, both filled in and not the same" in found.note


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_labelled_work_is_work(task: rubric.Task) -> None:
    """No submission of the corpus is taken for the stub, whatever it does."""
    for path in sorted(task.corpus.glob("*/*.py")):
        if path.stem != "stub":
            assert not submission.is_stub(submission.read(path, task), task), path


def test_the_verdict_tells_what_is_still_the_stub(tmp_path: Path) -> None:
    """A helper stands there already: the message does not tell that the file is the stub."""
    path = tmp_path / "lstm.py"
    told = []
    for text in (STUB, f"{STUB}\n\ndef helper():\n    return 1\n"):
        path.write_text(text, encoding="utf-8")
        with Runner(Settings(use_store=False)) as runner:
            verdict = runner.grade_task(Request(LSTM, path))
        assert (verdict.status, verdict.points) == ("not_started", 0)
        told.append(verdict.message)
    assert told == [
        "Not started: lstm.py is still the stub.",
        "Not started: of lstm.py, build_model and train are still the stub's.",
    ]
