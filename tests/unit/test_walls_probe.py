"""Which level a machine has: asked of the walls themselves, once, by trusted code."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graders.runner import Isolation, TooLow
from graders.runner import isolation as asking
from graders.walls import kernel, landlock, levels, others, probe, second, shown
from graders.walls.kernel import IsolationError

linux = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def level(request: pytest.FixtureRequest) -> str:
    """A level that this machine has."""
    if "tensorflow" in sys.modules:
        pytest.skip("a fork of a process in which TensorFlow runs may hang")
    missing = probe.lacking(request.param, [])
    if missing:
        pytest.skip(f"no {request.param}: {missing}")
    return request.param


def _refuse(*args: Any, **kwargs: Any) -> None:
    raise IsolationError(0, "refused by the test")


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass


# --- levels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("demanded", range(4))
@pytest.mark.parametrize("had", range(4))
def test_levels_are_in_order(had: int, demanded: int) -> None:
    """`process` is the lowest, then `user`, `landlock`, and `namespaces` at the top."""
    names = ("process", "user", "landlock", "namespaces")
    assert levels.reaches(names[had], names[demanded]) == (had >= demanded)


@pytest.mark.parametrize("had", levels.LEVELS)
@pytest.mark.parametrize("demanded", levels.LEVELS)
def test_a_demand_is_met_or_refused_in_one_line(had: str, demanded: str) -> None:
    """The line names both levels, why each that would do is missing, and what to do."""
    lacks = {name: f"no way to {name}" for name in levels.LEVELS}
    isolation = Isolation(had, lacks)
    if levels.reaches(had, demanded):
        isolation.require(demanded)
        return
    with pytest.raises(TooLow) as caught:
        isolation.require(demanded)
    text = str(caught.value)
    assert "\n" not in text
    assert f"level {demanded} is demanded, and this machine has {had}" in text
    for name in levels.LEVELS:
        would_do = levels.reaches(name, demanded)
        assert (f"no way to {name}" in text) == would_do
        assert name == "process" or (asking.ADVICE[name] in text) == would_do
    assert f"--isolation {had}" in text


# --- why a level is lacking -------------------------------------------------------------------


def test_no_wall_is_needed_for_the_lowest_level() -> None:
    """`process` is always to be had."""
    assert probe.lacking("process", []) == ""


@pytest.mark.parametrize("name", levels.LEVELS[1:])
def test_another_machine_lacks_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems and processors have none of the walls."""
    monkeypatch.setattr(kernel, "known_machine", lambda: False)
    assert probe.lacking(name, []) == "it needs Linux on x86-64 or ARM64"


def test_a_kernel_without_landlock_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older kernel, or one where it is switched off."""
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert probe.lacking("landlock", []) == (
        "the kernel has no Landlock (Linux 5.13 or later, switched on)"
    )


def test_an_ordinary_user_becomes_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The level `user` needs root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert probe.lacking("user", []) == "it needs root"


@linux
def test_a_first_wall_that_is_refused_is_told(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's reason is the reason."""
    monkeypatch.setattr(probe, "wall_in", _refuse)
    assert probe.lacking(level, []) == "refused by the test"


@linux
def test_a_second_wall_that_is_refused_is_told(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A level is had only with both walls."""
    monkeypatch.setattr(second, "shut_in", _refuse)
    assert probe.lacking(level, []) == "refused by the test"


@linux
def test_a_filter_without_effect_is_told(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's kernel may accept a filter and not keep it."""
    monkeypatch.setattr(second.seccomp, "restrict", _nothing)
    assert probe.lacking(level, []) == "the filter on system calls has no effect"


@linux
def test_a_secret_that_can_be_read_is_named(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trial opens what must be hidden; here it is shown all the same."""
    (tmp_path / "secret").write_text("x")
    hidden = [str(tmp_path)]
    assert probe.lacking(level, hidden) == ""
    original = shown.paths
    opened = {"namespaces": str(tmp_path), "landlock": "/"}[level]
    monkeypatch.setattr(shown, "paths", lambda *args: [*original([]), opened])
    monkeypatch.setattr(probe.others, "entries", lambda path, visible: [str(tmp_path / "secret")])
    assert probe.lacking(level, hidden) == (
        f"{tmp_path / 'secret'} can be read behind the walls (chmod o-rwx closes it)"
    )


@linux
def test_a_python_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox must be able to import."""
    if probe.lacking("landlock", []):
        pytest.skip("no Landlock")
    monkeypatch.setattr(shown, "paths", lambda *args: ["/usr/lib"])
    assert "other users cannot read Python itself" in probe.lacking("landlock", [])


@linux
def test_the_highest_level_is_found_with_reasons_for_those_above(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the top down; what is had ends the search."""
    reasons = {"namespaces": "refused", "landlock": "too old", "user": "", "process": ""}
    monkeypatch.setattr(probe, "lacking", lambda name, hidden: reasons[name])
    assert probe.find([]) == ("user", {"namespaces": "refused", "landlock": "too old"})


@linux
def test_the_trial_leaves_nothing_behind(level: str) -> None:
    """It breaks nothing of the process that asks: no child, no descriptor, no wall."""
    links = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "net", "pid", "user")]
    descriptors, folder = os.listdir("/proc/self/fd"), os.getcwd()
    assert probe.lacking(level, []) == ""
    assert links == [os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "net", "pid", "user")]
    assert (descriptors, folder) == (os.listdir("/proc/self/fd"), os.getcwd())
    socket.socket().close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@linux
def test_many_open_files_do_no_harm(level: str) -> None:
    """Descriptors may have higher numbers than `select` takes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("no process may open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    held = []
    try:
        while not held or held[-1] < 1100:
            held.append(os.open(os.devnull, os.O_RDONLY))
        assert probe.lacking(level, []) == ""
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- what other users may read ----------------------------------------------------------------


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) & 0o7 for path in folder.iterdir()}


def test_folders_are_closed_to_others_but_for_the_way_to_python(tmp_path: Path) -> None:
    """Entries lose what others may do with them; a link and what it leads to stay as they are."""
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    kit = tmp_path / "kit"
    (kit / "reference").mkdir(parents=True)
    (kit / ".venv" / "lib").mkdir(parents=True)
    (kit / "grade.py").touch()
    (kit / "link").symlink_to(outside)
    for name in ("reference", ".venv", "grade.py"):
        (kit / name).chmod(0o755)
    (kit / "closed").touch()
    (kit / "closed").chmod(0o600)
    changed = others.close_to_others([str(kit), "/not/there"], [str(kit / ".venv" / "lib")])
    assert sorted(changed) == [str(kit / "grade.py"), str(kit / "reference")]
    assert _modes(kit) == {"reference": 0, "grade.py": 0, "closed": 0, ".venv": 5, "link": 7}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert others.close_to_others([str(kit)], [str(kit / ".venv" / "lib")]) == []


def test_a_folder_in_which_nothing_is_visible_is_closed_itself(tmp_path: Path) -> None:
    """What comes into a cache later is closed, too."""
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o755)
    assert others.close_to_others([str(cache)], ["/usr/lib"]) == [str(cache)]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o750


# --- the question as the runner asks it -------------------------------------------------------


def _says(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Puts a process that prints a text into the place of the probe's."""

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(["printf", "%s", text], stdout=subprocess.PIPE)

    monkeypatch.setattr(asking, "_start", start)


@linux
def test_an_answer_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The level and the reasons come from the probe's process."""
    _says(monkeypatch, json.dumps({"level": "user", "lacks": {"landlock": "too old"}}))
    assert asking.probed() == Isolation("user", {"landlock": "too old"})


@linux
def test_what_was_begun_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process answers the first question; the next question starts another one."""
    _says(monkeypatch, json.dumps({"level": "user", "lacks": {}}))
    asking.begin()
    _says(monkeypatch, json.dumps({"level": "landlock", "lacks": {}}))
    asking.begin()
    assert asking.probed().level == "user"
    assert asking.probed().level == "landlock"


@linux
def test_what_was_begun_in_vain_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that grades nothing leaves no process behind."""
    started = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE))
        return started[0]

    monkeypatch.setattr(asking, "_start", start)
    asking.begin()
    asking.drop()
    assert started[0].returncode is not None
    asking.drop()


@linux
@pytest.mark.parametrize("text", ["", "[", "{}", "7", '{"level": "user"}'])
def test_a_probe_that_fails_finds_the_lowest_level(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong is the reason for each level that is not had."""
    _says(monkeypatch, text)
    found = asking.probed()
    assert found.level == "process"
    assert set(found.lacks) == set(levels.LEVELS[1:])
    assert all("the probe failed" in reason for reason in found.lacks.values())


@linux
def test_a_probe_that_cannot_be_started_finds_the_lowest_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No process, no walls."""

    def start() -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(asking, "_start", start)
    asking.begin()
    assert asking.probed().level == "process"


def test_other_systems_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is forked there is no process to start."""
    monkeypatch.setattr(asking.here, "FORKS", False)
    monkeypatch.setattr(asking, "_start", lambda: pytest.fail("asked"))
    asking.begin()
    assert asking.probed() == Isolation(
        "process", dict.fromkeys(levels.LEVELS[1:], "it needs Linux")
    )


@linux
def test_a_probe_that_was_killed_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was starved for a minute keeps its walls."""
    _says(monkeypatch, "")
    asking.begin()
    _says(monkeypatch, json.dumps({"level": "landlock", "lacks": {}}))
    assert asking.probed().level == "landlock"
