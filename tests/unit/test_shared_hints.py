"""Hints that several tasks share are read from source, as the rubric reads everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graders.rubric.tasks import BrokenRubric, read_task

CHECK = '''"""A task."""


@check(points=10, hints={hints})
def builds(model):
    """It builds."""
'''
FITS = "Does train call fit on the model that it is given, and return what fit returns?"


def read(folder: Path, hints: str) -> tuple[str, ...]:
    """Returns the hints of a check file's only check."""
    path = folder / "section" / "task.py"
    path.parent.mkdir()
    path.write_text(CHECK.format(hints=hints))
    [check] = read_task(path).checks
    return check.hints


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('("A nudge.", "A push.")', ("A nudge.", "A push.")),
        ("hints.FITS", (FITS,)),
        ('hints.FITS + ("More.",)', (FITS, "More.")),
        ('(*hints.FITS, "More.")', (FITS, "More.")),
        ('("First.", *hints.FITS)', ("First.", FITS)),
    ],
)
def test_hints_may_be_named(tmp_path: Path, source: str, expected: tuple[str, ...]) -> None:
    """A check gives its hints as strings, names shared ones, or does both."""
    assert read(tmp_path, source) == expected


@pytest.mark.parametrize(
    "source", ["hints.NOBODY", "other.FITS", "make()", "(make(),)", '("a" * 9,)', '"text"', "(1,)"]
)
def test_anything_else_is_refused(tmp_path: Path, source: str) -> None:
    """What the source does not show is no hint: nothing is ever called or looked up elsewhere."""
    with pytest.raises(BrokenRubric, match="builds"):
        read(tmp_path, source)


def test_reading_imports_no_toolkit() -> None:
    """The rubric reads shared hints without importing what needs Keras."""
    program = (
        "import sys; from graders.rubric import tasks; tasks(); "
        "print([m for m in sys.modules if m.startswith(('graders.toolkit', 'keras', 'numpy'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
