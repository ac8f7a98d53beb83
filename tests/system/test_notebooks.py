"""Submissions that are notebooks: what of them is the module, and what messages call its lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders import rubric, submission
from graders.runner import Request, Runner
from graders.submission import notebooks
from tests.notebook import code, notebook, write

TASK = rubric.find("custom_layer")
REFERENCE = TASK.reference.read_text(encoding="utf-8")
STUB = TASK.stub.read_text(encoding="utf-8")
# Where the class begins.
DECORATED = "@keras.saving.register_keras_serializable"


def module(*cells: object, roots: tuple[str, ...] = ("f",)) -> str:
    """Returns the statements of the module that a notebook of these cells comes to."""
    found = notebooks.module(notebook(*cells).encode(), roots, "x.ipynb")
    assert len(found.lines) == found.text.count("\n")
    return "\n".join(
        line for line in found.text.splitlines() if line.strip() and not line.startswith("#")
    )


def test_the_module_is_what_the_task_needs() -> None:
    """Functions with what they use stay; trial runs, plots and their imports go."""
    kept = module(
        "import keras\nimport seaborn\nSIZE = 3; OTHER = 4",
        "def helper():\n    return SIZE\ndef f(x):\n    return helper() + keras.x",
        "model = f(1)\nmodel.summary()\nseaborn.plot(model)",
        "keras.utils.set_random_seed(1)\nf(2)\nfor i in range(3):\n    f(i)",
        "def unused():\n    return model",
    )
    assert kept.splitlines() == [
        "import keras",
        "SIZE = 3; OTHER = 4",
        "def helper():",
        "    return SIZE",
        "def f(x):",
        "    return helper() + keras.x",
        "keras.utils.set_random_seed(1)",
    ]


def test_what_acts_on_what_is_needed_stays() -> None:
    """Settings, attributes and loops that change what the functions use are the module's."""
    kept = module(
        "base = [1]\nfor item in base:\n    item.trainable = False",
        "base.append(2)\nf_table = {}\nf_table['x'] = 1\n",
        "@decorate\ndef f():\n    return base\nf.name = 'x'",
        "def decorate(g):\n    return g",
    )
    assert "item.trainable = False" in kept
    assert "base.append(2)" in kept
    assert "f_table" not in kept
    assert "@decorate" in kept
    assert "f.name = 'x'" in kept


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%matplotlib inline\ndef f(): return 1", "def f(): return 1"),
        (
            "!pip install x\ndef f():\n    %time g()\n    return 1",
            "def f():\n    g()\n    return 1",
        ),
        ("%%time\ndef f(): return 1", "def f(): return 1"),
        ("%time A = g()\ndef f(): return A", "A = g()\ndef f(): return A"),
        ("!pip install \\\n    x\ndef f(): return 1", "def f(): return 1"),
        ("pip install x\ndef f(): return 1", "def f(): return 1"),
        ("a, b = !ls\ndef f(): return a", "a, b = None\ndef f(): return a"),
        ("%%bash\ndef f(): return 1", ""),
        ("files = !ls\ndef f(): return files", "files = None\ndef f(): return files"),
        ("f?\ndef f(): return 1", "def f(): return 1"),
        ("def f():\n    return ('%s'\n    % 1)", "def f():\n    return ('%s'\n    % 1)"),
        ("  def f():\n    return 1", "def f():\n  return 1"),
        ("from __future__ import annotations\ndef f(): return 1", "def f(): return 1"),
    ],
)
def test_magics_are_no_python(cell: str, expected: str) -> None:
    """Magics, shell lines and questions go; a `%` in an expression is an operator."""
    kept = module(cell)
    assert kept.replace("from __future__ import annotations  # x.ipynb\n", "") == expected


def test_the_kits_own_cells_are_no_part_of_it() -> None:
    """Check cells and locked cells go, with their metadata and without."""
    kept = module(
        code("from graders.notebook import check", locked=True, solution=False, grade_id="x"),
        code("def f(): return 1", locked=False, solution=True, grade_id="y"),
        code("def f(): return 2", grade=True, solution=False, grade_id="f-z"),
        "from graders.notebook import check",
        "check('f::z')",
        {"cell_type": "markdown", "metadata": {}, "source": "def f(): pass"},
        "This is prose in a code cell!",
    )
    assert kept == "def f(): return 1"


def test_a_notebook_is_graded_like_a_module(runner: Runner, tmp_path: Path) -> None:
    """The reference cut into cells, with plots and magics around it, earns what the module earns."""
    head, _, rest = REFERENCE.partition(DECORATED)
    path = write(
        tmp_path / "custom_layer.ipynb",
        "%load_ext autoreload",
        head,
        f"{DECORATED}{rest}",
        "layer = CustomDense(4)\nlayer(undefined)",
        "(x, y), (u, v) = keras.datasets.mnist.load_data()\nx, u = x / 255.0, u / 255.0\nx.shape",
        "keras.utils.get_file('x', 'https://example.org/x')\nkeras.config.backend()",
    )
    verdict = runner.grade_task(Request(TASK, path))
    assert (verdict.status, verdict.points) == ("passed", 10)


def test_what_jupyter_provides_is_there(runner: Runner, tmp_path: Path) -> None:
    """Functions may use `display` and `get_ipython` as in a notebook, without an import."""
    shown = REFERENCE.replace(
        "        super().__init__(**kwargs)\n",
        "        super().__init__(**kwargs)\n"
        "        display(units)\n"
        "        self.in_colab = 'google.colab' in str(get_ipython())\n",
        1,
    )
    assert shown != REFERENCE
    path = write(tmp_path / "custom_layer.ipynb", shown)
    verdict = runner.grade_task(Request(TASK, path))
    assert (verdict.status, verdict.points) == ("passed", 10)


def test_messages_name_the_cell(runner: Runner, tmp_path: Path) -> None:
    """What the submission raises is placed by code cell and line; the file is called by its name."""
    path = write(
        tmp_path / "custom_layer.ipynb",
        "import keras",
        {"cell_type": "markdown", "metadata": {}, "source": "prose"},
        "# a comment\nclass CustomDense(keras.layers.Layer):\n"
        "    def __init__(self, units, activation=None, **kwargs):\n"
        "        raise ValueError('no')",
    )
    verdict = runner.grade_task(Request(TASK, path))
    message = verdict.checks[0].message
    assert verdict.status == "error"
    assert 'File "custom_layer.ipynb", code cell 2, line 4' in message
    assert "ValueError: no" in message
    assert "custom_layer.py" not in message


BAD = {
    "empty": (b"", "is empty"),
    "not_json": (b"{'cells': []}", "is no notebook: its JSON ends making sense in line 1"),
    "binary": (b"\xff\xfe\x00", "is not UTF-8 text"),
    "list": (b"[1, 2]", "it has no list of cells"),
    "cells": (b'{"cells": [1]}', "it has no list of cells"),
    "deep": (b"[" * 100_000, "its JSON cannot be read"),
    "number": (b'{"cells": ' + b"1" * 10_000 + b"}", "its JSON cannot be read"),
    "old": (b'{"worksheets": []}', "has the format of 2014"),
    "codeless": (b'{"cells": [{"cell_type": "markdown", "source": "x"}]}', "has no code cells"),
    "many": (b'{"cells": [' + b"{}," * 6000 + b"{}]}", "has more than 5000 cells"),
    "syntax": (
        notebook("import keras", "class CustomDense(:\n    pass").encode(),
        "has a syntax error in code cell 2, line 1",
    ),
    "nul": (notebook("class CustomDense:\n    x = '\0'").encode(), "code cell 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_notebooks_get_one_line(name: str, tmp_path: Path) -> None:
    """What is no notebook is said to be none, in the student's words."""
    data, expected = BAD[name]
    path = tmp_path / "custom_layer.ipynb"
    path.write_bytes(data)
    with pytest.raises(submission.Unreadable) as caught:
        submission.read(path, TASK)
    assert expected in str(caught.value)
    assert str(caught.value).count("\n") <= 1


def test_enormous_notebooks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file nor its code may be larger than any sensible notebook; outputs may be large."""
    path = tmp_path / "custom_layer.ipynb"
    with open(path, "wb") as file:
        file.truncate(notebooks.MAX_BYTES + 1)
    with pytest.raises(submission.Unreadable, match="is larger than 16 MB"):
        submission.read(path, TASK)
    write(path, REFERENCE, "x = 1\n" * 50_000)
    with pytest.raises(submission.Unreadable, match="more than 256 KB of code"):
        submission.read(path, TASK)
    cell = code(REFERENCE)
    cell["outputs"] = [{"data": {"image/png": "A" * 8 * 2**20}}]
    write(path, cell)
    assert "class CustomDense" in submission.read(path, TASK).text


def test_a_stub_notebook_is_not_started(runner: Runner, tmp_path: Path) -> None:
    """The stub in cells, with trials and without its prose, is still the stub."""
    head, _, rest = STUB.partition(DECORATED)
    path = write(tmp_path / "custom_layer.ipynb", head, f"{DECORATED}{rest}", "CustomDense(3)")
    verdict = runner.grade_task(Request(TASK, path))
    assert (verdict.status, verdict.points) == ("not_started", 0)


@pytest.mark.parametrize(
    ("module", "cells", "counts", "note"),
    [
        (REFERENCE, [STUB], ".py", False),
        (STUB, [REFERENCE], ".ipynb", False),
        (REFERENCE, [REFERENCE], ".ipynb", False),
        (REFERENCE, [REFERENCE + "\nCustomDense.x = 1"], ".ipynb", True),
        (STUB, [STUB], ".py", False),
        ("def broken(:", [REFERENCE], ".ipynb", True),
        (REFERENCE, None, ".py", True),
    ],
)
def test_of_two_forms_the_one_that_was_filled_in_counts(
    module: str, cells: list[str] | None, counts: str, note: bool, tmp_path: Path
) -> None:
    """A module and a notebook: the one that is no stub; both differ: the notebook, with a note."""
    (tmp_path / "custom_layer.py").write_text(module)
    write(tmp_path / "custom_layer.ipynb", *(cells or ()))
    found = submission.load(TASK, tmp_path)
    assert found.path.suffix == counts
    assert submission.locate(TASK, tmp_path) == found.path
    assert bool(found.note) == note, found.note


def test_a_broken_module_is_said_to_be_broken(tmp_path: Path) -> None:
    """Beside an untouched notebook, the module is the work, and its fault is named."""
    (tmp_path / "custom_layer.py").write_text("def broken(:")
    write(tmp_path / "custom_layer.ipynb", STUB)
    with pytest.raises(submission.Unreadable, match=r"Syntax error in custom_layer\.py"):
        submission.load(TASK, tmp_path)


def test_a_missing_task_names_what_may_be_it(tmp_path: Path) -> None:
    """A renamed file is named; nothing is guessed."""
    write(tmp_path / "Custom Layer (1).ipynb", REFERENCE)
    with pytest.raises(submission.Unreadable) as caught:
        submission.load(TASK, tmp_path)
    assert "Found Custom Layer (1).ipynb, which is not graded." in str(caught.value)


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    """A link in a submission must not show the marker's own files to its author."""
    (tmp_path / "secret").write_text("s3cret(\n")
    folder = tmp_path / "work"
    folder.mkdir()
    os.symlink("../secret", folder / "custom_layer.py")
    with pytest.raises(submission.Unreadable) as caught:
        submission.load(TASK, folder)
    assert "is a link, or lies in a folder that is one" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_linked_section_is_not_followed_either(tmp_path: Path) -> None:
    """A folder that is a link would make the reference, or a neighbour's work, one's own."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "custom_layer.py").write_text("x = 1\n")
    folder = tmp_path / "work"
    folder.mkdir()
    os.symlink("../other", folder / "customization")
    with pytest.raises(submission.Unreadable, match="is a link, or lies in a folder that is one"):
        submission.load(TASK, folder)
