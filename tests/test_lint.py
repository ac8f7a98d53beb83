"""ruff and mypy find nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from graders.rubric import KIT


@pytest.mark.parametrize(
    "command",
    [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_linters_find_nothing(command: list[str]) -> None:
    """The linters that pre-commit runs are clean."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=KIT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
