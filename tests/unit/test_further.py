"""What a check names to read: addresses of the right form, shown wherever its message is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from graders import rubric
from graders.cli import hints
from graders.reports import cells, further, gradescope, html, junit, text
from graders.rubric import KIT
from graders.runner.collected import result_of
from graders.verdict import CheckResult, TaskVerdict, Verdict

CHECKS = [check for task in rubric.tasks() for check in task.checks]
# These are about plain Python: a product of two lists, and `max` with a key.
WITHOUT = {"lr_batch_sweep::full_grid", "lr_batch_sweep::best_row"}
ADDRESS = "https://keras.io/api/layers/convolution_layers/convolution2d/"


def result(outcome: str = "failed", doc: str = ADDRESS) -> CheckResult:
    """Returns the result of a check that names a page."""
    points = 2.0 if outcome == "passed" else 0.0
    name = "cnn::two_convolutions"
    return CheckResult(name, "Two.", outcome, points, 2.0, "No.", "Go.", 0.1, doc=doc)  # type: ignore[arg-type]


def verdict(outcome: str = "failed") -> TaskVerdict:
    """Returns a verdict with that one check."""
    return TaskVerdict("cnn", "model_architectures", "failed", (result(outcome),))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_names_a_page_that_is_there(check: rubric.Check) -> None:
    """Each page is one of Keras's that the kit knows, or a guide of TensorFlow's; it fits a line."""
    if check.id in WITHOUT:
        assert check.doc == ""
        return
    path = check.doc.removeprefix(further.KERAS)
    known = {f"{further.KERAS}{page}" for page in further.HELP}
    known.add(f"{further.KERAS}guides/transfer_learning/")
    tensorflow = re.fullmatch(r"https://www\.tensorflow\.org/(guide|tutorials)/[\w/]*\w", check.doc)
    assert check.doc in known or tensorflow, path
    assert re.fullmatch(r"[\w./:]+", check.doc)
    assert len(f"    Read: {check.doc}") <= 80


def test_no_help_is_for_nothing() -> None:
    """Each page of the table is some check's."""
    assert {check.doc.removeprefix(further.KERAS) for check in CHECKS} >= set(further.HELP)


@pytest.mark.parametrize("task", rubric.tasks(), ids=lambda task: task.id)
def test_a_walkthrough_has_the_part_that_is_named(task: rubric.Task) -> None:
    """Part 2 of a section's walkthrough is the one below the heading that begins with `2.`."""
    path = KIT / "reference" / "walkthroughs" / f"{task.section}.py"
    assert f"\n# ## {task.walkthrough}. " in path.read_text(encoding="utf-8")


def test_the_verdict_carries_the_page() -> None:
    """The result has it from the rubric, the JSON as `doc`, and nothing where there is none."""
    task = rubric.find("cnn")
    found = result_of(task, "two_convolutions", "failed", "No.")
    assert found.doc == found.to_json()["doc"] == ADDRESS
    assert "doc" not in result(doc="").to_json()
    whole = verdict()
    assert TaskVerdict.unpacked(whole.packed()) == whole


@pytest.mark.parametrize("outcome", ["failed", "error", "passed", "skipped"])
def test_every_report_shows_it_where_something_went_wrong(outcome: str) -> None:
    """Terminal (one line on 80 columns), page (a link), cell, JUnit and Gradescope."""
    line, due = f"Read: {ADDRESS}", outcome in ("failed", "error")
    whole = Verdict(0, (verdict(outcome),), 1.0)
    assert (line in cells.check_text(result(outcome))) is due
    assert (line in gradescope.document(whole)["tests"][0]["output"]) is due
    assert (line in "".join(ET.fromstring(junit.render(whole)).itertext())) is due
    page = html.render(whole)
    assert (f'<a href="{ADDRESS}">{ADDRESS}</a>' in page) is due
    assert ("help(keras.layers.Conv2D) in Python" in page) is due
    if due:
        wide, narrow = (
            text.plain(text.failed_check("cnn", result(outcome)), width) for width in (80, 50)
        )
        assert line in [row.strip() for row in wide.splitlines()]
        assert ADDRESS in "".join(row.strip() for row in narrow.splitlines())


def test_a_check_without_a_page_has_no_line() -> None:
    """Nothing is said of a page that there is not."""
    shown = text.plain(text.failed_check("cnn", result(doc="")))
    assert "Read" not in shown + cells.check_text(result(doc=""))


def test_a_hint_names_page_and_help(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras's page, what `help` shows of it, and the walkthrough where this copy has one."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    task = rubric.find("cnn")
    found = result_of(task, "two_convolutions", "failed", "No.")
    given = hints.following(task, TaskVerdict("cnn", task.section, "failed", (found,)))
    assert f"Read: {ADDRESS}\nOffline: help(keras.layers.Conv2D) in Python\n" in given
    walkthrough = tmp_path / "walkthroughs" / "model_architectures.ipynb"
    walkthrough.parent.mkdir()
    walkthrough.touch()
    monkeypatch.setattr(further, "KIT", tmp_path)
    assert further.offline("cnn", ADDRESS) == (
        "help(keras.layers.Conv2D) in Python and part 1 of walkthroughs/model_architectures.ipynb"
    )
    assert further.offline("of_no_kit", "https://elsewhere.example/") == ""
