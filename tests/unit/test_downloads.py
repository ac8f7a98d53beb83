"""The names that Blackboard, Canvas and Moodle give to downloaded work."""

from __future__ import annotations

import pytest

pytest.importorskip("nbgrader")

from graders.course.downloads import parse

WHEN = "2030-01-02-10-00-00"


@pytest.mark.parametrize(
    ("path", "student", "name"),
    [
        (f"customization_ada_l_attempt_{WHEN}_custom_layer.ipynb", "ada_l", "custom_layer.ipynb"),
        (f"Week%203_cid_attempt_{WHEN}_cnn.py", "cid", "cnn.py"),
        (f"gradebook/customization_ada_attempt_{WHEN}_work/my work/cnn.py", "ada", "cnn.py"),
        ("doeada_12345_67890_custom_layer.py", "doeada_12345", "custom_layer.py"),
        ("submissions/doeada_LATE_12345_67890_cnn.ipynb", "doeada_12345", "cnn.ipynb"),
        ("submissions/doeada_12345_67890_cnn-1.py", "doeada_12345", "cnn.py"),
        ("submissions/doeada_12345_67890_cnn-final.py", "doeada_12345", "cnn-final.py"),
        ("submissions/doeada_12345_67890_hw/cnn-1.py", "doeada_12345", "cnn-1.py"),
        ("submissions/anon_aB3dE_67890_cnn.py", "anon_aB3dE", "cnn.py"),
        ("submissions/anon_LATE_aB3dE_67890_cnn.py", "anon_aB3dE", "cnn.py"),
        ("Ada Lovelace_12_assignsubmission_file/cnn.py", "Ada-Lovelace_12", "cnn.py"),
        ("Ada Lovelace_12_assignsubmission_file_/cnn.py", "Ada-Lovelace_12", "cnn.py"),
        ("Ada Lovelace_12_assignsubmission_file_cnn.py", "Ada-Lovelace_12", "cnn.py"),
        ("k-1/José O'Hara_12_assignsubmission_file_/a/lr_batch_sweep.py", "José-O-Hara_12",
         "lr_batch_sweep.py"),
        ("Participant_77_assignsubmission_file_/cnn (1).py", "Participant_77", "cnn (1).py"),
    ],
)  # fmt: skip
def test_who_handed_in_what(path: str, student: str, name: str) -> None:
    """As the three systems write it, packed or not, late, anonymous, handed in again."""
    found = parse(path)
    assert found is not None
    assert (found["student_id"], found["file_id"]) == (student, name)


@pytest.mark.parametrize(
    "path", ["cnn.py", "Ada Lovelace_12_assignsubmission_onlinetext/onlinetext.html", "a_b_cnn.py"]
)
def test_other_names_are_nobodys(path: str) -> None:
    """What no system writes is not guessed at."""
    assert parse(path) is None


@pytest.mark.parametrize(
    "inner",
    [
        f"customization_ada_attempt_{WHEN}_cnn.py",
        "doeada_1_2_cnn.py",
        "Ada_12_assignsubmission_file_/cnn.py",
    ],
)
def test_nobody_hands_in_for_another(inner: str) -> None:
    """Of a packed folder the outer name counts: the student wrote what lies in it."""
    for outer in (
        f"customization_eve_attempt_{WHEN}_work",
        "submissions/eve_5_6_work",
        "Eve_7_assignsubmission_file_",
    ):
        found = parse(f"{outer}/{inner}")
        assert found is not None and found["student_id"].lower().startswith("eve")
