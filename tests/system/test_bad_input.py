"""Bad input: each gets a clear line in the student's words, and never a traceback of the kit's."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

import pytest

from graders.sandbox import errors
from graders.walls.levels import LEVELS
from tests.programs import FIT, GOOD, cnn, first_bad, run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cnm"], "grade.py: There is no task 'cnm'. Did you mean cnn?"),
        (["zzzzz"], "grade.py: There is no task 'zzzzz'. Tasks: cnn"),
        (["cnn", "--from", "nowhere.py"], "There is no file or folder nowhere.py."),
        (["--bogus"], "Unrecognized arguments: --bogus."),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--timeout", "-1"], "--timeout takes a number of seconds above 0."),
        (["--data", "imagenet"], "There is no data set 'imagenet'. Known:"),
        (["--secret", "nowhere"], "The secret file nowhere cannot be read"),
        (["--from", "graders"], "There is no task in graders"),
        (["--reference", "--from", "."], "Give --reference or --from, not both."),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], expected: str) -> None:
    """Wrong usage: one line on standard error, exit code 2, nothing else."""
    done = run(*arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_unreadable_files(tmp_path: Path) -> None:
    """A folder, a pipe, an empty file, a binary and a wrong suffix each get their own line."""
    cases = {
        "empty": (b"  \n", "is empty"),
        "latin": ("# Grüße".encode("latin-1"), "is not UTF-8 text (line 1)"),
        "nul": (b"import keras\0", "Syntax error in nul.py: source code string"),
        "nested": (b"x = " + b"(" * 5000 + b")" * 5000, "nested.py"),
    }
    for name, (content, expected) in cases.items():
        path = tmp_path / f"{name}.py"
        path.write_bytes(content)
        done = run("cnn", "--from", str(path), "--json", "-")
        assert done.returncode == 1, name
        [task] = json.loads(done.stdout)["tasks"]
        assert task["status"] == "error", name
        assert expected in task["checks"][0]["message"], name
    os.mkfifo(tmp_path / "pipe.py")
    said = run("cnn", "--from", str(tmp_path / "pipe.py")).stdout
    assert "not a regular file" in " ".join(said.split())
    (tmp_path / "text.txt").write_text("x = 1")
    assert "neither a .py nor an .ipynb" in " ".join(
        run("cnn", "--from", str(tmp_path / "text.txt")).stdout.split()
    )


def test_missing_file_of_one_task_leaves_the_others(tmp_path: Path) -> None:
    """A folder that lacks a task's file: that task says so, the other is graded all the same."""
    (tmp_path / "cnn.py").write_text("def build_model(:\n")
    done = run("cnn", "custom_layer", "--from", str(tmp_path), "--json", "-")
    assert done.returncode == 1
    first, second = json.loads(done.stdout)["tasks"]
    assert "Syntax error in cnn.py, line 1" in first["checks"][0]["message"]
    assert "There is no custom_layer in" in second["checks"][0]["message"]
    assert [task["points"] for task in (first, second)] == [0, 0]


def test_hints_on_a_file_that_is_no_python_are_about_that(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not those of the first check, which never ran."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "cnn.py"
    for text, words in (("def build_model(:\n", "brackets"), ("x" * 300_000, "no line of it")):
        path.write_text(text)
        told = [run("--hint", "cnn", "--from", str(path)).stdout for _ in range(2)]
        assert words in " ".join(told[1].split())


def test_syntax_error_shows_the_line(grade) -> None:
    """A syntax error names the line and shows it; no sandbox is needed for that."""
    verdict = grade("cnn", "import keras\n\ndef build_model(input_shape, num_classes)\n    pass\n")
    assert verdict.status == "error"
    assert "Syntax error in cnn.py, line 3: expected ':'" in first_bad(verdict)[2]
    assert "def build_model(input_shape, num_classes)" in first_bad(verdict)[2]
    assert verdict.isolation in LEVELS


CASES = {
    "import error": (
        cnn(top="import kears\n"),
        "error",
        ["ModuleNotFoundError", "No module named 'kears'", "cnn.py", "line 1"],
    ),
    "missing function": (
        cnn().replace("def build_model", "def make_model"),
        "failed",
        ["cnn.py defines no `build_model`", "Keep the names"],
    ),
    "not a function": (
        "build_model = 3\n",
        "failed",
        ["`build_model` in cnn.py is int, not a function"],
    ),
    "wrong signature": (
        cnn().replace("(input_shape, num_classes)", "(input_shape)"),
        "failed",
        ["`build_model(input_shape)` cannot be called with 2 arguments"],
    ),
    "returns None": (
        cnn(GOOD.replace("return model", "pass")),
        "failed",
        ["`build_model` returned None", "return"],
    ),
    "returns a string": (cnn("return 'model'"), "failed", ["a Keras model was expected, not str"]),
    "uncompiled": (
        cnn(GOOD.replace("model.compile", "(lambda *a, **k: None)")),
        "failed",
        ["compiled model", "`compile` was never called"],
    ),
    "subclassed": (
        cnn(
            """class Net(keras.Model):
        def call(self, x):
            return x
    model = Net()
    model.compile("adam", "mse")
    return model"""
        ),
        "failed",
        ["Sequential or Functional", "`Net`, a subclass of keras.Model"],
    ),
    "wrong output shape": (
        cnn(GOOD.replace("layers.GlobalAveragePooling2D(),", "")),
        "failed",
        ["(batch, 10)", "shape", "Flatten or a global pooling"],
    ),
    "raises": (
        cnn("x = 1\n    raise ValueError('my own trouble')"),
        "error",
        ["ValueError: my own trouble", 'File "cnn.py", line 7', "in build_model"],
    ),
    "still to do": (
        cnn("raise NotImplementedError('TODO: build the model.')"),
        "failed",
        ["Not written yet: TODO: build the model."],
    ),
    "sys.exit": (
        cnn("import sys\n    sys.exit(0)"),
        "error",
        ["sys.exit", "must not end the process"],
    ),
    "sys.exit on import": (cnn(top="import sys\nsys.exit(0)\n"), "error", ["sys.exit"]),
    "os._exit": (
        cnn("import os\n    os._exit(0)"),
        "error",
        ["ended itself with exit code 0", "os._exit"],
    ),
    "killed": (
        cnn("import os\n    os.kill(os.getpid(), 11)"),
        "error",
        ["was ended by the signal SIGSEGV"],
    ),
    "input": (cnn("input('name? ')"), "error", ["EOFError", "Nobody is there to answer"]),
    "debugger": (
        cnn("breakpoint()\n    return 1"),
        "error",
        ["BdbQuit", "Remove `breakpoint()`", 'File "cnn.py", line 6\n    breakpoint()'],
    ),
    "debugger at the end": (
        cnn(train="pass\n\nbreakpoint()"),
        "error",
        ["Remove `breakpoint()`", 'File "cnn.py", line 16\n    breakpoint()'],
    ),
    "weights from the network": (
        cnn("return keras.applications.VGG16(weights='imagenet', include_top=False)"),
        "error",
        ["There is no network", "hand it on (weights=weights)", 'File "cnn.py", line 6'],
    ),
    "a package of a lesson": (
        cnn(top="import tensorflow_datasets as tfds\n"),
        "error",
        ["The package `tensorflow_datasets` is not there", 'File "cnn.py", line 1'],
    ),
    "arguments": (
        cnn(top="import sys\nEPOCHS = int(sys.argv[1])\n"),
        "error",
        ["Nobody gives arguments", 'File "cnn.py", line 2'],
    ),
    "parsed arguments": (
        cnn(top="import argparse\np = argparse.ArgumentParser()\n"
            "p.add_argument('--lr', required=True)\np.parse_args()\n"),
        "error",
        ["Nobody gives arguments", 'File "cnn.py", line 4'],
    ),
    "variables": (
        cnn(top="import os\nKEY = os.environ['MY_KEY']\n"),
        "error",
        ["(no `MY_KEY`)", 'File "cnn.py", line 2'],
    ),
    "a device": (
        cnn("import tensorflow as tf\n    tf.config.list_physical_devices('GPU')[0]"),
        "error",
        ["There may be no GPU", 'File "cnn.py", line 7'],
    ),
    "sibling": (
        cnn(top="from blocks import conv_block\n"),
        "error",
        ["No module named 'blocks'", "The grader has this one file", 'File "cnn.py", line 1'],
    ),
    "relative import": (
        cnn(top="from .blocks import conv_block\n"),
        "error",
        ["without a package around it", 'File "cnn.py", line 1'],
    ),
    "the kit's own module": (
        cnn(top="from datasets import conv_block\n"),
        "error",
        ["No module named 'datasets'", "If that is a file of yours", "functions are given"],
    ),
    "download": (
        cnn(top="import keras\nkeras.datasets.cifar10.load_data()\n"),
        "error",
        ["There is no network", 'if __name__ == "__main__":', 'File "cnn.py", line 2'],
    ),
    "missing file": (
        cnn(top="NAMES = open('names.txt').read()\n"),
        "error",
        ["'names.txt'", 'if __name__ == "__main__":', 'File "cnn.py", line 1'],
    ),
    "no eager execution": (
        cnn(top="import tensorflow as tf\ntf.compat.v1.disable_eager_execution()\n"),
        "error",
        ["turns eager execution off", "Remove that call", 'File "cnn.py", line 2',
         "tf.compat.v1.disable_eager_execution()"],
    ),
    "no eager execution in a function": (
        cnn("import tensorflow.compat.v1 as tf\n    tf.disable_v2_behavior()\n    " + GOOD),
        "error",
        ["turns eager execution off", 'File "cnn.py", line 7'],
    ),
    "memory": (
        cnn("import numpy as np\n    return np.ones(10**11)"),
        "error",
        ["ran out of memory"],
    ),
    "recursion": (cnn("return build_model(input_shape, num_classes)"), "error", ["RecursionError"]),
    "lambda layer": (
        cnn(GOOD.replace("keras.Input(input_shape),", "keras.Input(input_shape), layers.Lambda(lambda x: x * 2),")),
        "failed",
        ["a Lambda layer", "keras.ops"],
    ),
    "hostile exception": (
        cnn("class E(Exception):\n        def __str__(self): raise SystemExit\n    raise E"),
        "error",
        ["Your code raised"],
    ),
    "control characters": (
        cnn("raise ValueError('\\x1b[2J\\x1b]0;owned\\x07 [bold]x[/bold]')"),
        "error",
        ["ValueError", "[bold]x[/bold]"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_code_can_do_wrong(name: str, grade) -> None:
    """Each way in which code goes wrong before training has its own message."""
    text, outcome, words = CASES[name]
    verdict = grade("cnn", text)
    check, found, message = first_bad(verdict)
    assert verdict.status == outcome, message
    assert (check, found) == ("builds", outcome)
    for word in words:
        assert word in message
    assert "/graders/" not in message
    assert "\x1b" not in message
    assert verdict.points < 10


@pytest.mark.parametrize(
    ("train", "outcome", "words"),
    [
        ("return None", "failed", ["`train`", "every weight as it was before"]),
        (
            "model.compile(keras.optimizers.SGD(1e30), 'sparse_categorical_crossentropy')\n    "
            + FIT,
            "failed",
            ["NaN or infinite", "diverged", "learning rate"],
        ),
        ("import os\n    os._exit(3)", "error", ["exit code 3"]),
        (
            "model.compile(keras.optimizers.Adam(0.01), 'sparse_categorical_crossentropy')\n"
            "    model.fit(*train_data, epochs=2); return 3",
            "failed",
            ["History", "Found int"],
        ),
    ],
)
def test_what_training_can_do_wrong(train: str, outcome: str, words: list[str], grade) -> None:
    """What goes wrong in `train` is said on the check that trains; the others keep their points."""
    verdict = grade("cnn", cnn(train=train))
    check, found, message = first_bad(verdict)
    assert (check, found) == ("trains", outcome), message
    for word in words:
        assert word in message
    assert 0 < verdict.points < 10


def test_who_expects_what_is_lacking_is_not_harmed(grade) -> None:
    """Code that catches the error, and a trial under `__main__`, pass as they would elsewhere."""
    top = """
try:
    input("name? ")
except EOFError:
    pass
try:
    import pandas_of_mine
except ImportError:
    pandas_of_mine = None
with open("log.txt", "w") as file:
    file.write("a line")
"""
    trial = 'if __name__ == "__main__":\n    from datasets import load\n    breakpoint()\n'
    verdict = grade("cnn", f"{cnn(top=top)}\n{trial}")
    assert verdict.checks[0].outcome == "passed", verdict.checks[0].message


def test_a_command_of_a_notebook_is_no_python(grade) -> None:
    """A notebook may have `%matplotlib` and `!pip`; a .py file reads that it may not."""
    for line in ("%matplotlib inline", "!pip install pandas"):
        _, _, message = first_bad(grade("cnn", f"{line}\n{cnn()}"))
        assert "Syntax error in cnn.py, line 1" in message
        assert "hand in the notebook" in message


def test_a_plot_needs_no_display(grade) -> None:
    """`plt.show()` shows nothing where there is no display, and does no harm."""
    top = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
    verdict = grade("cnn", cnn(top=top))
    assert verdict.checks[0].outcome == "passed", verdict.checks[0].message


def test_endless_loops_are_stopped(grade) -> None:
    """A loop without end, in Python or with signals blocked, is cut off within the time limit."""
    for body in (
        "while True: pass",
        "import signal\n    [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]\n    while True: pass",
    ):
        verdict = grade("cnn", cnn(body), seconds=6)
        check, outcome, message = first_bad(verdict)
        assert (check, outcome) == ("builds", "error")
        assert "did not finish within" in message
        assert "loop that does not end" in message
        assert verdict.seconds < 60


def test_a_module_that_never_ends_points_at_its_loop(grade) -> None:
    """Not at the function that the first check is about."""
    verdict = grade(
        "cnn", cnn(top="rows = [n for n in range(3)]\nwhile rows:\n    pass\n"), seconds=6
    )
    check = verdict.checks[0]
    assert "Importing cnn.py did not finish" in check.message
    assert check.where is not None and check.where.code == "while rows:"


def test_verdicts_have_the_shape_of_the_contract(grade) -> None:
    """Whatever happens, every check of the rubric is there, with finite points that add up."""
    verdict = grade("cnn", cnn("raise ValueError")).to_json()
    assert list(verdict) == [
        "task",
        "section",
        "status",
        "points",
        "max_points",
        "seconds",
        "cached",
        "isolation",
        "submission",
        "message",
        "checks",
    ]
    assert sum(check["max_points"] for check in verdict["checks"]) == 10
    for check in verdict["checks"]:
        names = "id description outcome points max_points message hint seconds doc"
        # Where there is a place, or lines that show a fault, they are there, too.
        assert " ".join(name for name in check if name not in ("where", "reproduce")) == names
        assert check["outcome"] in ("passed", "failed", "skipped", "error")
        assert check["hint"] and check["message"]
    assert verdict["submission"].startswith("sha256:")


def test_json_on_standard_output_stands_alone(tmp_path: Path) -> None:
    """`--json -` prints the document and nothing else, whatever the submission prints."""
    path = tmp_path / "cnn.py"
    path.write_text(textwrap.dedent(cnn("print('hello' * 1000)\n    raise ValueError")))
    done = run("cnn", "--from", str(path), "--json", "-")
    assert json.loads(done.stdout)["tasks"][0]["status"] == "error"
    assert done.returncode == 1


def test_an_error_of_a_graph_begins_with_what_it_is() -> None:
    """TensorFlow's way through the graph, the grader's own lines in it, is left out."""
    error = ValueError(
        "Graph execution error:\n\nDetected at node loss/x defined at (most recent call last):\n"
        '  File "<frozen runpy>", line 198, in _run\n\n  File "/kit/graders/warm/server.py", line 3, in f\n\n'
        "Received a label value of 9 which is outside the valid range.\n\t [[{{node loss/x}}]] [Op:f]"
    )
    expected = "Received a label value of 9 which is outside the valid range. (in loss/x)"
    assert errors.message_of(error) == expected
    assert errors.message_of(ValueError("as it is\n")) == "as it is\n"
