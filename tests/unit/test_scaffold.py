"""The skeleton of a new task: names, files, and the recipe that is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graders import rubric
from graders.calibration import calibrate
from graders.cli import main
from graders.course import first_corpus, scaffold
from graders.course.scaffold import CannotMake, Places
from graders.reports import text
from graders.rubric import KIT
from graders.rubric import bounds as thresholds
from graders.rubric.stubs import make_stub
from graders.rubric.tasks import read_task
from tests import corpus

LSTM = rubric.find("lstm")
PAGE = (KIT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("1x --like lstm", "'1x' is no name for a task: take 2 to 40 small letters"),
        ("Conv --like lstm", "'Conv' is no name for a task: take 2 to 40 small letters"),
        ("../x --like lstm", "'../x' is no name for a task: take 2 to 40 small letters"),
        ("gru.py --like lstm", "'gru.py' is no name for a task: take 2 to 40 small letters"),
        ("class --like lstm", "'class' is no name for a task: it has a meaning in Python"),
        ("bulk --like lstm", "'bulk' is no name for a task: it has a meaning in Python"),
        ("json --like lstm", "'json' is no name for a task: a Python module has it"),
        ("keras --like lstm", "'keras' is no name for a task: a Python module has it"),
        ("cnn --like lstm", "There is a task cnn already: "),
        ("CNN --like lstm", "There is a task cnn already: "),
        ("gru --like lsmt", "There is no task 'lsmt'. Did you mean lstm?"),
        ("gru", "Name a task to begin with: --like TASK"),
        ("gru --like lstm --section 1/2", "'1/2' is no name for a section"),
        ("gru --like lstm --in tests", "tests lies within the kit."),
        ("gru --like lstm --in /dev/null", "/dev/null is a file. Give a folder."),
        ("gru --like lstm --jobs 0", "--jobs takes an integer from 1 to 64"),
        ("gru --corpus", "There is no task 'gru' in "),
        ("* --corpus", "There is no task '*' in "),
        ("lstm --corpus", "is no draft any more (it has no DRAFT.md): nothing was made."),
        ("", "The following arguments are required: TASK."),
    ],
)
def test_wrong_usage_is_one_line(
    words: str, expected: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear line and exit code 2; nothing is written."""
    monkeypatch.chdir(KIT)
    monkeypatch.setattr(scaffold, "write_skeleton", lambda *_: pytest.fail("it wrote"))
    monkeypatch.setattr(first_corpus, "grade_reference", lambda *_: pytest.fail("it graded"))
    assert main(["new", *words.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("grade.py: ")
    assert expected in shown.err
    assert len(shown.err.splitlines()) == 1


@pytest.mark.parametrize("command", [calibrate.main, corpus.main])
def test_an_unknown_task_is_one_line(command, capsys: pytest.CaptureFixture) -> None:
    """The recipe's other commands tell of a task that is not there."""
    assert command(["lsmt"]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "There is no task 'lsmt'. Did you mean lstm?\n")


def test_the_skeleton_is_a_task(tmp_path: Path) -> None:
    """Reference, checks and stub are there, with the points of the task that it is like."""
    places = Places(tmp_path, "gru", "recurrent", kit=False)
    paths = scaffold.write_skeleton(LSTM, places)
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "reference/recurrent/gru.py",
        "checks/recurrent/gru.py",
        "assignments/recurrent/gru.py",
        "calibration.json",
    ]
    found = read_task(places.checks)
    assert (found.id, found.section, found.data) == ("gru", "recurrent", "sequences")
    assert found.max_points == 10
    assert [(c.name, c.points, c.needs) for c in found.checks] == [
        (c.name, c.points, c.needs) for c in LSTM.checks
    ]
    reference = places.reference.read_text()
    assert "# TODO:" in reference and "### BEGIN SOLUTION" in reference
    assert places.stub.read_text() == make_stub(reference)
    checks = places.checks.read_text()
    assert "# TODO: the data." in checks and "# TODO: these are the checks of lstm" in checks


def test_the_order_is_the_next_one_of_its_section(tmp_path: Path) -> None:
    """A new task stands behind the others of its section."""
    places = Places(tmp_path, "gru", LSTM.section, kit=False)
    scaffold.write_skeleton(LSTM, places)
    others = [task.order for task in rubric.tasks() if task.section == LSTM.section]
    assert read_task(places.checks).order == max(others) + 1


def test_what_is_there_stays(tmp_path: Path) -> None:
    """If one file is there, nothing is written, and nothing is changed."""
    places = Places(tmp_path, "gru", "recurrent", kit=False)
    places.stub.parent.mkdir(parents=True)
    places.stub.write_text("mine")
    with pytest.raises(CannotMake, match=r"gru\.py is there already: nothing was written"):
        scaffold.write_skeleton(LSTM, places)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [places.stub]
    assert places.stub.read_text() == "mine"
    places.stub.unlink()
    places.calibration.write_text('{"gru": {}}')
    with pytest.raises(CannotMake, match="has bounds of gru already: nothing was written"):
        scaffold.write_skeleton(LSTM, places)
    assert not places.reference.exists()


def test_the_bounds_are_marked_as_a_guess(tmp_path: Path) -> None:
    """The other task's bounds hold until they are measured, and `--list --verbose` tells so."""
    places = Places(tmp_path, "gru", "recurrent", kit=False)
    places.calibration.write_text('{"other": {"default": {}}}')
    scaffold.write_skeleton(LSTM, places)
    table = json.loads(places.calibration.read_text())
    assert list(table) == ["gru", "other"]
    rows = places.rows()
    assert rows["_like"] == {"task": "lstm"}
    assert "_made" not in rows
    assert rows["accuracy"] == thresholds.rows("lstm")["accuracy"]
    shown = text.plain(text.bounds_table({"gru": rows, "lstm": thresholds.rows("lstm")}))
    assert "gru (guess: measured for lstm)" in shown
    assert shown.count("guess") == 1


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """A file where a folder should be: one line."""
    (tmp_path / "reference").write_text("")
    with pytest.raises(CannotMake, match="cannot be written: Not a directory") as raised:
        scaffold.write_skeleton(LSTM, Places(tmp_path, "gru", "recurrent", kit=False))
    assert "\n" not in str(raised.value)


def test_files_and_commands_get_the_new_name() -> None:
    """What names the task's file or command names the new one; the layer LSTM stays."""
    old = "lstm.py, lstm::builds, python grade.py lstm, python grade.py --hint lstm; layers.LSTM, lstm"
    new = "gru.py, gru::builds, python grade.py gru, python grade.py --hint gru; layers.LSTM, lstm"
    assert scaffold._renamed(old, "lstm", "gru") == new


def test_the_recipe_is_that_of_the_page() -> None:
    """What `new` prints next is CONTRIBUTING's list with the task's own names."""
    found = scaffold.recipe(Places(KIT, "gru", "recurrent"))
    lines = found.splitlines()
    assert lines[0].startswith("1. `reference/recurrent/gru.py`: ")
    assert "<" not in found.replace("<name>", "").replace("<measures>", "")
    page = PAGE.replace("<task>", "gru").replace("<section>", "recurrent")
    assert found in page
    assert page.partition(found)[2].startswith("\n## ")


def test_the_recipes_commands_stand_in_their_order() -> None:
    """Stubs, reference, corpus, calibration, its grading, tests."""
    found = scaffold.recipe(Places(KIT, "gru", "recurrent"))
    commands = [line.strip() for line in found.splitlines() if line.startswith("       python ")]
    assert commands == [
        "python -m graders.rubric.stubs",
        "python grade.py gru --reference",
        "python grade.py new gru --corpus",
        "python -m graders.calibration gru --jobs 2",
        "python -m tests.corpus gru",
        "python -m uv run --group dev pytest",
    ]


def test_the_recipe_of_another_folder_names_it(tmp_path: Path) -> None:
    """In a folder outside the kit, the folders have shorter names."""
    found = scaffold.recipe(Places(tmp_path, "gru", "recurrent", kit=False))
    assert "`checks/recurrent/gru.py`" in found
    assert "`submissions/gru/`" in found
    assert f"python grade.py new gru --corpus --in {tmp_path}" in found
