"""What editors do to a file: line ends, marks, tabs and encodings that students do not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import rubric, submission
from graders.submission import Source, Unreadable

TASK = rubric.find("custom_layer")
STUB = TASK.stub.read_text(encoding="utf-8")
SOLUTION = TASK.reference.read_text(encoding="utf-8")
BOM = b"\xef\xbb\xbf"


def write(folder: Path, data: bytes) -> Path:
    """Writes a submission and returns its path."""
    path = folder / "custom_layer.py"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("newline", "mark"),
    [("\r\n", b""), ("\r", b""), ("\n", BOM), ("\r\n", BOM)],
    ids=["Windows", "old Mac", "mark", "Windows with mark"],
)
def test_line_ends_and_marks_change_nothing(newline: str, mark: bytes, tmp_path: Path) -> None:
    """As Windows's Notepad saves it: the same text, the same digest, and a stub stays a stub."""
    for text, untouched in ((STUB, True), (SOLUTION, False)):
        plain = submission.read(write(tmp_path, text.encode()), TASK)
        path = write(tmp_path, mark + text.replace("\n", newline).encode())
        found = submission.read(path, TASK)
        assert (found.text, found.digest) == (plain.text, plain.digest)
        assert submission.is_stub(found, TASK) is untouched


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """With Windows's line ends too a syntax error names the line that the editor shows."""
    with pytest.raises(Unreadable, match=r"custom_layer\.py, line 3: .*\n    x = \(\n"):
        submission.read(write(tmp_path, BOM + b"a = 1\r\nb = 2\r\nx = (\r\n"), TASK)


def test_tabs_are_fine(tmp_path: Path) -> None:
    """A module indented with tabs is the same program."""
    path = write(tmp_path, SOLUTION.replace("    ", "\t").encode())
    assert submission.same_code(submission.read(path, TASK), Source(SOLUTION, "", path), TASK)


def test_tabs_mixed_with_blanks_are_said(tmp_path: Path) -> None:
    """Which line it is, and that it is about tabs."""
    path = write(tmp_path, b"def f(x):\n    y = x\n\treturn y\n")
    with pytest.raises(Unreadable, match=r"line 3: .*tabs and spaces"):
        submission.read(path, TASK)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (STUB.encode("utf-16"), 1),
        (BOM + STUB.encode() + "\n# Grüße\n".encode("latin-1"), STUB.count("\n") + 2),
        ("# Größe: 3 €\n".encode("cp1252") + STUB.encode(), 1),
    ],
    ids=["UTF-16", "Latin-1", "Windows-1252"],
)
def test_other_encodings_are_one_clear_line(data: bytes, line: int, tmp_path: Path) -> None:
    """What is wrong, in which line, and what to do about it."""
    with pytest.raises(Unreadable) as raised:
        submission.read(write(tmp_path, data), TASK)
    said = str(raised.value)
    assert said.endswith(
        f"custom_layer.py is not UTF-8 text (line {line}). Save it with the encoding UTF-8."
    )
    assert "\n" not in said
