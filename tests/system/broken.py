"""Warm processes in which chosen walls are missing; for the tests of the tests.

    python -m tests.system.broken FD

imports once. On the socket `FD` come packets, `{"mutants": [name, …], "walls": {…}}` with a control
socket beside it. For each of them it forks a warm process that takes the walls away (see
`MUTANTS`) before it puts the others up.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

from graders import KIT
from graders.walls import kernel, namespaces
from graders.warm import imports, server
from tests.attacks.without import open_the_way

Replace = Callable[[Any], Any]
STARTED_IN = os.environ.get("TMPDIR", "/tmp")


def _nothing(original: Any) -> Any:
    return lambda *args, **kwargs: None


def _returning(value: Any) -> Replace:
    return lambda original: lambda *args, **kwargs: value


def _also_shows(path: str) -> Replace:
    return lambda original: lambda *args: sorted([*original(*args), path])


def _prctl_without(left_out: int) -> Replace:
    def replace(original: Any) -> Any:
        return lambda option, value: None if option == left_out else original(option, value)

    return replace


def _call_without(left_out: str) -> Replace:
    def replace(original: Any) -> Any:
        return lambda name, *args: None if name == left_out else original(name, *args)

    return replace


def _unshare_without(kind: int, own: bool) -> Replace:
    """Leaves out a kind of namespace: of the first wall, or of each sandbox."""

    def replace(original: Any) -> Any:
        def call(name: str, *args: Any) -> None:
            # Only the first wall makes a user namespace.
            if name == "unshare" and own != bool(args[0] & namespaces.CLONE_NEWUSER):
                args = (args[0] & ~kind,)
            original(name, *args)

        return call

    return replace


def _enter_as_root(original: Any) -> Any:
    """Makes all namespaces but the user's, as only root can."""

    def enter() -> None:
        kinds = ("NEWNS", "NEWNET", "NEWIPC", "NEWUTS", "NEWPID")
        kernel.call("unshare", sum(getattr(namespaces, f"CLONE_{kind}") for kind in kinds))

    return enter


def _mount_old_proc(original: Any) -> Any:
    def mount(source: str, target: str, kind: str | None, flags: int, data: Any = None) -> None:
        if kind == "proc":
            source, kind, flags = "/proc", None, namespaces.MS_BIND | namespaces.MS_REC
        original(source, target, kind, flags, data)

    return mount


def _mount_without(*left_out: str) -> Replace:
    """Leaves out what each sandbox mounts: the first wall mounts below another root."""

    def replace(original: Any) -> Any:
        def mount(source: str, target: str, kind: Any, flags: int, data: Any = None) -> None:
            if target not in left_out or (target == "/tmp" and "16m" in str(data)):
                original(source, target, kind, flags, data)

        return mount

    return replace


def _bind_and_keep(original: Any) -> Any:
    def bind(held: dict[str, int], root: str) -> None:
        for fd in held.values():
            os.dup(fd)
        original(held, root)

    return bind


class _Closeless:
    """The module `os`, but for closing."""

    close = staticmethod(lambda fd: None)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def _restrict_refused(original: Any) -> Any:
    def restrict(*args: Any, **kwargs: Any) -> None:
        # Behind a new root, there is no such folder.
        with contextlib.suppress(OSError), open(f"{STARTED_IN}/attempts", "a") as file:
            file.write("x")
        raise kernel.IsolationError(0, "refused in mid-run")

    return restrict


def _refused(original: Any) -> Any:
    def refuse(*args: Any) -> None:
        raise kernel.IsolationError(0, "refused at the start")

    return refuse


NS = "graders.walls.namespaces"
CALL, PRCTL = "graders.walls.kernel:call", "graders.walls.kernel:prctl"
VISIBLE, MOUNT = "graders.walls.shown:paths", f"{NS}:_mount"


def _ward(kind: int) -> tuple[str, Replace]:
    return CALL, _unshare_without(kind, own=False)


def _own(kind: int) -> tuple[str, Replace]:
    return CALL, _unshare_without(kind, own=True)


# What each mutant replaces: (module:attribute, function from the original to its replacement).
MUTANTS: dict[str, list[tuple[str, Replace]]] = {
    # the first wall
    "no user namespace": [(f"{NS}:enter", _enter_as_root)],
    "no mount namespace": [_ward(namespaces.CLONE_NEWNS)],
    "no PID namespace": [_ward(namespaces.CLONE_NEWPID)],
    "no network namespace": [_ward(namespaces.CLONE_NEWNET)],
    "no IPC namespace": [_ward(namespaces.CLONE_NEWIPC)],
    "no UTS namespace": [
        _ward(namespaces.CLONE_NEWUTS),
        (f"{NS}:socket.sethostname", _nothing),
    ],
    "no new root": [(f"{NS}:build_root", _nothing)],
    "the kit is shown": [(VISIBLE, _also_shows(str(KIT)))],
    "/var/tmp is shown": [(VISIBLE, _also_shows("/var/tmp"))],
    "hidden things are shown": [
        (
            "graders.walls.shown:_without",
            lambda _: lambda path, hidden: [path] if os.path.lexists(path) else [],
        )
    ],
    "nothing read-only": [(f"{NS}:_set_attributes", _nothing)],
    # each sandbox's own
    "no own PID namespace": [_own(namespaces.CLONE_NEWPID)],
    "no own IPC namespace": [_own(namespaces.CLONE_NEWIPC)],
    "no own mount namespace": [_own(namespaces.CLONE_NEWNS)],
    "no own /proc": [(MOUNT, _mount_without("/proc"))],
    "no own scratch": [(MOUNT, _mount_without("/tmp"))],
    "the old /proc": [(MOUNT, _mount_old_proc)],
    # what a process may still do
    "privileges kept": [("graders.walls.kernel:drop_privileges", _nothing)],
    "capabilities kept": [(CALL, _call_without("capset"))],
    "bounding set kept": [(PRCTL, _prctl_without(kernel.PR_CAPBSET_DROP))],
    "new privileges": [(PRCTL, _prctl_without(kernel.PR_SET_NO_NEW_PRIVS))],
    "memory not hidden": [("graders.walls.kernel:hide_memory", _nothing)],
    "no other user": [("graders.walls.second:_become_another_user", _nothing)],
    "no Landlock": [("graders.walls.landlock:restrict", _nothing)],
    "an old Landlock": [("graders.walls.landlock:version", _returning(5))],
    "no seccomp": [("graders.walls.seccomp:restrict", _nothing)],
    "no filter of signals": [
        (
            "graders.walls.seccomp:program",
            lambda original: lambda signals, metadata=False: original(False, metadata),
        )
    ],
    "no filter of modes": [
        ("graders.walls.seccomp:program", lambda original: lambda signals, _: original(signals))
    ],
    "kernel settings kept": [(f"{NS}:protect_proc", _nothing)],
    # No wall: as root, a sandbox without capabilities may not look into processes that have some.
    "an ordinary user's processes": [],
    # what comes along
    "environment kept": [("graders.sandbox.guard:os.environ.clear", _nothing)],
    "descriptors kept": [("graders.warm.server:close_all_but", _nothing)],
    "path descriptors kept": [(f"{NS}:_bind", _bind_and_keep)],
    "status pipe kept": [("graders.walls.keeper:os", lambda original: _Closeless())],
    # limits, and the end
    "no limits": [("graders.walls.keeper:set_limits", _nothing)],
    "no totals": [("graders.walls.totals:Totals.exceeded", _nothing)],
    "group not ended": [("graders.walls.keeper:os.killpg", _nothing)],
    "nothing killed": [("graders.walls.keeper:_kill_all", _nothing)],
    "another user's processes not killed": [("graders.walls.second:kill_user", _nothing)],
    "no subreaper": [(PRCTL, _prctl_without(kernel.PR_SET_CHILD_SUBREAPER))],
    "outlives its parent": [("graders.walls.kernel:die_with_parent", _nothing)],
    # a wall that breaks
    "the first wall is refused": [("graders.warm.server:wall_in", _refused)],
    "the second wall is refused": [("graders.walls.second:shut_in", _restrict_refused)],
}


def _apply(name: str) -> None:
    for place, replace in MUTANTS[name]:
        module, _, path = place.partition(":")
        owner: Any = importlib.import_module(module)
        *way, last = path.split(".")
        for step in way:
            owner = getattr(owner, step)
        setattr(owner, last, replace(getattr(owner, last)))


def _note_namespaces(original: Any) -> Any:
    """Has a sandbox know the namespaces of the process that forks it."""

    def wall_in(*args: Any) -> None:
        original(*args)
        kinds = ("ipc", "mnt", "pid")
        builtins.FORKED_IN = {  # type: ignore[attr-defined]
            kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds
        }

    return wall_in


def _become(control: socket.socket, request: dict[str, Any]) -> None:
    if request["walls"]["level"] == "user":
        open_the_way([sys.base_prefix, sys.prefix])
    if "an ordinary user's processes" in request["mutants"]:
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        kernel.call("capset", header, (ctypes.c_uint32 * 6)())
    for name in request["mutants"]:
        _apply(name)
    server.wall_in = _note_namespaces(server.wall_in)  # type: ignore[assignment]
    server.serve(control, request["walls"])


def main(fd: int) -> None:
    """Serves until the socket's end."""
    orders = socket.socket(fileno=fd)
    imports.for_sandboxes()
    imports.for_graders()
    while True:
        packet, fds, _, _ = socket.recv_fds(orders, server.MAX_PACKET, 1)
        if not packet:
            return
        if os.fork() == 0:
            try:
                orders.close()
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                _become(socket.socket(fileno=fds[0]), json.loads(packet))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(fds[0])
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


if __name__ == "__main__":
    main(int(sys.argv[1]))
