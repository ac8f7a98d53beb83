"""Which tests run by default, and which with --all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from graders import KIT


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["--co"], "no tests collected"), (["--all", "-n", "1"], "1 passed")],
    ids=["by default", "all, with workers"],
)
def test_floors(options: list[str], expected: str) -> None:
    """`pytest` leaves out what starts processes; `--all` runs it, in workers too."""
    command = [*(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"), *options]
    done = subprocess.run(
        [*command, "-k", "test_floor_by_name"], cwd=KIT, capture_output=True, text=True, timeout=600
    )
    assert expected in done.stdout, done.stdout + done.stderr


def test_floor_by_name() -> None:
    """Is looked for by the test above."""
