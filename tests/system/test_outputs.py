"""Where verdicts go: four formats, standard output, and targets that cannot be written."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from graders import rubric
from graders.reports.targets import FORMATS, Outputs, Unwritable
from tests.programs import run
from tests.verdicts import task, verdict

BEGINNINGS = {
    "json": "{",
    "junit": '<?xml version="1.0"',
    "html": "<!DOCTYPE html>",
    "gradescope": "{",
}


@pytest.mark.parametrize("name", FORMATS)
def test_standard_output_holds_the_document_alone(name: str) -> None:
    """`-` prints the document, and nothing before or after it."""
    done = run("cnn", f"--{name}", "-")
    assert done.returncode == 1
    assert done.stdout.startswith(BEGINNINGS[name])
    assert done.stderr == ""
    if name in ("json", "gradescope"):
        json.loads(done.stdout)
    elif name == "junit":
        ET.fromstring(done.stdout.encode())
    else:
        assert done.stdout.rstrip().endswith("</html>")


def test_formats_combine(tmp_path: Path) -> None:
    """All four at once, one of them on standard output."""
    arguments = [f"--{name}={tmp_path / name}" for name in FORMATS[1:]]
    done = run("cnn", "--json", "-", *arguments)
    assert json.loads(done.stdout)["tasks"][0]["task"] == "cnn"
    for name in FORMATS[1:]:
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(BEGINNINGS[name])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--json", "-", "--html", "-"], "--json and --html cannot both go to standard output"),
        (["--json", "{tmp}/a", "--junit", "{tmp}/./a"], "cannot both go to"),
        (["--html", "{tmp}/none/a.html"], "there is no such folder"),
        (["--html", "{tmp}"], "cannot be written (--html)"),
        (["--gradescope", "{tmp}/file/results.json"], "cannot be written (--gradescope)"),
        (["--junit", ""], "--junit takes a file"),
        (["--html", "a\0b"], "cannot be written"),
        (["--watch", "--json", "-"], "--watch"),
    ],
)
def test_a_bad_target_is_said_before_grading(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 2, nothing graded, and no file left behind."""
    from graders import cli

    (tmp_path / "file").write_text("")
    code = cli.main(["cnn", *(word.format(tmp=tmp_path) for word in arguments)])
    printed = capsys.readouterr()
    assert code == 2
    assert expected in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_trying_a_target_leaves_what_is_there(tmp_path: Path) -> None:
    """An earlier report is not lost because a new run begins, and devices are fine."""
    path = tmp_path / "report.html"
    path.write_text("earlier")
    Outputs({"html": str(path), "json": os.devnull, "junit": os.devnull})
    assert path.read_text() == "earlier"


def test_a_target_that_breaks_later_costs_only_itself(tmp_path: Path) -> None:
    """If a folder goes away while grading, the other reports are written and a line says so."""
    folder = tmp_path / "gone"
    folder.mkdir()
    outputs = Outputs({"json": str(folder / "a"), "junit": str(tmp_path / "b")})
    folder.rmdir()
    with pytest.raises(Unwritable, match="cannot be written"):
        outputs.write(verdict(task()))
    assert (tmp_path / "b").read_text().startswith("<?xml")


def test_progress_comes_from_stubs_and_the_store(tmp_path: Path) -> None:
    """Grading one task tells how the whole kit stands."""
    done = run("cnn", KERAS_KIT_CACHE=str(tmp_path), COLUMNS="80")
    count = len(rubric.tasks())
    assert f"Whole kit: 0 of {count} tasks complete, 0 of {10 * count} points." in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_recalling_grades_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task is recalled from the store as it is now, and is unknown once it has changed."""
    from graders.runner import Graded, Request, Runner, Settings, ThisMachine

    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    found = rubric.find("custom_layer")
    path = tmp_path / "custom_layer.py"
    path.write_text("import keras\n")
    with Runner(Settings(use_store=True)) as runner:
        request = Request(found, path)
        assert runner.recall(request) is None
        graded = Graded(task("custom_layer", "failed"), lasting=True)
        monkeypatch.setattr(ThisMachine, "grade", lambda *given: graded)
        assert not runner.grade_task(request).cached
        recalled = runner.recall(request)
        assert recalled is not None
        assert (recalled.status, recalled.cached) == ("failed", True)
        path.write_text("import keras as k\n")
        assert runner.recall(request) is None
        assert runner.recall(Request(found, found.stub)).status == "not_started"  # type: ignore[union-attr]


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    """Where an encoding lacks a character, another one stands for it; nothing breaks."""
    (tmp_path / "cnn.py").write_text("def 🙂(:\n", encoding="utf-8")
    done = run("cnn", "--from", str(tmp_path), PYTHONIOENCODING="cp1252")
    assert done.returncode == 1
    assert "cnn: error" in done.stdout
    assert "Traceback" not in done.stderr
    done = run("cnn", "--from", str(tmp_path), "--json", "-", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["tasks"][0]["status"] == "error"
