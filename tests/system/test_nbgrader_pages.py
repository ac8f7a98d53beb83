"""What a student hands in, on nbgrader's pages: no script, no file of the instructor's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

from nbconvert.exporters import HTMLExporter
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.handlers import template_path
from traitlets.config import Config

from graders.course import autograde
from tests.course import SECTION, TASK, filled, make, released_notebook, verdict
from tests.notebook import code

# nbgrader's own use of SQLAlchemy, and of its templates.
pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = "<script>stolen()</script><img src=x onerror='stolen()'><svg onload=stolen()>"
MARKDOWN = [
    SCRIPT,
    "[x](javascript:stolen())",
    "[x](&#106;avascript:stolen())",
    "[x][1]\n\n[1]: javascript:stolen()",
    '![x](http://x/y.png "a" onerror="stolen()")',
    "![x](attachment:gone.png)",
    "[logout](/hub/logout) ![x](/hub/logout)",
    "<div\n\nonclick=stolen()>x</div>",
    "$<script>stolen()</script>$",
    "\\begin{x}<script>stolen()</script>\\end{x}",
    "\ud800 <iframe src=evil.html>",
    "x\r<script>stolen()</script>",
]
# Attributes whose value a browser runs, or loads from somewhere.
LOADS = ("src", "srcdoc", "action", "formaction", "data", "poster", "background")


class Page(HTMLParser):
    """Finds what a browser would run, or load, on a page."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag that is not plain."""
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        inline = tag == "script" and "src" not in values
        if tag in ("iframe", "object", "embed", "svg", "base", "form") or inline:
            self.found.append(self.get_starttag_text() or "")
        for name, value in values.items():
            loads = name in LOADS and not value.startswith("data:image/png;base64,")
            runs = name.startswith("on") or "javascript:" in value.lower()
            if loads or runs:
                self.found.append(self.get_starttag_text() or "")


def question(released: Path) -> dict[str, Any]:
    """Returns the questions' notebook with scripts in each answer, output and piece of metadata."""
    found = json.loads((released / "release" / SECTION / "questions.ipynb").read_text())
    marks = [cell["metadata"].get("nbgrader", {}) for cell in found["cells"]]
    headings = [f"# {mark['grade_id']}" for mark in marks if mark]
    for cell in found["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = SCRIPT
    found["cells"][:0] = [
        {"cell_type": "markdown", "metadata": {"tags": [SCRIPT]}, "source": text}
        for text in (*MARKDOWN, *headings)
    ]
    found["cells"].append({"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"},
                           "source": SCRIPT})  # fmt: skip
    shown = code(f"# {SCRIPT}")
    shown["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {kind: SCRIPT}}
        for kind in ("text/html", "image/svg+xml", "application/javascript", "text/markdown")
    ]
    found["cells"] += [shown, code("x" + ".a" * 60_000)]
    found["metadata"] = {"kernelspec": {"name": SCRIPT, "display_name": SCRIPT},
                         "language_info": {"name": SCRIPT}, "title": SCRIPT}  # fmt: skip
    return found


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course in which four students handed in what does harm, autograded, with feedback."""
    course = make(tmp_path_factory.mktemp("release"))
    secret = course.parent / "secret.ipynb"
    secret.write_text(json.dumps({"cells": [code("s3cret = 1")], "metadata": {}, "nbformat": 4,
                                  "nbformat_minor": 5}))  # fmt: skip
    work = filled(released_notebook(course), "x = 1")
    for student in ("ann", "ben", "cat", "dan"):
        folder = course / "submitted" / student / SECTION
        folder.mkdir(parents=True)
        if student != "dan":
            (folder / f"{TASK.id}.ipynb").write_text(work)
    submitted = course / "submitted"
    (submitted / "ann" / SECTION / "questions.ipynb").write_text(json.dumps(question(course)))
    ben = submitted / "ben" / SECTION
    (ben / "questions.ipynb").symlink_to(secret)
    (ben / "notes.txt").symlink_to(secret)
    (ben / "more").symlink_to(course.parent)
    (ben / "endless.txt").symlink_to("/dev/zero")
    os.mkfifo(ben / "pipe.txt")
    os.mkfifo(ben / "timestamp.txt")
    cat = submitted / "cat" / SECTION
    for name in ("page.html", "picture.svg", "own.js", "kept.txt", "helper.py"):
        (cat / name).write_text(SCRIPT)
    (submitted / "dan" / SECTION / f"{TASK.id}.ipynb").symlink_to(secret)

    class Told:
        trouble = ""

        def grade_task(self, request: object) -> object:
            return verdict(["failed"], "failed", SCRIPT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autograde, "runner_for", lambda settings: Told())
        config = Config()
        config.CourseDirectory.root = str(course)
        config.CourseDirectory.assignment_id = SECTION
        autograde.configure(config)
        Autograde(coursedir=CourseDirectory(config=config), config=config).start()
        GenerateFeedback(
            coursedir=CourseDirectory(config=config), config=config, exporter_class=HTMLExporter
        ).start()
    yield course


def formgrader_page(course: Path, student: str, name: str) -> str:
    """Returns the part of the formgrader's page that shows a student's notebook."""
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [template_path]
    resources = {"base_url": "", "index": 0, "total": 1, "submission_id": "1",
                 "notebook_id": name, "assignment_id": SECTION}  # fmt: skip
    path = course / "autograded" / student / SECTION / f"{name}.ipynb"
    page, _ = HTMLExporter(config=config).from_filename(str(path), resources=resources)
    return page[page.index('id="notebook-container"') :]


def test_the_formgrader_shows_no_script(course: Path) -> None:
    """Markdown, answers, raw cells, outputs and metadata of a student's are text on its page."""
    text = formgrader_page(course, "ann", "questions")
    assert "stolen()" in text
    assert Page(text).found == []
    text = formgrader_page(course, "ann", TASK.id)
    assert Page(text).found == []


def test_no_heading_takes_the_place_of_a_score(course: Path) -> None:
    """The formgrader finds a cell by its id: what a student writes has no such id."""
    ids = Page(formgrader_page(course, "ann", "questions")).ids
    source = json.loads((course / "source" / SECTION / "questions.ipynb").read_text())
    marks = [cell["metadata"].get("nbgrader", {}) for cell in source["cells"]]
    graded = [mark["grade_id"] for mark in marks if mark.get("grade") or mark.get("task")]
    assert graded
    assert [ids.count(name) for name in graded] == [1] * len(graded)


def test_feedback_shows_no_script(course: Path) -> None:
    """The page that a student gets back holds none either, but for what loads formulas."""
    for name in ("questions", TASK.id):
        text = (course / "feedback" / "ann" / SECTION / f"{name}.html").read_text()
        assert Page(text[text.index('id="notebook-container"') :]).found == []


def test_no_link_is_followed(course: Path) -> None:
    """Questions, tasks and other files that are links: nothing of theirs is copied or shown."""
    assert "s3cret" in (course.parent / "secret.ipynb").read_text()
    for top in ("autograded", "feedback"):
        for path in (course / top).rglob("*"):
            assert not path.is_symlink()
            assert path.is_dir() or "s3cret" not in path.read_text(), path
    page = json.loads((course / "autograded/ben" / SECTION / "questions.ipynb").read_text())
    assert any("is a link" in "".join(cell["source"]) for cell in page["cells"])


def test_no_page_of_a_students_is_served(course: Path) -> None:
    """The formgrader serves the files beside a notebook: only kinds that a browser does not run."""
    for top in ("autograded", "feedback"):
        names = {path.name for path in (course / top / "cat" / SECTION).iterdir()}
        assert {"kept.txt", "helper.py"} <= names
        assert not names & {"page.html", "picture.svg", "own.js"}
