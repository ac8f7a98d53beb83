"""What is asked of Landlock, by its version; what it then refuses is tried in tests/system."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import pytest

from graders.walls import kernel, landlock
from graders.walls.kernel import IsolationError

ALL = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF, 6: 0xFFFF, 7: 0xFFFF}


class Kernel:
    """A kernel that answers as one with some version of Landlock does, and notes the calls."""

    def __init__(self, version: int, failing: int = 0):
        self.version, self.failing = version, failing
        self.ruleset: tuple[bytes, int] | None = None
        self.rules: list[tuple[int, str]] = []
        self.restricted = False

    def syscall(self, number: int, *args: Any) -> int:
        """Answers one of Landlock's three calls."""
        if number == self.failing:
            return -1
        if number == landlock.CREATE_RULESET and args[0] is None:
            return self.version or -1
        if number == landlock.CREATE_RULESET:
            self.ruleset = (args[0], args[1])
            return os.open(os.devnull, os.O_RDONLY)
        if number == landlock.ADD_RULE:
            allowed, fd = struct.unpack("<Qi", args[2])
            self.rules.append((allowed, os.readlink(f"/proc/self/fd/{fd}")))
        if number == landlock.RESTRICT_SELF:
            self.restricted = True
        return 0


def install(monkeypatch: pytest.MonkeyPatch, version: int, failing: int = 0) -> Kernel:
    """Puts a kernel of one's own in the place of the real one."""
    made = Kernel(version, failing)
    monkeypatch.setattr(kernel, "known_machine", lambda: True)
    monkeypatch.setattr(kernel, "libc", lambda: made)
    monkeypatch.setattr(kernel, "prctl", lambda option, value: None)
    return made


@pytest.mark.parametrize("version", range(1, 8))
def test_all_that_a_version_knows_is_restricted(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version restricts all rights on files that it knows, then TCP, then signals."""
    found = install(monkeypatch, version)
    landlock.restrict([str(tmp_path)], [])
    assert found.ruleset is not None
    fields, size = found.ruleset
    files, tcp, scopes = struct.unpack("<QQQ", fields)
    assert files == ALL[version]
    assert tcp == (3 if version >= 4 else 0)
    assert scopes == (3 if version >= 6 else 0)
    # An older kernel refuses a structure that is longer than it knows.
    assert size == (8 if version < 4 else 16 if version < 6 else 24)
    assert found.restricted
    assert landlock.keeps_signals() == (version >= 6)


def test_what_is_shown_may_be_read_and_scratch_may_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is shown may be read and run; a rule on a file has no rights of folders."""
    found = install(monkeypatch, 7)
    (tmp_path / "shown").mkdir()
    (tmp_path / "scratch").mkdir()
    (tmp_path / "file").touch()
    paths = {name: str(tmp_path / name) for name in ("shown", "scratch", "file", "absent")}
    landlock.restrict(
        [paths["shown"], paths["file"], paths["absent"]], [paths["scratch"], "/dev/null"]
    )
    assert found.rules == [
        (landlock.EXECUTE | landlock.READ_FILE | landlock.READ_DIR, paths["shown"]),
        (landlock.EXECUTE | landlock.READ_FILE, paths["file"]),
        (0xFFFF, paths["scratch"]),
        (landlock.OF_A_FILE, "/dev/null"),
    ]


def test_no_descriptor_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was opened for the rules is closed: it would lead to the files."""
    install(monkeypatch, 7)
    before = os.listdir("/proc/self/fd")
    landlock.restrict([str(tmp_path)], [str(tmp_path)])
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize(
    ("version", "failing"),
    [(0, 0), *((7, n) for n in (landlock.ADD_RULE, landlock.RESTRICT_SELF))],
)
def test_a_refusal_is_an_error(
    version: int, failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Landlock, a rule or the restriction that is refused: never a sandbox without."""
    found = install(monkeypatch, version, failing)
    with pytest.raises(IsolationError, match="andlock"):
        landlock.restrict([str(tmp_path)], [])
    assert not found.restricted
