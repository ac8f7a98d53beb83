"""Names of students, and where they put their files: `bulk` and nbgrader grade the same work."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from graders.course import autograde, handed_in
from graders.course.converting import RECORDED
from graders.course.export import ExportTable
from graders.runner import Request
from graders.verdict import TaskVerdict
from tests import course
from tests.course import REFERENCE, SECTION, TASK, filled, released_notebook
from tests.unit.test_handed_in import ODD


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with one assignment."""
    return course.make(tmp_path_factory.mktemp("released"))


class Told:
    """Stands for a runner: what is there is right."""

    trouble = ""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.message = ""

    def grade_task(self, request: Request) -> TaskVerdict:
        """Returns full points, or that there is nothing."""
        self.asked.append(request.path.name)
        there = not handed_in._has(request.task, request.path)
        outcome = "error" if there else "passed"
        found = course.verdict([outcome], outcome, self.message)  # type: ignore[arg-type]
        return dataclasses.replace(found, submission="" if self.message else "sha256:0")


class Class:
    """A course in a folder of its own.

    Args:
        folder: Path of the course.
        told: `Told`.
    """

    def __init__(self, folder: Path, told: Told):
        self.folder, self.told = folder, told

    def hand_in(self, student: str, *place: str, notebook: bool = False) -> None:
        """Hands in a module, or a notebook."""
        path = self.folder.joinpath("submitted", student, *place, f"{TASK.id}.py")
        path.parent.mkdir(parents=True)
        if notebook:
            text = filled(released_notebook(self.folder), REFERENCE)
            path.with_suffix(".ipynb").write_text(text)
        else:
            path.write_text(REFERENCE)

    def autograde(self, force: bool = False, **options: Any) -> None:
        """Runs nbgrader's autograde."""
        config = Config()
        config.Autograde.force = force
        config.CourseDirectory.root = str(self.folder)
        config.CourseDirectory.assignment_id = SECTION
        config.CourseDirectory.update(options)
        autograde.configure(config)
        Autograde(coursedir=CourseDirectory(config=config), config=config).start()

    def rows(self) -> dict[str, dict[str, str]]:
        """Returns what `nbgrader export` writes, by student."""
        target = self.folder / "grades.csv"
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db", "keras") as book:
            ExportTable(to=str(target)).export(book)
        with open(target, newline="", encoding="utf-8") as file:
            return {row["student_id"].lstrip("'"): row for row in csv.DictReader(file)}

    def bulk(self) -> dict[str, float]:
        """Returns the points that `bulk` gives."""
        works = handed_in.collect(self.folder / "submitted", (), [TASK])
        found = {w.student: self.told.grade_task(Request(w.task, w.folder)).points for w in works}
        return found


@pytest.fixture
def room(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    """A class whose work nobody has handed in yet."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    told = Told()
    monkeypatch.setattr(autograde, "runner_for", lambda settings: told)
    shutil.copytree(released, tmp_path / "course")
    return Class(tmp_path / "course", told)


def test_odd_names_are_graded_alike(room: Class) -> None:
    """Brackets, quotes, commas, blanks, emoji, a leading underscore: the same points in both."""
    for name in ODD:
        room.hand_in(name, SECTION, notebook=True)
    room.autograde()
    rows = room.rows()
    assert len(rows) == len(ODD)
    exported = sorted(float(row["score"]) for row in rows.values())
    assert exported == sorted(room.bulk().values()) == [10.0] * len(ODD)
    assert {row["waits_for_a_person"] for row in rows.values()} == {"no"}
    # One of them alone, by the name as it is.
    room.told.asked.clear()
    shutil.rmtree(room.folder / "autograded" / "dan [1]")
    room.autograde(student_id="dan [1]")
    assert room.told.asked == ["dan [1]"]


def test_work_under_another_name_waits_for_a_person(
    room: Class, caplog: pytest.LogCaptureFixture
) -> None:
    """Right work may lie there: neither 0 points nor any, and the log names the file."""
    room.hand_in("ada", SECTION)
    path = room.folder / "submitted" / "ada" / SECTION / f"{TASK.id}.py"
    path.rename(path.with_name(f"{TASK.id} (1).py"))
    message = (
        f"There is no {TASK.id} in {path.parents[1]}. Expected one of: {TASK.id}.py. Found "
        f"{TASK.id} (1).py, which is not graded. Is the file named like the task?"
    )
    room.told.message = message
    room.autograde()
    assert room.rows()["ada"]["waits_for_a_person"] == "yes"
    assert f"{TASK.id} (1).py, which is not graded" in caplog.text


def test_a_course_is_no_class(room: Class) -> None:
    """`bulk .` in the course's folder is told where the class is."""
    with pytest.raises(handed_in.CannotGrade, match="is a course, not a class"):
        handed_in.collect(room.folder)


def test_what_one_refuses_the_other_refuses(room: Class, caplog: pytest.LogCaptureFixture) -> None:
    """A name that nbgrader reads as a pattern is refused by name, and the others are graded."""
    room.hand_in("ada", SECTION)
    room.hand_in("what?", SECTION)
    room.autograde()
    assert list(room.rows()) == ["ada"] == list(room.bulk())
    assert "'what?' is not graded: its name holds * or ?" in caplog.text


@pytest.mark.parametrize("place", [(), ("keras-main", "assignments", SECTION), ("homework",)])
def test_work_is_found_wherever_bulk_finds_it(place: tuple[str, ...], room: Class) -> None:
    """A file in the student's folder, or in a packed repository, counts in both or in neither."""
    room.hand_in("ada", *place)
    room.hand_in("bob", SECTION)
    (room.folder / "submitted" / "eve").mkdir()
    room.autograde()
    rows = room.rows()
    assert {name: float(row["score"]) for name, row in rows.items()} == {"ada": 10, "bob": 10}
    assert room.bulk() == {"ada": 10, "bob": 10, "eve": 0}


def _unlink(path: Path) -> None:
    path.unlink()


def _unmark(path: Path) -> None:
    """Leaves a notebook as nbgrader writes it first, before it grades."""
    document = json.loads(path.read_text())
    del document["metadata"][RECORDED]
    path.write_text(json.dumps(document))


def _cut(path: Path) -> None:
    path.write_text(path.read_text()[:100])


@pytest.mark.parametrize("end", [_unlink, _unmark, _cut])
def test_a_student_who_is_not_finished_is_done_again(
    end: Callable[[Path], None], room: Class
) -> None:
    """Killed in the middle, nbgrader leaves a folder that it takes for finished, and 0 points."""
    room.hand_in("ada", SECTION)
    room.hand_in("bob", SECTION)
    room.autograde()
    path = room.folder / "autograded" / "ada" / SECTION / f"{TASK.id}.ipynb"
    path.chmod(0o644)
    end(path)
    with Gradebook(f"sqlite:///{room.folder}/gradebook.db", "keras") as book:
        for grade in book.find_submission_notebook(TASK.id, SECTION, "ada").grades:
            grade.auto_score = 0
        book.db.commit()
    assert float(room.rows()["ada"]["score"]) == 0
    room.told.asked.clear()
    room.autograde()
    assert room.told.asked == ["ada"]
    assert float(room.rows()["ada"]["score"]) == 10


def test_a_lost_gradebook_is_one_line(room: Class, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is graded; the two commands that it names record everybody anew."""
    room.hand_in("ada", SECTION)
    room.hand_in("bob", SECTION)
    room.autograde()
    assert not [record for record in caplog.records if "No notebooks" in record.getMessage()]
    (room.folder / "gradebook.db").unlink()
    room.told.asked.clear()
    with pytest.raises(NbGraderException, match="does not hold customization: run `nbgrader gen"):
        room.autograde()
    assert room.told.asked == []
    course.nbgrader(room.folder, "generate_assignment", SECTION, "--force")
    room.autograde(force=True)
    assert {row["score"] for row in room.rows().values()} == {"10.0"}
