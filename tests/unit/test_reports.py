"""What the reports show: a page, JUnit XML, Gradescope's JSON, and the terminal's summary."""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from graders import rubric
from graders.printable import MAX_ITEMS, plain
from graders.reports import cells, gradescope, html, junit, text
from graders.reports import evidence as reading
from graders.runner.store import Store
from tests.verdicts import HOSTILE_EVIDENCE, RICH, check, hostile, task, verdict

VOID = frozenset("meta link br img input hr".split())
ATTRIBUTES_THAT_LOAD = ("src", "srcset", "data", "action", "poster", "background", "formaction")


class Page(HTMLParser):
    """Reads a page: its elements with their attributes, and whether all are closed."""

    def __init__(self, source: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Closes an element, which must be the one that was opened last."""
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Collects the text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Returns the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def assert_inert(page: Page) -> None:
    """Asserts that a page loads nothing and runs nothing."""
    for tag, attributes in page.elements:
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "image")
        for name, value in attributes.items():
            if tag == "img" and name == "src":
                assert str(value).startswith("data:image/png;base64,")
                continue
            assert not name.startswith("on"), (tag, name)
            assert name not in ATTRIBUTES_THAT_LOAD, (tag, name)
            if name in ("href", "xlink:href"):
                assert str(value).startswith("#") or value == "data:,", (tag, value)
            if name == "style":
                assert "http" not in str(value)
                assert "url(" not in str(value).replace("url(#", "")


def test_the_page_is_whole_and_loads_nothing() -> None:
    """Every element is closed, ids are unique, links stay on the page, nothing is loaded."""
    source = html.render(verdict(task(evidence=RICH), task("lstm", "failed", evidence=RICH)))
    page = Page(source)
    assert page.open == []
    assert_inert(page)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in page.all("a"):
        assert str(attributes["href"])[1:] in ids
    assert "default-src 'none'" in source


def test_the_page_can_be_read_without_seeing_it() -> None:
    """Language, landmarks, one h1, heading levels, alt texts, table heads, labels."""
    page = Page(html.render(verdict(task(evidence=RICH), task("lstm", "not_started"))))
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("header", "main", "nav", "footer", "h1")] == [1] * 5
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    plots = [a for a in page.all("div") if a.get("class") == "plot"]
    assert len(plots) == 6
    for plot in plots:
        assert plot["role"] == "img"
        assert len(str(plot["aria-label"])) > 40
    assert [image["alt"] for image in page.all("img")] == ["Example 1: class 2, taken for 0"]
    for svg in page.all("svg"):
        assert svg["aria-hidden"] == "true"
    assert len(page.all("table")) == len(page.all("caption"))
    for head in page.all("th"):
        assert head["scope"] in ("row", "col")
    for region in page.all("div"):
        if region.get("class") == "scroll":
            assert region["tabindex"] == "0"
            assert region.get("aria-label") or region.get("aria-labelledby")


def test_the_page_shows_each_kind_of_evidence() -> None:
    """Curves with threshold and gap, confusion, grid, gaps, timings, shares, note and output."""
    page = Page(html.render(verdict(task(evidence=RICH))))
    alts = " ".join(str(a.get("aria-label")) for a in page.all("div"))
    assert "Line plot of the loss over 3 epochs. Training: 2.2 at first, 1.1 at the end." in alts
    assert "measured 55.0%, 7.0 points below the threshold of 62.0%" in alts
    assert "0.40 for the regularised model; that is 33% of the baseline's" in alts
    assert "mixed_float16: 0.9 s per epoch, 88.0%" in alts
    assert "2 taken for 0 (2 of 6)" in page.text
    assert "Best: 60.0% with learning rate 0.1 and batch size 16" in page.text
    assert "one input is mixed up" in page.text
    assert "An epoch took its time." in page.text
    assert "needed: 62.0%" in page.text  # in the plot itself


def test_the_page_names_what_failed_with_message_and_hint() -> None:
    """A failed check has its message and hint; the next step and the totals are there."""
    page = Page(html.render(verdict(task("cnn", "failed"), task("lstm"))))
    assert "Expected this. Found that. Look there." in page.text
    assert "A nudge." in page.text
    assert "1 of 2 tasks complete, 10 of 20 points" in page.text
    assert "fix cnn; python grade.py --hint cnn helps." in page.text


def test_the_page_is_a_pure_function() -> None:
    """The same verdict gives the same page."""
    found = verdict(task(evidence=RICH))
    assert html.render(found) == html.render(found)


def test_text_of_a_submission_stays_text() -> None:
    """Markup in messages, output and names is shown and does nothing, in the page and elsewhere."""
    source = html.render(hostile())
    page = Page(source)
    assert page.open == []
    assert_inert(page)
    assert "<script>fetch('http://evil.example/')</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "\x1b" not in source
    assert "\x00" not in source


@pytest.mark.parametrize("number", range(len(HOSTILE_EVIDENCE)))
def test_hostile_evidence_still_gives_a_page(number: int) -> None:
    """NaN, infinity, wrong types, sizes and names: a page comes all the same, whole and small."""
    evidence = plain(HOSTILE_EVIDENCE[number])
    source = html.render(verdict(task("cnn", "failed", evidence=evidence)))
    page = Page(source)
    assert page.open == []
    assert_inert(page)
    assert len(source) < 500_000
    text.plain(text.task_line(task("cnn", "failed", evidence=evidence)))


def test_evidence_is_made_plain() -> None:
    """Arrays, tuples, long integers and deep or endless data become bounded JSON data."""
    deep: list = []
    for _ in range(500):
        deep = [deep]
    found = plain(
        {"a": np.arange(3), "b": (1, np.float32(0.5)), 3: 10**400, "deep": deep, "c": object()}
    )
    assert found["a"] == [0, 1, 2]
    assert found["b"] == [1, 0.5]
    assert math.isnan(found["3"])
    assert found["c"] is None
    json.dumps(found)
    assert len(plain([0] * (2 * MAX_ITEMS))) <= MAX_ITEMS
    assert plain(np.zeros(2 * MAX_ITEMS)) is None
    assert plain("\ud800") == "?"


def test_the_store_keeps_evidence(tmp_path: Path) -> None:
    """A verdict from the store makes the same plots as the first one."""
    store = Store(tmp_path)
    first = task(evidence={**RICH, "history": {"loss": [math.nan, math.inf, 1.0]}})
    store.write("key", first)
    again = store.read("key")
    assert again is not None
    assert again.evidence["confusion"] == RICH["confusion"]
    assert reading.histories(again.evidence)[0].curves[0].train[2] == 1.0
    assert "Line plot of the loss" in html.render(verdict(again))


# --- a notebook's cell ------------------------------------------------------------------------


def test_a_cell_shows_the_curves_of_the_page() -> None:
    """Below the last check: one picture, with the words that the page has for the same curves."""
    page = Page(html.render(verdict(task(evidence=RICH))))
    alts = [str(a["aria-label"]) for a in page.all("div") if a.get("class") == "plot"]
    *_, shown = cells.bundles(task(evidence=RICH), 0)
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")
    lines = shown["text/plain"].splitlines()
    assert [line.partition(". ")[2] for line in lines] == [
        alt for alt in alts if alt.startswith("Line plot")
    ]
    assert lines[2].startswith("Baseline: loss. Line plot")
    assert not [b for b in cells.bundles(task(), 0) if "image/png" in b]


@pytest.mark.parametrize("number", range(len(HOSTILE_EVIDENCE)))
def test_hostile_evidence_does_not_break_a_cell(number: int) -> None:
    """A picture comes where there is a curve, whatever else a submission put there."""
    evidence = plain(HOSTILE_EVIDENCE[number])
    shown = cells.bundles(task("cnn", "failed", evidence=evidence), 0)
    pictures = [bundle for bundle in shown if "image/png" in bundle]
    assert len(pictures) == bool(reading.histories(evidence))


# --- JUnit ------------------------------------------------------------------------------------

# Element -> attributes it may have, those it must have, and children, as Jenkins's schema says.
JUNIT = {
    "testsuites": (
        {"name", "time", "tests", "failures", "disabled", "errors"},
        set(),
        {"testsuite"},
    ),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp"}
        | {"hostname", "id", "package"},
        {"name", "tests"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    "testcase": (
        {"name", "assertions", "time", "classname", "status"},
        {"name", "classname"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
    "skipped": ({"type", "message"}, set(), set()),
}


def assert_junit(source: str) -> ET.Element:
    """Asserts that a document is JUnit XML, with counts that are right."""
    root = ET.fromstring(source.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed, needed, children = JUNIT[element.tag]
        assert needed <= set(element.attrib) <= allowed, (element.tag, element.attrib)
        assert {child.tag for child in element} <= children
    for parent in [root, *root.iter("testsuite")]:
        assert int(parent.attrib["tests"]) == len(list(parent.iter("testcase")))
        assert int(parent.attrib["failures"]) == len(list(parent.iter("failure")))
        assert int(parent.attrib["errors"]) == len(list(parent.iter("error")))
        assert float(parent.attrib["time"]) >= 0
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["skipped"]) == len(list(suite.iter("skipped")))
        assert next(child.tag for child in suite) == "properties"
    return root


def test_junit_is_valid_and_tells_outcomes_apart() -> None:
    """Failures, errors, skipped and the grader's own fault are what JUnit calls them."""
    checks = (
        check("lstm::builds", "passed", 10.0),
        check("lstm::trains", "failed", message="Expected a. Found b.\nMore.", hint="Try c."),
        check("lstm::accuracy", "skipped", message="Not run."),
        check("lstm::extra", "error", message="Died."),
    )
    root = assert_junit(
        junit.render(
            verdict(
                task("lstm", "error", checks),
                task("cnn", "grader_error", message="The grader itself failed."),
            )
        )
    )
    [failure] = root.iter("failure")
    assert failure.attrib["message"] == "Expected a. Found b."
    assert "Try c." in str(failure.text)
    assert {error.attrib["type"] for error in root.iter("error")} == {
        "SubmissionError",
        "GraderError",
    }
    assert {case.attrib["classname"] for case in root.iter("testcase")} == {
        "model_architectures.lstm",
        "model_architectures.cnn",
    }


def test_junit_holds_hostile_text() -> None:
    """Markup and control characters are escaped or replaced; the document stays XML."""
    root = assert_junit(junit.render(hostile()))
    [failure] = root.iter("failure")
    assert "<script>" in str(failure.text)
    assert "\x1b" not in str(failure.text)


# --- Gradescope -------------------------------------------------------------------------------


def assert_gradescope(source: str) -> dict:
    """Asserts that a document is what Gradescope's autograder specification asks for."""
    found = json.loads(source)
    assert set(found) <= {
        "score", "execution_time", "output", "output_format", "test_output_format",
        "test_name_format", "visibility", "stdout_visibility", "extra_data", "tests",
        "leaderboard",
    }  # fmt: skip
    visibilities = {"hidden", "after_due_date", "after_published", "visible"}
    formats = {"text", "html", "simple_format", "md", "ansi"}
    assert found["visibility"] in visibilities
    assert found["stdout_visibility"] in visibilities
    assert found["output_format"] in formats
    assert isinstance(found["output"], str)
    assert isinstance(found["execution_time"], float)
    for item in found["tests"]:
        assert set(item) <= {
            "score", "max_score", "status", "name", "name_format", "number", "output",
            "output_format", "tags", "visibility", "extra_data",
        }  # fmt: skip
        assert isinstance(item["score"], float)
        assert 0 <= item["score"] <= item["max_score"]
        assert item.get("status", "passed") in ("passed", "failed")
        assert item["visibility"] in visibilities
        assert {item["output_format"], item["name_format"]} == {"text"}
        assert all(isinstance(tag, str) for tag in item["tags"])
    return found


def test_gradescope_adds_up_to_the_points() -> None:
    """Each check is a test with its points, which Gradescope adds up."""
    found_verdict = verdict(task("cnn"), task("lstm", "failed", evidence=RICH))
    found = assert_gradescope(gradescope.render(found_verdict))
    assert sum(item["score"] for item in found["tests"]) == found_verdict.points
    assert sum(item["max_score"] for item in found["tests"]) == found_verdict.max_points
    assert "A nudge." in found["tests"][1]["output"]
    assert found["tests"][1]["status"] == "failed"
    assert "1 of 2 tasks complete" in found["output"]


def test_gradescope_never_renders_a_submissions_text() -> None:
    """Hostile text is sent as plain text, without control characters."""
    found = assert_gradescope(gradescope.render(hostile()))
    assert found["output_format"] == "text"
    assert "\x1b" not in json.dumps(found, ensure_ascii=False)


# --- the terminal -----------------------------------------------------------------------------


def test_progress_over_the_whole_kit() -> None:
    """Known tasks are added up, unknown ones are named, and the next thing to do too."""
    tasks = rubric.tasks()
    others = tuple(task(t.id, "passed") for t in tasks[1:5])
    found = text.plain(text.summary(verdict(task("cnn")), others, tasks[5:]))
    line = " ".join(found.split())
    count = len(tasks)
    assert f"Whole kit: 5 of {count} tasks complete, 50 of {10 * count} points." in line
    assert f"Not graded as they are now: {', '.join(t.id for t in tasks[5:])}." in line
    assert f"Next: see how {tasks[5].id} stands: python grade.py {tasks[5].id}." in line
    assert max(map(len, found.splitlines())) <= 80


@pytest.mark.parametrize(
    ("tasks", "others", "expected"),
    [
        ((task("cnn", "failed"),), (), "fix cnn; python grade.py --hint cnn helps."),
        ((task("cnn", "not_started"), task("lstm", "failed")), (), "fix lstm;"),
        ((task("cnn"),), (task("lstm", "not_started"),), "open assignments/"),
        ((task("cnn"),), (task("lstm", "error"),), "fix lstm;"),
        ((task("cnn", "grader_error"),), (), "run the same command again; cnn was not graded."),
        ((task("cnn"),), (task("lstm"),), "everything is done"),
        ((task("cnn"),), (), ""),
    ],
)
def test_the_next_thing_to_do(tasks: tuple, others: tuple, expected: str) -> None:
    """What was begun comes before what was not, what was asked for before the rest."""
    found = text.next_step(tasks, others)
    assert found.startswith(expected) if expected else found == ""


def test_remarks_on_the_page() -> None:
    """As on the terminal: right work gets no alarm, whatever its curves look like."""
    evidence = {"history": {"loss": [math.nan]}}
    for status, alarms in (("failed", 1), ("error", 1), ("passed", 0)):
        page = html.render(verdict(task("cnn", status, evidence=evidence)))
        assert page.count('<div class="remark">') == alarms, status


def test_remarks_on_the_terminal() -> None:
    """What failed gets a remark on its curves; what passed is left alone."""
    evidence = {"history": {"loss": [math.nan]}}
    assert "the curves show diverging" in text.plain(
        text.task_line(task("cnn", "failed", evidence=evidence))
    )
    assert "the curves" not in text.plain(text.task_line(task("cnn", evidence=evidence)))
