"""`course.toml`: what it may hold, what it refuses in one line, and what follows from it."""

from __future__ import annotations

import datetime
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Assignment, Student, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc

import datasets
from datasets import keep
from graders import rubric
from graders.cli.arguments import Parser, add_settings
from graders.cli.arguments import settings as settings_of
from graders.course import agreement, bulk_command, file, keeping, lateness, pages
from graders.course.gradebook import PenaltyPerHour
from graders.course.handed_in import CannotGrade
from graders.course.release import HIDDEN, with_points
from graders.rubric import KIT
from graders.runner import Graded, Isolation, Request, Runner, Settings, fingerprint
from graders.runner.isolation import hidden
from tests import class_room, own, verdicts

TASKS = rubric.tasks()
IDS = [task.id for task in TASKS]


@pytest.fixture(autouse=True)
def kits_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test begins and ends with the kit's own tasks, no secret, and a cache of its own."""
    monkeypatch.delenv("KERAS_KIT_SECRET", raising=False)
    monkeypatch.delenv("KERAS_KIT_COURSE", raising=False)
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    rubric.use(rubric.Own())
    yield
    rubric.use(rubric.Own())


def course(folder: Path, text: str) -> Path:
    """Writes a course's file."""
    path = folder / "course.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_that_is_released_changes_nothing(tmp_path: Path) -> None:
    """As it is written it holds comments only, and every key of them has the default."""
    text = file.template()
    assert file.take(course(tmp_path, text)) == file.Course(tmp_path / "course.toml")
    shown = re.sub(r"^# (\[?\w+\]?( = .*|$)|\[\w+\.\w+\]$)", r"\1", text, flags=re.MULTILINE)
    given = tomllib.loads(shown)
    assert set(given) == set(file._KEYS)
    assert given.pop("tasks") == IDS
    found = file.take(course(tmp_path, shown))
    assert found.tasks == tuple(IDS)
    assert found.settings() == file.Course(tmp_path / "course.toml").settings()
    assert rubric.tasks() == TASKS


def test_every_key_counts(tmp_path: Path) -> None:
    """What is written is what grades."""
    (tmp_path / "secret.txt").write_text("hush hush\n")
    (tmp_path / "secret.txt").chmod(0o664)
    found = file.take(
        course(
            tmp_path,
            'tasks = ["lstm", "cnn"]\nsecret = "secret.txt"\nseconds = 60\nseed = 3\n'
            'data = "cifar10"\nweights = "imagenet"\nisolation = "landlock"\njobs = 7\n'
            "late = { per_hour = 2, at_most = 50 }\n[due]\n"
            "model_architectures = 2030-01-31T23:59:00+01:00\n[seconds_of]\ncnn = 90\n",
        )
    )
    assert found.settings() == Settings(
        seed=3, seconds=60, seconds_of=(("cnn", 90.0),), data="cifar10", weights="imagenet",
        isolation="landlock", jobs=7, secret=b"hush hush",
    )  # fmt: skip
    assert (tmp_path / "secret.txt").stat().st_mode & 0o777 == 0o660
    assert found.settings().of("cnn").seconds == 90
    assert found.settings().of("lstm").seconds == 60
    assert found.late == file.Late(2.0, 50.0)
    [(section, moment)] = found.due.items()
    assert section == "model_architectures"
    assert moment.astimezone(datetime.UTC).hour == 22
    assert [task.id for task in rubric.tasks()] == ["cnn", "lstm"]
    with pytest.raises(rubric.UnknownTask):
        rubric.find("custom_layer")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tasks = ", "is no TOML: "),
        ("task = ['cnn']", ": task: there is no such key. Did you mean tasks?"),
        ("zzz = 1", ": zzz: there is no such key. Known: tasks, "),
        ("tasks = 'cnn'", ": tasks: expected a list of task ids"),
        ("tasks = []", ": tasks: expected at least one task."),
        ("tasks = ['cmn']", ": tasks: there is no task 'cmn'. Did you mean cnn?"),
        ("seconds = '60'", ": seconds: expected a number above 0, up to 1000000."),
        ("seconds = true", ": seconds: expected a number above 0"),
        ("seconds = nan", ": seconds: expected a number above 0"),
        ("seconds = 0", ": seconds: expected a number above 0"),
        ("seed = 1.5", ": seed: expected an integer from 0 to 4294967295."),
        ("jobs = 1000", ": jobs: expected an integer from 0 to 256."),
        ("data = 3", ": data: expected a text in quotes."),
        ("data = 'cifar'", ": data: expected one of cifar10, default, mnist."),
        ("weights = 'mine'", ": weights: expected one of kit, imagenet."),
        ("isolation = 'best'", ": isolation: expected one of process, "),
        ("secret = 'my own secret'", ": secret: there is no such file."),
        ('secret = "a\\u0000b"', ": secret: this can be the name of no file."),
        ("secret = 'empty.txt'", ": secret: The secret file "),
        ("folder = 'nowhere'", ": folder: there is no folder "),
        (f"folder = '{KIT}/graders'", ": folder: expected a folder apart from the kit's."),
        ("late = 'some'", ': late: expected "none", "zero" or'),
        ("late = { per_hour = 200 }", ": late: per_hour and at_most are percent"),
        ("late = { at_most = 20 }", ": late: expected"),
        ("due = 1", ": due: expected a table: [due]."),
        ("[due]\ncustomization = 2030-01-01T10:00:00", ": due.customization: expected a date and"),
        ("[due]\ncnn = 2030-01-01T10:00:00Z", ": due: there is no section 'cnn'."),
        ("[seconds_of]\nnone = 1", ": seconds_of: there is no task 'none'."),
        ("[points.nothing]\na = 1", ": points: there is no task 'nothing'."),
        ("[points]\ncnn = 3", ": points.cnn: expected a table"),
        ("[points.cnn]\nbuild = 1", ": points.cnn.build: no check of that name. Did you mean bu"),
        ("[points.cnn]\nbuilds = -1", ": points.cnn.builds: expected a number from 0 to 1000."),
        ("[points.cnn]\nbuilds = 2", ": points.cnn: the points sum to 11, expected 10; or add"),
        ("[points.cnn]\nscale = 1", ": points.cnn.scale: expected true or false."),
    ],
)
def test_what_is_wrong_is_one_line(text: str, expected: str, tmp_path: Path) -> None:
    """The line names the file and the key; a secret that was written there is not shown."""
    (tmp_path / "empty.txt").write_text("")
    path = course(tmp_path, text)
    with pytest.raises(file.BadCourse) as caught:
        file.take(path)
    found = str(caught.value)
    assert found.startswith(str(path)) and expected in found
    assert "\n" not in found and "my own secret" not in found
    assert rubric.tasks() == TASKS


def test_points_of_ones_own(tmp_path: Path) -> None:
    """Own points count as they are if they sum to 10, and are weights with `scale = true`."""
    kits = {check.name: check.points for check in rubric.find("cnn").checks}
    first, second = list(kits)[:2]
    swapped = f"[points.cnn]\n{first} = {kits[first] - 0.5}\n{second} = {kits[second] + 0.5}\n"
    file.take(course(tmp_path, swapped))
    found = rubric.find("cnn")
    assert [check.points for check in found.checks[:2]] == [kits[first] - 0.5, kits[second] + 0.5]
    assert found.max_points == 10
    file.take(course(tmp_path, f"[points.cnn]\nscale = true\n{first} = {kits[first] + 10}\n"))
    assert rubric.find("cnn").checks[0].points == (kits[first] + 10) / 2
    assert rubric.find("lstm") == next(task for task in TASKS if task.id == "lstm")


@pytest.mark.parametrize("weights", [[1, 1, 1], [1] * 7, [3, 0, 0.001], [10], [1e-3, 999]])
def test_scaled_points_sum_to_ten(weights: list[float]) -> None:
    """In hundredths, exactly, each within a hundredth of its share."""
    found = file.scaled({str(index): weight for index, weight in enumerate(weights)})
    assert round(sum(found.values()), 9) == 10
    for value, weight in zip(found.values(), weights, strict=True):
        assert abs(value - 10 * weight / sum(weights)) < 0.0101
        assert value == round(value, 2)


@pytest.mark.parametrize("points", [3.5, 0.5])
def test_points_that_do_not_sum_to_ten_are_refused(points: float, tmp_path: Path) -> None:
    """A check file with a wrong sum is no task: the line tells the sum."""
    own.make(tmp_path)
    path = tmp_path / "checks" / own.SECTION / f"{own.TASK}.py"
    path.write_text(path.read_text().replace("points=4", f"points={points}"))
    with pytest.raises(rubric.BrokenRubric, match=rf"two_lines is worth {points + 6:g} points"):
        rubric.read_task(path, tmp_path)
    with pytest.raises(file.BadCourse, match=r"folder: two_lines is worth"):
        file.take(course(tmp_path, "folder = '.'"))


def fresh(task: rubric.Task) -> str:
    """Returns what a task's stored verdicts are keyed by, files read anew."""
    for cached in (fingerprint.of_task, fingerprint._digest, fingerprint._imported):
        cached.cache_clear()
    return fingerprint.of_task(task)


def test_tasks_of_ones_own(tmp_path: Path) -> None:
    """A folder adds a task and gives a task of the kit other checks; nothing else changes."""
    own.make(tmp_path / "ours")
    file.take(course(tmp_path, "folder = 'ours'\n[points.two_lines]\nbuilds = 5\noutputs = 5\n"))
    assert [task.id for task in rubric.tasks()] == [*IDS, own.TASK]
    new, changed = rubric.find(own.TASK), rubric.find("custom_layer")
    assert new.reference == tmp_path / "ours" / "reference" / own.SECTION / f"{own.TASK}.py"
    assert [check.points for check in new.checks] == [5, 5]
    assert "as we saw in the lecture" in changed.checks[1].description
    assert changed.reference == KIT / "reference" / "customization" / "custom_layer.py"
    assert changed.stub == KIT / "assignments" / "customization" / "custom_layer.py"
    assert str(tmp_path / "ours") in hidden()
    before = fresh(new), fresh(changed)
    path = tmp_path / "ours" / "datasets" / "lines.py"
    path.write_text(path.read_text() + "\n# changed\n")
    assert (fresh(new) != before[0], fresh(changed) != before[1]) == (True, False)
    changed.path.write_text(changed.path.read_text() + "\n# changed\n")
    assert fresh(changed) != before[1]


def test_a_change_of_points_is_graded_anew(tmp_path: Path) -> None:
    """What a stored verdict is keyed by tells other points from these."""
    before = fresh(rubric.find("cnn"))
    file.take(course(tmp_path, "[points.cnn]\nbuilds = 3\nscale = true\n"))
    assert fresh(rubric.find("cnn")) != before
    assert fresh(rubric.find("lstm")) == fresh(next(t for t in TASKS if t.id == "lstm"))


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("reference/forecasting/two_lines.py", None, "two_lines has no reference"),
        ("datasets/lines.py", None, "two_lines wants the data 'lines'."),
        ("checks/optimization/cnn.py", "x = 1", "cnn is worth 0 points"),
        ("checks/forecasting/two_lines.py", "def (", "cannot be read: invalid syntax"),
        ("datasets/shapes.py", "x = 1", "datasets/shapes.py has the name of a module of the kit"),
    ],
)
def test_what_a_folder_lacks_is_one_line(
    name: str, change: str | None, expected: str, tmp_path: Path
) -> None:
    """A task without reference or data, or with a broken check file, is refused by name."""
    path = own.make(tmp_path / "ours") / name
    if change is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change)
    with pytest.raises(file.BadCourse) as caught:
        file.take(course(tmp_path, "folder = 'ours'"))
    assert expected in str(caught.value) and "\n" not in str(caught.value)
    assert rubric.tasks() == TASKS and rubric.own_folder() is None


def test_a_folder_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`KERAS_KIT_COURSE` names a course's file: it is read where no other is."""
    path = course(tmp_path, "tasks = ['cnn']")
    (tmp_path / "class" / "submitted").mkdir(parents=True)
    assert file.of_class(tmp_path / "class" / "submitted") is None
    monkeypatch.setenv("KERAS_KIT_COURSE", str(path))
    found = file.of_class(tmp_path / "class" / "submitted")
    assert found is not None and found.tasks == ("cnn",)
    beside = course(tmp_path / "class", "tasks = ['lstm']")
    for named, expected in ((None, beside), (str(path), path)):
        found = file.of_class(tmp_path / "class" / "submitted", named)
        assert found is not None and found.path == expected


def test_options_win_over_the_file(tmp_path: Path) -> None:
    """What is given on the command line counts; what differs is named."""
    found = file.take(course(tmp_path, "seconds = 60\nseed = 3\n[seconds_of]\ncnn = 90"))
    parser = Parser()
    add_settings(parser)
    for words, expected, differences in (
        ([], (3, 60, (("cnn", 90.0),)), []),
        (["--timeout", "5"], (3, 5, ()), ["--timeout"]),
        (["--seed", "0", "--isolation", "process"], (0, 60, (("cnn", 90.0),)),
         ["--seed", "--isolation"]),
    ):  # fmt: skip
        given = parser.parse_args(words)
        given.usual = found.settings()
        settings = settings_of(given)
        assert (settings.seed, settings.seconds, settings.seconds_of) == expected
        assert found.differences(settings) == differences


def test_each_task_has_its_own_limit(tmp_path: Path) -> None:
    """What grades is told the task's limit, and the store keeps verdicts apart by it."""
    told = []

    class Tells:
        def isolation(self) -> Isolation:
            return Isolation("user")

        def close(self) -> None:
            pass

        def grade(self, task, source, settings, bounds, tell):  # type: ignore[no-untyped-def]
            told.append((task.id, settings.seconds, settings.seconds_of))
            return Graded(verdicts.task(task.id, "passed"), True)

    path = tmp_path / "custom_layer.py"
    path.write_text("x = 1\n")
    for seconds_of in ((("custom_layer", 5.0),), (("custom_layer", 5.0), ("cnn", 7.0)), ()):
        settings = Settings(seconds=60, seconds_of=seconds_of, use_store=True)
        with Runner(settings, place=Tells()) as runner:  # type: ignore[arg-type]
            runner.grade_task(Request(rubric.find("custom_layer"), path))
            assert runner.recall(Request(rubric.find("custom_layer"), path)) is not None
    # The second is answered by the first's.
    assert told == [("custom_layer", 5.0, ()), ("custom_layer", 60, ())]


def test_own_data_sets_are_found() -> None:
    """Every module of the kit is known as such, so that any other is a data set."""
    folder = KIT / "datasets"
    assert datasets.own_in(folder) == []
    assert {path.stem for path in folder.glob("*.py")} == datasets._KITS


def test_own_data_are_made_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the folder is a data set of its name; a draw is kept as long as the module."""
    folder = own.make(tmp_path / "ours") / "datasets"
    monkeypatch.setattr(datasets, "__path__", list(datasets.__path__))
    with pytest.raises(ValueError, match="no data set called 'lines'"):
        keep.load("lines", 1)
    datasets.also_from(folder)
    first = keep.load("lines", 1)
    assert (first.num_classes, first.train[0].shape, first.source) == (2, (32, 5), "default")
    key = keep._key("lines", 1)
    path = folder / "lines.py"
    path.write_text(path.read_text() + "# changed\n")
    assert keep._key("lines", 1) != key
    sys.modules.pop("datasets.lines")


# --- agreement ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bulk", "now", "expected"),
    [
        (b"one", b"one", None),
        (None, None, None),
        (b"one", None, "bulk graded this class with a secret, and here is none"),
        (b"one", b"two", "with another secret than the one here"),
        (None, b"two", "bulk graded this class without a secret, and here is one"),
    ],
)
def test_a_class_has_one_secret(
    bulk: bytes | None, now: bytes | None, expected: str | None, tmp_path: Path
) -> None:
    """A class that was graded with another secret is refused, in one line."""
    agreement.require(tmp_path, Settings(secret=now))
    agreement.note(tmp_path, Settings(secret=bulk))
    agreement.require(tmp_path / "other", Settings(secret=now))
    if expected is None:
        agreement.require(tmp_path, Settings(secret=now))
        return
    with pytest.raises(agreement.Disagreement, match=expected) as caught:
        agreement.require(tmp_path, Settings(secret=now))
    assert "\n" not in str(caught.value)
    kept = "".join(p.read_text() for p in (tmp_path / "cache").rglob("*.json"))
    assert kept and "one" not in json.loads(kept)["secret"]


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [*([name] for name in IDS), IDS[:3], IDS[1:], ["cnn", "lstm"]])
def test_dropped_tasks_vanish_from_the_pages(gone: list[str]) -> None:
    """No page names a task that the course does not have, and none is left with an empty part."""
    left = {name: True for name in IDS if name not in gone}
    for name in ("README.md", "assignments/README.md", "assignments/interview_practice.md"):
        text = (KIT / name).read_text(encoding="utf-8")
        if "interview" in name:
            text = pages.cut_interview(text, gone)
        found = pages.cut(text, IDS, left)
        for task in gone:
            assert not re.search(rf"\b{task}\b", found), (name, task)
        assert "<!--" not in found
        assert not re.search(r"^#+ [^\n]*\n+(## |\Z)", found, re.MULTILINE), name
        assert "of 9 tasks" not in found and "task of nine" not in found
        if name == "README.md":
            assert re.search(r"grade\.py \w+ +one task", found)


def test_pages_of_a_whole_course_are_the_kits() -> None:
    """With all tasks only the marks go."""
    for name in ("README.md", "assignments/README.md"):
        text = pages.FOR_INSTRUCTORS.sub("", (KIT / name).read_text(encoding="utf-8"))
        without = re.sub(r"<!-- .* -->\n|<!-- for students\n|^-->\n", "", text, flags=re.M)
        without = re.sub(r"\n{3,}", "\n\n", without)
        assert pages.cut(text, IDS, dict.fromkeys(IDS, True)) == without
    text = (KIT / "assignments" / "interview_practice.md").read_text(encoding="utf-8")
    assert pages.cut_interview(text, []) == text


def test_students_read_how_their_own_copy_starts() -> None:
    """uv and an ordinary environment, each whole, and Jupyter, by extras that are there."""
    text = pages.cut((KIT / "README.md").read_text(encoding="utf-8"), IDS, dict.fromkeys(IDS, True))
    start = text.partition("## Start\n")[2].partition("\n## ")[0]
    commands = [line.strip() for line in start.splitlines() if line.startswith("    ")]
    for command in (
        "python -m uv run grade.py ",
        "python -m venv .venv",
        "python -m pip install .",
        "python grade.py",
        "python -m uv run --extra notebooks jupyter lab ",
        'python -m pip install ".[notebooks]" ',
    ):
        assert any(f"{line} ".startswith(command) for line in commands), command
    extras = tomllib.loads((KIT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"--extra (\w+)|\.\[(\w+)\]", start))
    assert {one or other for one, other in named} <= set(extras["optional-dependencies"])
    for absent in ("--reference", "release", "bulk", "pre-commit", "CONTRIBUTING", "hands out"):
        assert absent not in text


def test_each_reads_of_the_notebooks_that_are_there() -> None:
    """Students have them; the kit has none beside its modules, and tells that students do."""
    kits = (KIT / "assignments" / "README.md").read_text(encoding="utf-8")
    students = pages.cut(kits, IDS, dict.fromkeys(IDS, True))
    assert "The notebook beside a module is the same task" in students
    assert "Students get" not in students and "if your copy has one" not in students
    shown = re.sub(r"<!--.*?-->\n", "", kits, flags=re.DOTALL)
    assert "Students get a notebook beside each module" in shown
    assert "The notebook beside a module" not in shown


def test_the_first_hour_is_for_checks_as_they_are() -> None:
    """With other points its transcript would not be true."""
    text = (KIT / "assignments" / "README.md").read_text(encoding="utf-8")
    same = dict.fromkeys(IDS, True)
    assert "## The first hour" in pages.cut(text, IDS, same)
    assert "## The first hour" not in pages.cut(text, IDS, {**same, "custom_layer": False})
    fewer = {name: True for name in IDS if name != "lstm"}
    assert "0 of 8 tasks complete, 0 of 80 points" in pages.cut(text, IDS, fewer)


# --- what students get of checks ----------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_students_see_what_checks_are_worth_here(task: rubric.Task, tmp_path: Path) -> None:
    """The check file of their copy has the course's points, and otherwise the kit's text."""
    text = task.path.read_text(encoding="utf-8")
    assert with_points(text, task) == text
    names = [check.name for check in task.checks]
    file.take(course(tmp_path, f"[points.{task.id}]\nscale = true\n{names[-1]} = 20\n"))
    found = with_points(text, rubric.find(task.id))
    path = tmp_path / f"{task.id}.py"
    path.write_text(found)
    given = rubric.read_task(path)
    assert given.checks == rubric.find(task.id).checks
    assert re.sub(r"points=[\d.]+", "", found) == re.sub(r"points=[\d.]+", "", text)


def test_hidden_checks_are_still_worth_something(tmp_path: Path) -> None:
    """A copy without an instructor's own part is no broken rubric; it tells what is missing."""
    text = own.CHECKS.replace("@check(points=6", "### BEGIN HIDDEN TESTS\n@check(points=6")
    path = tmp_path / f"{own.TASK}.py"
    path.write_text(text + "### END HIDDEN TESTS\n")
    task = rubric.read_task(path)
    path.write_text(with_points(HIDDEN.sub("", path.read_text()), task))
    assert path.read_text().endswith("HIDDEN = 6\n")
    assert [check.name for check in rubric.read_task(path).checks] == ["builds"]


# --- releasing again ----------------------------------------------------------------------------


def write(root: Path, files: dict[str, str]) -> keeping.Changes:
    """Makes a release of these files."""
    writer = keeping.Writer(root)
    for name, text in files.items():
        writer.text(name, text)
    return writer.finish()


def test_edited_files_stay(tmp_path: Path) -> None:
    """Added, changed, left alone, offered beside, removed: each once, and never twice."""
    files = {"course/a": "a1", "course/b": "b1", "student/x/c": "c1", "student/x/d": "d1"}
    assert write(tmp_path, files).added == list(files)
    assert write(tmp_path, files) == keeping.Changes()
    (tmp_path / "course/b").write_text("mine")
    (tmp_path / "student/x/d").write_text("mine")
    assert write(tmp_path, files) == keeping.Changes(kept=["course/b", "student/x/d"])
    now = {"course/a": "a2", "course/b": "b2"}
    found = write(tmp_path, now)
    assert found == keeping.Changes(
        changed=["course/a"], kept=["course/b"], beside=["course/b"], removed=["student/x/c"],
        left=["student/x/d"],
    )  # fmt: skip
    assert (tmp_path / "course/b").read_text() == "mine"
    assert (tmp_path / "course/b.new").read_text() == "b2"
    assert (tmp_path / "course/a").read_text() == "a2"
    assert not (tmp_path / "student/x/c").exists() and (tmp_path / "student/x/d").exists()
    lines = list(found.lines())
    assert "1 file changed: course/a." in lines
    assert "course/b was edited and left alone; the kit's new version is course/b.new." in lines
    # What was offered is not offered again, whether it was looked at or not.
    assert write(tmp_path, now) == keeping.Changes(kept=["course/b"])
    (tmp_path / "course/b.new").unlink()
    assert write(tmp_path, now) == keeping.Changes(kept=["course/b"])
    # What left the release edited, and comes back, is as it was.
    back = {**now, "student/x/d": "d1"}
    assert write(tmp_path, back) == keeping.Changes(kept=["course/b", "student/x/d"])
    assert write(tmp_path, {**now, "student/x/d": "d2"}).beside == ["student/x/d"]
    # Taken over, it is the kit's file again.
    (tmp_path / "course/b").write_text("b2")
    assert write(tmp_path, now) == keeping.Changes(removed=[], left=["student/x/d"])
    assert write(tmp_path, {**now, "course/b": "b3"}).changed == ["course/b"]


def test_an_emptied_folder_goes(tmp_path: Path) -> None:
    """Where the last file of a folder was dropped, nothing of it stays."""
    write(tmp_path, {"student/x/y/c": "1", "course/a": "1"})
    write(tmp_path, {"course/a": "1"})
    assert not (tmp_path / "student").exists()


def test_what_an_earlier_kit_released(tmp_path: Path) -> None:
    """Without digests, the engine is replaced, and what people edit stays, the new one beside it."""
    for name in ("student/graders/a.py", "course/nbgrader_config.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("old")
    found = write(tmp_path, {"student/graders/a.py": "new", "course/nbgrader_config.py": "new"})
    assert (found.changed, found.beside) == (
        ["student/graders/a.py"],
        ["course/nbgrader_config.py"],
    )


@pytest.mark.parametrize("name", ["../outside", "course/../../outside", "/etc/x", "outside"])
def test_digests_reach_no_file_outside(name: str, tmp_path: Path) -> None:
    """Whatever stands in the hidden file, nothing outside the two folders is removed."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    for path in (outside, root / "outside"):
        path.write_text("x")
    write(root, {"course/a": "1"})
    kept = json.loads((root / keeping.NAME).read_text())
    kept["files"][name] = keeping._digest(b"x")
    (root / keeping.NAME).write_text(json.dumps(kept))
    assert write(root, {"course/a": "1"}) == keeping.Changes()
    assert outside.exists() and (root / "outside").exists()


def test_what_the_kit_takes_back_is_not_offered(tmp_path: Path) -> None:
    """A version that is gone lies beside nothing: nor if the edited file is deleted."""
    beside = tmp_path / "course/b.new"
    write(tmp_path, {"course/b": "b1"})
    (tmp_path / "course/b").write_text("mine")
    assert write(tmp_path, {"course/b": "b2"}).beside == ["course/b"]
    assert write(tmp_path, {"course/b": "b1"}) == keeping.Changes(kept=["course/b"])
    assert not beside.exists()
    assert write(tmp_path, {"course/b": "b3"}).beside == ["course/b"]
    (tmp_path / "course/b").unlink()
    assert write(tmp_path, {"course/b": "b3"}).added == ["course/b"]
    assert not beside.exists()


SECTION = "customization"
LAYER = rubric.find("custom_layer")
DUE = f"[due]\n{SECTION} = 2030-01-31T23:00:00+01:00\n"


def hand_in(submitted: Path, student: str, moment: str) -> None:
    """Makes a student's folder with the moment of handing in."""
    folder = submitted / student / SECTION
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(moment)


@pytest.mark.parametrize(
    "moment",
    [
        "2030-01-31 22:00:00 UTC",
        "2030-01-31 22:00:01 UTC",
        "2030-02-01T01:30:00+01:00",
        "2030-02-01 00:30:00.250000",
        "2030-01-31 20:00 UTC",
        "",
    ],
)
def test_who_is_late_is_late_in_the_gradebook(moment: str, tmp_path: Path) -> None:
    """What late work loses follows from the seconds that nbgrader's own gradebook finds."""
    found = file.take(course(tmp_path, f"late = {{ per_hour = 10, at_most = 50 }}\n{DUE}"))
    hand_in(tmp_path / "submitted", "ada", moment)
    given = {"ada": [class_room.work(LAYER, 2)]}
    late = lateness.late_work(found, tmp_path / "submitted", given)
    read = CourseDirectory().get_existing_timestamp(str(tmp_path / "submitted/ada" / SECTION))
    section = Assignment(name=SECTION, duedate=parse_utc(found.due[SECTION]))
    student = Student(id="ada")
    seconds = SubmittedAssignment(
        assignment=section, student=student, timestamp=read
    ).total_seconds_late
    points = given["ada"][0].points
    loss = PenaltyPerHour(per_hour=10.0, at_most=50.0).late_submission_penalty(
        "ada", points, seconds
    )
    assert late.losses == ({("ada", LAYER.id): loss} if seconds else {})
    assert late.hours == ({("ada", SECTION): seconds / 3600} if seconds else {})


def test_late_work_is_told_and_costs_what_the_course_has(tmp_path: Path) -> None:
    """By policy; not without one or a due date; what tells no time is named, a link is none."""
    submitted = tmp_path / "submitted"
    for student in ("ada", "bob"):
        hand_in(submitted, student, "2030-02-01 00:30:00 UTC")
    hand_in(submitted, "cid", "yesterday, perhaps")
    hand_in(submitted, "dan", "")
    place = submitted / "dan" / SECTION / "timestamp.txt"
    place.unlink()
    place.symlink_to(submitted / "ada" / SECTION / "timestamp.txt")
    (submitted / "eve").mkdir()
    whole = class_room.work(LAYER, 99)
    given = {name: [whole] for name in ("ada", "cid", "dan", "eve")}
    given["bob"] = [class_room.waits(LAYER)]
    unclear = (
        f"cid: {SECTION}",
        "taken as in time: timestamp.txt tells no time, and nbgrader autograde stops there",
    )
    for policy, loss in (("{ per_hour = 4 }", 1.2), ('"zero"', 10.0)):
        found = file.take(course(tmp_path, f"late = {policy}\n{DUE}"))
        late = lateness.late_work(found, submitted, given)
        assert late.losses == {("ada", LAYER.id): loss}
        # Who waits for a person has no points yet to lose.
        assert late.lines(given) == [
            (
                f"ada: {SECTION}",
                f"2.5 h late, {loss:g} points less in nbgrader export and --lms",
            ),
            unclear,
        ]
    for text in (DUE, "late = 'zero'\n", f"late = 'none'\n{DUE}"):
        found = file.take(course(tmp_path, text))
        assert lateness.late_work(found, submitted, given) == lateness.LateWork()
    assert lateness.late_work(None, submitted, given) == lateness.LateWork()


def test_a_students_page_says_what_late_work_loses() -> None:
    """One line under the task; a work that loses nothing has none."""
    given = {
        "ada": [class_room.work(LAYER, 99, message="Well.")],
        "bob": [class_room.work(LAYER, 1)],
    }
    late = lateness.LateWork({("ada", LAYER.id): 1.2}, {("ada", SECTION): 2.5})
    told = bulk_command._told(given, late)
    assert told["ada"][0].message == (
        "Well.\n2.5 h late: 1.2 points less in the gradebook than on this page."
    )
    assert told["bob"] == given["bob"]


def test_no_table_where_nobody_can_tell_who_is_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without nbgrader `--lms` refuses in a line, before anything is graded."""
    hand_in(tmp_path / "submitted", "ada", "2030-02-01 00:30:00 UTC")
    path = course(tmp_path, f"late = 'zero'\n{DUE}")
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "nbgrader" else there(name)
    )
    monkeypatch.setattr(bulk_command.bulk, "grade", lambda *_: pytest.fail("It graded."))
    parser = Parser()
    add_settings(parser)
    given = [str(tmp_path / "submitted"), LAYER.id, "--course", str(path)]
    with pytest.raises(CannotGrade, match=r"late: --lms reads times of handing in with nbgrader"):
        bulk_command.main([*given, "--lms", "moodle", str(tmp_path / "x.csv")], parser, settings_of)
