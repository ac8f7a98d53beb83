"""Work that looks alike: copies are found, work of one's own is not, and no file breaks it."""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("copydetect")

from graders import rubric, submission
from graders.course import similarity
from graders.course.shape import tokens
from graders.rubric import KIT, Task
from tests import corpus
from tests.notebook import code, notebook

# What was made of a reference is a copy of it.
TASKS = [task for task in rubric.tasks() if not corpus.is_draft(task.id)]
LSTM = rubric.find("lstm")
LAYER = rubric.find("custom_layer")


def right(task: Task) -> dict[str, str]:
    """Returns the right submissions of a task's corpus by name."""
    folder = corpus.FOLDER / task.id / "right"
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}


def sheet(student: str, text: str) -> similarity.Sheet:
    """Returns a work as it is compared."""
    return similarity.Sheet(student, text, tuple(tokens(text, similarity.MAX_TOKENS)))


def compared(task: Task, works: dict[str, str]) -> dict[tuple[str, str], similarity.Pair]:
    """Returns the pairs that share half of their work, by the students' names."""
    sheets = [sheet(student, text) for student, text in works.items()]
    return {pair.students: pair for pair in similarity.compare(task, sheets)}


def disguised(text: str) -> str:
    """Returns a copy of a custom_layer with other names, comments, imports and layout."""
    for old, new in (
        ("import keras\n", "import keras as K\n"),
        ("from keras import ops\n", ""),
        ("keras.layers", "K.layers"),
        ("keras.activations", "K.activations"),
        ("ops.matmul", "K.ops.matmul"),
        ("input_shape", "shape_of_input"),
        ("self.units", "self.how_many"),
        ("(x,", "(values,"),
        (", x)", ", values)"),
        ("return ", "# my own idea\n        return "),
    ):
        text = text.replace(old, new)
    return f'"""Mine."""\n\n\n{text}'


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_right_work_of_ones_own_is_not_shown(task: Task) -> None:
    """No two right submissions of the corpus reach the limit, as a class and as a few of it."""
    works = right(task)
    assert len(works) >= similarity.CLASS
    assert not [pair for pair in compared(task, works).values() if pair.shown]
    few = dict(random.Random(task.id).sample(sorted(works.items()), similarity.CLASS))
    assert not [pair for pair in compared(task, few).values() if pair.shown]
    for first, second in itertools.combinations(works, 2):
        two = {first: works[first], second: works[second]}
        assert not [pair for pair in compared(task, two).values() if pair.shown]


@pytest.mark.parametrize("count", [1, 10])
def test_a_renamed_copy_is_shown_first(count: int) -> None:
    """Other names, comments, imports and layout do not hide a copy, among two or in a class."""
    works = right(LAYER)
    original = works.pop("idiomatic")
    works = {"ada": original, **dict(list(works.items())[: count - 1]), "bob": disguised(original)}
    pairs = list(compared(LAYER, works).values())
    assert pairs[0].students == ("ada", "bob")
    assert pairs[0].share == 1.0
    assert pairs[0].shown
    assert not [pair for pair in pairs[1:] if pair.shown]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_copy_with_a_number_changed_is_shown(task: Task) -> None:
    """In a class a copy whose first number above one is another is still seen to be one."""
    works = right(task)
    name, original = max(works.items(), key=lambda item: len(tokens(item[1], 10_000)))
    numbers = [token for token, _ in tokens(original, 10_000) if token.isdigit() and int(token) > 1]
    for number in numbers[:1]:
        works["copy"] = original.replace(number, f"{number}7", 1)
    assert compared(task, works | {"copy": works.get("copy", original)})[name, "copy"].shown


def test_a_copy_that_half_of_the_class_has_is_shown() -> None:
    """What most of a class writes is left out, but not a whole solution that goes around."""
    works = right(LAYER)
    original = works["idiomatic"]
    crowd = {f"student{i}": original if i % 2 else disguised(original) for i in range(9)}
    pairs = compared(LAYER, {**crowd, "other": works["reshaped"]})
    assert len([pair for pair in pairs.values() if pair.shown]) == 9 * 8 // 2


def test_the_stub_counts_for_nobody(tmp_path: Path) -> None:
    """Two who changed one thing of the stub are no pair; the stub itself is not even compared."""
    stub = LSTM.stub.read_text(encoding="utf-8")
    for student, text in {
        "a": stub,
        "b": stub + "\ntrain = 1\n",
        "c": stub + "\ntrain = 'b'\n",
    }.items():
        (tmp_path / student).mkdir()
        (tmp_path / student / "lstm.py").write_text(text, encoding="utf-8")
    found = similarity.compare_class((LSTM, name, tmp_path / name) for name in "abc")
    assert (found.works, found.pairs, found.left_out) == (2, (), ())


def test_shares_are_of_each_ones_own() -> None:
    """Who hides a copy in a longer file shares less of it; the smaller share decides."""
    works = right(LAYER)
    longer = works["idiomatic"] + "\n\n" + right(LSTM)["attention"]
    pair = compared(LAYER, {"ada": works["idiomatic"], "bob": longer}).get(("ada", "bob"))
    alone = compared(LAYER, {"ada": works["idiomatic"], "bob": works["idiomatic"] + "\nx = [1]\n"})
    assert pair is None or pair.share < alone["ada", "bob"].share < 1
    assert alone["ada", "bob"].shares[0] == 1.0


def test_no_file_breaks_it(tmp_path: Path) -> None:
    """What cannot be read is named with its reason; the others are compared all the same."""
    copy = right(LAYER)["idiomatic"].encode()
    cells = notebook(right(LAYER)["idiomatic"]).encode()
    files = {
        "ada": ("custom_layer.py", copy),
        "bob": ("custom_layer.ipynb", cells),
        "not_utf8": ("custom_layer.py", b"# caf\xe9\nx = 1\n"),
        "huge": ("custom_layer.py", b"#" * (submission.MAX_BYTES + 1)),
        "long": ("custom_layer.py", b"x = [" + b"1," * 30_000 + b"]\n"),
        "empty": ("custom_layer.py", b""),
        "broken": ("custom_layer.py", b"def f(:\n"),
        "deep": ("custom_layer.py", b"x = " + b"+".join([b"1"] * 5000) + b"\n"),
        "null": ("custom_layer.py", b"x = 1\0\n"),
        "surrogate": ("custom_layer.py", b"x = '\\ud800'\n"),
        "no_json": ("custom_layer.ipynb", b"PK\x03\x04"),
        "evil": ("custom_layer.py", b"import sys\nsys.exit(open('/tmp/owned', 'w'))\n"),
        "nothing": ("notes.txt", b""),
    }
    for student, (name, data) in files.items():
        (tmp_path / student).mkdir()
        (tmp_path / student / name).write_bytes(data)
    found = similarity.compare_class((LAYER, name, tmp_path / name) for name in files)
    assert [pair.students for pair in found.shown] == [("ada", "bob")]
    told = {line.split(":")[0]: line for line in found.left_out}
    assert set(told) == {"not_utf8", "huge", "long", "empty", "broken", "deep", "null", "no_json"}
    assert "not UTF-8" in told["not_utf8"]
    assert "larger than 256 KB" in told["huge"]
    assert "too long" in told["long"]
    assert "Syntax error" in told["broken"]


def test_lines_are_counted_as_the_parser_counts_them() -> None:
    """A form feed ends no line of a work that is shown, and a page shows a bounded number."""
    assert similarity._code("a\fb\nc", frozenset({2})) == [(1, "a\ufffdb", False), (2, "c", True)]
    assert len(similarity._code("\n" * 100_000, frozenset())) == similarity.MAX_LINES


def test_the_files_hold_nothing_that_runs() -> None:
    """A student's code and name are text: in the page no markup, in the table no formula."""
    text = right(LAYER)["idiomatic"] + "\n# <script>alert(1)</script>\n"
    works = {"=1+1<b>": text, "bob": text}
    found = similarity.Comparison(tuple(compared(LAYER, works).values()), 2, ("eve: <i>",))
    page = similarity.to_html(found)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page
    assert "<mark>" in page
    [row] = csv.DictReader(io.StringIO(similarity.to_csv(found)))
    assert row["student"].startswith("'=")
    assert (row["look"], row["share"], row["task"]) == ("yes", "1.00", "custom_layer")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `grade.py bulk` as an instructor does."""
    return subprocess.run(
        [sys.executable, "grade.py", "bulk", *arguments],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.system
def test_the_command_compares_without_grading(tmp_path: Path) -> None:
    """Alone, --similarity starts no grader: pairs in the file, a summary, and the exit code 0."""
    works = right(LAYER)
    copy = disguised(works["idiomatic"])
    trial = [code("import matplotlib.pyplot as plt\nplt.plot([1, 2])"), code(copy)]
    document = json.dumps({"cells": trial, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    class_ = {
        "ada": ("custom_layer.py", works["idiomatic"]),
        "bob": ("custom_layer.ipynb", document),
        "cid": ("custom_layer.py", works["reshaped"]),
    }
    for student, (name, text) in class_.items():
        folder = tmp_path / "submitted" / student / LAYER.section
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    table, page = tmp_path / "pairs.csv", tmp_path / "pairs.html"
    done = run(str(tmp_path / "submitted"), "--similarity", str(table))
    assert done.returncode == 0, done.stderr
    assert "ada (lines" in done.stdout
    assert "3 works compared: 1 pair to look at" in done.stdout
    assert "graded" not in done.stdout
    with open(table, encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["look"] == "yes"]
    assert [(row["student"], row["other"]) for row in rows] == [("ada", "bob")]
    done = run(
        str(tmp_path / "submitted"), "custom_layer", "--student", "cid", "--similarity", str(page)
    )
    assert "no pairs to look at" in done.stdout
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    done = run(str(tmp_path / "submitted"), "--similarity", str(tmp_path / "no/pairs.csv"))
    assert (done.returncode, "its folder does not exist" in done.stderr) == (2, True)
