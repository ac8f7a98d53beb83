"""Where work lies, in folders as students and tools make them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from graders import cli, rubric, submission
from graders.course import results
from graders.reports import gradescope
from graders.verdict import TaskVerdict

TASK = rubric.find("cnn")
WORK = "def build_model(input_shape, num_classes):\n    return 1\n"


def put(folder: Path, *names: str) -> Path:
    """Writes work under some names, and returns the folder."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{WORK}# {number}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "noted"),
    [
        ("cnn.py", False),
        ("model_architectures/cnn.py", False),
        ("assignments/model_architectures/cnn.py", True),
        ("hw3/cnn.py", True),
        ("ada-main/assignments/model_architectures/cnn.py", True),
        ("a/b/c/model_architectures/cnn.py", True),
    ],
)
def test_work_is_found(name: str, noted: bool, tmp_path: Path) -> None:
    """In the kit's own layout, and in the folder of a zip or a repository; a note names the file."""
    found = submission.load(TASK, put(tmp_path, name, "graders/checks/cnn.py", ".git/cnn.py"))
    assert found.path == tmp_path / name
    assert submission.locate(TASK, tmp_path) == tmp_path / name
    assert found.note == (f"Graded: {name}." if noted else "")


@pytest.mark.parametrize(
    "name", ["a/b/c/d/cnn.py", "graders/cnn.py", "__MACOSX/cnn.py", ".x/cnn.py"]
)
def test_work_is_not_found_just_anywhere(name: str, tmp_path: Path) -> None:
    """Far down, in hidden folders, and in the kit's own, nothing is anybody's work."""
    with pytest.raises(submission.Unreadable, match="There is no cnn in"):
        submission.load(TASK, put(tmp_path, name))


def test_linked_folders_are_not_searched(tmp_path: Path) -> None:
    """A link may lead to a neighbour's work."""
    put(tmp_path / "other", "cnn.py")
    (tmp_path / "mine").mkdir()
    os.symlink("../other", tmp_path / "mine" / "hw3")
    with pytest.raises(submission.Unreadable, match="There is no cnn in"):
        submission.load(TASK, tmp_path / "mine")


def test_two_works_are_not_chosen_from(tmp_path: Path) -> None:
    """Which of two folders counts is not the grader's to guess."""
    with pytest.raises(submission.Unreadable, match=r"more than one cnn in .*: in a, b"):
        submission.load(TASK, put(tmp_path, "a/cnn.py", "b/cnn.py"))


@pytest.mark.parametrize("name", ["cnn (1).py", "cnn-1.ipynb", "cnn_final.py", "CNN final (2).py"])
def test_what_lies_beside_is_named(name: str, tmp_path: Path) -> None:
    """Work that was handed in again under another name is not graded, and that is told."""
    found = submission.load(TASK, put(tmp_path, "model_architectures/cnn.py",
                                      f"model_architectures/{name}"))  # fmt: skip
    assert found.path.name == "cnn.py"
    assert f"cnn.py is graded. {name}, beside it, is not" in found.note


def test_what_is_no_other_work_is_not_named(tmp_path: Path) -> None:
    """Neither other tasks nor the same contents are worth a note."""
    put(tmp_path, "cnn.py", "lstm.py", "notes.py")
    (tmp_path / "cnn (1).py").write_text((tmp_path / "cnn.py").read_text())
    assert submission.load(TASK, tmp_path).note == ""


@pytest.mark.parametrize(
    "name", ["hw3/cnn (1).py", "model_architectures/CNN final (2).py", "cnn.PY", "cnn.py.txt",
             "work/cnn.zip", "my_cnn_v1.2.ipynb"],
)  # fmt: skip
def test_work_under_another_name_is_named_wherever_it_lies(name: str, tmp_path: Path) -> None:
    """Nothing is called like the task, and something nearly: also deep down, also packed."""
    with pytest.raises(submission.Unreadable) as caught:
        submission.load(TASK, put(tmp_path, name, ".hidden_cnn.py", "cnn.png", "graders/a_cnn.py"))
    assert f" Found {Path(name).name}, which is not graded. Is" in str(caught.value)


def test_what_lies_in_the_other_place_is_named(tmp_path: Path) -> None:
    """In the student's folder and in the section's; of many, how many more."""
    section = "model_architectures"
    names = [f"{section}/cnn.py", "cnn-1.py", *(f"{section}/cnn ({i}).py" for i in range(4))]
    note = submission.load(TASK, put(tmp_path, *names)).note
    named = "cnn (0).py, cnn (1).py, cnn (2).py and 2 more"
    assert f"cnn.py is graded. {named}, beside it, is not" in note
    os.rename(tmp_path / section, tmp_path / "elsewhere")
    (tmp_path / "cnn.py").write_text(WORK)
    os.symlink("elsewhere", tmp_path / section)
    with pytest.raises(submission.Unreadable, match="is a link"):
        submission.load(TASK, tmp_path)
    assert submission.beside(TASK, tmp_path / "cnn.py", tmp_path) == ["cnn-1.py"]


def test_the_class_report_names_it_beside_a_stub(tmp_path: Path) -> None:
    """The stub was handed in, and the work under another name: that is worth a line."""
    note = "cnn.py is graded. cnn (1).py, beside it, is not: …"
    stub = "Not started: cnn.py is still the stub."

    def line(message: str) -> bool:
        verdict = TaskVerdict("cnn", "model_architectures", "not_started", (), message=message)
        return "cnn (1).py" in results.report({"ada": [verdict]})

    assert line(f"{note} {stub}")
    assert not line(stub)


def test_results_json_is_written_if_nothing_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gradescope waits for the file: it names what was expected, and what was found."""
    folder = put(tmp_path / "work", "CNN final (2).py", "deep/notes.ipynb")
    for given in (folder, folder / "CNN final (2).py", folder / "nowhere"):
        target = tmp_path / "results.json"
        assert cli.main(["--from", str(given), "--gradescope", str(target)]) == 2
        found = json.loads(target.read_text())
        assert (found["score"], found["tests"]) == (0, [])
        assert found["output"].startswith("Nothing was graded. ")
        assert capsys.readouterr().err.count("\n") == 1
        target.unlink()
        if given == folder:
            assert "Found: CNN final (2).py, deep/notes.ipynb." in found["output"]


def test_wrong_usage_leaves_no_results(tmp_path: Path) -> None:
    """A mistake of whoever set the autograder up is nobody's zero."""
    target = tmp_path / "results.json"
    assert cli.main(["cnm", "--gradescope", str(target)]) == 2
    assert cli.main(["cnn", "--seed", "-1", "--gradescope", str(target)]) == 2
    assert not target.exists()


def test_nothing_is_a_document() -> None:
    """What a file's name holds is text."""
    assert json.loads(gradescope.nothing("a\x1b[2Jb"))["output"] == "Nothing was graded. a�[2Jb"
