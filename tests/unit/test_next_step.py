"""`python grade.py next`: one thing to do, wherever the student stands."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from graders import cli, rubric
from graders.cli import next_step
from graders.runner import Request, Runner
from graders.runner.collected import result_of, ungraded
from graders.verdict import TaskVerdict
from tests.notebook import write

TASKS = rubric.tasks()
CNN, LSTM, *_ = TASKS


def verdict_on(task: rubric.Task, status: str) -> TaskVerdict:
    """Returns a verdict: all points, or the second check failed."""
    if status == "grader_error":
        return ungraded(task, "grader_error", "The grader itself failed.")
    outcomes = ["passed"] * len(task.checks)
    if status == "failed":
        outcomes[1] = "failed"
    results = [
        result_of(task, check.name, outcome, "Expected one. Found two. Look.")
        for check, outcome in zip(task.checks, outcomes, strict=True)
    ]
    return TaskVerdict(task.id, task.section, status, tuple(results), submission="sha256:0")


class Kit:
    """A kit's folder of stubs to write in, with what grading them would find.

    Attributes:
        found: Dict from tasks' ids to the status that grading gives.
        graded: List of the ids of tasks that were graded.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.found: dict[str, str] = {}
        self.graded: list[str] = []
        for task in TASKS:
            path = self.path(task)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(task.stub, path)
            os.utime(path, (1000, 1000))

    def path(self, task: rubric.Task) -> Path:
        """Returns the path of a task's file."""
        return self.folder / "assignments" / task.section / f"{task.id}.py"

    def work(self, task: rubric.Task, status: str, saved: float = 2000, text: str = "") -> None:
        """Writes a submission that gets a status."""
        path = self.path(task)
        path.write_text(text or task.reference.read_text(encoding="utf-8"), encoding="utf-8")
        os.utime(path, (saved, saved))
        self.found[task.id] = status

    def grade_task(self, runner: Runner, request: Request) -> TaskVerdict:
        """Stands for `Runner.grade_task`."""
        self.graded.append(request.task.id)
        return verdict_on(request.task, self.found[request.task.id])


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """A kit in a folder of its own, with a store of its own."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    # The words are tested, not where lines are wrapped.
    monkeypatch.setenv("COLUMNS", "500")
    made = Kit(tmp_path)
    monkeypatch.setattr(rubric.Task, "stub", property(made.path))
    monkeypatch.setattr(next_step, "KIT", tmp_path)
    monkeypatch.setattr(Runner, "grade_task", lambda *given: made.grade_task(*given))
    return made


def told(capsys: pytest.CaptureFixture[str], code: int = 0) -> list[str]:
    """Returns the lines that the command prints."""
    assert cli.main(["next"]) == code
    return capsys.readouterr().out.splitlines()


def test_a_fresh_copy_begins_with_the_first_task(
    kit: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The task, the place of its first TODO, and the command; nothing is graded."""
    lines = told(capsys)
    path = "assignments/model_architectures/cnn.py"
    number = next(
        number
        for number, line in enumerate(CNN.stub.read_text().splitlines(), 1)
        if "raise NotImplementedError" in line
    )
    assert lines[0] == "0 of 9 tasks complete."
    assert lines[1].endswith(f"Read the top of {path}.")
    assert lines[2].startswith(f"First TODO: {path}:{number}: stack at least two Conv2D")
    assert lines[3:] == ["Next: python grade.py cnn"]
    assert kit.graded == []


def test_work_that_lacks_points_comes_first(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """Its points, the first message, and the commands."""
    kit.work(LSTM, "failed")
    lines = told(capsys)
    assert lines == [
        "0 of 9 tasks complete.",
        f"lstm: {10 - LSTM.checks[1].points:g} of 10 points.",
        f"{LSTM.checks[1].name}: Expected one. Found two. Look.",
        "Next: change it, then python grade.py lstm",
        "Stuck? python grade.py --hint lstm",
    ]


def test_what_was_saved_last_is_worked_on(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two that lack points, the one that was saved last; the other is not even graded."""
    kit.work(CNN, "failed", saved=2000)
    kit.work(LSTM, "failed", saved=3000)
    lines = told(capsys)
    assert lines[0] == "0 of 9 tasks complete. Not graded since they changed: cnn."
    assert lines[1].startswith("lstm: ")
    assert kit.graded == ["lstm"]
    os.utime(kit.path(CNN), (4000, 4000))
    assert told(capsys)[1].startswith("cnn: ")


def test_a_todo_that_is_left_is_named(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """One function is written, the other is not."""
    done, stub = LSTM.reference.read_text(), LSTM.stub.read_text()
    text = done[: done.index("def train(")] + stub[stub.index("def train(") :]
    kit.work(LSTM, "failed", text=text)
    [todo] = [line for line in told(capsys) if line.startswith("First TODO")]
    number = kit.path(LSTM).read_text().splitlines().index("    raise NotImplementedError(") + 1
    assert todo == (
        f"First TODO: assignments/model_architectures/lstm.py:{number}: fit the model with "
        "validation_data=val_data and return the History."
    )


def test_a_notebook_names_its_cell(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the notebook counts, places are cells."""
    kit.found["lstm"] = "failed"
    text = LSTM.stub.read_text(encoding="utf-8")
    changed = "def build_model(timesteps, features):\n    return 1"
    tail = text[text.index("def train(") :].split("\n\n\nif ")[0]
    write(kit.path(LSTM).with_suffix(".ipynb"), "import keras\nData = tuple", changed, tail)
    [todo] = [line for line in told(capsys) if line.startswith("First TODO")]
    line = tail.splitlines().index("    raise NotImplementedError(") + 1
    place = "assignments/model_architectures/lstm.ipynb, code cell 3"
    assert todo.startswith(f"First TODO: {place}, line {line}: fit the model")


def test_a_syntax_error_is_told(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read has its message at once."""
    kit.work(CNN, "failed", text="def build_model(:\n")
    lines = told(capsys)
    assert lines[2].startswith("builds: Syntax error in cnn.py, line 1: invalid syntax.")
    assert kit.graded == []


def test_complete_tasks_are_counted(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """After the first task the second comes."""
    kit.work(CNN, "passed")
    lines = told(capsys)
    assert lines[0] == "1 of 9 tasks complete."
    assert lines[1].startswith("Begin with lstm: ")
    assert kit.graded == ["cnn"]


def test_all_done(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left but what this copy has to play with."""
    for task in TASKS:
        kit.work(task, "passed")
    assert told(capsys) == ["Everything is done: 9 of 9 tasks have all their points."]
    (kit.folder / "walkthroughs").mkdir()
    (kit.folder / "assignments" / "interview_practice.md").touch()
    assert told(capsys)[1:] == [
        "What is left: the walkthroughs, notebooks to run and to play with: walkthroughs/.",
        "What is left: questions as in an interview, with answers: "
        "assignments/interview_practice.md.",
    ]


def test_the_graders_own_failure_is_no_students(
    kit: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and the message of the grader."""
    kit.work(CNN, "grader_error")
    assert told(capsys, code=2)[1:] == [
        "cnn could not be graded. The grader itself failed.",
        "Next: python grade.py cnn",
    ]


def test_wrong_usage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`next` looks at the whole kit, and takes no task."""
    assert cli.main(["next", "cnn"]) == 2
    assert capsys.readouterr().err == (
        "grade.py: Unrecognized arguments: cnn. See python grade.py --help.\n"
    )
