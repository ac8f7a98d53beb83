"""What `python grade.py release` writes: the student copy, and the source of the nbgrader course."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

from graders import rubric, submission
from graders.course import release
from graders.course.source_notebooks import cleared, for_questions, for_task, split
from graders.rubric import KIT, SECTIONS
from graders.rubric.stubs import make_stub
from graders.submission import notebooks
from tests.programs import run

TASKS = rubric.tasks()
IDS = [task.id for task in TASKS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release."""
    target = tmp_path_factory.mktemp("release")
    assert release.release(target)
    return target


def _state(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_releasing_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """The same kit gives the same files, here and in another folder, byte for byte."""
    before = _state(folder)
    done = run("release", str(folder))
    assert done.returncode == 0, done.stderr
    assert "Everything was up to date." in done.stdout
    assert _state(folder) == before
    release.release(tmp_path)
    assert _state(tmp_path) == before


def test_what_an_instructor_edits_stays(tmp_path: Path) -> None:
    """Configuration, tasks and stubs: edited, they outlive a release, and the rest is renewed."""
    assert run("release", str(tmp_path)).returncode == 0
    mine = "# mine\nraise SystemExit\n"
    config = tmp_path / "course" / "nbgrader_config.py"
    stub = tmp_path / "student" / "assignments" / "optimization" / "dropout_l2.py"
    file = tmp_path / "course" / "course.toml"
    config.write_text(config.read_text() + mine)
    stub.write_text(stub.read_text() + mine)
    file.write_text('tasks = ["cnn", "lstm"]\n')
    done = run("release", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "1 edited file left alone: course/nbgrader_config.py." in done.stdout
    assert f"{stub.relative_to(tmp_path)} was edited and left alone, although" in done.stdout
    assert re.search(r"^\d+ files removed", done.stdout, re.MULTILINE)
    assert config.read_text().endswith(mine) and stub.read_text().endswith(mine)
    assert file.read_text() == 'tasks = ["cnn", "lstm"]\n'
    assert not (tmp_path / "student" / "assignments" / "customization").exists()
    assert not (tmp_path / "course" / "source" / "customization").exists()
    assert not stub.with_name("mixed_precision.py").exists()
    file.unlink()
    done = run("release", str(tmp_path))
    assert re.search(r"^\d+ files added", done.stdout, re.MULTILINE)
    # The kit's version is what it was when it was edited: nothing new to look at.
    assert stub.read_text().endswith(mine) and not Path(f"{stub}.new").exists()
    assert stub.with_name("mixed_precision.py").exists() and file.exists()


def test_students_get_no_solution(folder: Path) -> None:
    """Neither references, tests, instructors' tools nor any line of a solution is in the copy."""
    student = folder / "student"
    for name in (
        "reference",
        "tests",
        "graders/course",
        "graders/calibration",
        "CONTRIBUTING.md",
    ):
        assert not (student / name).exists(), name
    given = {
        path: path.read_text(encoding="utf-8")
        for path in student.rglob("*")
        if path.suffix in (".py", ".ipynb", ".md")
    }
    assert len(given) > 50
    for path, text in given.items():
        # The module that cuts solutions out speaks of the markers.
        assert "BEGIN SOLUTION" not in text or path.name == "stubs.py", path
        assert "MARK SCHEME" not in text, path
    work = "\n".join(text for path, text in given.items() if "assignments" in path.parts)
    for task in TASKS:
        solutions = re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", task.reference.read_text(), re.DOTALL
        )
        assert solutions
        for line in {line.strip() for part in solutions for line in part.split("\n")}:
            # Short lines (`return model`) are anybody's.
            if len(line) > 50 and line not in task.stub.read_text():
                assert json.dumps(line)[1:-1] not in work and line not in work, line


def test_the_student_copy_grades(folder: Path, tmp_path: Path) -> None:
    """There, `python grade.py` says that nothing is started, and grades what is."""
    student = folder / "student"
    command = [sys.executable, "grade.py", "--json", "-"]
    environment = {**os.environ, "KERAS_KIT_CACHE": str(tmp_path)}
    done = subprocess.run(
        command, cwd=student, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 1, done.stderr
    assert [task["status"] for task in json.loads(done.stdout)["tasks"]] == ["not_started"] * len(
        IDS
    )
    path = student / "assignments" / "customization" / "custom_layer.py"
    stub = path.read_text()
    try:
        path.write_text((KIT / "reference/customization/custom_layer.py").read_text())
        done = subprocess.run(
            [*command, "custom_layer"], cwd=student, capture_output=True, text=True, timeout=300,
            env=environment,
        )  # fmt: skip
    finally:
        path.write_text(stub)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["points"] == 10
    for words in (["bulk", "x"], ["release", "x"], ["new", "x"], ["--reference"]):
        done = subprocess.run(
            [sys.executable, "grade.py", *words], cwd=student, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert "student copy comes without" in done.stderr


def test_help_lists_what_is_there(folder: Path) -> None:
    """The student copy's `--help` offers nothing that it comes without; the kit's does."""
    absent = ("release", "bulk", "worker", "new TASK", "--reference", "--secret")
    texts = [
        subprocess.run(
            [sys.executable, "grade.py", "--help"], cwd=where, capture_output=True, text=True,
            timeout=60, check=True,
        ).stdout
        for where in (folder / "student", KIT)
    ]  # fmt: skip
    for word in absent:
        assert [word in " ".join(text.split()) for text in texts] == [False, True], word


def test_work_in_place_is_no_stub(folder: Path) -> None:
    """A student writes into the stub itself: from then on it is the student's work."""
    path = folder / "student" / "assignments" / "optimization" / "dropout_l2.py"
    stub = path.read_text()
    try:
        path.write_text(stub + "\nbroken(\n")
        done = subprocess.run(
            [sys.executable, "grade.py", "dropout_l2", "--json", "-"], cwd=folder / "student",
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    finally:
        path.write_text(stub)
    [task] = json.loads(done.stdout)["tasks"]
    assert task["status"] == "error"
    # The notebook beside it is untouched, and does not count.
    assert "Syntax error in dropout_l2.py" in task["message"]


def test_hidden_tests_stay_behind() -> None:
    """What stands between nbgrader's markers in a check file is not the students'."""
    text = "a = 1\n### BEGIN HIDDEN TESTS\nb = 2\n### END HIDDEN TESTS\nc = 3\n"
    assert release.HIDDEN.sub("", text) == "a = 1\nc = 3\n"


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_a_notebook_holds_its_task(task: rubric.Task, folder: Path) -> None:
    """One locked cell for each check, with its points and id; the code is the reference's."""
    path = folder / "course" / "source" / task.section / f"{task.id}.ipynb"
    data = path.read_bytes()
    cells = json.loads(data)["cells"]
    marked = {marks["grade_id"]: marks for cell in cells if (marks := notebooks.marks_of(cell))}
    for check in task.checks:
        marks = marked[check.id.replace("::", "-")]
        assert (marks["grade"], marks["locked"], marks["solution"]) == (True, True, False)
        assert marks["points"] == check.points
    graded = [marks for marks in marked.values() if marks["grade"]]
    assert sum(marks["points"] for marks in graded) == 10
    reference = submission.read(task.reference, task)
    assert submission.same_code(reference, submission.read(path, task), task)


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_a_students_notebook_is_the_stub(task: rubric.Task, folder: Path) -> None:
    """Untouched, it counts as not started, and says in each cell what the stub says."""
    path = folder / "student" / "assignments" / task.section / f"{task.id}.ipynb"
    assert submission.is_stub(submission.read(path, task), task)
    assert make_stub(task.reference.read_text()) == path.with_suffix(".py").read_text()
    words = "\n".join(notebooks.source_of(cell) for cell in json.loads(path.read_text())["cells"])
    assert words.count("raise NotImplementedError(") == path.with_suffix(".py").read_text().count(
        "raise NotImplementedError("
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_questions_are_for_people(section: str) -> None:
    """Each section has a question with a marking scheme, which students do not see."""
    found = for_questions(section)
    assert found is not None
    [question] = [cell for cell in found.cells if "nbgrader" in cell.metadata]
    assert question.metadata.nbgrader.task and question.metadata.nbgrader.points > 0
    points = re.findall(r"^- (\d+) points?", question.source, re.MULTILINE)
    assert sum(map(int, points)) == question.metadata.nbgrader.points
    [given] = [cell for cell in cleared(found).cells if "nbgrader" in cell.metadata]
    assert "points)" in given.source and "MARK" not in given.source
    assert "1 point:" not in given.source


def test_modules_are_cut_between_functions() -> None:
    """Comments and decorators go with what they are about; a solution at the top stays whole."""
    parts = split(
        '"""Doc."""\nimport a\n\nX = 1\n\n\n# about f\n@a.b\ndef f():\n    pass\n\n\nY = 2\n\n'
        "### BEGIN SOLUTION\ndef g():\n    pass\n\n\ndef h():\n    pass\n### END SOLUTION\n\nZ = 3\n"
    )
    assert parts[0] == "import a\n\nX = 1"
    assert parts[1].startswith("# about f\n@a.b\ndef f")
    assert parts[2] == "Y = 2"
    assert parts[3].startswith("### BEGIN") and parts[3].endswith("### END SOLUTION")
    assert parts[4] == "Z = 3"


def test_ids_of_cells_are_nbgraders(folder: Path) -> None:
    """Every cell id and grade id is unique in its notebook."""
    for task in TASKS:
        cells = for_task(task).cells
        assert len({cell.id for cell in cells}) == len(cells)
        ids = [c.metadata.nbgrader.grade_id for c in cells if "nbgrader" in c.metadata]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["release"], "The following arguments are required: DIR"),
        (["release", "grade.py"], "is a file. Give a folder."),
        (["release", "graders"], "lies within the kit"),
        (["bulk"], "The following arguments are required: SUBMITTED"),
        (["bulk", "nowhere"], "There is no folder nowhere"),
        (["bulk", "graders", "nothing"], "There is no task 'nothing'"),
        (["bulk", "graders", "--student", "x"], "There is no student 'x' in graders."),
        (["bulk", "datasets"], "There is nobody in datasets"),
        (["bulk", "graders", "cnn", "--compare", "grade.py"], "holds no results of bulk --json"),
        (["bulk", "graders", "cnn", "--csv", "no/where.csv"], "its folder does not exist"),
        (["bulk", "graders", "cnn", "--jobs", "0"], "--jobs takes an integer from 1 to 256."),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], expected: str) -> None:
    """Wrong usage of the instructors' commands: one line, exit code 2."""
    done = run(*arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
