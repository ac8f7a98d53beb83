"""Tests of the tests: with a wall taken away, the probe that looks for it finds something.

`test_isolation` shows that probes find nothing. That is worth something only if each of them can
find, and if no wall can fall without one of them. Where two walls stand before the same thing, one
of them is taken away first, and then nothing is found yet.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from graders.judge.connection import WallBroken
from graders.judge.faults import SubmissionError
from graders.runner import Isolation
from graders.runner.machine import ThisMachine
from graders.walls import landlock
from tests.attacks.without import closed_folder
from tests.levels import lacking
from tests.system import planting, probes
from tests.system.broken import MUTANTS
from tests.system.planting import Factory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

N, L, U = "namespaces", "landlock", "user"
ORDINARY = "an ordinary user's processes"
BOTH_FILTERS = ["no seccomp", "no Landlock"]
# Level, what is missing already, the mutant, the probe that sees it, and a word of what it finds.
WALLS = [
    # the first wall: namespaces
    (N, [], "no user namespace", "host_namespaces", "user"),
    (N, [], "no network namespace", "host_namespaces", "net"),
    (N, [], "no UTS namespace", "host_namespaces", "uts"),
    (N, ["no own IPC namespace"], "no IPC namespace", "host_namespaces", "ipc"),
    (N, BOTH_FILTERS, "no network namespace", "tcp_port", "True"),
    (N, BOTH_FILTERS, "no network namespace", "abstract_socket", "True"),
    # the first wall: files
    (N, [], "no new root", "files", "home"),
    (N, [], "no new root", "files", "/var/tmp"),
    (N, [], "no new root", "kit", "reference"),
    (N, BOTH_FILTERS, "no new root", "socket_file", "True"),
    (N, [], "/var/tmp is shown", "files", "/var/tmp"),
    (N, [], "the kit is shown", "kit", "reference"),
    (N, [], "hidden things are shown", "below_shown", "shown/hidden"),
    (N, [], "nothing read-only", "mounts", "/"),
    (N, [], "nothing read-only", "mounts", "/tmp"),
    (N, ["no Landlock"], "nothing read-only", "writable", "a module of keras"),
    (N, ["no Landlock"], "nothing read-only", "root", "True"),
    (N, [], "the old /proc", "command_lines", "cmdline"),
    # each sandbox's own
    (N, [], "no own PID namespace", "shared_namespaces", "pid"),
    (N, [], "no own IPC namespace", "shared_namespaces", "ipc"),
    (N, [], "no own mount namespace", "shared_namespaces", "mnt"),
    (N, [], "no own /proc", "numbers", ","),
    # what a process may do
    (N, [], "privileges kept", "capabilities", "CapEff"),
    (N, [], "capabilities kept", "capabilities", "CapEff"),
    (N, [], "bounding set kept", "capabilities", "CapBnd"),
    (N, BOTH_FILTERS, "new privileges", "new_privileges", "True"),
    (N, [], "memory not hidden", "dumpable", "True"),
    (N, ["no Landlock"], "memory not hidden", "family", "parent's descriptors"),
    (N, ["no Landlock"], "memory not hidden", "family", "parent's memory"),
    # Landlock behind the first wall
    (N, [], "no Landlock", "devices", "/dev/urandom"),
    (N, ["nothing read-only"], "no Landlock", "writable", "a module of keras"),
    (N, ["memory not hidden"], "no Landlock", "family", "parent's descriptors"),
    # Landlock alone
    (L, [], "no Landlock", "files", "home"),
    (L, [], "no Landlock", "files", "/tmp"),
    (L, [], "no Landlock", "files", "/var/tmp"),
    (L, [], "no Landlock", "files", "/dev/shm"),
    (L, [], "no Landlock", "kit", "reference"),
    (L, [], "no Landlock", "writable", "a module of keras"),
    (L, [], "no Landlock", "root", "True"),
    (L, [], "no Landlock", "devices", "/dev/urandom"),
    (L, [], "no Landlock", "command_lines", "cmdline"),
    (L, [], "no Landlock", "signals", "True"),
    (L, ["no seccomp"], "no Landlock", "tcp_port", "True"),
    (L, ["no seccomp"], "no Landlock", "tcp_server", "True"),
    (L, ["no seccomp"], "no Landlock", "abstract_socket", "True"),
    (L, [], "/var/tmp is shown", "files", "/var/tmp"),
    (L, [], "the kit is shown", "kit", "reference"),
    (L, [], "hidden things are shown", "below_shown", "shown/hidden"),
    (L, [ORDINARY, "memory not hidden"], "no Landlock", "family", "parent's descriptors"),
    (L, [ORDINARY, "no Landlock"], "memory not hidden", "family", "parent's descriptors"),
    (L, [], "memory not hidden", "dumpable", "True"),
    (L, [], "privileges kept", "capabilities", "CapEff"),
    (L, [], "capabilities kept", "capabilities", "CapEff"),
    (L, [], "bounding set kept", "capabilities", "CapBnd"),
    (L, BOTH_FILTERS, "new privileges", "new_privileges", "True"),
    # the filter on system calls
    (N, [], "no seccomp", "system_calls", "ptrace"),
    (N, [], "no seccomp", "system_calls", "clone"),
    (L, [], "no seccomp", "system_calls", "ptrace"),
    (L, [], "no seccomp", "socket_file", "True"),
    (L, [], "no seccomp", "shared_memory", "True"),
    (L, [], "no seccomp", "message_queue", "True"),
    (L, ["no Landlock"], "no seccomp", "tcp_port", "True"),
    (L, ["no Landlock"], "no seccomp", "abstract_socket", "True"),
    (L, ["an old Landlock"], "no filter of signals", "signals", "True"),
    (U, [], "no seccomp", "system_calls", "ptrace"),
    (U, [], "no seccomp", "tcp_port", "True"),
    (U, [], "no seccomp", "tcp_server", "True"),
    (U, [], "no seccomp", "abstract_socket", "True"),
    (U, [], "no seccomp", "new_privileges", "True"),
    (U, ["no other user"], "no seccomp", "posix_queue", "True"),
    (L, [], "no filter of modes", "modes", "True"),
    (N, [], "nothing read-only", "modes", "True"),
    (N, ["no Landlock"], "kernel settings kept", "kernel_settings", "core_pattern"),
    # another user
    (U, [], "no other user", "modes", "True"),
    (U, [], "no other user", "files", "home"),
    (U, [], "no other user", "files", "/tmp"),
    (U, [], "no other user", "writable", "a module of keras"),
    (U, [], "no other user", "root", "True"),
    (U, [], "no other user", "capabilities", "CapEff"),
    (U, [], "no other user", "family", "parent's memory"),
    (U, [], "no other user", "signals", "True"),
    (U, [], "bounding set kept", "capabilities", "CapBnd"),
    # what comes along, and limits
    *((level, [], "environment kept", "environment", "KERAS_KIT_SECRET") for level in (N, L, U)),
    *((level, [], "descriptors kept", "descriptors", "socket") for level in (N, L, U)),
    *((level, [], "descriptors kept", "descriptors", "file") for level in (N, L, U)),
    *((level, [], "status pipe kept", "descriptors", "pipes") for level in (N, L, U)),
    (N, [], "path descriptors kept", "descriptors", "path"),
    *((level, [], "no limits", "huge_file", "True") for level in (N, L, U)),
    *((level, [], "no limits", "huge_memory", "True") for level in (N, L, U)),
    *((level, [], "no limits", "limits", "RLIMIT_CPU") for level in (N, L, U)),
]
# Those that take root: an ordinary user may not do it, with or without walls.
ROOT = (
    *("no user namespace", "privileges kept", "capabilities kept", "bounding set kept"),
    "kernel settings kept",
)
# Mutants with which a daemon lives on, by level, and how its submission ends.
SURVIVALS = [
    *((level, ["nothing killed"], "exits") for level in (L, U)),
    (L, ["no subreaper", "group not ended"], "raises"),
    (
        U,
        ["no subreaper", "group not ended", "another user's processes not killed"],
        "raises",
    ),
]


_missing = functools.cache(lambda level: lacking(level) if level != U else _no_user())


def _need(level: str, mutants: Sequence[str] = ()) -> None:
    """Skips a test that the machine cannot run."""
    missing = _missing(level)
    if missing:
        pytest.skip(missing)
    if "no Landlock" in mutants and landlock.version() < 6:
        pytest.skip("Landlock is too old for all that it is asked for")
    if set(mutants) & set(ROOT) and os.geteuid() != 0:
        pytest.skip("it takes root")


def _no_user() -> str:
    if os.geteuid() != 0:
        return "it needs root"
    closed = any(closed_folder(path) for path in (sys.prefix, sys.base_prefix))
    return "others cannot read Python, and nothing may be mounted" if closed and lacking(N) else ""


_found: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}


def _look(factory: Factory, level: str, mutants: list[str]) -> dict[str, str]:
    """Returns what the probes of a level find without some walls; asked once."""
    key = (level, tuple(mutants))
    if key not in _found:
        names = [name for name, at in probes.LEVELS.items() if level in at and name != "memory"]
        _found[key] = factory.look(level, mutants, names)
    return _found[key]


def _named(value: Any) -> str | None:
    return (" + ".join(value) or "whole") if isinstance(value, list) else None


@pytest.mark.parametrize(("level", "base", "mutant", "probe", "finding"), WALLS, ids=_named)
def test_a_missing_wall_is_found(
    level: str, base: list[str], mutant: str, probe: str, finding: str, factory: Factory
) -> None:
    """The probe finds what was planted behind the wall that is missing, and nothing before."""
    _need(level, [*base, mutant])
    assert finding not in _look(factory, level, base)[probe]
    found = _look(factory, level, [*base, mutant])[probe]
    assert "could not look" not in found
    assert finding in found


@pytest.mark.parametrize("level", [N, L, U])
def test_the_broken_process_is_whole_but_for_its_mutants(level: str, factory: Factory) -> None:
    """Without a mutant, every probe but the one for the process's own flaw finds nothing."""
    _need(level)
    found = _look(factory, level, [])
    # The factory gets more than the allowlist of variables. Another user may not read them.
    flaw = {} if level == U else {"first_environment": "['/proc/self/environ']"}
    assert {name: text for name, text in found.items() if text} == flaw


@pytest.mark.parametrize("mutant", ["no own scratch"])
def test_files_of_an_earlier_sandbox_are_found(mutant: str, factory: Factory) -> None:
    """A file that a sandbox leaves in /tmp is gone for the next one, unless they share it."""
    _need(N)
    kept = ["nothing read-only"]
    assert factory.look(N, kept, ["scratch"], times=2) == {"scratch": ""}
    assert "left-" in factory.look(N, [*kept, mutant], ["scratch"], times=2)["scratch"]


@pytest.mark.parametrize("secret", ["secret", "draw"])
def test_a_secret_that_comes_along_is_found(
    secret: str, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret among a sandbox's settings is found in its memory."""
    _need(N)
    assert factory.look(N, [], ["memory"]) == {"memory": ""}
    words = {"secret": planting.SECRET, "draw": planting.draw()}
    original = planting.Connection

    def leaking(launcher: Any, limits: dict[str, Any], tell: Any) -> Any:
        return original(launcher, {**limits, "leak": words[secret]}, tell)

    monkeypatch.setattr(planting, "Connection", leaking)
    assert factory.look(N, [], ["memory"]) == {"memory": str([secret])}


# --- what is left -----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["raises", "exits", "writes garbage"])
@pytest.mark.parametrize("level", [N, L, U])
def test_nothing_outlives_the_grading(level: str, ending: str, factory: Factory) -> None:
    """A daemon is gone after the grading, however its submission ends."""
    _need(level)
    with factory.launcher(level, []) as launcher, planting.daemon(launcher, ending) as mark:
        assert planting.gone(mark, 10)


@pytest.mark.parametrize(("level", "mutants", "ending"), SURVIVALS, ids=_named)
def test_a_daemon_lives_on_where_nothing_kills_it(
    level: str, mutants: list[str], ending: str, factory: Factory
) -> None:
    """The search for daemons finds one that was not killed."""
    _need(level)
    with (
        factory.launcher(level, mutants) as launcher,
        planting.daemon(launcher, ending) as mark,
    ):
        assert not planting.gone(mark, 1)


def test_all_processes_of_a_group_end_at_once(factory: Factory) -> None:
    """A submission's processes cannot leave their group, and end with it: no fork gets away."""
    _need(L)
    with (
        factory.launcher(L, ["no subreaper"]) as launcher,
        planting.daemon(launcher, "raises") as mark,
    ):
        assert planting.gone(mark, 10)


def test_all_processes_of_another_user_end_at_once(factory: Factory) -> None:
    """At the level `user`, also those are killed that the guard does not inherit."""
    _need(U)
    with (
        factory.launcher(U, ["no subreaper", "group not ended"]) as launcher,
        planting.daemon(launcher, "raises") as mark,
    ):
        assert planting.gone(mark, 10)


@pytest.mark.parametrize("level", [N, L, U])
def test_nothing_outlives_the_warm_process(level: str, factory: Factory) -> None:
    """When the runner's end of the socket closes, a sandbox in full swing ends with all in it."""
    _need(level)
    with factory.launcher(level, []) as launcher, planting.running_daemon(launcher) as mark:
        launcher._control.close()
        assert planting.gone(mark, 10)


@pytest.mark.parametrize(
    ("mutants", "gone"), [([], True), (["outlives its parent"], False)], ids=_named
)
def test_nothing_outlives_the_guard(mutants: list[str], gone: bool, factory: Factory) -> None:
    """Whoever kills a sandbox's guard kills the sandbox, if it dies with its parent."""
    _need(N)
    with factory.launcher(N, mutants) as launcher, planting.running_daemon(launcher) as mark:
        os.kill(planting.guard_of(mark), 9)
        assert planting.gone(mark, 10 if gone else 1) == gone


# --- totals -----------------------------------------------------------------------------------

GREED = {
    "memory": (
        """
import os, time
for _ in range(3):
    if os.fork() == 0:
        kept = bytearray(os.urandom(4096)) * (400 * 256)
        time.sleep(60)
        os._exit(0)
time.sleep(8)
raise ValueError("outlived")""",
        "Your code used ",
        " GB of memory, and may use 0.8 GB",
        (N, L, U),
    ),
    "processes": (
        """
import os, time
for _ in range(40):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
time.sleep(4)
raise ValueError("outlived")""",
        "processes",
        "may have 32",
        (N, L, U),
    ),
    # At the level `namespaces`, the size of the file system is the limit.
    "scratch": (
        """
import os, time
for name in "ab":
    fd = os.open(os.environ["HOME"] + "/" + name, os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(fd, 0, 300 * 2**20)
time.sleep(4)
raise ValueError("outlived")""",
        "Your code wrote 6",
        "may write 512 MB",
        (L, U),
    ),
}


def _greedy(factory: Factory, level: str, mutants: list[str], kind: str) -> str:
    # Where the guard may not read what processes share, it counts that for each of them.
    source, memory = GREED[kind][0], (800 if kind == "memory" else 2**14) * 2**20
    with (
        factory.launcher(level, mutants) as launcher,
        planting.sandbox(launcher, memory) as connection,
        pytest.raises(SubmissionError) as caught,
    ):
        planting.load(connection, source)
    return str(caught.value)


@pytest.mark.parametrize(
    ("level", "kind"), [(level, kind) for kind, row in GREED.items() for level in row[3]]
)
def test_a_total_names_itself_and_by_how_much(level: str, kind: str, factory: Factory) -> None:
    """What all processes use together has a limit; the message tells which, and both numbers."""
    _need(level)
    _, *words, _ = GREED[kind]
    message = _greedy(factory, level, [], kind)
    assert all(word in message for word in words), message
    assert "outlived" in _greedy(factory, level, ["no totals"], kind)


def test_a_full_scratch_is_an_error_of_the_submission(factory: Factory) -> None:
    """At the level `namespaces`, a sandbox's folder for files is full at its limit."""
    _need(N)
    assert "No space" in _greedy(factory, N, [], "scratch")


# --- a wall that breaks -----------------------------------------------------------------------

FORGED = """
import json, os
for number in range(3, 64):
    for base in ("/proc/self/fd", "/proc/1/fd", f"/proc/{os.getppid()}/fd"):
        for text in ({"isolation_error": "x"}, {"broken": "x"}, {"up": True}, {"exit": 0}):
            try:
                fd = os.open(f"{base}/{number}", os.O_WRONLY | os.O_NONBLOCK)
                os.write(fd, json.dumps(text).encode() + b"\\n")
                os.close(fd)
            except OSError:
                pass
os._exit(7)
"""


@pytest.mark.parametrize("level", [N, L, U])
def test_no_sandbox_reports_in_its_guards_place(level: str, factory: Factory) -> None:
    """What a sandbox writes into every pipe in reach is an error of its own."""
    _need(level)
    with (
        factory.launcher(level, []) as launcher,
        planting.sandbox(launcher) as connection,
        pytest.raises(SubmissionError, match=r"unreadable|exit code 7"),
    ):
        planting.load(connection, FORGED)


@pytest.mark.parametrize("mutant", ["the first wall is refused", "the second wall is refused"])
@pytest.mark.parametrize("level", [N, L])
def test_a_wall_that_breaks_is_no_submissions_fault(
    level: str, mutant: str, factory: Factory
) -> None:
    """A sandbox whose wall is refused never starts, and the reason is told."""
    _need(level)
    with (
        factory.launcher(level, [mutant]) as launcher,
        planting.sandbox(launcher) as connection,
        pytest.raises(WallBroken, match="refused"),
    ):
        planting.load(connection, "raise ValueError('it ran')")


@pytest.mark.parametrize("mutant", ["no mount namespace", "no PID namespace"])
def test_no_sandbox_starts_without(mutant: str, factory: Factory) -> None:
    """The new root and its /proc need these namespaces: without them nothing runs."""
    _need(N)
    with (
        factory.launcher(N, [mutant]) as launcher,
        planting.sandbox(launcher) as connection,
        pytest.raises(WallBroken),
    ):
        planting.load(connection, "raise ValueError('it ran')")


@pytest.mark.parametrize("mutant", ["the first wall is refused", "the second wall is refused"])
def test_a_broken_wall_is_a_grader_error_and_tried_once_more(
    mutant: str, factory: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In mid-run: tried again behind the same walls, then `grader_error` of the run's level."""
    _need(L)
    attempts = Path(factory.folder) / "attempts"
    attempts.unlink(missing_ok=True)
    with factory.launcher(L, [mutant]) as launcher:
        place = ThisMachine()
        place._isolation = Isolation(L)
        monkeypatch.setattr(place, "warm_up", lambda settings: launcher)
        with planting.Runner(planting.SETTINGS, place=place) as runner:
            verdict = planting.hand_in(runner, tmp_path, "raise ValueError('it ran')")
    assert verdict.status == "grader_error"
    assert verdict.isolation == L
    assert "refused" in verdict.message
    assert verdict.points == 0
    if mutant == "the second wall is refused":
        assert attempts.read_text() == "xx"


# --- the table itself -------------------------------------------------------------------------


def test_every_probe_and_every_mutant_is_used() -> None:
    """No probe is without a mutant that it sees, and no mutant without a test."""
    named = Path(__file__).read_text()
    own = {"memory", "scratch", "first_environment", "other_process"}
    assert {row[3] for row in WALLS} | own == set(probes.PROBES)
    assert [name for name in MUTANTS if json.dumps(name) not in named] == []
