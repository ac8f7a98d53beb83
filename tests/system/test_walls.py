"""Tests of the tests: with a wall taken away, the probe that looks for it finds something.

`test_isolation` shows that probes find nothing. That is worth something only if each of them can
find, and if no wall can fall without one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.runner import Runner, machine
from tests.system import planting, probes
from tests.system.broken import MUTANTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

# Yama lets a process read the memory of its descendants only, hidden or not.
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
unguarded = pytest.mark.skipif(
    YAMA.exists() and YAMA.read_text().strip() != "0", reason="Yama hides the memory, too"
)
# Mutants, the probe that sees them, a word of what it finds, and the level that the sandbox keeps.
WALLS = [
    (["no network namespace"], "tcp_port", "True", "namespaces"),
    (["no network namespace"], "abstract_socket", "True", "namespaces"),
    (["no IPC namespace"], "shared_memory", "True", "namespaces"),
    (["no IPC namespace"], "message_queue", "True", "namespaces"),
    (["no IPC namespace"], "posix_queue", "True", "namespaces"),
    (["no UTS namespace"], "uts_namespace", "True", "namespaces"),
    (["no PID namespace"], "other_process", "True", "namespaces"),
    (["no mount namespace"], "files", "/var/tmp", "process"),
    (["no user namespace"], "files", "/var/tmp", "process"),
    (["no namespaces"], "tcp_port", "True", "process"),
    (["no new root"], "files", "home", "namespaces"),
    (["no new root"], "files", "/tmp", "namespaces"),
    (["no new root"], "files", "/dev/shm", "namespaces"),
    (["no new root"], "socket_file", "True", "namespaces"),
    (["no new root"], "kit", "cache", "namespaces"),
    (["/var/tmp is shown"], "files", "/var/tmp", "namespaces"),
    (["the kit is shown"], "kit", "reference", "namespaces"),
    (["the old /proc"], "command_lines", "cmdline", "namespaces"),
    (["nothing read-only"], "writable", "a module of keras", "namespaces"),
    (["nothing read-only"], "writable", "the folder of keras", "namespaces"),
    (["nothing read-only"], "root", "True", "namespaces"),
    (["privileges kept"], "unmounting", "True", "namespaces"),
    (["capabilities kept"], "capabilities", "CapEff", "namespaces"),
    (["bounding set kept"], "capabilities", "CapBnd", "namespaces"),
    (["new privileges"], "new_privileges", "True", "namespaces"),
    (["bounding set kept", "new privileges"], "regained_capabilities", "CapEff", "namespaces"),
    (["environment kept"], "environment", "KERAS_KIT_SECRET", "namespaces"),
    # No mutant: the broken warm process gets more than the allowlist of variables.
    ([], "first_environment", "/proc/self/environ", "namespaces"),
    (["descriptors kept"], "descriptors", "socket", "namespaces"),
    (["descriptors kept"], "descriptors", "file", "namespaces"),
    (["no limits"], "huge_file", "True", "namespaces"),
    (["no limits"], "huge_memory", "True", "namespaces"),
    (["no limits"], "endless_time", "True", "namespaces"),
    # Without namespaces, a sandbox sees the grader in /proc.
    (["no namespaces", "memory not hidden"], "grader", "descriptors", "process"),
    pytest.param(
        ["no namespaces", "memory not hidden"], "grader", "memory", "process", marks=unguarded
    ),
]
# Mutants with which a daemon lives on, and how its submission ends.
SURVIVALS = [
    (["no PID namespace"], "raises"),
    (["nothing killed"], "writes garbage"),
    (["no namespaces", "nothing killed"], "raises"),
    (["no namespaces", "no subreaper"], "raises"),
]


class Broken:
    """A warm process in whose children chosen walls are missing."""

    def __init__(self, runner: Runner, chosen: Path, folder: Path, planted: probes.Planted):
        self.runner, self._chosen, self.folder, self._planted = runner, chosen, folder, planted

    def choose(self, mutants: list[str]) -> None:
        """Sets the mutants of the children that start from now on."""
        self._chosen.write_text("\n".join(mutants))

    def look(self, mutants: list[str], names: list[str]) -> tuple[dict[str, str], str]:
        """Returns what probes find with some mutants, and the level of isolation."""
        self.choose(mutants)
        return planting.look(self.runner, self.folder, self._planted, names)


@pytest.fixture(scope="module")
def broken(planted: probes.Planted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    """One warm process for all mutants: they are applied in its children."""
    folder = tmp_path_factory.mktemp("broken")
    chosen = folder / "chosen"
    chosen.touch()
    with planting.warm(planted, chosen) as runner:
        yield Broken(runner, chosen, folder, planted)


def _named(values: list) -> str | None:
    return " + ".join(values) or "as it is" if isinstance(values, list) else None


@pytest.mark.parametrize(("mutants", "probe", "finding", "level"), WALLS, ids=_named)
def test_a_missing_wall_is_found(
    mutants: list[str], probe: str, finding: str, level: str, broken: Broken
) -> None:
    """The probe finds what was planted behind the wall that is missing."""
    found, kept = broken.look(mutants, [probe])
    assert "could not look" not in found[probe]
    assert finding in found[probe]
    assert kept == level


def test_the_broken_process_is_whole_but_for_its_mutants(broken: Broken) -> None:
    """Without a mutant, every probe but the one for the process's own flaw finds nothing."""
    found, level = broken.look([], list(probes.PROBES))
    assert {name for name, text in found.items() if text} == {"first_environment"}
    assert level == "namespaces"


def test_the_grader_hides_its_memory(broken: Broken) -> None:
    """Without namespaces, a sandbox of the same user still cannot read the grader."""
    assert broken.look(["no namespaces"], ["grader"]) == ({"grader": ""}, "process")


def test_a_refused_wall_is_not_the_submissions_end(broken: Broken) -> None:
    """A grader that reads late how a sandbox ended starts another one, at a lower level."""
    found, level = broken.look(["no mount namespace", "a late grader"], ["files"])
    assert "/var/tmp" in found["files"]
    assert level == "process"


@pytest.mark.parametrize("secret", ["secret", "draw"])
def test_a_secret_that_comes_along_is_found(
    secret: str, broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret among a sandbox's settings is found in its memory."""
    original = machine.job

    def job(*args: Any) -> dict:
        made = original(*args)
        made["limits"]["leak"] = {"secret": planting.SECRET, "draw": str(made["draw"])}[secret]
        return made

    monkeypatch.setattr(machine, "job", job)
    found, _ = broken.look([], ["memory"])
    assert found["memory"] == str([secret])


@pytest.mark.parametrize(("mutants", "ending"), SURVIVALS, ids=_named)
def test_a_daemon_lives_on_where_nothing_kills_it(
    mutants: list[str], ending: str, broken: Broken
) -> None:
    """The search for daemons finds one that was not killed."""
    broken.choose(mutants)
    with planting.daemon(broken.runner, broken.folder, ending) as mark:
        assert not planting.gone(mark, 1)


@pytest.mark.parametrize("ending", ["raises", "writes garbage"])
def test_nothing_outlives_the_grading_without_namespaces(ending: str, broken: Broken) -> None:
    """Where there is no namespace, the guard kills a daemon."""
    broken.choose(["no namespaces"])
    with planting.daemon(broken.runner, broken.folder, ending) as mark:
        assert planting.gone(mark, 10)


def test_a_daemon_outlives_the_guard_unless_it_dies_with_it(broken: Broken) -> None:
    """The search for daemons finds one whose guard was killed."""
    broken.choose(["outlives its parent"])
    with planting.daemon_without_guard(broken.runner, broken.folder) as mark:
        assert not planting.gone(mark, 1)


def test_every_probe_and_every_mutant_is_used() -> None:
    """No probe is without a mutant that it sees, and no mutant without a probe."""
    rows = [tuple(getattr(row, "values", row)) for row in WALLS]
    assert {row[1] for row in rows} | {"memory"} == {*probes.PROBES, "grader"}
    chosen = {name for mutants, *_ in [*rows, *SURVIVALS] for name in mutants}
    assert chosen | {"outlives its parent", "a late grader"} == set(MUTANTS)
