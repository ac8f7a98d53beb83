"""A warm process in whose children chosen walls are missing; for the tests of the tests.

    python -m tests.system.broken FILE FD

`FILE` names the mutants (see `MUTANTS`) that each new sandbox and grader gets: one warm process is
enough for all of them. `FD` is the warm process's socket.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graders import KIT
from graders.boundary import isolation
from graders.warm import server


def _nothing(original: Any) -> Any:
    return lambda *args, **kwargs: None


def _zero(original: Any) -> Any:
    return 0


def _also_shows(path: str) -> Callable[[Any], Any]:
    return lambda original: lambda extra: sorted([*original(extra), path])


def _prctl_without(left_out: int) -> Callable[[Any], Any]:
    def replace(original: Any) -> Any:
        return lambda option, value: None if option == left_out else original(option, value)

    return replace


def _call_without(left_out: str) -> Callable[[Any], Any]:
    def replace(original: Any) -> Any:
        return lambda name, *args: None if name == left_out else original(name, *args)

    return replace


def _mount_old_proc(original: Any) -> Any:
    def mount(source: str, target: str, kind: str | None, flags: int, data: Any = None) -> None:
        if kind == "proc":
            source, kind, flags = "/proc", None, isolation.MS_BIND | isolation.MS_REC
        original(source, target, kind, flags, data)

    return mount


def _refuse(original: Any) -> Any:
    def enter_namespaces() -> None:
        raise isolation.IsolationError(0, "refused")

    return enter_namespaces


def _late(original: Any) -> Any:
    def explain_end(self: Any) -> Any:
        time.sleep(0.5)
        return original(self)

    return explain_end


CAP_SETFCAP = 31
CAPSET = "graders.boundary.isolation:_call"
PRCTL = "graders.boundary.isolation:prctl"
VISIBLE = "graders.boundary.isolation:_visible_paths"
# What each mutant replaces: (module:attribute, function from the original to its replacement).
MUTANTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "no network namespace": ("graders.boundary.isolation:CLONE_NEWNET", _zero),
    "no PID namespace": ("graders.boundary.isolation:CLONE_NEWPID", _zero),
    "no IPC namespace": ("graders.boundary.isolation:CLONE_NEWIPC", _zero),
    "no UTS namespace": ("graders.boundary.isolation:CLONE_NEWUTS", _zero),
    "no mount namespace": ("graders.boundary.isolation:CLONE_NEWNS", _zero),
    "no user namespace": ("graders.boundary.isolation:CLONE_NEWUSER", _zero),
    "no namespaces": ("graders.boundary.isolation:enter_namespaces", _refuse),
    "no new root": ("graders.boundary.isolation:build_root", _nothing),
    "the kit is shown": (VISIBLE, _also_shows(str(KIT))),
    "/var/tmp is shown": (VISIBLE, _also_shows("/var/tmp")),
    "the old /proc": ("graders.boundary.isolation:_mount", _mount_old_proc),
    "nothing read-only": ("graders.boundary.isolation:_set_attributes", _nothing),
    "privileges kept": ("graders.boundary.isolation:drop_privileges", _nothing),
    "capabilities kept": (CAPSET, _call_without("capset")),
    "bounding set kept": (PRCTL, _prctl_without(isolation.PR_CAPBSET_DROP)),
    "new privileges": (PRCTL, _prctl_without(isolation.PR_SET_NO_NEW_PRIVS)),
    "environment kept": ("graders.sandbox.guard:os.environ.clear", _nothing),
    "descriptors kept": ("graders.warm.server:close_all_but", _nothing),
    "no limits": ("graders.boundary.isolation:set_limits", _nothing),
    "memory not hidden": ("graders.boundary.isolation:hide_memory", _nothing),
    "nothing killed": ("graders.sandbox.guard:_kill_tree", _nothing),
    "outlives its parent": ("graders.boundary.isolation:die_with_parent", _nothing),
    # No wall: the grader reads only when the sandbox and its guard are both gone.
    "a late grader": ("graders.judge.connection:Connection._explain_end", _late),
    "no subreaper": (PRCTL, _prctl_without(isolation.PR_SET_CHILD_SUBREAPER)),
}


def _apply(name: str) -> None:
    place, replace = MUTANTS[name]
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *way, last = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    setattr(owner, last, replace(getattr(owner, last)))


def _be_ordinary() -> None:
    """Gives up root's capabilities: with them, a sandbox without namespaces reads any memory."""
    # Root without this one may not map itself into a user namespace, as an ordinary user may.
    kept = 1 << CAP_SETFCAP
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    isolation._call("capset", header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))


def main(chosen: Path, fd: str) -> None:
    """Serves as the warm process does, and applies the chosen mutants in each child."""
    if os.geteuid() == 0:
        _be_ordinary()
    original = server.close_all_but

    def close_all_but(kept: list[int]) -> None:
        # The first thing that a child does.
        server.close_all_but = original
        for name in chosen.read_text().splitlines():
            _apply(name)
        server.close_all_but(kept)

    server.close_all_but = close_all_but
    server.serve(socket.socket(fileno=int(fd)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
