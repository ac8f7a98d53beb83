"""Where a message points: the line in the text, in the student's file, and in what shows it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from graders import rubric, submission
from graders.boundary import events
from graders.checking import At, Cuts, Returned, Under, Uses
from graders.judge.faults import explain
from graders.judge.places import Places, evidence_of
from graders.rebuilt.lines import NO_LINES, Lines, line
from graders.reports import cells, gradescope, html, junit, places, text
from graders.runner.collected import Collected
from graders.submission import Source, Unreadable
from graders.verdict import CheckResult, TaskVerdict, Where
from tests.notebook import write
from tests.verdicts import HOSTILE, check, task, verdict

TASK = rubric.find("custom_layer")
MODULE = textwrap.dedent("""\
    import keras
    from keras import layers


    class CustomDense(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1], 3))

        def call(self, x):
            return x


    def build_model(shape):
        model = keras.Sequential([
            keras.Input(shape),
            layers.Dense(
                10,
                activation="relu",
            ),
        ])
        model.compile(
            optimizer="adam",
            loss="mse",
        )
        return model


    def train(model, data):
        history = model.fit(*data, epochs=3)
        return {"val_accuracy": history}
    """)
FOUND = Places(MODULE)


def at(code: str) -> int:
    """Returns the number of the line that begins with some code."""
    lines = [text.strip() for text in MODULE.split("\n")]
    return next(i for i, text in enumerate(lines, 1) if text.startswith(code))


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ("build_model", "def build_model"),
        ("CustomDense", "class CustomDense"),
        ("CustomDense.call", "def call"),
        ("call", "def call"),
        # A method that is not written: the class.
        ("CustomDense.get_config", "class CustomDense"),
        (at("layers.Dense("), "layers.Dense("),
        (At(at("layers.Dense("), "activation"), "activation="),
        # A call that stands within another one is meant itself.
        (At(at("model = keras"), "activation"), "model = keras"),
        (At(at("model.compile"), "loss"), "loss="),
        (At(at("history ="), "epochs"), "history ="),
        (At(at("history ="), "batch_size"), "history ="),
        (Uses("val_accuracy", "train"), "return {"),
        (Uses("add_weight"), "self.w"),
        (Uses("w", "CustomDense.build"), "self.w"),
        ((None, "no_such", Uses("no_such"), "train"), "def train"),
    ],
    ids=str,
)
def test_what_a_message_may_be_about(about: Any, code: str) -> None:
    """Names of definitions, numbers, arguments of calls, words in code; the first that is found."""
    assert FOUND.line(about) == at(code)


@pytest.mark.parametrize(
    "about",
    [None, (), 0, -3, 10**9, True, 2.5, "no_such", "no.such", Uses("fit", "build_model"), b"fit"],
    ids=str,
)
def test_what_is_not_there_has_no_line(about: Any) -> None:
    """A number outside of the file, and a name that it does not define."""
    assert FOUND.line(about) is None
    assert FOUND.line(At(about, "loss")) is None


def test_the_last_use_of_a_word() -> None:
    """Where the end is what counts."""
    found = Places("f(1)\ng(2)\nf(3)\n")
    assert found.line(Uses("f")) == 1
    assert found.line(Uses("f", last=True)) == 3


COMPARED = textwrap.dedent("""\
    def compare(train_data, policies):
        x, y = train_data
        x, y = x[: len(x) // 2], y[: len(y) // 2]
        seconds = None
        for policy in policies:
            rows = {}
            model = build(x.shape[1:])
            seconds = model.fit(x, y) / 2
            rows[policy] = {"seconds": round(seconds, 3), "loss": 2 * seconds, "other": later}
            later = 3
        return rows


    def best(rows):
        row = dict(rows, accuracy=rows)
        rows["top"] = row
        return max(rows)
    """)


@pytest.mark.parametrize(
    ("about", "line"),
    [
        # A variable: where it was assigned last, before it is put there.
        (Under("seconds", "compare"), 8),
        # An expression stands where the key does.
        (Under("loss", "compare"), 9),
        (Under("other", "compare"), 10),
        (Under("accuracy", "best"), 15),
        (Under("top", "best"), 15),
        (Under("none", "best"), None),
        (Under("seconds", "no_such"), None),
        (Returned("compare"), 6),
        (Returned("compare", in_loop=True), 6),
        (Returned("best"), None),
        (Returned("no_such"), None),
        # A part of a shape is none of the data.
        (Cuts("compare"), 3),
        (Cuts("best"), None),
    ],
    ids=str,
)
def test_what_the_text_tells_of_values(about: Any, line: int | None) -> None:
    """Where a figure is made, what is returned is made, and data are cut."""
    assert Places(COMPARED).line(about) == line


def test_only_what_a_loop_makes_anew() -> None:
    """Before the loop, the variable that is returned is in its place."""
    text = "def f(n):\n    rows = {}\n    for i in n:\n        rows[i] = 1\n    return rows\n"
    assert Places(text).line(Returned("f", in_loop=True)) is None
    assert Places(text).line(Returned("f")) == 2


def test_a_text_that_is_no_module_has_no_definitions() -> None:
    """What does not parse is shown by another message."""
    assert Places("def f(:").line("f") is None
    assert Places("").named_in("build_model") is None


def test_a_description_names_the_function() -> None:
    """Where nothing else tells: the function that the check's description names, or the first."""
    assert FOUND.named_in("train moves the weights of every layer.") == at("def train")
    assert FOUND.named_in("The output is class probabilities.") == at("class CustomDense")


def test_evidence_with_a_line_comes_before_a_function() -> None:
    """A check on a model and its training is about the training."""

    class Given:
        def __init__(self, about: Any):
            self.about = about

    model, training = Given("build_model"), Given((7, "train"))
    assert evidence_of({"model": model, "trainings": {"one": training}, "data": 3}) == (
        (7, "train"),
        "build_model",
    )


# --- claims -------------------------------------------------------------------------------------

HOSTILE_LINES = [0, -1, 2**40, True, 2.0, "7", None, [7], {"line": 7}, float("nan")]


@pytest.mark.parametrize("claim", HOSTILE_LINES, ids=repr)
def test_a_line_that_is_no_line_is_none(claim: Any) -> None:
    """A negative, huge or other number from a hostile sandbox points nowhere."""
    assert line(claim) is None
    named = dict.fromkeys(("compiled", "fitted", "loss", "optimizer"), claim)
    found = Lines.from_claim({"layers": [["Dense", claim]], **named})
    assert found == Lines((("Dense", None),))
    error = {"kind": "raised", "type": "ValueError", "message": "no", "line": claim}
    assert explain(error).about is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "claim",
    [
        None,
        7,
        [],
        {"layers": 7},
        {"layers": [7]},
        {"layers": [["Dense"]]},
        {"layers": [[7, 7]]},
        {"layers": [["Dense", 7]] * 5001},
    ],
    ids=lambda claim: str(claim)[:40],
)
def test_what_is_no_claim_on_lines_is_left_out(claim: Any) -> None:
    """It costs nothing: the model has no lines."""
    assert Lines.from_claim(claim) == NO_LINES


def test_an_honest_claim_is_read() -> None:
    """Lines arrive as they were sent, kinds are cut."""
    found = Lines.from_claim({"layers": [["D" * 300, 3], ["Relu", None]], "fitted": 9})
    assert found == Lines((("D" * 200, 3), ("Relu", None)), fitted=9)


@pytest.mark.parametrize("number", HOSTILE_LINES[:-5] + ["7", [7]], ids=repr)
def test_an_event_holds_a_line_or_none(number: Any) -> None:
    """The judge's own number is checked once more where it comes in."""
    packed = events.pack(events.CheckEnded("builds", "failed", "No.", "", 0.1, line=7))
    assert events.unpack(packed).line == 7  # type: ignore[union-attr]
    with pytest.raises(ValueError, match=r"CheckEnded\.line does not fit"):
        events.unpack({**packed, "line": number})


# --- in the student's file ----------------------------------------------------------------------


def test_a_module_has_its_own_lines(tmp_path: Path) -> None:
    """The file's name, its line, and what stands there without its indentation."""
    source = Source(MODULE, "custom_layer.py", tmp_path / "mine.py")
    number = at("activation=")
    assert source.place(number) == Where(
        "mine.py", number, 0, 'activation="relu",', str(tmp_path / "mine.py")
    )
    assert str(source.place(number)) == f"mine.py:{number}"
    assert [source.place(n) for n in (None, 0, -1, 10**9)] == [None] * 4


def test_a_message_names_the_file_that_was_graded(tmp_path: Path) -> None:
    """The places of a traceback are those of the student's file, whatever its name."""
    message = 'Your code raised X: 1\n  File "/a/cnn.py", line 2, in f\n    "cnn.py" is read'
    for name, shown in (("cnn.py", "/a/cnn.py"), ("mine.py", "mine.py")):
        source = Source(MODULE, "cnn.py", tmp_path / name)
        assert source.in_own_file(message) == message.replace("/a/cnn.py", shown)


def test_a_notebook_has_cells(tmp_path: Path) -> None:
    """The cell as a student counts code cells, and the line in it; the kit's own lines are none."""
    path = write(
        tmp_path / "custom_layer.ipynb",
        "import keras",
        {"cell_type": "markdown", "metadata": {}, "source": "# Notes"},
        "%time 1\n\nclass CustomDense(keras.layers.Layer):\n    def call(self, x):\n        return x",
    )
    source = submission.read(path, TASK)
    rows = source.text.split("\n")
    number = next(i for i, row in enumerate(rows, 1) if "def call" in row)
    where = source.place(number)
    assert where is not None
    assert where.to_json() == {"file": "custom_layer.ipynb", "cell": 2, "line": 4}
    assert str(where) == "custom_layer.ipynb, code cell 2, line 4"
    assert where.code == "def call(self, x):"
    assert source.place(1) is None  # the first line names the notebook
    assert source.place(len(rows)) is None


def test_what_a_line_holds_is_safe_to_show(tmp_path: Path) -> None:
    """Control characters go, and a long line is cut."""
    source = Source(f"x = '\x1b[31m\x07'\ny = {'1 + ' * 99}1\n", "cnn.py", tmp_path / "cnn.py")
    first, second = source.place(1), source.place(2)
    assert first is not None and second is not None
    assert first.code == "x = '\ufffd'"
    assert len(second.code) <= 122 and second.code.endswith(" …")


def test_syntax_errors_have_their_place(tmp_path: Path) -> None:
    """A module that does not parse points at the line that the parser names; a notebook too."""
    module = tmp_path / "custom_layer.py"
    module.write_text("a = 1\nb = (\n")
    with pytest.raises(Unreadable) as caught:
        submission.read(module, TASK)
    assert caught.value.where is not None
    assert caught.value.where.to_json() == {"file": "custom_layer.py", "line": 2}
    book = write(tmp_path / "custom_layer.ipynb", "a = 1", "\nclass CustomDense(:\n    pass")
    with pytest.raises(Unreadable) as caught:
        submission.read(book, TASK)
    assert caught.value.where is not None
    assert caught.value.where.to_json() == {"file": "custom_layer.ipynb", "cell": 2, "line": 2}


def test_a_result_gets_the_place_of_its_event(tmp_path: Path) -> None:
    """What the judge found becomes a place of the file; of a check that passed, nothing is left."""
    source = Source(MODULE, "custom_layer.py", tmp_path / "custom_layer.py")
    collected = Collected(TASK, source, "namespaces")
    ended = events.CheckEnded("computes", "failed", "No.", "", 0.1, (), at("def call"), "x = 1")
    result = collected.take(ended)
    assert result is not None and result.where is not None
    assert (result.where.line, result.where.code) == (at("def call"), "def call(self, x):")
    assert result.reproduce == "x = 1"
    passed = collected.take(events.CheckEnded("computes", "passed", "", "", 0.1, (), 3, "x"))
    assert passed is not None and (passed.where, passed.reproduce) == (None, "")


def test_lines_to_paste_import_the_file_that_was_graded(tmp_path: Path) -> None:
    """By its own name where Python can; in a notebook, the class is there already."""
    lines = "from submission import CustomDense; import keras\nprint(1)"
    rest = "import keras\nprint(1)"
    for name, module in (("custom_layer", "custom_layer"), ("mine", "mine"), ("2 b", "cnn")):
        source = Source("", "cnn.py", tmp_path / f"{name}.py")
        pasted = source.pasted(lines)
        assert pasted == f"from {module} import CustomDense; {rest}"
        assert source.pasted(pasted) == pasted
    assert Source("", "cnn.py", tmp_path / "x.ipynb", ((1, 1),)).pasted(lines) == rest
    assert Source("", "cnn.py", tmp_path / "x.py").pasted("") == ""


# --- shown --------------------------------------------------------------------------------------

HERE = Where("cnn.py", 23, 0, 'layers.Dense(10, activation="relu")', "/work/cnn.py")
CELL = Where("cnn.ipynb", 5, 3, "x = 1", "/work/cnn.ipynb")


def failed(
    where: Where | None = HERE, message: str = "Expected a. Found b.", reproduce: str = ""
) -> CheckResult:
    """Returns a check that failed."""
    return CheckResult(
        "cnn::builds", "What.", "failed", 0.0, 1.0, message, where=where, reproduce=reproduce
    )


PASTED = "from cnn import f\nprint('expected:', 1)\nprint('came:', f())  # 2"


def everywhere(result: CheckResult) -> list[str]:
    """Returns what each front end shows of a check."""
    found = task("cnn", "failed", (result,))
    return [
        text.plain(text.failed_check("cnn", result)),
        cells.check_text(result),
        cells.check_html(result),
        html.render(verdict(found)),
        junit.render(verdict(found)),
        gradescope.render(verdict(found)),
        "\n".join(places.for_github(verdict(found))),
    ]


@pytest.mark.parametrize("number", range(7))
def test_every_front_end_shows_the_place_and_the_lines(number: int) -> None:
    """Terminal, check cells, page, JUnit, Gradescope, GitHub."""
    shown = everywhere(failed(reproduce=PASTED))[number]
    assert "cnn.py:23: layers.Dense(10, activation=" in shown
    for row in ("from cnn import f", "came:", "# 2"):
        assert row in shown


def test_a_line_that_the_message_names_is_not_repeated() -> None:
    """The traceback of an error shows it already."""
    trace = 'Your code raised ValueError.\n  File "cnn.py", line 23, in f\n    x = 1'
    assert places.line(failed(message=trace)) == ""
    assert places.line(failed(message=trace.replace("23", "231"))) != ""
    cell = 'Your code raised ValueError.\n  File "cnn.ipynb", code cell 3, line 5, in f'
    assert places.line(failed(CELL, cell)) == ""
    assert places.line(failed(None)) == ""
    assert places.line(failed(CELL)) == "cnn.ipynb, code cell 3, line 5: x = 1"


def test_json_has_what_the_contract_promises() -> None:
    """File and line, in a notebook the cell; nothing of it where nothing is known."""
    assert failed().to_json()["where"] == {"file": "cnn.py", "line": 23}
    assert failed(CELL).to_json()["where"] == {"file": "cnn.ipynb", "cell": 3, "line": 5}
    assert failed(reproduce=PASTED).to_json()["reproduce"] == PASTED
    assert not {"where", "reproduce"} & set(check().to_json())


def test_the_store_keeps_it_and_reads_what_it_kept_before() -> None:
    """Packed and unpacked it is the same; an entry without these fields is readable."""
    whole = task("cnn", "failed", (failed(reproduce=PASTED), failed(CELL), failed(None)))
    assert TaskVerdict.unpacked(whole.packed()) == whole
    old = whole.packed()
    for row in old["checks"]:
        row.pop("where", None)
        row.pop("reproduce", None)
    assert [found.where for found in TaskVerdict.unpacked(old).checks] == [None] * 3


def test_a_terminal_with_links_gets_one(tmp_path: Path) -> None:
    """OSC 8, to the file; none to a file that is not there."""
    from rich.console import Console

    path = tmp_path / "my cnn.py"
    path.write_text("x = 1\n")
    for where, linked in ((Where("my cnn.py", 1, 0, "x = 1", str(path)), True), (HERE, False)):
        console = Console(force_terminal=True, width=80, legacy_windows=False)
        with console.capture() as capture:
            console.print(text.failed_check("cnn", failed(where)), crop=False)
        assert ("\x1b]8;" in capture.get()) is linked
        assert (path.as_uri() in capture.get()) is linked


def test_annotations_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each check that did not pass, with the file from the repository's root."""
    monkeypatch.setenv("GITHUB_WORKSPACE", "/work")
    passed, skipped = check("cnn::a", "passed"), check("cnn::b", "skipped", message="Not run.")
    found = task("cnn", "failed", (passed, failed(), failed(CELL), failed(None), skipped))
    assert list(places.for_github(verdict(found))) == [
        "::error file=cnn.py,title=cnn%3A%3Abuilds,line=23::Expected a. Found b."
        '%0A  cnn.py:23: layers.Dense(10, activation="relu")',
        "::error file=cnn.ipynb,title=cnn%3A%3Abuilds::Expected a. Found b."
        "%0A  cnn.ipynb, code cell 3, line 5: x = 1",
        "::error title=cnn%3A%3Abuilds::Expected a. Found b.",
    ]


def test_annotations_are_one_line_whatever_they_quote() -> None:
    """A name, a line and a message of a submission cannot end one command and begin another."""
    evil = "a,b:c%0A\r\n::add-mask::x\n::error file=x::y"
    where = Where(evil, 3, 0, evil, evil)
    [shown] = places.for_github(verdict(task("cnn", "failed", (failed(where, evil, evil),))))
    assert "\n" not in shown and "\r" not in shown
    head, _, _ = shown.removeprefix("::error ").partition("::")
    assert head.count(",") == 2 and head.count("=") == 4  # one of them is in the name


def test_hostile_text_stays_text() -> None:
    """A line of a submission is escaped on the page and in cells."""
    where = Where(HOSTILE, 3, 0, HOSTILE, "")
    result = failed(where, "Expected.", HOSTILE)
    page = html.render(verdict(task("cnn", "failed", (result,))))
    assert "<script>" not in page and "<script>" not in cells.check_html(result)
