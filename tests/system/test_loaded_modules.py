"""What a sandbox has in memory: its own folder, the boundary, the walls, and nothing of the judge."""

from __future__ import annotations

import re

import pytest

from tests.programs import cnn, first_bad

FORBIDDEN = (
    *("graders.judge", "graders.toolkit", "graders.rebuilt", "graders.checks", "graders.checking"),
    *("graders.rubric", "graders.runner", "graders.submission", "graders.reports", "graders.cli"),
    *("graders.course", "graders.calibration", "graders.verdict", "datasets", "pytest", "tests"),
)
OWN = ("graders.sandbox.", "graders.system.", "graders.walls.", "graders.warm.")
ALLOWED = (
    "graders",
    *(
        f"graders.boundary{name}"
        for name in (
            "",
            ".challenge",
            ".device",
            ".log",
            ".names",
            ".operations",
            ".sizes",
            ".wire",
        )
    ),
    *("graders.sandbox", "graders.system", "graders.warm", "graders.walls"),
)


@pytest.mark.parametrize("spawn", [False, True], ids=["forked", "spawned"])
def test_a_sandbox_has_loaded_its_own_modules_only(spawn: bool, grade) -> None:
    """Of the kit: the sandbox, the boundary, walls and what forked or spawned it, by their names."""
    # Those for scripts are left out of the list: a message has room for so many.
    body = """import sys
    own = [m for m in sys.modules if m.split(".")[0] in ("graders", "datasets", "pytest", "tests")]
    own = [m for m in own if not m.startswith("graders.sandbox.scripts.")]
    raise ValueError("<<" + " ".join(sorted(own)) + ">>")"""
    found = re.search("<<(.*)>>", first_bad(grade("cnn", cnn(body), spawn=spawn))[2])
    assert found
    loaded = found[1].split()
    assert "graders.sandbox.guard" in loaded
    for name in loaded:
        assert not name.startswith(FORBIDDEN), name
        assert name.startswith(OWN) or name in ALLOWED, name
