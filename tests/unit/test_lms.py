"""Tables of grades as Canvas, Moodle and Blackboard export and import them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from graders import rubric
from graders.course import lms, roster
from graders.course.standing import Verdicts
from tests.class_room import nothing, stub, waits, work

TASKS = [task for task in rubric.tasks() if task.section == "customization"]
FIRST = TASKS[0]


def graded(**students: float | None) -> Verdicts:
    """Returns a class in which the first task earns the given points, the others all; `None` waits."""
    found = {}
    for student, points in students.items():
        name = student.replace("__", " ")
        first = {None: waits(FIRST), 0.0: nothing(FIRST), 10.0: work(FIRST, 99)}[points]
        found[name] = [first, *(work(task, 99) for task in TASKS[1:])]
    return found


def write(path: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    """Writes a roster as a system exports it."""
    path.write_bytes(text.encode(encoding))
    return path


def rows(filled: lms.Filled, delimiter: str = ",", encoding: str = "utf-8-sig") -> list[list[str]]:
    """Reads a table back."""
    text = filled.data.decode(encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Essay (1),customization (77),Current Score
,,,,,,Manual Posting,
    Points Possible,,,,,5,30,(read only)
"Doe, Ada",12,s12,ada,A,-1.5,,90
"Bob, Bob",13,s13,bob,A,4,7,80
"Cid, Cid",14,s14,cid,A,4,EX,80
"Zoe, Zoe",15,s15,zoe,A,4,3,80
"=cmd(1), X",16,s16,xi,A,4,,80
"""


def test_canvas_is_filled_in(tmp_path: Path) -> None:
    """By login, user ID or name and ID; all else stays; nobody is dropped without a word."""
    given = graded(doeada_12=10.0, bob=None, s14=10.0, xi=0.0, dan=10.0)
    filled = lms.make("canvas", given, write(tmp_path / "r.csv", CANVAS))
    found = rows(filled)
    before = list(csv.reader(io.StringIO(CANVAS)))
    assert [row[6] for row in found] == [
        "customization (77)", "Manual Posting", "30", "30", "", "EX", "3", "20"
    ]  # fmt: skip
    for row, old in zip(found, before, strict=True):
        old = ["'=cmd(1), X" if cell == "=cmd(1), X" else cell for cell in old]
        assert row[:6] + row[7:] == old[:6] + old[7:]
    told = "\n".join(filled.remarks)
    assert "In the class, and not found in r.csv: dan." in told
    assert "In r.csv, and not found in the class: Zoe, Zoe." in told
    assert "No grade yet, the cell is empty (customization): bob." in told
    assert "s14: EX in customization stays." in told
    assert "added" not in told and "worth" not in told


def test_moodle_is_filled_in(tmp_path: Path) -> None:
    """By e-mail, ID number or full name; with semicolons and Moodle's sign for no grade."""
    text = (
        "First name;Last name;ID number;Email address;Assignment: Custom layer (Percentage);"
        "Assignment: Custom layer (Real);Last downloaded\n"
        "Ada;Lovelace;n1;ada@x.org;-;-;17\nBób;O'Hara;n2;bob@x.org;-;-;17\nCid;Cid;n3;c@x.org;-;-;17\n"
    )
    path = write(tmp_path / "r.csv", text, "utf-8")
    given = {
        **graded(ada=10.0, n3=None),
        "Bób-O-Hara_99": [work(FIRST, 99)],
        "eve": [stub(FIRST)],
    }
    filled = lms.make("moodle", given, path)
    found = rows(filled, ";", "utf-8")
    assert not filled.data.startswith(b"\xef\xbb\xbf")
    assert [row[5] for row in found[1:]] == ["10", "10", ""]
    assert [row[4] for row in found[1:]] == ["-", "-", "-"]
    assert "not found in r.csv: eve." in "\n".join(filled.remarks)


def test_a_grading_worksheet_is_filled_in(tmp_path: Path) -> None:
    """By participant number; its one column of grades is that of what was graded."""
    text = (
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade\n"
        'Participant 7,"Ada Lovelace",a@x.org,,,100.00\nParticipant 17,Ada Lovelace,b@x.org,,,100.00\n'
    )
    given = {"Ada-Lovelace_7": [work(FIRST, 99)], "Ada-Lovelace_17": [nothing(FIRST)]}
    filled = lms.make("moodle", given, write(tmp_path / "r.csv", text))
    assert [row[4] for row in rows(filled)[1:]] == ["10", "0"]
    assert f"{FIRST.id} is worth 10 points, and 100 in r.csv" in filled.remarks[0]


def test_blackboard_is_filled_in(tmp_path: Path) -> None:
    """By user name, in its own encoding, with tabs; points that differ are told."""
    head = '"Last Name"\t"First Name"\t"Username"\t"customization [Total Pts: 10 Score] |8812"\n'
    text = head + '"Doe"\t"Ada"\t"ada_12"\t""\n"B"\t"Bob"\t"bob"\t"3"\n'
    filled = lms.make(
        "blackboard", graded(ada_12=10.0, bob=None), write(tmp_path / "gc.xls", text, "utf-16")
    )
    found = rows(filled, "\t", "utf-16")
    assert found[0][3] == "customization [Total Pts: 10 Score] |8812"
    assert [row[3] for row in found[1:]] == ["30", ""]
    assert filled.remarks[0].startswith("customization is worth 30 points, and 10 in gc.xls")


def test_late_work_loses_what_nbgrader_subtracts() -> None:
    """A task's column and its section's are less the penalty, and never below 0."""
    given = graded(ada=10.0, bob=10.0, cid=None)
    losses = {("ada", FIRST.id): 1.25, ("bob", FIRST.id): 11.0, ("cid", TASKS[1].id): 1.0}
    [whole], single = lms.columns(given, losses)
    assert whole.grades == {"ada": 28.75, "bob": 20.0, "cid": None}
    assert single[0].grades == {"ada": 8.75, "bob": 0.0, "cid": None}
    assert single[1].grades == {"ada": 10.0, "bob": 10.0, "cid": 9.0}
    assert rows(lms.make("moodle", given, losses=losses))[1] == ["ada", "28.75"]


def test_a_grade_of_the_roster_that_is_replaced_is_named(tmp_path: Path) -> None:
    """One line with who had another number; no word where it was empty or is the same, rounded."""
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,customization (77)\n"
        "A,1,,ada,A,30.00\nB,2,,bob,A,12.5\nC,3,,cid,A,\nD,4,,dan,A,7\nE,5,,eve,A,-\n"
    )
    given = {
        **graded(ada=10.0, cid=10.0, dan=None, eve=10.0),
        "bob": [nothing(task) for task in TASKS],
    }
    filled = lms.make("canvas", given, write(tmp_path / "r.csv", text))
    assert [row[5] for row in rows(filled)[1:]] == ["30", "0", "30", "", "30"]
    told = [line for line in filled.remarks if "replaced" in line]
    assert told == [
        "customization: the roster held another grade, replaced: dan (7 -> empty), bob (12.5 -> 0)."
    ]


def test_who_is_not_clear_is_not_guessed(tmp_path: Path) -> None:
    """Two rows for one student, two students for one row: named, and left as they were."""
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,customization (77)\n"
        '"Doe, Ada",12,,a1,A,1\n"Doe, Ada",13,,a2,A,2\n"Bob, Bob",14,,bob,A,3\n"Cid, Cid",15,,c,A,4\n'
    )
    given = graded(doeada=10.0, bob=10.0, BOB=10.0, evil_15=10.0)
    filled = lms.make("canvas", given, write(tmp_path / "r.csv", text))
    assert [row[5] for row in rows(filled)[1:]] == ["1", "2", "3", "4"]
    told = "\n".join(filled.remarks)
    assert "doeada may be Doe, Ada, Doe, Ada: not filled in." in told
    assert "bob may be Bob, Bob, and so may another folder: not filled in." in told
    assert "not found in r.csv: doeada, bob, BOB, evil_15." in told


def test_a_column_that_is_not_there_is_added(tmp_path: Path) -> None:
    """Canvas makes an assignment of it, with its points."""
    text = "Student,ID,SIS Login ID,Section\n    Points Possible,,,\nAda,1,ada,A\n"
    filled = lms.make("canvas", graded(ada=10.0), write(tmp_path / "r.csv", text))
    assert [row[4] for row in rows(filled)] == ["customization", "30", "30"]
    assert filled.remarks[0] == "No column of r.csv is named like customization: added."


@pytest.mark.parametrize("system", lms.SYSTEMS)
def test_without_a_roster(system: str) -> None:
    """The columns that the system wants, an empty cell for who waits, no formula, no invented ID."""
    given = {**graded(ada_12=10.0, bob=None), "=1+1": [nothing(task) for task in TASKS]}
    filled = lms.make(system, given)
    head, *found = rows(filled)
    if system == "canvas":
        assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "customization"]
        assert found.pop(0) == ["    Points Possible", "", "", "", "", "30"]
        assert {row[1] for row in found} == {""}
        assert [row[3] for row in found] == [row[0] for row in found]
    else:
        assert head == [lms.HEADS[system][0][0], "customization"]
    assert [(row[0], row[-1]) for row in found] == [("ada_12", "30"), ("bob", ""), ("'=1+1", "0")]
    assert "Without --roster" in filled.remarks[0]
    assert filled.remarks[1] == "No grade yet, the cell is empty (customization): bob."


def test_a_part_of_a_section_is_no_grade_for_it() -> None:
    """Where one task of three was graded, the table has that task."""
    head, row = rows(lms.make("blackboard", {"ada": [work(FIRST, 99)]}))
    assert (head, row) == (["Username", FIRST.id], ["ada", "10"])


def test_work_under_another_name_waits() -> None:
    """Nobody has looked at it: no 0."""
    given = {"ada": [nothing(FIRST, "x (1).py")]}
    assert rows(lms.make("moodle", given))[1] == ["ada", ""]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no rows of students"),
        (b"a,b\n", "no rows of students"),
        (b"a,b\n1,2\n", "no column tells who is who"),
        (b"\x81\x8d\x8f", "is no text"),
        (b"\xff\xfea", "no rows of students"),
        (b'Student,ID\n"' + b"x" * 200_000 + b'",1\n', "is no CSV table"),
    ],
)
def test_what_is_no_roster_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    """In one line that tells what is wrong."""
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(roster.NoTable, match=words) as caught:
        roster.read("canvas", path)
    assert "\n" not in str(caught.value)


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(roster.NoTable, match=r"nowhere\.csv cannot be read"):
        roster.read("canvas", tmp_path / "nowhere.csv")


def test_a_large_class_is_matched_quickly(tmp_path: Path) -> None:
    """A thousand people take seconds, not minutes."""
    lines = "".join(f'"N{i}, A",{i},s{i},login{i},A,\n' for i in range(1000))
    text = "Student,ID,SIS User ID,SIS Login ID,Section,custom_layer (7)\n" + lines
    given = {f"n{i}a_{i}" if i % 2 else f"login{i}": [work(FIRST, 99)] for i in range(1000)}
    matched, unclear = roster.match(given, roster.read("canvas", write(tmp_path / "r.csv", text)))
    assert (len(matched), unclear) == (1000, [])
