"""A class, graded in bulk and recorded by the real nbgrader: every score is what grade.py says."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import html
import io
import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

import nbformat
from nbgrader.api import Gradebook
from nbgrader.converters import NbGraderException
from traitlets.config import Config

from graders import jupyter, rubric
from graders.course import autograde, bulk, bulk_command, handed_in, results
from graders.rubric import KIT
from graders.runner import Graded, Request, Runner, Settings, ThisMachine
from graders.submission import Source, notebooks
from graders.verdict import Status, TaskVerdict
from tests.course import (
    REFERENCE,
    SECTION,
    STUB,
    TASK,
    WRONG,
    filled,
    gradebook,
    make,
    nbgrader,
    record,
    released_notebook,
    verdict,
)
from tests.notebook import code, notebook

# nbgrader's own use of SQLAlchemy.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type")

ATTACK = "import sys\nsys.exit(0)\n"


def grade(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs grade.py as an instructor does."""
    return subprocess.run(
        [sys.executable, "grade.py", *arguments],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=1200,
    )


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A verdict store of this module's own, also for the programs that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("KERAS_KIT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose one assignment has been generated: custom_layer and the questions."""
    return make(tmp_path_factory.mktemp("release"))


def enormous(document: str) -> str:
    """Returns a notebook with an output of more than can be anybody's work."""
    found = {"cells": [], "metadata": {}, **json.loads(document)}
    picture = {"output_type": "stream", "name": "stdout", "text": "x" * (notebooks.MAX_BYTES + 1)}
    found["cells"] = [{**code("1"), "outputs": [picture]}, *found["cells"]]
    return json.dumps(found)


def hand_in(course: Path, released: Path) -> None:
    """Puts a class's work into the course."""
    right = filled(released_notebook(released), REFERENCE)
    stub = released_notebook(released).read_text()
    robbed = json.loads(right)
    robbed["cells"] = [
        cell for cell in robbed["cells"] if not cell["metadata"].get("nbgrader", {}).get("grade")
    ]
    forged = code("2.0", grade=True, solution=False, locked=True, points=99,
                  grade_id="custom_layer-computes", schema_version=3, task=False)  # fmt: skip
    forged["outputs"] = [
        {"output_type": "execute_result", "data": {"text/plain": "99"}, "metadata": {},
         "execution_count": 1}
    ]  # fmt: skip
    robbed["cells"] += [forged, forged, code("raise SystemExit", grade_id=7, locked=True)]
    answer = json.loads((released / "release" / SECTION / "questions.ipynb").read_text())
    answer["cells"][-1]["source"] = "It gives graphs."
    work: dict[str, dict[str, str]] = {
        "ada_right": {f"{TASK.id}.ipynb": right, "questions.ipynb": json.dumps(answer)},
        "bob_module": {f"{TASK.id}.py": REFERENCE},
        "cid_wrong": {f"{TASK.id}.ipynb": filled(released_notebook(released), WRONG)},
        "dee_attack": {f"{TASK.id}.py": ATTACK, f"{TASK.id}.ipynb": stub},
        "eve_missing": {"questions.ipynb": json.dumps(answer)},
        "fay_renamed": {f"{TASK.id} (1).ipynb": right, "extra.ipynb": notebook("1 / 0")},
        "gus_both": {f"{TASK.id}.py": WRONG, f"{TASK.id}.ipynb": right},
        "ivy_no_json": {f"{TASK.id}.ipynb": "PK\x03\x04", "questions.ipynb": "{"},
        "jon_stub": {f"{TASK.id}.ipynb": stub, f"{TASK.id}.py": STUB},
        "kim_forged": {f"{TASK.id}.ipynb": json.dumps(robbed)},
        "leo_late": {f"{TASK.id}.ipynb": right, "timestamp.txt": "2030-01-02 10:00:00 UTC"},
        "mia_empty": {f"{TASK.id}.ipynb": ""},
        "ned_enormous": {f"{TASK.id}.ipynb": enormous(right), "questions.ipynb": enormous("{}")},
        "oli_extra": {
            f"{TASK.id}.py": REFERENCE,
            "helper.py": "raise SystemExit",
            "plots/curve.svg": "<svg/>",
        },
    }
    for student, files in work.items():
        folder = course / "submitted" / student / SECTION
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def course(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The class: handed in, graded in bulk, autograded, with feedback, exported."""
    course = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(released, course)
    hand_in(course, released)
    with Gradebook(f"sqlite:///{course}/gradebook.db", "keras") as book:
        book.update_or_create_assignment(SECTION, duedate="2030-01-01 10:00:00 UTC")
    done = grade("bulk", str(course / "submitted"), TASK.id, "--jobs", "1", "--json", str(course / "b.json"),
                 "--csv", str(course / "b.csv"), "--statistics", str(course / "s.csv"))  # fmt: skip
    (course / "bulk.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 1, done.stdout + done.stderr
    started = time.monotonic()
    nbgrader(course, "autograde", SECTION)
    (course / "seconds.txt").write_text(str(time.monotonic() - started))
    nbgrader(course, "generate_feedback", SECTION)
    nbgrader(course, "export")
    return course


def every_score_is_what_grade_py_says(course: Path) -> None:
    """For each student: gradebook, bulk's JSON and `grade.py --json` agree, check by check."""
    recorded = gradebook(course)
    document = json.loads((course / "b.json").read_text())
    assert document["schema"] == 1
    students = document["students"]
    assert set(recorded) == set(students)
    points = {}
    for student, found in students.items():
        folder = course / "submitted" / student
        done = grade(TASK.id, "--from", str(folder), "--json", "-")
        [task] = json.loads(done.stdout)["tasks"]
        [bulked] = found["tasks"]
        for told in (task, bulked):
            told.pop("seconds"), told.pop("cached")
        assert task == bulked, student
        points[student] = task["points"]
        assert recorded[student]["score"] == task["points"], student
        # Right work under another name is no 0 for good: a person looks at it.
        renamed = student == "fay_renamed"
        assert recorded[student]["manual"] == renamed
        for check in task["checks"]:
            if renamed:
                continue
            cell = recorded[student]["cells"][check["id"].replace("::", "-")]
            assert cell == check["points"], check["id"]
    full = {"ada_right", "bob_module", "gus_both", "kim_forged", "leo_late", "oli_extra"}
    assert {student for student, found in points.items() if found == 10} == full
    assert 0 < points["cid_wrong"] < 10
    assert all(points[student] == 0 for student in set(points) - full - {"cid_wrong"})


def the_verdicts_say_what_happened(course: Path) -> None:
    """Attack, missing, renamed, empty, no JSON, stub, both forms: each is called what it is."""
    students = json.loads((course / "b.json").read_text())["students"]
    told = {
        student: (task["status"], task["message"] + task["checks"][0]["message"])
        for student, found in students.items()
        for task in found["tasks"]
    }
    for student, status, words in (
        ("dee_attack", "error", "called `sys.exit`"),
        ("eve_missing", "error", "There is no custom_layer in"),
        ("fay_renamed", "error", "Found custom_layer (1).ipynb, which is not graded."),
        ("gus_both", "passed", "both filled in and not the same. The notebook counts"),
        ("ivy_no_json", "error", "is no notebook"),
        ("jon_stub", "not_started", "is still the stub"),
        ("mia_empty", "error", "is empty"),
        (
            "ned_enormous",
            "error",
            "larger than 16 MB. If it is the right notebook, clear its outputs",
        ),
        ("oli_extra", "passed", ""),
    ):
        assert told[student][0] == status, student
        assert words in told[student][1], student
    said = (course / "bulk.txt").read_text()
    assert "the same work from ada_right, gus_both, kim_forged, leo_late." in said
    assert "the same work from bob_module, oli_extra." in said
    assert "fay_renamed: custom_layer:" in said
    assert "eve_missing" not in said
    assert "14 of 14 tasks graded" in said


def the_export_has_the_class(course: Path) -> None:
    """`nbgrader export` gives the same points; who is late is late, without a penalty."""
    with open(course / "grades.csv", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    recorded = gradebook(course)
    for student, found in recorded.items():
        assert float(rows[student]["score"]) == found["score"]
    assert recorded["leo_late"]["late"] == 24 * 3600


def answers_wait_for_a_person(course: Path) -> None:
    """A question is graded by hand, and shows its marking scheme to who grades it."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "keras") as book:
        found = book.find_submission_notebook("questions", SECTION, "ada_right")
        assert found.needs_manual_grade
    shown = (course / "autograded/ada_right" / SECTION / "questions.ipynb").read_text()
    assert "It gives graphs." in shown
    assert "BEGIN MARK SCHEME" in shown


def feedback_says_what_the_terminal_says(course: Path) -> None:
    """A feedback page has the message and the hint; a forged output is not in it."""
    students = json.loads((course / "b.json").read_text())["students"]
    [task] = students["cid_wrong"]["tasks"]
    [failed] = [check for check in task["checks"] if check["outcome"] == "failed"][:1]
    page = (course / "feedback/cid_wrong" / SECTION / f"{TASK.id}.html").read_text()
    assert failed["hint"] in html.unescape(html.unescape(page))
    assert failed["message"].split(". ")[0] in html.unescape(html.unescape(page))
    forged = nbformat.read(
        course / "autograded/kim_forged" / SECTION / f"{TASK.id}.ipynb", as_version=4
    )
    ids = [cell.metadata.nbgrader.grade_id for cell in forged.cells if "nbgrader" in cell.metadata]
    assert len(set(ids)) == len(ids)
    assert {check.id.replace("::", "-") for check in TASK.checks} <= set(ids)
    assert "raise SystemExit" not in json.dumps(forged)
    assert not any(
        output.get("data", {}).get("text/plain") == "99"
        for cell in forged.cells
        for output in cell.get("outputs", ())
    )


def tables_of_checks(course: Path) -> None:
    """The CSV has a row for each check of each student; the statistics a row for each check."""
    with open(course / "b.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14 * len(TASK.checks)
    students = json.loads((course / "b.json").read_text())["students"]
    for student, found in students.items():
        mine = [float(row["points"]) for row in rows if row["student"] == student]
        assert sum(mine) == found["tasks"][0]["points"]
    with open(course / "s.csv", encoding="utf-8-sig", newline="") as file:
        counted = {row["check"]: row for row in csv.DictReader(file)}
    assert set(counted) == {check.id for check in TASK.checks}
    assert int(counted[TASK.checks[0].id]["attempted"]) == 8


def a_second_run_repeats_nothing(course: Path) -> None:
    """All is in the store: the second run starts no TensorFlow and says so; nothing has moved."""
    started = time.monotonic()
    done = grade("bulk", str(course / "submitted"), TASK.id, "--compare", str(course / "b.json"))
    assert done.returncode == 1, done.stderr
    # Stubs and what is no program are not stored: seeing that costs nothing.
    assert "8 of them from the store" in done.stdout
    assert "0 checks of 0 students have other points." in done.stdout
    assert time.monotonic() - started < 60


def test_the_log_names_work_under_another_name(tmp_path: Path) -> None:
    """Beside the graded file lies another one that may be the task: nbgrader's log names it."""
    (tmp_path / f"{TASK.id}.py").write_text(STUB)
    (tmp_path / f"{TASK.id} (1).py").write_text(REFERENCE)
    step, lines = autograde.GradeWithKit(), list[str]()
    step.log = logging.Logger("test")
    step.log.addHandler(handler := logging.Handler())
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    step._name_others(TASK, tmp_path, "cid")
    assert lines == [f"{TASK.id} (1).py of cid is not graded: {TASK.id}.py counts."]


def test_a_class_from_release_to_export(course: Path) -> None:
    """All of the above. One test: side by side, each worker would grade a class of its own."""
    parts = (
        every_score_is_what_grade_py_says,
        the_verdicts_say_what_happened,
        the_export_has_the_class,
        answers_wait_for_a_person,
        feedback_says_what_the_terminal_says,
        tables_of_checks,
        a_second_run_repeats_nothing,
    )
    for part in parts:
        part(course)
    assert len(parts) == 7


# --- without grading ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["passed"], "passed"),
        (["failed", "passed"], "failed"),
        (["passed", "failed", "skipped"], "failed"),
        (["error", "skipped"], "error"),
        (["skipped"], "not_started"),
        (["passed", "error"], "error"),
    ],
)
def test_every_outcome_lands_in_the_gradebook(
    outcomes: list[str], status: Status, released: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Passed, partial credit, failed, skipped, error: the cell's score is the check's points."""
    given = verdict(outcomes, status, "About the task.")
    course = record(released, tmp_path, {"sam": given}, monkeypatch)
    found = gradebook(course)["sam"]
    assert found["cells"] == {c.id.replace("::", "-"): c.points for c in given.checks}
    assert found["score"] == pytest.approx(given.points)
    assert not found["manual"]
    text = (course / "autograded/sam" / SECTION / f"{TASK.id}.ipynb").read_text()
    assert "image/png" in text
    assert "<b>no</b> $x$" not in json.loads(text)["cells"][-1]["outputs"][0]["data"]["text/html"]
    assert '"stderr"' not in text


def test_a_grader_error_waits_for_a_person(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither 0 nor full marks: the cells have no score, need a person, and say why."""
    given = verdict(["skipped"], "grader_error", "The grader itself failed.")
    course = record(released, tmp_path, {"sam": given}, monkeypatch)
    found = gradebook(course)["sam"]
    assert found["manual"]
    assert set(found["cells"].values()) == {None}
    text = (course / "autograded/sam" / SECTION / f"{TASK.id}.ipynb").read_text()
    assert "Not graded, a person will do it. The grader itself failed." in text


def test_another_rubric_waits_for_a_person(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check whose points changed since the release is not scored by the old ones."""
    given = verdict(["passed"], "passed")
    first = dataclasses.replace(given.checks[0], points=9.0, max_points=9.0)
    given = dataclasses.replace(given, checks=(first, *given.checks[1:]))
    found = gradebook(record(released, tmp_path, {"sam": given}, monkeypatch))["sam"]
    assert found["manual"]
    assert found["cells"][first.id.replace("::", "-")] is None
    assert found["score"] == pytest.approx(10 - TASK.checks[0].points)


def test_statistics_and_what_is_suspicious() -> None:
    """Shares count those for whom a check ran; a check that nobody passes is remarked on."""
    failed = verdict(["failed"], "failed")
    first = dataclasses.replace(failed.checks[0], message="Found 3.5 and more\nTraceback")
    other = dataclasses.replace(first, message="Found 4 and more")
    given = {
        "a": [dataclasses.replace(failed, checks=(first, *failed.checks[1:]))],
        "b": [dataclasses.replace(failed, checks=(other, *failed.checks[1:]))],
        "c": [failed],
        "d": [dataclasses.replace(verdict(["skipped"], "not_started"))],
    }
    [row, *_] = results.statistics(given)
    assert (row["attempted"], row["failed"], row["share"]) == (3, 3, 0.0)
    assert row["message"] == "Found 3.5 and more"
    assert "Nobody passes" in row["remark"]
    assert "a, b, c" in results.report(given)
    assert results.statistics({"d": given["d"]})[0]["share"] is None


def test_a_regrade_says_whose_points_moved_and_why(tmp_path: Path) -> None:
    """Other work, other checks, a check that is gone: each is told apart."""
    before = results.to_json(
        {"a": [verdict(["failed"], "failed")], "b": [verdict(["passed"], "passed")]}
    )
    path = tmp_path / "before.json"
    path.write_text(json.dumps(before))
    same = verdict(["passed"], "passed")
    other = dataclasses.replace(verdict(["failed"], "failed"), submission="sha256:1")
    after = results.to_json({"a": [same], "b": [other]})
    told = results.changes(results.read(path), after)
    count = len(TASK.checks)
    assert told.startswith(f"Compared with before: {2 * count} checks of 2 students")
    assert told.count("the same work, graded anew") == count
    assert told.count("other work") == count
    after["students"]["b"]["tasks"][0]["checks"].pop()
    assert "no longer a check" in results.changes(before, after)
    assert "0 checks of 0 students" in results.changes(before, before)


def test_formulas_of_spreadsheets_are_text() -> None:
    """A student's words that begin like a formula do not run in the instructor's spreadsheet."""
    check = dataclasses.replace(verdict(["failed"], "failed").checks[0], message='=HYPERLINK("x")')
    given = dataclasses.replace(verdict(["failed"], "failed"), checks=(check,))
    [_, row] = csv.reader(results.per_check({"-1": [given]}).splitlines())
    assert row[0] == "'-1"
    assert row[8] == '\'=HYPERLINK("x")'


def test_a_time_out_is_settled_in_bulk(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class is graded once: what nbgrader records is what bulk found, time-outs too."""
    path = tmp_path / f"{TASK.id}.py"
    path.write_text("while True: pass\n")
    ended = verdict(["error"], "error")
    calls: list[bool] = []
    alone = [False]

    def run_out(
        self: ThisMachine, task: rubric.Task, source: Source, settings: Settings, *more: object
    ) -> Graded:
        calls.append(settings.settle)
        return Graded(ended, False, alone=alone[0])

    monkeypatch.setattr(ThisMachine, "grade", run_out)
    for settle in (False, True):
        with Runner(Settings(use_store=True, settle=settle)) as runner:
            for _ in range(2):
                assert runner.grade_task(Request(TASK, path)).status == "error"
    # Beside others, they may have been the cause.
    assert calls == [False, False, True, True]
    alone[0] = True
    with Runner(Settings(use_store=True, settle=True)) as runner:
        verdicts = [runner.grade_task(Request(TASK, path)) for _ in range(2)]
    assert [verdict.cached for verdict in verdicts] == [False, True]
    assert len(calls) == 5


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    """Students, tasks and sections: all that was handed in, or those that are named."""
    for student in ("b", "a", ".hidden", "_x"):
        (tmp_path / student / SECTION).mkdir(parents=True)
    (tmp_path / "a" / "cnn.ipynb").write_text("{}")
    (tmp_path / "notes.txt").write_text("")
    works = handed_in.collect(tmp_path)
    assert {work.student for work in works} == {"_x", "a", "b"}
    assert list(handed_in.refused(tmp_path)) == [".hidden"]
    names = [task.id for task in rubric.tasks() if task.section == SECTION]
    assert [work.task.id for work in works if work.student == "b"] == ["cnn", *names]
    [one] = handed_in.collect(tmp_path, ["b"], [TASK])
    assert (one.student, one.task.id) == ("b", TASK.id)
    with pytest.raises(handed_in.CannotGrade, match="There is no student 'zoe'"):
        handed_in.collect(tmp_path, ["zoe"])


def test_the_estimate_follows_what_tasks_cost() -> None:
    """What is left is the sum of what each task has cost others, over the jobs."""
    works = [handed_in.Work(student, TASK, Path()) for student in "abcd"]
    with bulk.ClassProgress(works, 2, io.StringIO()) as progress:
        assert progress.seconds_left() == 4 * bulk.GUESS_SECONDS / 2
        progress.take(works[0], dataclasses.replace(verdict(["passed"], "passed"), seconds=8.0))
        assert progress.seconds_left() == 3 * 8.0 / 2


def test_the_estimate_does_not_count_what_is_not_graded() -> None:
    """Stubs and the store's answers take no time, and tell nothing of what a grading costs."""
    works = [handed_in.Work(str(number), TASK, Path()) for number in range(90)]
    passed = dataclasses.replace(verdict(["passed"], "passed"), seconds=8.0)
    stub = dataclasses.replace(verdict(["skipped"], "not_started"), seconds=0.01)
    with bulk.ClassProgress(works, 1, io.StringIO()) as progress:
        for work in works[:20]:
            progress.take(work, dataclasses.replace(passed, cached=True, seconds=0.01))
        assert progress.seconds_left() == 70 * bulk.GUESS_SECONDS
        for work in works[20:30]:
            progress.take(work, passed)
        for work in works[30:60]:
            progress.take(work, stub)
        assert progress.seconds_left() == pytest.approx(30 * 8.0 * 10 / 60)


def test_a_class_without_pages_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Curves are kept where a page draws them, and what the report shows is kept always."""
    (tmp_path / "ada" / SECTION).mkdir(parents=True)
    touching = dataclasses.replace(
        verdict(["passed"], "passed"), evidence={"history": {"loss": [1.0]}, "touches": {"os": 1}}
    )
    monkeypatch.setattr(Runner, "grade_task", lambda *_: touching)
    works = handed_in.collect(tmp_path, (), [TASK])
    for whole, kept in ((False, {"touches"}), (True, {"history", "touches"})):
        [found] = bulk.grade(works, Settings(), whole=whole)["ada"]
        assert set(found.evidence) == kept


def test_stopping_drops_what_waits(tmp_path: Path) -> None:
    """Ctrl-C ends at once, whatever still waits; the command says how far it got, in one line."""
    for student in "abc":
        (tmp_path / student / SECTION).mkdir(parents=True)
        (tmp_path / student / SECTION / f"{TASK.id}.ipynb").write_text("")
    seen = []

    def stop(work: handed_in.Work, verdict: TaskVerdict) -> None:
        seen.append(work.student)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk.grade(handed_in.collect(tmp_path, (), [TASK]), Settings(), stop)
    assert len(seen) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "grade", lambda *_: stop(handed_in.Work("a", TASK, tmp_path), None))
        with pytest.raises(handed_in.CannotGrade) as caught:
            bulk_command.main([str(tmp_path)], argparse.ArgumentParser(), lambda given: Settings())
    assert str(caught.value).startswith("Stopped: 0 of 9 tasks graded")


def test_json_alone_on_standard_output_and_the_secret_said(tmp_path: Path) -> None:
    """`--json -` prints JSON and nothing else there; with a secret, the tests are hidden ones."""
    folder = tmp_path / "submitted/ann" / SECTION
    folder.mkdir(parents=True)
    (folder / f"{TASK.id}.ipynb").write_text("")
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    done = grade(
        "bulk", str(tmp_path / "submitted"), TASK.id, "--json", "-", "--secret", str(secret)
    )
    assert done.returncode == 1
    [task] = json.loads(done.stdout)["students"]["ann"]["tasks"]
    assert (task["status"], task["points"], task["max_points"]) == ("error", 0, 10)
    assert "1 of 1 tasks graded, 0 of them from the store; secret hidden tests." in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_the_bridge_takes_the_secret_from_a_file(tmp_path: Path) -> None:
    """The course's configuration may name a file; an empty one is no secret."""
    config = Config()
    config.GradeWithKit.secret_file = str(tmp_path / "secret")
    (tmp_path / "secret").write_text("s3cret\n")
    settings = autograde.GradeWithKit(config=config).settings()
    assert settings.secret == b"s3cret"
    assert settings.use_store and settings.settle
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(NbGraderException, match="is empty"):
        autograde.GradeWithKit(config=config).settings()


def test_nbgrader_has_the_whole_verdict(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remark on idiom too is in the verdict that the bridge records."""
    path = tmp_path / f"{TASK.id}.py"
    path.write_text("import os\nimport keras\nkeras.Model\n")
    complete = Graded(verdict(["passed"] * len(TASK.checks), "passed"), True)
    monkeypatch.setattr(ThisMachine, "grade", lambda *given: complete)
    runner = autograde.runner_for(autograde.GradeWithKit().settings())
    assert "`os` is imported" in runner.grade_task(Request(TASK, path)).evidence["idiom"]


def test_check_cells_show_what_the_terminal_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Jupyter a check cell shows message, hint and curves, and its value is the points."""
    given = verdict(["failed", "passed"], "failed", "About the task.")
    asked: list[Path] = []
    shown: list[dict[str, str]] = []

    class Told:
        def grade_task(self, request: Request) -> TaskVerdict:
            asked.append(request.path)
            return given

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jupyter, "runner", Told)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    first, last = TASK.checks[0], TASK.checks[-1]
    assert jupyter.check(first.id) == first.points / 4
    assert asked == [tmp_path / f"{TASK.id}.ipynb"]
    assert "About the task." in shown[0]["text/plain"]
    assert "<b>no</b> $x$\nHint: Look." in shown[1]["text/plain"]
    assert "<b>no</b>" not in shown[1]["text/html"]
    jupyter.check(last.id)
    assert "image/png" in shown[-1]
    given = verdict(["skipped"], "grader_error", "The grader itself failed.")
    with pytest.raises(jupyter.GraderFailed):
        jupyter.check(first.id)
    assert jupyter.check(f"{TASK.id}::hidden") == 0.0
