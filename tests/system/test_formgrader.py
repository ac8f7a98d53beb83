"""What an instructor sees in a real browser: nbgrader's formgrader and a feedback page."""

from __future__ import annotations

import html as markup
import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

from nbgrader.api import Gradebook

from tests.browser import BROWSER, WITHOUT, open_page
from tests.course import SECTION, TASK, gradebook, make, nbgrader, record, verdict

pytestmark = [
    pytest.mark.skipif(not BROWSER, reason=WITHOUT),
    # nbgrader's own use of SQLAlchemy.
    pytest.mark.filterwarnings("ignore:Object of type"),
]

TOKEN = "of-this-test"
CLASS = {
    "ann": verdict(["passed"], "passed"),
    "ben": verdict(["passed", "failed", "skipped"], "failed"),
    "cat": verdict(["error", "skipped"], "error"),
    "dan": verdict(["skipped"], "grader_error", "The grader itself failed."),
}

Look = Callable[[str], str]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class whose verdicts nbgrader has recorded, with feedback."""
    with pytest.MonkeyPatch.context() as patch:
        made = make(tmp_path_factory.mktemp("release"))
        course = record(made, tmp_path_factory.mktemp("class"), CLASS, patch)
    nbgrader(course, "generate_feedback", SECTION)
    return course


@pytest.fixture(scope="module")
def look(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """A function that opens a page of a Jupyter server that runs in the course's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("server") / "log"
    command = [
        *(sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"),
        f"--IdentityProvider.token={TOKEN}",
    ]
    with log.open("w") as file:
        server = subprocess.Popen(command, cwd=course, stdout=file, stderr=file)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, log.read_text()[-3000:]
                time.sleep(0.5)
        profile = tmp_path_factory.mktemp("profile")
        yield lambda path: open_page(
            f"{address}{path}?token={TOKEN}", profile, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        )
    finally:
        server.terminate()
        server.wait(timeout=30)


def rows(document: str) -> list[list[str]]:
    """Returns the texts of the cells of a page's main table; a sign is a name in brackets."""
    document = re.sub(r'<span class="glyphicon glyphicon-([a-z]+)"', r"[\1]<span", document)
    [body] = re.findall(r'<tbody id="main-table">(.*?)</tbody>', document, re.DOTALL)
    return [
        [markup.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]  # fmt: skip


def points(value: float) -> str:
    """Returns points as the formgrader writes them: to two places, without zeros at the end."""
    return f"{round(value, 2):g}"


def test_the_students_are_listed_with_their_scores(course: Path, look: Look) -> None:
    """Formgrader's page of students has each one's points, as the verdicts gave them."""
    found = {row[1]: row[3] for row in rows(look("/formgrader/manage_students"))}
    with Gradebook(f"sqlite:///{course}/gradebook.db", "keras") as book:
        most = points(book.find_assignment(SECTION).max_score)
    # Where the grader failed there is no point yet, and a person decides.
    given = {student: points(told.points) for student, told in CLASS.items()}
    assert found == {student: f"{score} / {most}" for student, score in given.items()}
    assert len({given[student] for student in ("ann", "ben", "cat")}) == 3


def test_what_waits_for_a_person_says_so(course: Path, look: Look) -> None:
    """The page of one student's notebooks: only where the grader failed is a person needed."""
    for student in ("ben", "dan"):
        told = CLASS[student]
        page = rows(look(f"/formgrader/manage_students/{student}/{SECTION}"))
        [row] = [row for row in page if row[0] == TASK.id]
        assert row[1] == f"{points(told.points)} / 10", student
        assert row[5] == ("[ok]" if told.status == "grader_error" else ""), (student, row)
        assert gradebook(course)[student]["manual"] == (row[5] == "[ok]")


def test_the_page_to_grade_on_shows_verdict_and_curves(course: Path, look: Look) -> None:
    """Formgrader shows a submission's cells with the grader's words, and the curves as a picture."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "keras") as book:
        number = book.find_submission_notebook(TASK.id, SECTION, "ben").id
    page = look(f"/formgrader/submissions/{number}/")
    assert 'src="data:image/png;base64,' in page
    name = TASK.checks[1].name
    assert f"{name}: failed, {TASK.checks[1].points / 4:g} of" in markup.unescape(page)
    assert "<b>no</b>" not in page and "&lt;b&gt;no&lt;/b&gt; $x$" in page


def test_a_feedback_page_renders_the_curves(course: Path, tmp_path: Path) -> None:
    """The page that a student gets holds the curves, drawn, and the points of each check."""
    page = course / "feedback/ben" / SECTION / f"{TASK.id}.html"
    measured = tmp_path / "page.html"
    measured.write_text(
        page.read_text(encoding="utf-8")
        + "<p id='found'></p><script>addEventListener('load', () => {"
        "document.getElementById('found').textContent = JSON.stringify([...document.images]"
        ".map(i => [i.complete, i.naturalWidth, i.getBoundingClientRect().width])); });</script>",
        encoding="utf-8",
    )
    shown = open_page(measured.as_uri(), tmp_path / "profile", "MAP * ~NOTFOUND")
    [found] = re.findall(r'<p id="found">(.*?)</p>', shown)
    [[complete, natural, wide]] = json.loads(found)
    assert complete and natural > 300 and wide > 200
    text = markup.unescape(re.sub(r"<[^>]*>", "", shown))
    told = CLASS["ben"]
    for check in told.checks:
        name = check.id.partition("::")[2]
        assert f"{name}: {check.outcome}, {check.points:g} of {check.max_points:g} points" in text
    assert f"Score: {told.points} / {told.max_points}" in " ".join(text.split())
