"""Text that is made to do harm: what it costs to read, and what it may show."""

from __future__ import annotations

import concurrent.futures
import csv
import gc
import io
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import rubric, submission
from graders.course import bulk_command, handed_in, results
from graders.printable import printable
from graders.rubric.stubs import pristine
from graders.submission import Source, Unreadable, finding, idiom, notebooks, parsing
from graders.verdict import CheckResult, TaskVerdict
from tests.notebook import notebook

TASK = rubric.find("cnn")
STUB = pristine(TASK) or ""
REFERENCE = TASK.reference.read_text(encoding="utf-8")
# Measured: at most 1 s and 130 MB. A busy machine may take longer; a quadratic pass takes minutes.
# What a quiet machine does in 2 s takes others, and busy ones, several times as long.
SECONDS, MEGABYTES = 12.0, 200
ROOTS = "\ndef build_model(a, b): return x0, a5, f5\ndef train(): pass\n"


def dense(unit: str, head: str = "", tail: str = "") -> str:
    """Returns the longest text that may be parsed: a unit over and over."""
    words = len(parsing.WORD.findall(unit))
    count = min((parsing.MAX_WORDS - 300) // words, (parsing.MAX_SOURCE - 300) // len(unit))
    return f"{head}{unit * count}{tail}"


def counted(unit: Callable[[int], str], head: str = "") -> str:
    """Returns the longest text that may be parsed: a unit for each number."""
    count = (parsing.MAX_WORDS - 300) // len(parsing.WORD.findall(unit(1)))
    return head + "".join(unit(i) for i in range(count))


def loops(depth: int) -> str:
    """Returns loops within loops around a long list."""
    head = "".join(" " * i + "for i in range(1):\n" for i in range(depth))
    return head + " " * depth + "[" + "fit," * 14_400 + "]\n"


SOURCES = {
    "a chain": counted(lambda i: f"x{i}=x{i + 1}\n"),
    "names": dense("a\n"),
    "functions in a function": counted(lambda i: f" a{i}=lambda:a{i}\n", "def f():\n"),
    "functions in a condition": counted(lambda i: f" a{i}=lambda:b{i}\n", "if 1:\n"),
    "loops": loops(95),
    "sums": dense("x=" + "a+" * 600 + "a\n"),
    "calls": dense("x" + ".a()" * 300 + "\n"),
    "an error at the end": dense("a;", "", "$"),
    "too many words": "a\n" * 130_000,
    "a large number": "x0=0x" + "9" * 250_000,
    "deep signs": "x = " + "-" * 20_000 + "1",
    "deep negations": "x = " + "not " * 20_000 + "1",
    "deep brackets": "x = " + "(" * 20_000,
    "deep elif": "if a: 0\n" + "elif a: 0\n" * 4000,
    "deep dots": "x" + ".a" * 14_000,
    "blank lines": "x = 1" + "\n" * 260_000,
    "form feeds": "\f" * 260_000 + "x = 1",
}


def cells(*sources: object) -> bytes:
    """Returns a notebook of code cells."""
    return json.dumps({"cells": [{"cell_type": "code", "source": s} for s in sources]}).encode()


def full(unit: bytes) -> bytes:
    """Returns as much of a unit as a notebook may hold."""
    return unit * ((notebooks.MAX_BYTES - 1000) // len(unit))


NOTEBOOKS = {
    **{name: cells(text + ROOTS) for name, text in SOURCES.items()},
    "many cells": cells(*["x = 1"] * 5000),
    "magics in a run": cells("!pip install a\n" * 5000 + ROOTS),
    "magics between": cells("x = 1\n%foo a\n" * 1500 + ROOTS),
    "magics in cells": cells(*["x = 1\n%foo a\n!b"] * 3000),
    "an indented cell": cells("  x = 1\n" * 5000),
    "no Python, then lines": cells("$\n" + " \n" * 100_000),
    "lines that are lists": cells(["x = 1\n"] * 20_000),
    "empty lines that are lists": cells([""] * 290_000),
    "lists": b'{"cells":[' + full(b"[],") + b"0]}",
    "deep lists": full(b"["),
    "strings": b'{"cells":[' + full(b'"",') + b"0]}",
    "quotes": full(b'"'),
    "escaped quotes": b'{"cells":["' + full(b'\\"') + b'"]}',
    "escaped quotes alone": full(b'\\"'),
    "backslashes": b'"' + full(b"\\") + b'"',
    "keys": b'{"cells":[{' + b",".join(b'"%d":0' % i for i in range(290_000)) + b"}]}",
    "the same key": b'{"cells":[],"cells":[{' + b",".join([b'"a":0'] * 290_000) + b"}]}",
    "wide characters": b'{"cells":["' + "😀".encode() + full(b"a") + b'"]}',
    "a number": b'{"cells":[' + full(b"1") + b"]}",
    "blanks": full(b" "),
}


def memory(field: str) -> int:
    """Returns a figure of this process's memory, in MB."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def cost(path: Path) -> tuple[float, int]:
    """Reads a submission and looks at it; returns seconds of CPU and MB of memory."""
    Path("/proc/self/clear_refs").write_text("5")  # what was most so far begins anew
    before, started = memory("VmRSS"), time.process_time()
    try:
        source = submission.read(path, TASK)
    except Unreadable as error:
        assert len(str(error)) < 1000
    else:
        submission.is_stub(source, TASK)
        submission.same_code(source, source, TASK)
        idiom.remark(source, STUB)
    return time.process_time() - started, memory("VmHWM") - before


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="no /proc of Linux")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        *((f"{name}.py", text.encode()) for name, text in SOURCES.items()),
        *((f"{name}.ipynb", data) for name, data in NOTEBOOKS.items()),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_what_it_costs_to_read(name: str, data: bytes, tmp_path: Path) -> None:
    """No file takes the trusted process more than seconds, or more than a picture's memory."""
    path = tmp_path / f"cnn{Path(name).suffix}"
    path.write_bytes(data)
    seconds, megabytes = cost(path)
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"#" * (parsing.MAX_SOURCE + 1), r"larger than 256 KB\. Is it the right file"),
        (b"a\n" * 40_000, r"too long: it holds more than 30,000 words and signs\. An exercise"),
        (SOURCES["deep signs"].encode(), "nested too deeply for Python's parser. Look for"),
        (b"x = 1\0", "null bytes"),
    ],
    ids=["long", "words", "deep", "NUL"],
)
def test_the_reason_is_one_line(data: bytes, words: str, tmp_path: Path) -> None:
    """What is too long or too deep is refused with the limit and what to look for."""
    path = tmp_path / "cnn.py"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=words) as caught:
        submission.read(path, TASK)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("magics between", "too many lines of Jupyter's own .* code cell 1. Put them into a cell"),
        ("lists", "more than 300,000 values, most of them in outputs. Clear its outputs"),
        ("too many words", "more than 256 KB of code|more than 30,000 words"),
        ("deep signs", "nested too deeply for Python's parser in code cell 1"),
    ],
)
def test_the_reason_is_one_line_for_a_notebook(name: str, words: str, tmp_path: Path) -> None:
    """The same for notebooks: the limit, and what to do."""
    path = tmp_path / "cnn.ipynb"
    path.write_bytes(NOTEBOOKS[name])
    with pytest.raises(Unreadable, match=words) as caught:
        submission.read(path, TASK)
    assert "\n" not in str(caught.value)


def test_a_notebook_with_many_magics_is_read(tmp_path: Path) -> None:
    """Dozens of lines of Jupyter's own, as people write them, are no reason to refuse work."""
    path = tmp_path / "cnn.ipynb"
    trials = "\n".join(f"!ls data_{i}\nx = {i}\n%timeit x" for i in range(20))
    path.write_text(notebook("!pip install a\n" * 60, REFERENCE, f"{REFERENCE}\n{trials}"))
    assert "def build_model" in submission.read(path, TASK).text


def test_names_that_cannot_be_told_are_all_kept(tmp_path: Path) -> None:
    """A number that Python does not print keeps a notebook from being cut, not from being read."""
    path = tmp_path / "cnn.ipynb"
    path.write_text(notebook(REFERENCE, "x = 0x" + "9" * 5000, "plot(x)"))
    assert "plot(x)" in submission.read(path, TASK).text


def test_parsers_side_by_side() -> None:
    """A class is read in several threads: Python 3.11's parser cannot be called twice at once."""
    text = "a = b + (c, d)\n" * 200

    def yield_to_others(*_: object) -> None:
        time.sleep(0)

    def parse(_: int) -> bool:
        return bool(parsing.parse(text).body)

    # The collector may run in the middle of a parse, and lets other threads run.
    before = gc.get_threshold()
    gc.callbacks.append(yield_to_others)
    gc.set_threshold(50)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert all(pool.map(parse, range(40)))
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(yield_to_others)


def test_the_search_for_loops_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops within loops are looked at once for each of them, up to a limit."""
    text = "def train(model, x):\n    for epoch in range(3):\n        model.fit(x)\n"
    source = Source(text, "cnn.py", Path("cnn.py"))
    assert "calls `fit` once for each epoch" in idiom.remark(source)
    monkeypatch.setattr(idiom, "MAX_VISITS", 3)
    assert idiom.remark(source) == ""


# --- links, pipes and devices ---------------------------------------------------------------------


def test_no_link_is_read(tmp_path: Path) -> None:
    """Neither a file nor a folder on the way may be a link, where another person filled it."""
    (tmp_path / "secret.py").write_text("s3cret = 1\n")
    work = tmp_path / "work"
    (work / "inner").mkdir(parents=True)
    (work / "inner" / "cnn.py").write_text("x = 1\n")
    (work / "cnn.py").symlink_to("inner/cnn.py")
    (work / "linked").symlink_to("inner")
    for path in (work / "cnn.py", work / "linked" / "cnn.py"):
        with pytest.raises(Unreadable, match="is a link, or lies in a folder that is one"):
            submission.read_bytes(path, below=work)
    assert submission.read_bytes(work / "inner" / "cnn.py", below=work) == b"x = 1\n"
    # A person's own path may be one, and may go by way of one.
    assert submission.read_bytes(work / "linked" / "cnn.py") == b"x = 1\n"
    with pytest.raises(Unreadable, match="is a link"):
        submission.load(TASK, work)


def test_a_link_put_there_meanwhile_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and opening, a file may become a link: opening it fails, too."""
    (tmp_path / "secret.py").write_text("s3cret = 1\n")
    work = tmp_path / "work"
    work.mkdir()
    (work / "cnn.py").write_text("x = 1\n")
    found = finding._in

    def swapped(folder: Path, task: rubric.Task) -> list[Path]:
        paths = found(folder, task)
        (work / "cnn.py").unlink()
        (work / "cnn.py").symlink_to("../secret.py")
        return paths

    monkeypatch.setattr(finding, "_in", swapped)
    with pytest.raises(Unreadable, match="is a link"):
        submission.load(TASK, work)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_only_files_are_read(kind: str, tmp_path: Path) -> None:
    """A pipe would be waited for, a device never ends."""
    path = tmp_path / "cnn.py"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    for below in (None, path.parent):
        with pytest.raises(Unreadable, match="is not a regular file"):
            submission.read_bytes(path, below=below)


def test_what_lies_beside_is_not_followed(tmp_path: Path) -> None:
    """A file of nearly the task's name that is a link, or enormous, is named and not read."""
    graded = tmp_path / "cnn.py"
    graded.write_text("x = 1\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    (tmp_path / "cnn (1).py").symlink_to("other.py")
    with open(tmp_path / "cnn_2.py", "wb") as file:
        file.truncate(10**12)
    assert submission.beside(TASK, graded) == ["cnn (1).py", "cnn_2.py"]


def test_a_students_folder_is_no_link(tmp_path: Path) -> None:
    """In a class, the folder of a student is a folder."""
    (tmp_path / "other").mkdir()
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ann").symlink_to("../other")
    with pytest.raises(handed_in.CannotGrade, match="ann is a link, and no link is followed"):
        handed_in.collect(tmp_path / "class")


# --- what is shown --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["::error file=a::b", "x\n  ::stop-commands::t", "a" * 78 + "::add-mask::x", "##[error]x"],
)
def test_no_command_for_githubs_runner(text: str) -> None:
    """A line of a program's output may be a command there, also once a long line is wrapped."""
    shown = printable(text)
    assert not re.search(r"::[a-z-]+( .*)?::|##\[", shown)
    assert (
        printable("cnn::accuracy failed: a[::2], std::x") == "cnn::accuracy failed: a[::2], std::x"
    )


@pytest.mark.parametrize(
    "word", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "x;=1", "x\t@1", "\uff1d1", "x\n=1", "\x00=1"]
)
def test_no_formula_in_a_table(word: str) -> None:
    """Neither a name nor a message begins a cell of a spreadsheet with a formula's sign."""
    check = CheckResult("cnn::a", "A.", "failed", 0.0, 1.0, word)
    verdict = TaskVerdict("cnn", "model_architectures", "failed", (check,), submission="sha256:0")
    text = results.per_check({word: [verdict]})
    [_, row] = csv.reader(io.StringIO(text))
    for cell in (row[0], row[8]):
        assert not re.search("(^|[;\t\n])\\s*[=+@\uff1d-]", cell)


def test_a_students_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a folder forges no line of the class's report, and no colour."""
    check = CheckResult("cnn::a", "A.", "error", 0.0, 1.0, "No.")
    verdict = TaskVerdict("cnn", "s", "error", (check,), submission="sha256:0", message="No.")
    text = results.report({"ann\nbob: cnn: passed\x1b[31m\udcff": [verdict]})
    assert "ann bob: cnn: passed\ufffd: cnn: No." in text
    print(text)
    assert "ann" in capsys.readouterr().out


def test_a_name_that_is_no_text_is_written(tmp_path: Path) -> None:
    """The name of a folder may be no UTF-8: the class's results are written all the same."""
    name, path = "ann\udcff", tmp_path / "class.json"
    bulk_command.write(str(path), lambda: json.dumps({name: 1}, ensure_ascii=False))
    assert json.loads(path.read_text(encoding="utf-8")) == {name: 1}


def test_a_title_is_no_code() -> None:
    """A notebook's name, which stands in the module's first line, ends no line."""
    made = notebooks.module(cells("def build_model(): 1"), ["build_model"], "a\nimport os\r.ipynb")
    assert "import os" in made.text.split("\n")[0]
    assert Source(made.text, "cnn.py", Path("cnn.ipynb")).tree.body[0].lineno == 3
