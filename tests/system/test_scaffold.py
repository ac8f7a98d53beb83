"""A new task from nothing: `python grade.py new`, in a copy of the kit, and what comes next."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graders import rubric
from graders.course import goldens
from graders.rubric import KIT
from graders.rubric.stubs import make_stub

PARTS = ("graders", "datasets", "reference", "assignments", "tests", ".github")
NAMES = ("grade.py", "pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE")
# The quickest task to grade.
LIKE = rubric.find("custom_layer")
# Those of the quick tests that look at every task of the kit.
LISTS = ("stubs", "thresholds", "interview", "report_card", "idiom", "similarity", "reports")


def run(kit: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a copy of the kit."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *words], cwd=kit, capture_output=True, text=True, timeout=600,
        env=environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the kit."""
    target = tmp_path_factory.mktemp("kit")
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in PARTS:
        shutil.copytree(KIT / name, target / name, ignore=ignored)
    for name in NAMES:
        shutil.copy(KIT / name, target / name)
    return target


@pytest.fixture(scope="module")
def made(kit: Path) -> subprocess.CompletedProcess[str]:
    """What `new` prints in that copy."""
    return run(kit, "grade.py", "new", "flat", "--like", LIKE.id, "--mutants", "8", "--jobs", "1")


def test_new_makes_a_task_and_tells_what_is_next(made, kit: Path) -> None:
    """The files are there, and the output ends with the recipe."""
    assert made.returncode == 0, made.stdout + made.stderr
    reference = kit / "reference" / LIKE.section / "flat.py"
    text = LIKE.reference.read_text().replace(f"play {LIKE.id}", "play flat")
    assert reference.read_text() == text
    assert (kit / "assignments" / LIKE.section / "flat.py").read_text() == make_stub(
        reference.read_text()
    )
    assert "reference: 10 of 10 points" in made.stdout
    recipe = made.stdout.partition("What is next")[2]
    assert f"1. `reference/{LIKE.section}/flat.py`" in recipe
    assert "python -m tests.corpus flat" in recipe


def test_the_reference_earns_all_points_at_once(made, kit: Path) -> None:
    """The new task can be graded."""
    done = run(kit, "grade.py", "flat", "--reference", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["points"] == 10


def test_the_corpus_gets_its_golden_verdicts(made, kit: Path) -> None:
    """At least three right ones; each check has a wrong one; each verdict is as the head tells."""
    corpus = kit / "tests" / "submissions" / "flat"
    assert len(list((corpus / "right").glob("*.py"))) >= 3
    wrong = [path.read_text() for path in (corpus / "wrong").glob("*.py")]
    assert {goldens.fails(text)[0] for text in wrong} == {check.name for check in LIKE.checks}
    assert any(goldens.made(text).startswith("from ") for text in wrong)
    assert any(not goldens.made(text).startswith("from ") for text in wrong)
    done = run(kit, "-m", "tests.corpus", "flat")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed")


def test_the_kits_own_tests_pass(made, kit: Path) -> None:
    """No list of tasks in the tests demands what a new task cannot have yet."""
    files = [f"tests/unit/test_{name}.py" for name in LISTS]
    done = run(kit, "-m", "pytest", "-q", "-m", "not system", *files)
    assert done.returncode == 0, done.stdout[-3000:]
    names = "every_check_alone or large_enough"
    done = run(kit, "-m", "pytest", "-q", "tests/corpus", "-k", names)
    assert done.returncode == 0, done.stdout[-3000:]


def test_another_corpus_keeps_the_authors_files(made, kit: Path) -> None:
    """`--corpus` follows the reference; a file by hand stays, and so does what was changed."""
    corpus = kit / "tests" / "submissions" / "flat"
    reference = kit / "reference" / LIKE.section / "flat.py"
    own = corpus / "right" / "my_own.py"
    own.write_text(LIKE.reference.read_text())
    changed = corpus / "right" / "plain.py"
    words = changed.read_text().replace("Nothing but the code.", "Mine.")
    changed.write_text(words)
    reference.write_text(reference.read_text().replace("self.w", "self.kernel"))
    done = run(kit, "grade.py", "new", "flat", "--corpus", "--mutants", "0", "--jobs", "1")
    # A reference that is wrong makes no corpus, and takes none away.
    assert done.returncode == 2
    assert "the reference must earn all points first. flat::" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    count = len(list(corpus.glob("*/*.py")))
    reference.write_text(LIKE.reference.read_text())
    done = run(kit, "grade.py", "new", "flat", "--corpus", "--mutants", "0", "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert own.read_text() == LIKE.reference.read_text()
    assert changed.read_text() == words
    assert (corpus / "right" / "plain_2.py").exists()
    left = [goldens.made(path.read_text()) for path in (corpus / "wrong").glob("*.py")]
    assert left and all(how.startswith("from ") for how in left)
    assert len(list(corpus.glob("*/*.py"))) < count


def test_a_second_time_nothing_is_written(made, kit: Path) -> None:
    """`new` never overwrites."""
    before = {path: path.read_bytes() for path in kit.rglob("flat*.py")}
    done = run(kit, "grade.py", "new", "flat", "--like", LIKE.id)
    assert done.returncode == 2
    assert "There is a task flat already" in done.stderr
    assert {path: path.read_bytes() for path in kit.rglob("flat*.py")} == before
