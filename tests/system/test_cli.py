"""The command line, run as a user runs it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from graders import rubric
from graders.cli import commands, hints
from graders.rubric import KIT
from graders.rubric import bounds as thresholds
from tests import verdicts
from tests.programs import run


def test_untouched_stubs_need_no_tensorflow() -> None:
    """All stubs: not started, exit code 1, and neither TensorFlow nor Keras is imported."""
    script = (
        "import sys; from graders.cli import main; code = main(['--json', '-']);"
        "heavy = {'tensorflow', 'keras', 'pytest'} & set(sys.modules);"
        "sys.exit(99 if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=KIT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)
    assert [task["task"] for task in verdict["tasks"]] == [task.id for task in rubric.tasks()]
    assert {task["status"] for task in verdict["tasks"]} == {"not_started"}
    assert verdict["points"] == 0
    assert verdict["max_points"] == 10 * len(rubric.tasks())


def test_the_terminal_says_what_is_not_started() -> None:
    """Without arguments: a line for each task, a summary, and what to do next; 80 columns."""
    done = run(COLUMNS="80")
    assert done.returncode == 1
    for task in rubric.tasks():
        assert f"{task.id}: not started, 0 of 10 points" in done.stdout
    assert f"0 of {len(rubric.tasks())} tasks complete" in done.stdout
    assert "Next: open assignments/" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout


def test_list_shows_tasks_and_points() -> None:
    """`--list` names every task with its points; `--verbose` every check."""
    done = run("--list")
    assert done.returncode == 0
    for task in rubric.tasks():
        assert task.id in done.stdout
    done = run("--list", "cnn", "--verbose", COLUMNS="120")
    assert "two_convolutions" in done.stdout
    bound = thresholds.bounds("cnn")["accuracy"]
    assert f"≥ {bound:.2f}" in done.stdout


def test_hints_come_one_by_one(tmp_path: Path) -> None:
    """Each `--hint` gives the next hint for the first message; at the end, all of them."""
    [check, *_] = rubric.find("cnn").checks
    count = len(check.hints)
    for number in range(1, count + 2):
        done = run("--hint", "cnn", KERAS_KIT_CACHE=str(tmp_path))
        assert done.returncode == 0
        head = f"Hint {number} of {count}" if number <= count else f"All {count} hints for this"
        assert head in done.stdout
        words = " ".join(done.stdout.split())
        for given in check.hints[:number]:
            assert given in words
        for later in check.hints[number:]:
            assert later not in words


def test_a_hint_is_for_the_task_that_it_names() -> None:
    """Two different tasks are refused in one line; the same one twice is none."""
    done = run("lstm", "--hint", "custom_layer")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "grade.py: --hint custom_layer asks for a hint on another task than lstm. Give one: "
        "python grade.py --hint lstm.\n"
    )
    assert run("lstm", "--hint", "lstm").returncode == 0


def test_a_hint_says_what_to_do_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check and hint, and the command that grades what was tried, a path with blanks included."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    found = rubric.find("cnn")
    waiting = verdicts.task(
        "cnn", "not_started", tuple(verdicts.check(c.id, "skipped") for c in found.checks)
    )
    first, *_, last = hints.following(found, waiting).splitlines()
    assert first == f"cnn, builds: {found.checks[0].description}"
    assert last == "When you have tried it: python grade.py cnn"
    last = hints.following(found, waiting, "my work").splitlines()[-1]
    assert last == "When you have tried it: python grade.py cnn --from 'my work'"


def test_watch_keeps_what_was_not_graded_again() -> None:
    """After a save the verdict still holds every task, in order, the saved one as it is now."""
    before = verdicts.verdict(verdicts.task("cnn", "failed"), verdicts.task("lstm", "failed"))
    now = dataclasses.replace(verdicts.verdict(verdicts.task("lstm", "passed")), seconds=2.0)
    found = commands.updated(before, now)
    assert [(t.task, t.status) for t in found.tasks] == [("cnn", "failed"), ("lstm", "passed")]
    assert found.seconds == 2.0


def test_a_failing_submission_on_the_terminal(tmp_path: Path) -> None:
    """The failing check, its message and the command for a hint are printed; markup is not."""
    path = tmp_path / "cnn.py"
    path.write_text(
        "def build_model(input_shape, num_classes):\n    raise ValueError('[red]x[/red]')\n"
    )
    done = run("cnn", "--from", str(path), COLUMNS="80")
    assert done.returncode == 1
    assert "cnn: error builds (0 of 1 points)" in done.stdout
    assert "ValueError: [red]x[/red]" in done.stdout
    assert "python grade.py --hint cnn" in done.stdout
    assert "Next: fix cnn" in done.stdout
    assert "graders/" not in done.stdout


@pytest.mark.parametrize("place", ["{task}.py", "{section}/{task}.py"])
def test_work_is_found_in_folders(place: str, tmp_path: Path) -> None:
    """`--from DIR` takes `<task>.py` and `<section>/<task>.py`; without names, what is there."""
    path = tmp_path / place.format(task="cnn", section="model_architectures")
    path.parent.mkdir(exist_ok=True)
    path.write_text("def broken(:\n")
    done = run("--from", str(tmp_path), "--json", "-")
    [task] = json.loads(done.stdout)["tasks"]
    assert (task["task"], task["status"]) == ("cnn", "error")


def test_the_secret_changes_what_the_verdict_says(tmp_path: Path) -> None:
    """Without a secret: public checks. With one, from a file or the environment: hidden tests."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    assert "(public checks)" in run("cnn").stdout
    assert "(secret hidden tests)" in " ".join(run("cnn", "--secret", str(secret)).stdout.split())
    assert "(secret hidden tests)" in " ".join(run("cnn", KERAS_KIT_SECRET="x").stdout.split())
