"""The exercises in an editor: pytest in the student copy, and the settings of editors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from graders import rubric
from graders.runner import Request, Runner
from tests import corpus
from tests.editors import TASKS, Copy, differences, put, seconds

LAYER = rubric.find("custom_layer")
# What pytest's process must not have loaded to collect; TensorFlow alone takes seconds.
HEAVY = ("tensorflow", "keras", "numpy", "graders.runner", "graders.judge")
# A module with them has been imported where it must not be.
IMPORTED = "raise SystemExit('the student code was imported')\n"


@pytest.fixture(scope="module")
def copy(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A student's copy; tests put back what they change."""
    return Copy(released / "student", tmp_path_factory.mktemp("editor"))


@pytest.fixture
def layer(copy: Copy):
    """The student's module for custom_layer; the stub is put back."""
    path = copy.path(LAYER.id)
    stub = path.read_text()
    yield path
    path.write_text(stub)


def wrong(name: str) -> Path:
    """Returns a wrong submission for custom_layer."""
    return LAYER.corpus / "wrong" / f"{name}.py"


def test_each_check_is_a_test(copy: Copy, layer: Path) -> None:
    """Collecting names every check, runs nothing of the student's, and loads next to nothing."""
    layer.write_text(IMPORTED)
    code = (
        "import sys, pytest\n"
        "code = pytest.main(['--collect-only', '-q'])\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])\n"
        "sys.exit(code)"
    )
    done = copy.run("-c", code)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    expected = {
        f"assignments/{task.section}/{check.id.replace('::', '.py::')}"
        for task in rubric.tasks()
        for check in task.checks
    }
    assert {line for line in lines if "::" in line} == expected
    assert "LOADED []" in lines
    # A file that is named is a module to pytest, whatever its name.
    done = copy.pytest("--collect-only", "-q", str(layer))
    assert done.returncode == 0, done.stdout
    assert f"{len(LAYER.checks)} tests collected" in done.stdout


def test_a_stub_is_skipped_and_no_success(copy: Copy) -> None:
    """What is not started is skipped, with what to do; the exit code says that it is not done."""
    done = copy.pytest("-rs", "assignments/model_architectures/cnn.py")
    assert done.returncode == 1, done.stdout
    assert "8 skipped" in done.stdout and "failed" not in done.stdout
    line = rubric.find("cnn").stub.read_text().splitlines().index(
        next(x for x in rubric.find("cnn").stub.read_text().splitlines() if x.startswith("def "))
    )  # fmt: skip
    words = "Open assignments/model_architectures/cnn.py and read its top."
    assert f"assignments/model_architectures/cnn.py:{line + 1}: {words}" in done.stdout
    assert "0 of 1 task complete, 0 of 10 points (public checks)." in done.stdout
    assert "exercises: seed 0, public checks, isolation " in done.stdout


def rounds(tasks: Sequence[str], wrongs: int) -> list[list[corpus.Case]]:
    """Returns submissions of tasks, one of each for a round: one right, and some wrong ones."""
    found = []
    for number in range(1 + wrongs):
        some = []
        for task in tasks:
            kind = [case for case in corpus.cases(task) if case.right == (number == 0)]
            # From all over the corpus: neighbours in the alphabet are often alike.
            some.append(kind[number * len(kind) // (wrongs + 1)])
        found.append(some)
    return found


def test_the_outcomes_are_those_of_grade(copy: Copy) -> None:
    """Right and wrong work on three tasks: the same outcome, points, message and hint, each check.

    `python -m tests.editors` does this for the whole corpus.
    """
    stubs = {task: copy.path(task).read_text() for task in TASKS}
    for some in rounds(TASKS, 2):
        put(copy, some)
        assert differences(copy, TASKS) == [], [case.name for case in some]
    # Unchanged work: Python, pytest and rich start, and the verdicts come from the store.
    assert seconds(copy, *(str(copy.path(task)) for task in TASKS)) < 2
    for task, stub in stubs.items():
        copy.path(task).write_text(stub)


def test_failures_are_the_graders_words(copy: Copy, layer: Path) -> None:
    """A failure is told in words, with its points, where it is, and what the code printed."""
    text = wrong("bias_after_activation").read_text()
    layer.write_text(text.replace("import keras\n", "import keras\nprint('I was here')\n", 1))
    done = copy.pytest(str(layer), "-v", "-k", "activation or config", "--tb=short")
    assert done.returncode == 1
    shown = done.stdout
    assert "custom_layer.py::activation FAILED 0/1" in shown
    assert "1 failed, 1 skipped, 7 deselected" in shown
    assert "Found\nactivation(x @ w) + b: b is added after the activation." in shown
    assert "Hint: " in shown and "python grade.py --hint custom_layer::activation" in shown
    assert "Captured stdout" in shown and shown.count("I was here") == 1
    assert "custom_layer: failed, 6.5 of 10 points" in shown
    assert "Traceback" not in shown and "graders/" not in shown
    one = copy.pytest(f"{layer}::activation", "--tb=line").stdout
    line = _line_of(layer, "    def call(")
    assert f"assignments/customization/custom_layer.py:{line}: Expected" in one


def _line_of(path: Path, code: str) -> int:
    lines = path.read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(code))


def test_the_notebook_counts_as_in_grade(copy: Copy, released: Path) -> None:
    """Beside an untouched module the notebook is graded; without it, the tests are the notebook's."""
    module = copy.path(LAYER.id)
    notebook = module.with_suffix(".ipynb")
    stub, untouched = module.read_text(), notebook.read_text()
    try:
        shutil.copy(released / "course" / "source" / LAYER.section / f"{LAYER.id}.ipynb", notebook)
        assert differences(copy, [LAYER.id]) == []
        assert {told[0] for told in copy.tests(str(module)).values()} == {"passed"}
        module.unlink()
        done = copy.pytest("assignments/customization", "-q", "--collect-only")
        assert "assignments/customization/custom_layer.ipynb::config" in done.stdout
        assert copy.pytest(str(notebook)).returncode == 0
    finally:
        module.write_text(stub)
        notebook.write_text(untouched)


def test_a_limit_for_tests_does_not_cut_gradings(copy: Copy, layer: Path) -> None:
    """pytest-timeout, with a second for each test, leaves the grader the time that it needs."""
    shutil.copy(LAYER.reference, layer)
    done = copy.pytest("-p", "pytest_timeout", "--timeout", "0.2", str(layer),
                       KERAS_KIT_CACHE=str(copy.folder.parent / "other"))  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout


def test_the_graders_own_failure_is_an_error(copy: Copy, layer: Path) -> None:
    """What the grader is to blame for is no failure of the student's: an error, said aloud."""
    shutil.copy(LAYER.reference, layer)
    checks = copy.folder / "graders" / "checks" / LAYER.section / f"{LAYER.id}.py"
    text = checks.read_text()
    try:
        checks.write_text(text + "\nraise RuntimeError('broken')\n")
        done = copy.pytest(str(layer), "-k", "config")
    finally:
        checks.write_text(text)
    assert done.returncode == 1
    assert "ERROR at setup of config" in done.stdout
    assert "The grader itself failed; this is not your fault." in done.stdout
    assert "0 of 1 task complete" in done.stdout and "1 failed" not in done.stdout


def test_another_python_is_told_so(copy: Copy) -> None:
    """Without the kit's packages there is one line, which names the Python that lacks them."""
    code = (
        "import importlib.util as util, pytest, sys\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'keras' else found(name, *rest)\n"
        "sys.exit(pytest.main())"
    )
    done = copy.run("-c", code)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("conftest.py: the package keras is not installed")


def test_one_check_alone(
    copy: Copy, layer: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`grade.py TASK::CHECK` runs it and what it needs; nothing of that counts as the task's."""
    monkeypatch.setitem(copy.environment, "KERAS_KIT_CACHE", str(tmp_path))
    shutil.copy(wrong("bias_after_activation"), layer)
    found = copy.grade("custom_layer::gradients")
    [task] = found["tasks"]
    assert [check["id"].partition("::")[2] for check in task["checks"]] == [
        "weights_created", "computes", "gradients",
    ]  # fmt: skip
    assert (task["status"], task["points"], task["max_points"], task["cached"]) == (
        "passed", 4.0, 4.0, False,
    )  # fmt: skip
    assert copy.grade("custom_layer::gradients")["tasks"][0]["cached"]
    done = copy.run("grade.py", "custom_layer::gradients")
    assert done.returncode == 0
    shown = " ".join(done.stdout.split())
    assert "3 of 3 checks passed, 4 of 4 points (public checks)." in shown
    # The part is in the store; the task is as unknown as before.
    assert "Not graded as they are now: custom_layer." in shown
    assert "Next: see how custom_layer stands: python grade.py custom_layer." in shown
    [whole] = copy.grade("custom_layer")["tasks"]
    assert (whole["points"], whole["cached"], len(whole["checks"])) == (6.5, False, 9)
    # What is known of the whole answers for a part.
    [task] = copy.grade("custom_layer::trains")["tasks"]
    assert (task["status"], task["cached"]) == ("failed", True)
    assert [(c["id"].partition("::")[2], c["outcome"]) for c in task["checks"]][-3:] == [
        ("activation", "failed"), ("gradients", "passed"), ("trains", "skipped"),
    ]  # fmt: skip
    done = copy.run("grade.py", "custom_layer::gradients")
    assert "Whole kit: 0 of 9 tasks complete, 6.5 of 90 points." in done.stdout
    hint = copy.run("grade.py", "--hint", "custom_layer::trains").stdout
    assert hint.startswith("custom_layer, activation: ")
    hint = copy.run("grade.py", "--hint", "custom_layer::gradients").stdout
    assert hint == "custom_layer::gradients passes; there is nothing to hint at.\n"


@pytest.mark.parametrize(
    "case", ["custom_layer/bias_after_activation", "penalized_loss/mean_in_call"]
)
def test_a_check_alone_finds_what_it_finds_among_all(case: str, runner: Runner) -> None:
    """Each check of wrong work: alone, with what it needs, it has the outcome that it has in all."""
    name, _, stem = case.partition("/")
    task = rubric.find(name)
    path = task.corpus / "wrong" / f"{stem}.py"
    whole = {c.id: c.outcome for c in runner.grade_task(Request(task, path)).checks}
    assert {"passed", "failed"} <= set(whole.values())
    for check in task.checks:
        part = runner.grade_task(Request(task, path, only=(check.name,)))
        assert part.checks[-1].id == check.id
        assert {c.id: c.outcome for c in part.checks} == {c.id: whole[c.id] for c in part.checks}


def test_editors_find_their_settings(copy: Copy, released: Path) -> None:
    """Visual Studio Code's settings are JSON, and its tasks are commands that there are."""
    folder = copy.folder / ".vscode"
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["python.testing.pytestEnabled"] is True
    for path in settings["python.testing.pytestArgs"]:
        assert (copy.folder / path).is_dir()
    tasks = {
        task["label"]: task for task in json.loads((folder / "tasks.json").read_text())["tasks"]
    }
    words = [word.replace("${fileBasenameNoExtension}", "cnn")
             for word in tasks["Hint for this file"]["args"]]  # fmt: skip
    assert copy.run(*words).stdout.startswith("cnn, builds: ")
