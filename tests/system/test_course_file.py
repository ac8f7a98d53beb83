"""A course of one's own, from its file to the gradebook: bulk, autograde and release agree."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from graders import rubric
from graders.course import autograde as autograde_module
from graders.course import in_force
from graders.course.gradebook import PenaltyPerHour
from graders.rubric import KIT
from graders.runner import Request
from graders.verdict import CheckResult, TaskVerdict
from tests import own

# nbgrader's own use of SQLAlchemy.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type")

SECTION, TASK = "customization", "custom_layer"
REFERENCE = rubric.find(TASK).reference.read_text(encoding="utf-8")
RIGHT = re.sub(r"^ *### (BEGIN|END) SOLUTION\n", "", own.REFERENCE, flags=re.MULTILINE)
WRONG = RIGHT.replace("Dense(num_classes", "Dense(num_classes + 1")
FILE = """\
tasks = ["custom_layer", "two_lines"]
folder = "../../ours"
secret = "secret.txt"
seconds = 200
late = { per_hour = 10, at_most = 50 }

[due]
forecasting = 2030-01-01T12:00:00+02:00

[points.custom_layer]
scale = true
activation = 4

[points.two_lines]
builds = 3
outputs = 7
"""


def program(
    *words: str, cwd: Path = KIT, drop: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a program of Python's."""
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, timeout=600,
        env={**kept, **environment},
    )  # fmt: skip


def grade(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs grade.py."""
    return program("grade.py", *words, **environment)


def autograde(course: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs nbgrader autograde in a course."""
    return program("-m", "nbgrader", "autograde", *words, cwd=course, **environment)


def points(course: Path, section: str) -> dict[str, float]:
    """Returns what the gradebook holds: the points of each student for a section."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "keras") as book:
        return {
            item.student.id: round(item.score, 2) for item in book.assignment_submissions(section)
        }


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A verdict store of this module's own, and no secret in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("KERAS_KIT_CACHE", str(folder))
        patch.delenv("KERAS_KIT_SECRET", raising=False)
        yield folder
        rubric.use(rubric.Own())


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release for a course of two tasks, one of them its own."""
    base = tmp_path_factory.mktemp("own")
    own.make(base / "ours")
    done = grade("release", str(base / "course"))
    assert done.returncode == 0, done.stderr
    (base / "course" / "course" / "course.toml").write_text(FILE)
    (base / "course" / "course" / "secret.txt").write_text("a long secret\n")
    done = grade("release", str(base / "course"))
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d+ files removed", done.stdout, re.MULTILINE)
    for section in (SECTION, own.SECTION):
        made = program("-m", "nbgrader", "generate_assignment", section,
                       cwd=base / "course" / "course")  # fmt: skip
        assert made.returncode == 0, made.stderr
    return base / "course"


@pytest.fixture(scope="module")
def graded(released: Path) -> Path:
    """The course, graded in bulk with its file."""
    course = released / "course"
    for student, section, task, text, stamp in (
        ("ada", SECTION, TASK, REFERENCE, ""),
        ("ada", own.SECTION, own.TASK, RIGHT, "2030-01-01 11:30:01 UTC"),
        ("bob", own.SECTION, own.TASK, WRONG, "2030-01-01 09:59:59 UTC"),
    ):
        folder = course / "submitted" / student / section
        folder.mkdir(parents=True)
        (folder / f"{task}.py").write_text(text)
        if stamp:
            (folder / "timestamp.txt").write_text(stamp)
    done = grade(
        "bulk", str(course / "submitted"), "--jobs", "1", "--json", str(course / "now.json")
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "secret hidden tests" in done.stdout and "Not as" not in done.stdout
    return course


@pytest.fixture
def copy(graded: Path, tmp_path: Path) -> Path:
    """A copy of the course that a test may change; bulk has not graded this folder."""
    (tmp_path / "a").mkdir()
    shutil.copytree(graded.parent.parent / "ours", tmp_path / "ours")
    shutil.copytree(graded, tmp_path / "a" / "course")
    return tmp_path / "a" / "course"


def test_bulk_grades_by_the_courses_file(graded: Path) -> None:
    """The tasks, points and checks are the course's own, and so is the data."""
    students = json.loads((graded / "now.json").read_text())["students"]
    found = {
        (student, task["task"]): (task["status"], task["points"], task["max_points"])
        for student, given in students.items()
        for task in given["tasks"]
    }
    assert found == {
        ("ada", TASK): ("passed", 10.0, 10.0),
        ("ada", own.TASK): ("passed", 10.0, 10.0),
        ("bob", TASK): ("error", 0.0, 10.0),
        ("bob", own.TASK): ("failed", 3.0, 10.0),
    }
    [mine] = [task for task in students["ada"]["tasks"] if task["task"] == TASK]
    worth = {check["id"].partition("::")[2]: check["max_points"] for check in mine["checks"]}
    assert worth["activation"] == round(4 / 13 * 10, 2)
    assert any("as we saw in the lecture" in check["description"] for check in mine["checks"])


def test_nbgrader_records_what_bulk_graded(graded: Path, copy: Path) -> None:
    """Without a word of how: from the store, with due dates and what late work loses."""
    for section in (own.SECTION, SECTION):
        done = autograde(copy, section)
        assert done.returncode == 0, done.stdout + done.stderr
    assert points(copy, SECTION) == {"ada": 10.0}
    assert points(copy, own.SECTION) == {"ada": 10.0, "bob": 3.0}
    with Gradebook(f"sqlite:///{copy}/gradebook.db", "keras") as book:
        assert str(book.find_assignment(own.SECTION).duedate) == "2030-01-01 10:00:00"
        assert book.find_assignment(SECTION).duedate is None
        late = {item.student.id: (item.total_seconds_late, item.notebooks[0].late_submission_penalty)
                for item in book.assignment_submissions(own.SECTION)}  # fmt: skip
    # An hour and a half and a second: two hours have begun.
    assert late == {"ada": (5401.0, 2.0), "bob": (0.0, None)}


def test_nbgraders_own_policy_and_limits(tmp_path: Path) -> None:
    """`late = "zero"` is nbgrader's own; the limits of single tasks come to its grading too."""
    path = tmp_path / "course.toml"
    path.write_text('late = "zero"\nseconds = 50\n[seconds_of]\ncnn = 90\n')
    config = Config()
    in_force.read(config, path)
    assert LateSubmissionPlugin(config=config).late_submission_penalty("ada", 7.0, 1.0) == 7.0
    settings = autograde_module.GradeWithKit(config=config).settings()
    assert [settings.of(task).seconds for task in ("cnn", "lstm")] == [90.0, 50.0]
    in_force.read(Config(), None)
    assert in_force.course() is None


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1, 1.0), (3600, 1.0), (3601, 2.0), (10**6, 5.0)]
)
def test_late_work_loses_up_to_a_most(seconds: float, expected: float) -> None:
    """Ten percent for each hour that has begun, never more than half."""
    plugin = PenaltyPerHour(per_hour=10.0, at_most=50.0)
    assert plugin.late_submission_penalty("ada", 10.0, seconds) == expected


def test_students_get_a_kit_that_works_by_itself(released: Path, tmp_path: Path) -> None:
    """Own checks, data and stubs are in it, no solution and no dropped task; it grades."""
    kit = tmp_path / "kit"
    shutil.copytree(released / "student", kit)
    assert not list(kit.rglob("course.toml"))
    for path in kit.rglob("*"):
        if path.suffix in (".py", ".ipynb", ".md", ".json") and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "secret_solution_width" not in text, path
            if path.suffix in (".md", ".ipynb"):
                assert not re.search(r"\b(cnn|lstm|multi_branch|dropout_l2)\b", text), path
    assert not (kit / "assignments" / "model_architectures").exists()
    assert not (kit / "walkthroughs" / "optimization.ipynb").exists()
    done = program("grade.py", "--list", "--verbose", cwd=kit, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^ +{own.TASK}\b", done.stdout, re.MULTILINE)
    assert "lecture" in done.stdout and "lr_batch_sweep" not in done.stdout
    stub = kit / "assignments" / own.SECTION / f"{own.TASK}.py"
    assert "raise NotImplementedError" in stub.read_text()
    for text, expected in ((stub.read_text(), 0), (WRONG, 3.0), (RIGHT, 10.0)):
        stub.write_text(text)
        done = program("grade.py", own.TASK, "--json", "-", cwd=kit)
        assert json.loads(done.stdout)["points"] == expected, done.stdout + done.stderr
    # The course's limit holds there too.
    assert json.loads((kit / "graders/rubric/course.json").read_text())["seconds"] == 200


def test_options_win_and_the_difference_is_named(graded: Path) -> None:
    """One line tells that nbgrader would grade otherwise."""
    words = ("bulk", str(graded / "submitted"), own.TASK, "--student", "bob", "--jobs", "1")
    done = grade(*words, "--timeout", "150", "--seed", "4")
    assert done.returncode == 1, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("Not as ")]
    assert "course.toml has it: --seed, --timeout. nbgrader autograde grades as" in line


def test_autograde_refuses_another_secret(copy: Path) -> None:
    """What bulk graded with a secret is not graded without, with another, or the other way round."""
    text = (copy / "course.toml").read_text().replace('secret = "secret.txt"\n', "")
    bulk = ("bulk", str(copy / "submitted"), own.TASK, "--jobs", "1")
    assert grade(*bulk).returncode == 1
    (copy / "course.toml").write_text(text)
    done = autograde(copy, own.SECTION)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert "bulk graded this class with a secret, and here is none" in line
    assert "Traceback" not in done.stderr and not (copy / "autograded").exists()
    done = autograde(copy, own.SECTION, KERAS_KIT_SECRET="another")
    assert done.returncode == 1 and "with another secret than the one here" in done.stderr
    assert grade(*bulk).returncode == 1
    done = autograde(copy, own.SECTION, KERAS_KIT_SECRET="a long secret")
    assert done.returncode == 1 and "graded this class without a secret" in done.stderr
    done = autograde(copy, own.SECTION)
    assert done.returncode == 0 and points(copy, own.SECTION) == {"ada": 10.0, "bob": 3.0}


def test_a_wrong_file_is_one_line_everywhere(copy: Path, released: Path, tmp_path: Path) -> None:
    """The file and the key are named; nothing is graded or released."""
    (copy / "course.toml").write_text(FILE.replace("secret.txt", "lost.txt"))
    for words in (
        ("bulk", str(copy / "submitted")),
        ("release", str(copy.parent)),
        ("bulk", str(copy / "submitted"), "--course", str(copy / "nowhere.toml")),
    ):
        done = grade(*words)
        assert done.returncode == 2
        [line] = done.stderr.strip().splitlines()
        assert line.startswith(f"grade.py: {copy}")
        assert "course.toml: secret: there is no such file" in line or "nowhere.toml cannot" in line
    done = autograde(copy, own.SECTION)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    [line] = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert f"{copy}/course.toml: secret: there is no such file" in line
    assert not (copy / "autograded").exists()


def test_without_the_kit_nothing_runs(copy: Path) -> None:
    """A kit that was moved away, and a kit with a broken check file: one line, nothing is graded."""
    config = copy / "nbgrader_config.py"
    text = config.read_text()
    config.write_text(text.replace(repr(str(KIT)), "'/nowhere'"))
    done = autograde(copy, own.SECTION)
    [line] = done.stderr.strip().splitlines()
    assert done.returncode == 1 and "from where the kit is now" in line
    config.write_text(text)
    checks = copy.parent.parent / "ours" / "checks" / own.SECTION / f"{own.TASK}.py"
    checks.write_text(checks.read_text().replace("points=4", "points=3"))
    (copy / "course.toml").unlink()
    done = autograde(copy, own.SECTION, KERAS_KIT_COURSE=str(copy.parent.parent / "ours"))
    [line] = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert done.returncode == 1 and "two_lines is worth 9 points" in line
    assert "Traceback" not in done.stderr and not (copy / "autograded").exists()


def test_one_student_is_graded_again_and_recorded(copy: Path) -> None:
    """`--record` leaves the others alone, and tells the points before and after."""
    bulk = ("bulk", str(copy / "submitted"), own.TASK, "--jobs", "1", "--student", "bob")
    done = grade(*bulk, "--record")
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == "Recorded for bob: forecasting, none -> 3 points."
    assert points(copy, own.SECTION) == {"bob": 3.0}
    work = copy / "submitted" / "bob" / own.SECTION / f"{own.TASK}.py"
    work.write_text(RIGHT)
    done = grade(*bulk, "--record")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Recorded for bob: forecasting, 3 -> 10 points."
    assert points(copy, own.SECTION) == {"bob": 10.0}
    for words, expected in (
        (bulk[:-2], "--record records single students"),
        ((*bulk[:-1], "ada"), None),
    ):
        done = grade(*words, "--record")
        assert (done.returncode == 2) == bool(expected)
        assert expected is None or expected in done.stderr
    (copy / "gradebook.db").unlink()
    done = grade(*bulk, "--record")
    assert done.returncode == 2
    assert "First run nbgrader generate_assignment forecasting." in done.stderr


def test_a_locked_gradebook_is_one_line(copy: Path) -> None:
    """Another program writes: one line, nothing half recorded; the next run goes on."""
    with contextlib.closing(sqlite3.connect(copy / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = autograde(copy, own.SECTION)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr, done.stderr
        [line] = [line for line in done.stderr.splitlines() if "ERROR" in line]
        assert "The gradebook is locked: another program writes to it." in line
    assert autograde(copy, own.SECTION).returncode == 0
    assert points(copy, own.SECTION) == {"ada": 10.0, "bob": 3.0}


def test_a_lock_in_the_middle_leaves_nothing_half_recorded(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was being recorded when another program took the gradebook is recorded by the next run."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(copy)).load_config()
    config.CourseDirectory.root, config.CourseDirectory.assignment_id = str(copy), own.SECTION
    task = rubric.find(own.TASK)
    passed = TaskVerdict(
        task.id, task.section, "passed",
        tuple(CheckResult(check.id, check.description, "passed", check.points, check.points)
              for check in task.checks),
    )  # fmt: skip
    with contextlib.closing(sqlite3.connect(copy / "gradebook.db", isolation_level=None)) as other:

        class Locks:
            trouble = ""

            def grade_task(self, request: Request) -> TaskVerdict:
                if request.path.name == "bob":
                    other.execute("BEGIN EXCLUSIVE")
                return passed

        monkeypatch.setattr(autograde_module, "runner_for", lambda settings: Locks())

        def run() -> None:
            Autograde(coursedir=CourseDirectory(config=config), config=config).start()

        with pytest.raises(NbGraderException, match="The gradebook is locked"):
            run()
        other.execute("ROLLBACK")
        assert (copy / "autograded" / "ada" / own.SECTION).is_dir()
        assert not (copy / "autograded" / "bob" / own.SECTION).exists()
        monkeypatch.setattr(Locks, "grade_task", lambda self, request: passed)
        run()
    assert points(copy, own.SECTION) == {"ada": 10.0, "bob": 10.0}


def test_a_fetched_notebook_finds_the_kit(released: Path, tmp_path: Path) -> None:
    """As on a JupyterHub: the notebook lies in ~/<course>/<section>, the kit in the home folder."""
    home = tmp_path / "home"
    shutil.copytree(released / "student", home / "kit")
    fetched = home / "keras" / own.SECTION
    shutil.copytree(released / "course" / "release" / own.SECTION, fetched)
    path = fetched / f"{own.TASK}.ipynb"
    document = json.loads(path.read_text())
    [cell] = [c for c in document["cells"] if "def build_model" in "".join(c["source"])]
    for text, expected in ((WRONG, "validation failed"), (RIGHT, "passes all the tests")):
        cell["source"] = text[text.index("def build_model") :]
        path.write_text(json.dumps(document))
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        done = program(
            "-m", "nbgrader", "validate", str(path), cwd=tmp_path / "elsewhere",
            drop=("KERAS_KIT", "PYTHONPATH"), HOME=str(home),
        )  # fmt: skip
        assert expected in done.stdout.lower(), done.stdout + done.stderr
