"""The instructors' page, replayed from an empty folder: each command that it shows, in order."""

from __future__ import annotations

import csv
import dataclasses
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")
pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

from graders.rubric import KIT
from tests.cluster import PAGE, end, free_port, wait_until
from tests.course import REFERENCE, SECTION, STUB, TASK, WRONG, filled

RIGHT = (KIT / "tests/submissions/custom_layer/right/plain_build_in_steps.py").read_text()
# ada's module comes as a download, bob's work is a notebook.
POINTS = {"ada": 10.0, "bob": 10.0, "cid": 1.5, "dee": 0.0}
ROSTER = """\
Student,ID,SIS User ID,SIS Login ID,Section,custom_layer (11),Essay (12),customization (13)
    Points Possible,,,,,10,5,30
"L, Ada",1,,ada,A,,4,
"B, Bob",2,,bob,A,,3,
"C, Cid",3,,cid,A,,2,
"D, Dee",4,,dee,A,,1,
"""
FILLED = """\
Student,ID,SIS User ID,SIS Login ID,Section,custom_layer (11),Essay (12),customization (13)
    Points Possible,,,,,10,5,30
"L, Ada",1,,ada,A,10,4,10
"B, Bob",2,,bob,A,10,3,10
"C, Cid",3,,cid,A,1.5,2,1.5
"D, Dee",4,,dee,A,0,1,0
"""


# --- The page -------------------------------------------------------------------------------------

# A fenced block (GitHub's), a block of commands, or words of code within a sentence.
CODE = re.compile(r"^```(?s:.*?)^```$|(?P<block>(?:^    .*\n)+)|`(?P<words>[^`]+)`", re.M)
# Words within a sentence that begin so, and go on, are a command.
PROGRAMS = re.compile(r"(bulk|dask|jupyter|nbgrader|python|release) |.*\bgrade\.py ", re.S)
# Programs that a sentence names, without what they are about.
NAMED = {"nbgrader autograde", "nbgrader validate", "grade.py worker", "dask worker"}


def shown(page: str) -> list[str]:
    """Returns the commands of a page, and what else `STEPS` knows, in order."""
    found = []
    for match in CODE.finditer(page[page.index("## A course with nbgrader") :]):
        # What is explained begins four blanks in; the explanation may go on below itself.
        lines = re.findall(r"^    (\S.*)$", match["block"] or "", re.M)
        found += [re.split(r"  +", line.strip())[0] for line in lines]
        words = " ".join((match["words"] or "").split())
        if words in STEPS or (PROGRAMS.match(words) and words not in NAMED):
            found.append(words)
    return found


# --- What a reader does by hand -------------------------------------------------------------------


class Reader:
    """Somebody who follows the page.

    Args:
        home: Path of an empty folder.
    """

    def __init__(self, home: Path):
        self.home = self.folder = home
        self.port = free_port()
        self.done: dict[str, subprocess.CompletedProcess[str]] = {}
        self._stay: list[subprocess.Popen[bytes]] = []
        mine = ("KERAS_KIT", "PYTHONPATH", "XDG_", "JUPYTER", "IPYTHONDIR", "DASK_")
        kept = {name: at for name, at in os.environ.items() if not name.startswith(mine)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**kept, "HOME": str(home), "PATH": path, "NO_COLOR": "1"}

    @property
    def course(self) -> Path:
        """Path of the nbgrader course."""
        return self.home / "course" / "course"

    def follow(self, words: str) -> None:
        """Does what the page shows, and looks at the exit code."""
        step = STEPS[words]
        if step.by_hand:
            step.by_hand(self)
        if step.stays:
            self.start(words)
        elif step.runs:
            done = self.run(step.command(words, self))
            assert done.returncode == step.code, f"{words}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr, f"{words}\n{done.stderr}"
            self.done[words] = done

    def start(self, words: str) -> None:
        """Starts a command that stays."""
        with open(self.home / f"{len(self._stay)}.log", "wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", f"exec env {STEPS[words].command(words, self)}"], cwd=self.folder,
                env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        self._stay.append(process)

    def run(self, command: str, seconds: float = 200) -> subprocess.CompletedProcess[str]:
        """Runs a command; the next one runs where this one has gone."""
        process = subprocess.Popen(
            ["bash", "-c", f"{command}\ncode=$?; pwd > ~/folder; exit $code"], cwd=self.folder,
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            out, errors = process.communicate(timeout=seconds)
        finally:
            end(process)
        self.folder = Path((self.home / "folder").read_text().rstrip("\n"))
        return subprocess.CompletedProcess(command, process.returncode, out, errors)

    def log(self, number: int) -> str:
        """Returns what a command that stays has printed so far."""
        return (self.home / f"{number}.log").read_text(errors="replace")

    def close(self) -> None:
        """Ends what stays."""
        for process in self._stay:
            end(process)


def has_the_kit(reader: Reader) -> None:
    """`~/kit` is this kit, with its references."""
    if not (reader.home / "kit").exists():
        left = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__")
        shutil.copytree(KIT, reader.home / "kit", ignore=left)


def has_installed(extra: str, named: str) -> Callable[[Reader], None]:
    """What an extra of pyproject.toml holds is what the page names, and is here."""
    assert named in PAGE.read_text(encoding="utf-8")

    def look(reader: Reader) -> None:
        project = tomllib.loads((reader.home / "kit" / "pyproject.toml").read_text())["project"]
        wanted = project["optional-dependencies"][extra]
        names = [re.split(r"[^\w-]", line)[0] for line in wanted]
        assert names == re.split(", | and ", named.lower())
        for name in names:
            assert importlib.metadata.version(name)

    return look


def notebook_is_handed_in(reader: Reader) -> None:
    """bob fills in the notebook of the students' copy."""
    own = reader.home / "course" / "student" / "assignments" / SECTION / f"{TASK.id}.ipynb"
    hand_in(reader, "bob", "ipynb", filled(own, RIGHT))


def modules_are_handed_in(reader: Reader) -> None:
    """cid's module is wrong, dee's is the stub."""
    hand_in(reader, "cid", "py", WRONG)
    hand_in(reader, "dee", "py", STUB)


def hand_in(reader: Reader, student: str, suffix: str, text: str) -> None:
    """Puts a student's work where the page has it."""
    path = reader.course / "submitted" / student / SECTION / f"{TASK.id}.{suffix}"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def is_downloaded(reader: Reader) -> None:
    """ada's module, as Blackboard names it."""
    archive = reader.course / "downloaded" / SECTION / "archive"
    archive.mkdir(parents=True)
    name = f"{SECTION}_ada_attempt_2030-01-02-10-00-00_{TASK.id}.py"
    (archive / name).write_text(REFERENCE)


def is_edited(reader: Reader) -> None:
    """The line of the course's file becomes what the page has."""
    path = reader.course / "course.toml"
    text = path.read_text()
    assert text.count('\n# secret = ""\n') == 1
    path.write_text(text.replace('# secret = ""', 'secret = "secret.txt"'))


def has_a_roster(reader: Reader) -> None:
    """Canvas has exported its gradebook."""
    (reader.course / "exported.csv").write_text(ROSTER)


def scheduler_listens(reader: Reader) -> None:
    """The next command is for a scheduler that is there."""
    wait_until(lambda: "Scheduler at:" in reader.log(0), "a scheduler listens")


def has_an_autograder(reader: Reader) -> None:
    """Gradescope's folders."""
    for name in ("submission", "results"):
        (reader.home / "autograder" / name).mkdir(parents=True)
    (reader.home / "autograder" / "submission" / f"{TASK.id}.py").write_text(WRONG)


# --- The table ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Step:
    """What the test does where the page shows something.

    Attributes:
        code: Integer, the exit code that a reader expects.
        other: Dict from words of the command to what is run in their place.
        why: String, the reason of that, or why nothing runs.
        by_hand: Callable, what a reader does before.
        runs: Boolean, whether it is a command to run.
        stays: Boolean, whether the command runs on until the end.
    """

    code: int = 0
    other: dict[str, str] = dataclasses.field(default_factory=dict)
    why: str = ""
    by_hand: Callable[[Reader], None] | None = None
    runs: bool = True
    stays: bool = False

    def command(self, words: str, reader: Reader) -> str:
        """Returns the command that is run."""
        for word, by in self.other.items():
            assert word in words
            words = words.replace(word, by.replace("PORT", str(reader.port)))
        return words


BULK = {"bulk ": "python ~/kit/grade.py bulk "}
SHORT = "a sentence gives the command's name alone"
GRADE = f"python grade.py {TASK.id} --from ~/autograder/submission "
OPTION = "the block shows options: a command is put before them"
MODULE = "~/kit/reference/model_architectures/cnn.py"
ALL_IN = "the class has work for the test's section, and not everybody passes"
OWN_WORKER = "KERAS_KIT_COURSE=course.toml python ~/kit/grade.py worker tcp://HOST:8786"

STEPS = {
    # A course with nbgrader
    "cd ~/kit": Step(by_hand=has_the_kit),
    'python -m pip install ".[instructor]"': Step(
        runs=False, why="it would change what is installed: what the extra holds is looked at",
        by_hand=has_installed("instructor", "nbgrader, jupytext and copydetect"),
    ),
    "python grade.py release ~/course": Step(),
    "cd ~/course/course": Step(),
    "nbgrader generate_assignment customization": Step(),
    "submitted/<student>/<section>/<task>.ipynb": Step(
        runs=False, why="a file's name: the class hands in", by_hand=notebook_is_handed_in
    ),
    "submitted/<student>/<section>/<task>.py": Step(
        runs=False, why="a file's name: the class hands in", by_hand=modules_are_handed_in
    ),
    "downloaded/<section>/archive/": Step(
        runs=False, why="a folder's name: a file comes into it", by_hand=is_downloaded
    ),
    "nbgrader zip_collect customization": Step(),
    'secret = "secret.txt"': Step(runs=False, why="a line of course.toml", by_hand=is_edited),
    'python -c "import secrets; print(secrets.token_hex())" > secret.txt': Step(),
    "python ~/kit/grade.py bulk submitted --jobs 2 --json now.json --csv now.csv "
    "--statistics checks.csv": Step(code=1, why=ALL_IN),
    "nbgrader autograde customization": Step(),
    "jupyter lab": Step(
        other={"jupyter lab": "jupyter labextension list && jupyter server extension list"},
        why="it would wait for a browser: its extensions are listed",
    ),
    "nbgrader generate_feedback customization": Step(),
    "nbgrader export": Step(),
    "python ~/kit/grade.py bulk submitted --html class.html": Step(code=1, why=ALL_IN),
    "python ~/kit/grade.py bulk submitted --lms canvas upload.csv --roster exported.csv": Step(
        code=1, why=ALL_IN, by_hand=has_a_roster
    ),
    "bulk submitted custom_layer --student ada": Step(other=BULK, why=SHORT),
    "bulk submitted --compare now.json": Step(code=1, other=BULK, why=SHORT),
    "nbgrader autograde --force customization": Step(),
    "bulk submitted --similarity pairs.html": Step(other=BULK, why=SHORT),
    # The cluster
    'python -m pip install ".[bulk]"': Step(
        runs=False, why="it would change what is installed: what the extra holds is looked at",
        by_hand=has_installed("bulk", "Dask"),
    ),
    "dask scheduler": Step(
        stays=True, why="another one may run on this machine",
        other={
            "dask scheduler": "dask scheduler --host 127.0.0.1 --port PORT --dashboard-address :0"
        },
    ),
    "python ~/kit/grade.py worker tcp://HOST:8786": Step(
        stays=True, by_hand=scheduler_listens, other={"HOST:8786": "127.0.0.1:PORT"},
        why="the scheduler's host and port",
    ),
    "python ~/kit/grade.py bulk submitted --scheduler tcp://HOST:8786": Step(
        code=1,
        other={
            "HOST:8786": "127.0.0.1:PORT",
            "python": "KERAS_KIT_CACHE=~/another_store python",
            "submitted": "submitted --json there.json",
        },
        why="the scheduler's host and port; this machine has all verdicts in its store; and what "
        "the workers find is to be compared",
    ),
    OWN_WORKER: Step(
        runs=False, why="this course has the kit's tasks: another one has a test of its own",
        other={"HOST:8786": "127.0.0.1:PORT"},
    ),
    "KERAS_KIT_COURSE=course.toml python ~/kit/grade.py …": Step(
        other={"…": f"{TASK.id} --from submitted/ada"}, why="the page leaves the work open"
    ),
    # Somebody else's work, one at a time
    "python grade.py cnn --from FILE": Step(other={"FILE": MODULE}, why="the page's placeholder"),
    "python grade.py --from FOLDER": Step(
        other={"FOLDER": "~/course/course/submitted/bob"}, why="the page's placeholder"
    ),
    "python grade.py --json result.json": Step(code=1, why="the kit's own folder holds stubs"),
    # Verdicts for scripts, Gradescope and GitHub Classroom
    "--json FILE": Step(
        code=1, other={"--json FILE": f"{GRADE}--json one.json"}, why=OPTION,
        by_hand=has_an_autograder,
    ),
    "--junit FILE": Step(code=1, other={"--junit FILE": f"{GRADE}--junit one.xml"}, why=OPTION),
    "--html FILE": Step(code=1, other={"--html FILE": f"{GRADE}--html one.html"}, why=OPTION),
    "--gradescope FILE": Step(
        code=1, other={"--gradescope FILE": f"{GRADE}--gradescope two.json"}, why=OPTION
    ),
    "python grade.py --from /autograder/submission --gradescope "
    "/autograder/results/results.json || true": Step(
        other={"/autograder": "~/autograder"}, why="the root of this machine is not the test's"
    ),
    # Walkthroughs
    "python reference/walkthroughs/customization.py --out figures": Step(),
}  # fmt: skip


# --- The tests ------------------------------------------------------------------------------------


def unknown(page: str) -> list[str]:
    """Returns what a page shows and `STEPS` lacks."""
    return [words for words in shown(page) if words not in STEPS]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has followed the whole page; each exit code was the expected one."""
    there = Reader(tmp_path_factory.mktemp("home"))
    page = PAGE.read_text(encoding="utf-8")
    assert unknown(page) == []
    try:
        for words in shown(page):
            there.follow(words)
        yield there
    finally:
        there.close()


def test_every_command_is_known() -> None:
    """The page shows no command that this test does not run, and all that it runs."""
    page = PAGE.read_text(encoding="utf-8")
    assert unknown(page) == []
    assert set(STEPS) - set(shown(page)) == set()
    for words, step in STEPS.items():
        assert step.why or (step.runs and step.code == 0 and not step.other), words


@pytest.mark.parametrize(
    ("new", "name"),
    [
        ("\n    nbgrader list --all      what there is\n                    and more\n", "nbgrader list --all"),
        ("\nThen `nbgrader\nlist` ends it.\n", "nbgrader list"),
        ("\nThen `A=1 python grade.py it` ends it.\n", "A=1 python grade.py it"),
    ],
)  # fmt: skip
def test_a_new_command_is_named(new: str, name: str) -> None:
    """In a block or in a sentence: what the page has and the table has not."""
    page = PAGE.read_text(encoding="utf-8")
    assert unknown(page + new) == [*unknown(page), name]


def test_the_gradebook_holds_the_right_points(reader: Reader) -> None:
    """`nbgrader export`: each student's points, nobody waits, nobody is missing."""
    with open(reader.course / "grades.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student_id"]: float(row["score"]) for row in rows} == POINTS
    assert {(row["assignment"], row["waits_for_a_person"]) for row in rows} == {(SECTION, "no")}
    for student in POINTS:
        assert (reader.course / "feedback" / student / SECTION / f"{TASK.id}.html").is_file()


def test_bulk_tells_the_same(reader: Reader) -> None:
    """Its JSON, its tables and its comparison; the secret counts."""
    found = verdicts(reader, "now.json")
    assert {student: task["points"] for student, task in found.items()} == POINTS
    statuses = {student: task["status"] for student, task in found.items()}
    assert statuses == {"ada": "passed", "bob": "passed", "cid": "failed", "dee": "not_started"}
    [first] = [done.stdout for words, done in reader.done.items() if "now.csv" in words]
    assert "0 of them from the store; secret hidden tests." in first
    again = reader.done["bulk submitted --compare now.json"].stdout
    assert "0 checks of 0 students have other points." in again
    with open(reader.course / "now.csv", newline="", encoding="utf-8-sig") as file:
        assert {row["student"] for row in csv.DictReader(file)} == set(POINTS)
    with open(reader.course / "checks.csv", newline="", encoding="utf-8-sig") as file:
        passed = {row["check"]: row["passed"] for row in csv.DictReader(file)}
    assert set(passed) >= {check.id for check in TASK.checks}


def test_the_pages_are_there(reader: Reader) -> None:
    """The class, each student, the zip to hand out, and the works that look alike."""
    page = (reader.course / "class.html").read_text(encoding="utf-8")
    folder = reader.course / "class_students"
    for student in POINTS:
        assert student in page
        assert TASK.id in (folder / f"{student}.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(folder / "feedback.zip") as packed:
        assert set(packed.namelist()) == {f"{student}/{SECTION}.html" for student in POINTS}
    # The stub is nobody's work.
    assert "3 works compared" in (reader.course / "pairs.html").read_text(encoding="utf-8")


def test_the_table_for_canvas_is_filled_in(reader: Reader) -> None:
    """The section's and the task's column have the points; all else is as it was."""
    assert (reader.course / "upload.csv").read_text() == FILLED


def test_the_cluster_gives_the_same_verdicts(reader: Reader) -> None:
    """Word for word, graded by the worker and not taken from the store."""
    [done] = [done for words, done in reader.done.items() if "--scheduler" in words]
    assert "0 of them from the store; secret hidden tests." in done.stdout
    assert done.stderr == ""
    assert verdicts(reader, "there.json") == verdicts(reader, "now.json")
    secret = (reader.course / "secret.txt").read_text().strip()
    assert len(secret) == 64
    assert secret not in reader.log(0) + reader.log(1)


def test_a_worker_may_have_the_courses_file(reader: Reader) -> None:
    """Where checks are worth something else, it grades, and the other one is named."""
    own = reader.home / "own"
    own.mkdir()
    for name in ("course.toml", "secret.txt"):
        shutil.copy(reader.course / name, own)
    with open(own / "course.toml", "a") as file:
        file.write("[points.custom_layer]\nscale = true\nactivation = 4\n")
    shutil.copytree(reader.course / "submitted", own / "submitted")
    reader.run("cd ~/own")
    reader.start(OWN_WORKER)
    [last] = [words for words in STEPS if words.endswith("--scheduler tcp://HOST:8786")]
    done = reader.run(STEPS[last].command(last, reader), seconds=120)
    assert done.returncode == 1, done.stderr
    assert "0 of them from the store" in done.stdout
    others = [line for line in done.stderr.splitlines() if "gets no work" in line]
    assert ["are not those of this course" in line for line in others] == [True]
    found = json.loads((own / "there.json").read_text())["students"]
    [task] = [task for task in found["ada"]["tasks"] if task["task"] == TASK.id]
    worth = {check["id"]: check["max_points"] for check in task["checks"]}
    assert (task["points"], worth[f"{TASK.id}::activation"]) == (10, round(4 / 13 * 10, 2))


def test_the_course_is_in_jupyter(reader: Reader) -> None:
    """The menu and the formgrader are among the extensions."""
    done = reader.done["jupyter lab"]
    told = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
    assert re.search(r"@jupyter/nbgrader \S+ enabled OK", told), told
    assert re.search(r"nbgrader\.server_extensions\.formgrader +OK", told), told


def test_single_works_are_graded(reader: Reader) -> None:
    """With the course's file and without; for scripts, Gradescope and people."""
    course = reader.done["KERAS_KIT_COURSE=course.toml python ~/kit/grade.py …"].stdout
    assert "10 of 10 points (secret hidden tests)" in course
    for words in ("python grade.py cnn --from FILE", "python grade.py --from FOLDER"):
        assert "10 of 10 points (public checks)" in reader.done[words].stdout
    kit = reader.home / "kit"
    assert json.loads((kit / "result.json").read_text())["points"] == 0
    assert json.loads((kit / "one.json").read_text())["points"] == POINTS["cid"]
    assert "<testsuite" in (kit / "one.xml").read_text()
    assert TASK.id in (kit / "one.html").read_text(encoding="utf-8")
    for path in (kit / "two.json", reader.home / "autograder" / "results" / "results.json"):
        tests = json.loads(path.read_text())["tests"]
        assert sum(test["score"] for test in tests) == POINTS["cid"]
    assert list((kit / "figures").glob("customization_*.png"))


def verdicts(reader: Reader, name: str) -> dict[str, Any]:
    """Returns each student's verdict on the task, without what differs from run to run."""
    found = {}
    for student, given in json.loads((reader.course / name).read_text())["students"].items():
        [task] = [task for task in given["tasks"] if task["task"] == TASK.id]
        for told in (task, *task["checks"]):
            told.pop("seconds"), told.pop("cached", None)
        found[student] = task
    return found
