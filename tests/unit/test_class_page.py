"""The page of a class, those of its students, and averages that are true."""

from __future__ import annotations

import dataclasses
import html
import re
import zipfile
from pathlib import Path

import pytest

from graders import rubric
from graders.course import class_page, feedback, results
from graders.course.class_page import Alike
from graders.course.standing import others, overview, standing
from tests.class_room import NAMES, a_class, nothing, stub, waits, work

TASK = rubric.find("custom_layer")
COUNT = len(TASK.checks)


def render(**more: object) -> str:
    """Returns the page of the class in which everything happens."""
    verdicts = a_class()
    links = {name: f"x_students/{feedback.file_name(name)}.html" for name in verdicts}
    return class_page.render(verdicts, links, "The class", ["When it was."], **more)  # type: ignore[arg-type]


def shown(page: str) -> str:
    """Returns a page's text."""
    text = re.sub(r"<[^>]*>", " ", page.partition("<body>")[2])
    return " ".join(html.unescape(text).split())


def test_where_work_stands() -> None:
    """Nothing, another name, a stub, no program, not graded, graded: each is told apart."""
    empty = work(TASK, 0, "", "cnn.py is empty.")
    two = work(TASK, 0, "", "There is more than one cnn in x: in a, b. Hand in one of them.")
    found = [nothing(TASK), nothing(TASK, "a.py"), stub(TASK), waits(TASK), empty, two]
    expected = ["missing", "renamed", "stub", "waits", "unreadable", "unreadable"]
    assert list(map(standing, found)) == expected
    assert standing(work(TASK, 3)) == "graded"
    assert others(nothing(TASK, "a.py, b.py and 2 more")) == "a.py, b.py and 2 more"
    beside = "cnn.py is graded. cnn-1.py, beside it, is not: only a file that is named so counts."
    assert others(work(TASK, 1, message=beside)) == "cnn-1.py"


def test_the_averages_are_true() -> None:
    """Missing work and stubs are 0 in the average of all, and in no other; what waits, in none."""
    full = work(TASK, COUNT)
    given = {"a": [full], "b": [work(TASK, 0, "", "x.py is empty.")], "c": [nothing(TASK)],
             "d": [stub(TASK)], "e": [waits(TASK)], "f": [nothing(TASK, "a.py")]}  # fmt: skip
    [row] = overview(given)
    assert (row.average, row.average_of_all) == (5.0, 2.5)
    assert (row.handed_in, row.complete, row.students) == (4, 1, 6)
    [first, *_] = results.statistics(given)
    assert first["attempted"] == 1
    assert first["points_if_attempted"] == first["max_points"] == TASK.checks[0].points
    assert first["points_of_all"] == first["max_points"] / 4
    text = results.report(given)
    assert re.search(r"custom_layer +4 +1 +5\.00 +2\.50", text)
    assert "2 of the works wait for a person, and are in no average." in text
    assert "average of these  average of all" in text


def test_what_was_not_graded_and_who_was_late_are_told() -> None:
    """Folders that are refused, with the reason, and late work stand on page and terminal."""
    refused, late = {"a*b": "its name holds *"}, [("ada: x", "2.5 h late, 1.2 points less")]
    text = shown(render(refused=refused, late=late))
    assert "Folders that were not graded 1 · Rename the folder" in text
    assert "'a*b' its name holds *" in text
    assert "Handed in late 1 · Points on these pages are those before the penalty." in text
    assert "ada: x 2.5 h late, 1.2 points less" in text
    lines = results.report({"b": [work(TASK, 1)]}, refused, late).splitlines()
    assert "'a*b' is not graded: its name holds *. Rename the folder." in lines
    assert "ada: x: 2.5 h late, 1.2 points less." in lines
    assert "Folders that were not graded" not in shown(render())


def worth(points: list[float], earned: list[float]) -> dict[str, object]:
    """Returns a grading of one student's work, whose checks have these points."""
    checks = tuple(
        dataclasses.replace(check, points=got, max_points=most)
        for check, most, got in zip(work(TASK, COUNT).checks, points, earned, strict=False)
    )
    return results.to_json({"ada": [dataclasses.replace(work(TASK, COUNT), checks=checks)]})


def test_other_points_for_a_check_are_no_other_grading() -> None:
    """Who has all points before and after has not moved; who has not is told what has changed."""
    before, after = worth([1.3, 8.7], [1.3, 8.7]), worth([1.58, 8.42], [1.58, 8.42])
    assert "0 checks of 0 students" in results.changes(before, after)
    before, after = worth([1.3, 8.7], [1.3, 0.0]), worth([1.58, 8.42], [1.58, 0.0])
    told = results.changes(before, after)
    assert "1 checks of 1 students" in told
    assert "1.3 -> 1.58 points (passed, now passed; the check is worth 1.58 now, not 1.3)" in told
    # The same total, from other shares.
    before, after = worth([4.0, 6.0], [1.0, 4.0]), worth([5.0, 5.0], [2.0, 3.0])
    assert "2 checks of 1 students" in results.changes(before, after)


def test_nobody_handed_in() -> None:
    """Without any work there is no average, and the page says so."""
    given = {"a": [nothing(TASK)], "b": [waits(TASK)]}
    [row] = overview(given)
    assert (row.average, row.average_of_all) == (None, 0.0)
    assert overview({"b": [waits(TASK)]})[0].average_of_all is None
    assert "– average of those who handed in" in shown(class_page.render(given, {}, "x", [], None))


def test_the_page_has_everybody_and_what_waits() -> None:
    """Each name; who could not be graded and why; other names of files; what is alike; how long."""
    page = render(alike=[Alike("custom_layer", ("ada", "cid*?"), 0.93)], left_out=["ada (x)"])
    text = shown(page)
    for name in NAMES:
        assert results.one_line(name) in text
    for expected in (
        "Could not be graded 1 · No points yet, in no average. ada (custom_layer) The grader",
        "bob [1]: custom_layer not graded: custom_layer (1).py",
        "eve 🐍: penalized_loss not graded: penalized_loss-1.py",
        "gus_<b>no</b>: penalized_loss gus.py is empty.",
        "touches the network (line 3): look at it",
        "Nothing handed in 1 custom_layer Ada",
        "93% custom_layer ada, cid*?",
        "6 s ada penalized_loss",
        "Isolation: namespaces.",
        "When it was.",
        "Not in it, because work could not be graded: ada (x).",
    ):
        assert expected in text, expected
    # A sum that lacks what a person has still to give is no total.
    assert re.search(r"10 \+ \? and what a person gives", text)


def test_checks_come_hardest_first() -> None:
    """With share, counts, mean and a typical message; what nobody passes is remarked on."""
    given = {name: [work(TASK, 1, f"sha256:{name}")] for name in "abc"}
    text = shown(class_page.render(given, {}, "x", []))
    second, first = TASK.checks[1].name, TASK.checks[0].name
    assert text.index(f" {second} {TASK.checks[1].description}") < text.index(f" {first} ")
    assert "Nobody passes" in text
    assert f"Typical message of {second}: No." in text


def test_hostile_words_stay_words() -> None:
    """No tag of a submission's or a folder's is a tag of the page; no script, no request."""
    page = render()
    body = page.partition("<body>")[2]
    assert "<script" not in page and "<img" not in body and "<b>" not in body
    assert "&lt;script&gt;" in page and "{{ 7*7 }}" in page
    assert not re.findall(r'(?:src|href)="(?!#|data:|x_students/)', page)


@pytest.mark.parametrize("name", [*NAMES, "a/b", "a\\b", "nul.txt", "..", "ann\udcff", "", "İ"])
def test_files_of_students_are_safe(name: str) -> None:
    """Letters, digits, hyphens and underscores only; no device of Windows; nothing hidden."""
    found = feedback.file_name(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", found)
    assert not feedback.DEVICES.fullmatch(found)


def test_no_two_students_share_a_file() -> None:
    """Names that differ in their case or signs alone have different pages."""
    names = [*NAMES, "cid", "cid?", "cid*", "a b", "a-b", "CID"]
    found = {feedback.file_name(name).casefold() for name in names}
    assert len(found) == len(names)


@pytest.mark.parametrize("moodle", [False, True])
def test_each_student_has_a_page_and_feedback(moodle: bool, tmp_path: Path) -> None:
    """What could not be graded is not in the zip; no page names the instructor's folders."""
    verdicts = a_class()
    page = tmp_path / "class [1]#.html"
    folders = dict.fromkeys(verdicts, Path("/course/submitted/x"))
    links, left_out = feedback.write(page, verdicts, folders, 0, "public checks", moodle)
    assert set(links) == set(verdicts)
    assert left_out == ["ada (customization)"]
    for name, link in links.items():
        assert link.startswith("class%20%5B1%5D%23_students/")
        text = (feedback.folder_of(page) / link.rpartition("/")[2]).read_text(encoding="utf-8")
        assert html.escape(results.one_line(name), quote=False) in text.replace(
            "&#34;", '"'
        ).replace("&#39;", "'")
        assert "/course/" not in text
    with zipfile.ZipFile(feedback.folder_of(page) / "feedback.zip") as packed:
        names = packed.namelist()
        assert len({name.casefold() for name in names}) == len(names) == len(verdicts) - 1
        fay = "fay_12345_assignfeedback_file_" if moodle else "fay_12345"
        assert f"{fay}/customization.html" in names
        assert "Keras exercises: fay_12345" in packed.read(f"{fay}/customization.html").decode()
    assert not list(feedback.folder_of(page).glob("*.part"))


def test_a_page_can_be_made_again(tmp_path: Path) -> None:
    """The same class gives the same files."""
    verdicts, page = {"a": [work(TASK, 2)]}, tmp_path / "c.html"
    made = []
    for _ in range(2):
        feedback.write(page, verdicts, {"a": tmp_path}, 0, "public checks")
        made.append({p.name: p.read_bytes() for p in feedback.folder_of(page).iterdir()})
    assert made[0] == made[1]
