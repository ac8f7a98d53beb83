"""The page of a class in a real browser, and `bulk` with the options that write it."""

from __future__ import annotations

import argparse
import html as markup
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import cli
from graders.course import bulk, bulk_command, class_page, feedback, handed_in, results
from graders.course.class_page import Alike
from graders.reports.targets import Unwritable
from graders.runner import Settings
from tests.browser import BROWSER, WITHOUT, open_page
from tests.class_room import NAMES, a_class, nothing, waits, work
from tests.course import REFERENCE, SECTION, TASK

# Shows a page in some width, and writes down what it measures there: how wide it is, what is cut
# off, and the least contrast of any text.
FRAME = """<!DOCTYPE html><body><iframe id="f" src="{page}" width="{width}" height="800"
 style="border: 0; color-scheme: {scheme}"></iframe><p id="found"></p><script>
f.onload = () => {{
  const page = f.contentDocument, root = page.documentElement;
  const light = (c) => {{
    const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }};
  const behind = (e) => {{
    for (; e; e = e.parentElement) {{
      const c = f.contentWindow.getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(c)) return c;
    }}
    return "rgb(255, 255, 255)";
  }};
  let least = 99, text = "";
  for (const e of page.body.querySelectorAll("*")) {{
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || e.closest(".unseen, .skip")) continue;
    const [a, b] = [f.contentWindow.getComputedStyle(e).color, behind(e)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) [least, text] = [ratio, e.textContent.slice(0, 40)];
  }}
  const outside = [...page.body.querySelectorAll("*")].filter((e) =>
    !e.closest(".scroll, .unseen, .skip") && e.getBoundingClientRect().right > {width} + 1);
  found.textContent = JSON.stringify({{
    wide: root.scrollWidth, least, text, outside: outside.map((e) => e.outerHTML.slice(0, 80)),
    heads: [...page.querySelectorAll("th")].filter((e) => !e.scope).length,
    captions: [...page.querySelectorAll("table")].filter((e) => !e.caption).length,
    scripts: page.querySelectorAll("script, img, iframe, object, [onerror], [onload]").length,
    background: f.contentWindow.getComputedStyle(page.body).backgroundColor,
    bars: [...page.querySelectorAll(".bars span:not(.nobody)")]
      .filter((e) => e.getBoundingClientRect().height < 2.5).length,
    names: page.querySelector("#everybody") ? [...page.querySelectorAll(".everybody tbody th")]
      .map((e) => e.textContent) : [],
  }});
}};
</script></body>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a class in which everything happens, with the students' beside it."""
    path = tmp_path_factory.mktemp("page") / "class.html"
    verdicts = a_class(more=20)
    folders = dict.fromkeys(verdicts, Path("/course/submitted/x"))
    links, left_out = feedback.write(path, verdicts, folders, 0, "public checks")
    alike = [Alike("custom_layer", ("ada", "x" * 90), 0.93)]
    path.write_text(class_page.render(verdicts, links, "The class", ["Then."], alike, left_out))
    return path


def look(page: Path, folder: Path, width: int, scheme: str) -> dict:
    """Returns what the frame's script measures of a page."""
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(page=page.as_uri(), width=width, scheme=scheme))
    document = open_page(
        frame.as_uri(), folder / "profile", "MAP * ~NOTFOUND", "--allow-file-access-from-files"
    )
    [found] = re.findall(r'<p id="found">(.*?)</p>', document, re.DOTALL)
    return json.loads(markup.unescape(found))


@pytest.mark.skipif(not BROWSER, reason=WITHOUT)
@pytest.mark.parametrize(
    ("width", "scheme"), [(375, "light"), (375, "dark"), (1280, "light"), (1280, "dark")]
)
def test_the_class_fits_and_can_be_read(
    page: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    """On a phone and a desk, in light and dark: no scrolling to the side, and contrast of 4.5."""
    found = look(page, tmp_path, width, scheme)
    assert found["wide"] <= width and found["outside"] == []
    assert found["least"] >= 4.5, found
    assert (found["heads"], found["captions"], found["scripts"], found["bars"]) == (0, 0, 0, 0)
    assert set(map(results.one_line, NAMES)) <= set(found["names"])
    assert len(found["names"]) == len(NAMES) + 20
    red = int(re.findall(r"\d+", found["background"])[0])
    assert red < 60 if scheme == "dark" else red > 200


@pytest.mark.skipif(not BROWSER, reason=WITHOUT)
def test_the_page_of_a_student_fits(page: Path, tmp_path: Path) -> None:
    """It is the report, on a phone's width; the link of the class's page leads to it."""
    [link] = re.findall(r'href="(class_students/fay_12345\.html)"', page.read_text())
    found = look(page.parent / link, tmp_path, 375, "light")
    assert found["wide"] <= 375 and found["scripts"] == 0


# --- the command ----------------------------------------------------------------------------------

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs `bulk` on a class of four whose verdicts are given."""
    given = {
        "ada": work(TASK, 99),
        "bob": waits(TASK),
        "cid [1]": nothing(TASK, "x (1).py"),
        "=dee": work(TASK, 2, "sha256:d"),
    }
    for name in given:
        folder = tmp_path / "submitted" / name / SECTION
        folder.mkdir(parents=True)
        (folder / f"{TASK.id}.py").write_text(f"{REFERENCE}\n# {name}\n")
    monkeypatch.setattr(
        bulk, "grade", lambda works, *_: {w.student: [given[w.student]] for w in works}
    )
    monkeypatch.chdir(tmp_path)

    def bulk_of(*options: str) -> tuple[int, str]:
        code = bulk_command.main(
            ["submitted", TASK.id, *options], argparse.ArgumentParser(), lambda _: Settings()
        )
        return code, capsys.readouterr().out

    return bulk_of


def test_bulk_writes_pages_and_tables(run: Run, tmp_path: Path) -> None:
    """The class, its students, the zip and a table for the system; what is left open is printed."""
    roster = "Username,custom_layer [Total Pts: 10 Score] |1\nada,\nbob,\nzoe,\n=dee,\n"
    (tmp_path / "roster.csv").write_text(roster)
    code, out = run("--html", "class.html", "--lms", "blackboard", "grades.csv",
                    "--roster", "roster.csv")  # fmt: skip
    assert code == 2
    assert "Not in feedback.zip, because work could not be graded: bob (customization)." in out
    assert "In roster.csv, and not found in the class: zoe." in out
    assert "In the class, and not found in roster.csv: cid [1]." in out
    assert (tmp_path / "grades.csv").read_text().split()[-4:] == [
        "ada,10",
        "bob,",
        "zoe,",
        "'=dee,3",
    ]
    text = (tmp_path / "class.html").read_text()
    for name in ("ada", "bob", "cid [1]", "=dee"):
        assert f">{name}</a>" in text
    with zipfile.ZipFile(tmp_path / "class_students/feedback.zip") as packed:
        assert len(packed.namelist()) == 3
    # Four nearly equal files: so small a class is compared unasked.
    assert "Only works that are the same" not in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--json", "X", "--csv", "X"), "--json and --csv cannot both go to X"),
        (("--json", "X", "--csv", "./X"), "cannot both go to"),
        (("--json", "X", "--statistics", "x"), "cannot both go to"),
        (("--json", "X", "--html", "link"), "cannot both go to"),
        (("--json", "old", "--csv", "hard"), "cannot both go to"),
        (("--json", "-", "--csv", "-"), "cannot both go to standard output"),
        (("--csv", "Y", "--lms", "canvas", "Y"), "--csv and --lms cannot both go to Y"),
        (("--html", "no/where.html"), "its folder does not exist"),
        (("--html", "-"), "--html takes a file"),
        (("--html", "old.html"), "old_students cannot be written"),
        (("--lms", "sakai", "Y"), "--lms knows canvas, moodle, blackboard, not 'sakai'"),
        (("--roster", "old"), "--roster is for --lms"),
        (("--lms", "canvas", "Y", "--roster", "nowhere"), "nowhere cannot be read"),
        (("--lms", "canvas", "Y", "--roster", "old"), "holds no rows of students"),
        (("--lms", "canvas", "./old", "--roster", "old"), "is the roster"),
    ],
)
def test_what_cannot_be_written_is_refused(
    options: tuple[str, ...], words: str, run: Run, tmp_path: Path
) -> None:
    """In one line, before anything is graded, and without a trace."""
    (tmp_path / "link").symlink_to("X")
    (tmp_path / "old").write_text("")
    (tmp_path / "hard").hardlink_to(tmp_path / "old")
    (tmp_path / "old_students").write_text("")
    before = set(tmp_path.iterdir())
    with pytest.raises((handed_in.CannotGrade, Unwritable)) as caught:
        run(*options)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


def test_one_line_on_the_terminal(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends as for any wrong usage."""
    assert cli.main(["bulk", "submitted", TASK.id, "--json", "X", "--csv", "X"]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err == "grade.py: --json and --csv cannot both go to X.\n"
