"""Check cells in a real Jupyter kernel, and the nbgrader commands that take students' files."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("jupytext")

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from traitlets.config.loader import PyFileConfigLoader

from graders.boundary.limits import TASK_SECONDS
from graders.course import release
from tests.course import REFERENCE, SECTION, TASK, WRONG, filled, nbgrader
from tests.notebook import notebook

IDS = [check.id for check in TASK.checks]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A release, with a verdict store of its own for all that this module starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_KIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        target = tmp_path_factory.mktemp("release")
        release.release(target)
        yield target


@pytest.fixture
def student(released: Path, tmp_path: Path) -> Path:
    """A student's copy of the kit, to write in."""
    shutil.copytree(released / "student", tmp_path / "student")
    return tmp_path / "student"


def place(student: Path) -> Path:
    """Returns the path of the task's notebook in a student's copy."""
    return student / "assignments" / SECTION / f"{TASK.id}.ipynb"


def execute(path: Path, document: str = "") -> dict[str, Any]:
    """Runs a notebook in a kernel, in its folder, and returns its check cells by the checks' ids.

    Args:
        path: Path of the saved notebook.
        document: String, what is open in Jupyter, if that is not what was saved.
    """
    found = nbformat.reads(document or path.read_text(encoding="utf-8"), as_version=4)
    NotebookClient(
        found, timeout=600, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    return {
        cell.metadata.nbgrader.grade_id.replace("-", "::", 1): cell
        for cell in found.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }


def value(cell: Any) -> str:
    """Returns the value of a cell, as text."""
    [found] = [output for output in cell.outputs if output.output_type == "execute_result"]
    return found.data["text/plain"]


def shown(cell: Any) -> str:
    """Returns what a student reads below a cell, as text."""
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain") or str(output)
        for output in cell.outputs
    )


def in_terminal(student: Path) -> dict[str, dict[str, Any]]:
    """Returns what `python grade.py` says of each check of the notebook in a student's copy."""
    done = subprocess.run(
        [sys.executable, "grade.py", TASK.id, "--from", str(place(student)), "--json", "-"],
        cwd=student, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    [task] = json.loads(done.stdout)["tasks"]
    return {check["id"]: check for check in task["checks"]}


@pytest.mark.parametrize("module", [REFERENCE, WRONG], ids=["right", "wrong"])
def test_a_kernel_says_what_the_terminal_says(module: str, student: Path) -> None:
    """Each check cell has the terminal's points, message and hint, and nothing on stderr."""
    path = place(student)
    path.write_text(filled(path, module), encoding="utf-8")
    cells, told = execute(path), in_terminal(student)
    assert list(cells) == IDS
    for name, check in told.items():
        cell = cells[name]
        assert float(value(cell)) == check["points"], name
        assert check["message"] in shown(cell), name
        # A check that did not run has nothing to hint at.
        assert check["outcome"] == "skipped" or check["hint"] in shown(cell), name
        kinds = {(output.output_type, output.get("name", "")) for output in cell.outputs}
        assert kinds == {("display_data", ""), ("execute_result", "")}, shown(cell)
    points = sum(check["points"] for check in told.values())
    assert points == 10 if module == REFERENCE else 0 < points < 10


def test_the_saved_file_counts(student: Path) -> None:
    """What is in the kernel but not in the file earns nothing, and the cell says what to do."""
    path = place(student)
    cells = execute(path, filled(path, REFERENCE))
    assert {value(cell) for cell in cells.values()} == {"0.0"}
    told = shown(cells[IDS[0]])
    names = " ".join(told.split())
    assert (
        f"The saved file {TASK.id}.ipynb holds another `CustomDense` than the one that you" in names
    )
    assert f"Graded: {TASK.id}.ipynb, as it was saved at " in told
    assert f"{TASK.id}.ipynb is still the stub" in told


def test_an_unsaved_edit_is_told_of(student: Path) -> None:
    """A verdict of "passed" on the saved file is not shown as one on what was run."""
    path = place(student)
    path.write_text(filled(path, REFERENCE), encoding="utf-8")
    cells = execute(path, filled(path, WRONG))
    assert value(cells[IDS[0]]) == str(TASK.checks[0].points)
    for name in IDS[:2]:
        assert "holds another `CustomDense` than the one that you ran" in shown(cells[name])


def test_what_was_printed_is_shown(student: Path) -> None:
    """Once: below the first check that did not pass, and here, where all pass, below the last."""
    path = place(student)
    head = "class CustomDense(keras.layers.Layer):\n"
    loud = REFERENCE.replace(head, f"{head}    print('hello from', __name__)\n")
    path.write_text(filled(path, loud), encoding="utf-8")
    cells = execute(path)
    assert "printed 1 line:\nhello from custom_layer" in shown(cells[IDS[-1]])
    assert "hello from" not in shown(cells[IDS[0]])
    assert "than the one that you ran" not in shown(cells[IDS[0]])


def test_an_interrupted_check_leaves_the_kernel_usable(student: Path) -> None:
    """Jupyter's stop button ends a check in a line of words; the next run has a verdict."""
    path = place(student)
    head = "class CustomDense(keras.layers.Layer):\n"
    assert head in REFERENCE
    # In the class, which is taken from the notebook; what stands beside it is not.
    slow = REFERENCE.replace(head, f"{head}    import time\n\n    pause = time.sleep(1000)\n")
    path.write_text(filled(path, slow), encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    [grader] = [c for c in cells if "graders.jupyter" in "".join(c["source"])]
    manager, client = start_new_kernel(cwd=str(path.parent))
    outputs: list[Any] = []
    try:
        client.execute_interactive(
            "".join(grader["source"]), timeout=60, output_hook=outputs.append
        )
        number = client.execute(f'check("{IDS[0]}")')
        time.sleep(8)
        manager.interrupt_kernel()
        while True:
            reply = client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == number:
                break
        assert reply["content"]["status"] == "error"
        told = "\n".join(reply["content"]["traceback"])
        assert told == f"Stopped: {IDS[0]} has no verdict yet. Run the cell again."
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(document).replace("time.sleep(1000)", "time.sleep(0)"))
        reply = client.execute_interactive(
            f'assert check("{IDS[0]}") == {TASK.checks[0].points}', timeout=300,
            output_hook=outputs.append,
        )  # fmt: skip
        assert reply["content"]["status"] == "ok", outputs
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_failure_of_the_grader_is_words(student: Path) -> None:
    """In a kernel, too: neither points nor a line of the kit's code, only what happened."""
    path = place(student)
    given = (
        "import sys\n"
        f"sys.path.insert(0, {str(student)!r})\n"
        "from graders import jupyter\n"
        "from graders.verdict import TaskVerdict\n"
        "class Broken:\n"
        "    def grade_task(self, request):\n"
        "        return TaskVerdict('x', 'y', 'grader_error', (), message='The grader broke.')\n"
        "jupyter.runner = Broken\n"
    )
    found = nbformat.reads(notebook(given, f'jupyter.check("{IDS[0]}")'), as_version=4)
    place_ = {"metadata": {"path": str(path.parent)}}
    NotebookClient(found, timeout=120, allow_errors=True, resources=place_).execute()
    [output] = found.cells[1].outputs
    assert (output.output_type, output.ename) == ("error", "GraderFailed")
    assert output.traceback == ["The grader broke."]


def test_a_copy_grades_itself(student: Path) -> None:
    """The cells of a copied notebook are about the copy, and say what will count."""
    path = place(student)
    copy = path.with_name(f"{TASK.id}-Copy1.ipynb")
    copy.write_text(filled(path, REFERENCE), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JPY_SESSION_NAME", str(copy))
        cells = execute(copy)
    assert value(cells[IDS[0]]) == str(TASK.checks[0].points)
    assert f"about {copy.name}; what counts when handed in is {TASK.id}.ipynb" in shown(
        cells[IDS[0]]
    )


# --- nbgrader's own commands ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (None, f"Not started: {TASK.id}.ipynb is still the stub."),
        (REFERENCE, "Success! Your notebook passes all the tests."),
        (WRONG, ""),
    ],
    ids=["stub", "right", "wrong"],
)
def test_validate(module: str | None, expected: str, student: Path) -> None:
    """`nbgrader validate` counts the checks that fail, and says of each what the terminal says."""
    path = place(student)
    if module:
        path.write_text(filled(path, module), encoding="utf-8")
    said = nbgrader(student, "validate", str(path.relative_to(student)))
    told = in_terminal(student)
    failed = [check for check in told.values() if check["outcome"] != "passed"]
    assert expected in said
    assert (f"VALIDATION FAILED ON {len(failed)} CELL(S)!" in said) == bool(failed)
    words = " ".join(said.split())
    for check in failed:
        assert " ".join(check["message"].split()) in words, check["id"]
    # Neither nbgrader's own words, cut lines nor the kit's insides.
    for wrong in ("Partial credit", "...\n", "jupyter.py", "Traceback"):
        assert wrong not in said, said


def test_validate_waits_for_a_training(released: Path) -> None:
    """In the student's folder and in the course, a cell has as long as a task, not 30 s."""
    for folder in ("student", "course"):
        config = PyFileConfigLoader("nbgrader_config.py", path=str(released / folder)).load_config()
        assert config.Execute.timeout == TASK_SECONDS + 120 == 420


def test_zip_collect_sorts_downloaded_files(released: Path, tmp_path: Path) -> None:
    """What Blackboard names, and what students pack, comes to where `bulk` looks for it."""
    course = tmp_path / "course"
    shutil.copytree(released / "course", course)
    (course / "release" / SECTION).mkdir(parents=True)
    task = place(released / "student")
    shutil.copy(task, course / "release" / SECTION)
    archive = course / "downloaded" / SECTION / "archive"
    archive.mkdir(parents=True)
    head, then = SECTION, "attempt_2030-01-02-10-00-00"
    right = filled(task, REFERENCE)
    packed = {
        f"{head}_ada_l_{then}_{TASK.id}.ipynb": right,
        f"{head}_bob.b-2_{then}_{TASK.id}.py": REFERENCE,
        f"Week%203_cid_{then}_{TASK.id}.py": WRONG,
        f"{head}_cid_attempt_2030-01-03-10-00-00_{TASK.id}.py": REFERENCE,
        f"{head}_dee_{then}_notes.txt": "no work",
        f"{head}_dee_{then}.txt": "Blackboard's own words",
    }
    inner = tmp_path / "work.zip"
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr(f"my work/{TASK.id}.ipynb", right)
        file.writestr(f"__MACOSX/my work/._{TASK.id}.ipynb", "\0")
    with zipfile.ZipFile(archive / "gradebook_keras.zip", "w") as file:
        for name, text in packed.items():
            file.writestr(name, text)
        file.write(inner, f"{head}_eve_{then}_work.zip")
    nbgrader(course, "zip_collect", SECTION)
    submitted = course / "submitted"
    found = {str(p.relative_to(submitted)): p for p in submitted.rglob("*") if p.is_file()}
    work = {name: path for name, path in found.items() if path.name != "timestamp.txt"}
    assert set(work) == {
        f"ada_l/{SECTION}/{TASK.id}.ipynb",
        f"bob.b-2/{SECTION}/{TASK.id}.py",
        f"cid/{SECTION}/{TASK.id}.py",
        f"eve/{SECTION}/{TASK.id}.ipynb",
    }
    # Of two attempts the later one counts, and is when the work was handed in.
    assert work[f"cid/{SECTION}/{TASK.id}.py"].read_text() == REFERENCE
    assert "2030-01-03 10:00:00" in found[f"cid/{SECTION}/timestamp.txt"].read_text()


@pytest.mark.parametrize("system", ["canvas", "moodle", "moodle_flat"])
def test_zip_collect_knows_other_systems(system: str, released: Path, tmp_path: Path) -> None:
    """Canvas and Moodle: late work, work handed in again, packed, twice; nobody's is lost."""
    course = tmp_path / "course"
    shutil.copytree(released / "course", course)
    (course / "release" / SECTION).mkdir(parents=True)
    shutil.copy(place(released / "student"), course / "release" / SECTION)
    archive = course / "downloaded" / SECTION / "archive"
    archive.mkdir(parents=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(f"a/{TASK.id}.py", REFERENCE)
        file.writestr(f"b/{TASK.id}.py", WRONG)
        file.writestr(f"doeada_12_900_{TASK.id}.py", "# eve was here")
        file.writestr(f"Ada Doe_12_assignsubmission_file_/{TASK.id}.py", "# eve was here")
    if system == "canvas":
        given: dict[str, str | bytes] = {
            f"doeada_12_100_{TASK.id}.py": WRONG,
            f"doeada_12_101_{TASK.id}-1.py": REFERENCE,
            f"bobbob_LATE_13_102_{TASK.id}-2.ipynb": "{}",
            f"cidcid_14_103_{TASK.id}_final.py": REFERENCE,
            f"anon_aB3dE_104_{TASK.id}.py": REFERENCE,
            "eveeve_15_105_work.zip": packed.getvalue(),
            f"gusgus_16_106_{TASK.id}.PY": REFERENCE,
        }
        ada, bob, cid, eve, more = "doeada_12", "bobbob_13", "cidcid_14", "eveeve_15", "anon_aB3dE"
    else:
        then = "_assignsubmission_file_" + ("" if system == "moodle_flat" else "/")
        given = {
            f"Ada Doe_12{then}{TASK.id}.py": REFERENCE,
            f"Bób O'Hara_13{then}{TASK.id}.ipynb": "{}",
            f"Cid_14{then}{TASK.id}_final.py": REFERENCE,
            f"Ada Doe_16{then}{TASK.id}.py": REFERENCE,
            f"Eve_15{then}work.zip": packed.getvalue(),
            "Ada Doe_12_assignsubmission_onlinetext_/onlinetext.html": "<p>Hello.</p>",
            f"Gus_17{then}{TASK.id}.PY": REFERENCE,
        }
        ada, bob, cid, eve, more = "Ada-Doe_12", "Bób-O-Hara_13", "Cid_14", "Eve_15", "Ada-Doe_16"
    with zipfile.ZipFile(archive / "submissions.zip", "w") as file:
        for name, content in given.items():
            file.writestr(name, content)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "zip_collect", SECTION],
        cwd=course, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    submitted = course / "submitted"
    found = {str(p.relative_to(submitted)): p for p in submitted.rglob("*") if p.is_file()}
    work = {
        f"{ada}/{SECTION}/{TASK.id}.py": REFERENCE,
        f"{bob}/{SECTION}/{TASK.id}.ipynb": "{}",
        f"{cid}/{SECTION}/{TASK.id}_final.py": REFERENCE,
        f"{more}/{SECTION}/{TASK.id}.py": REFERENCE,
    }
    if system == "canvas":
        work[f"{ada}/{SECTION}/{TASK.id} (other).py"] = WRONG
        assert f"doeada_12_101_{TASK.id}-1.py of doeada_12 is collected as {TASK.id}.py" in told
    of_eve = {name for name in found if name.startswith(f"{eve}/")}
    assert set(found) - of_eve == set(work)
    for name, text in work.items():
        assert found[name].read_text() == text
    # What eve packed is eve's, whatever the names in it, and all of it is there.
    names = (f"{TASK.id}.py", f"{TASK.id} (other).py", f"{TASK.id} (other 2).py",
             f"doeada_12_900_{TASK.id}.py")  # fmt: skip
    assert of_eve == {f"{eve}/{SECTION}/{name}" for name in names}
    assert f"{TASK.id}_final.py of {cid} is not graded" in told
    assert f"{TASK.id}.PY is not collected" in told
