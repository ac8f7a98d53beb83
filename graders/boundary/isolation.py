"""Puts a process out of reach: Linux namespaces, an own file tree, limits, no privileges.

The sandboxed process sees a tree that is built up from nothing: the interpreter and the system's
libraries, read-only, and an empty `/tmp` of its own. It does not see the kit (nor `reference/`),
anybody's home, other processes, or a network. See `man 7 namespaces`, `man 2 mount_setattr`.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import resource
import signal
import sys
from pathlib import Path

from graders import KIT

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR = 442  # one number on every architecture
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, AT_RECURSIVE = 1, 2, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
SYSTEM_PATHS = (
    *("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/passwd", "/etc/group"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SCRATCH_BYTES = 512 * 2**20


class IsolationError(OSError):
    """The kernel refused a part of the isolation."""


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: object) -> None:
    if getattr(_libc(), name)(*args) != 0:
        number = ctypes.get_errno()
        raise IsolationError(number, f"{name}: {os.strerror(number)}")


def prctl(option: int, value: int) -> None:
    """Calls `prctl(2)` where there is one, and ignores a refusal.

    Args:
        option: Integer, the operation.
        value: Integer, its argument.
    """
    if sys.platform == "linux":
        _libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    _call(
        "mount",
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )


def enter_namespaces() -> None:
    """Moves the caller to new namespaces of every kind (its children to a new PID namespace).

    Raises:
        IsolationError: If the kernel refuses.
    """
    if sys.platform != "linux" or os.uname().machine not in SYS_PIVOT_ROOT:
        raise IsolationError(0, "namespaces need Linux on x86-64 or ARM64")
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    _call("unshare", flags)
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    except OSError as error:
        raise IsolationError(error.errno, f"user namespace: {error}") from None


def _visible_paths(extra: tuple[str, ...]) -> list[str]:
    # The kit itself is on `sys.path`; it is the one thing that must not be seen.
    kit = str(KIT)
    wanted = [*SYSTEM_PATHS, sys.prefix, sys.base_prefix, sys.exec_prefix, *extra]
    for entry in sys.path:
        real = os.path.realpath(entry or ".")
        if os.path.isdir(real) and real != kit and not kit.startswith(real.rstrip("/") + "/"):
            inside = real.startswith(kit + "/")
            if not inside or "site-packages" in real:
                wanted.append(entry)
    # Package managers link modules from a store; follow those links too.
    chosen: list[str] = []
    for path in sorted({os.path.abspath(item) for item in wanted if item}):
        covered = any(path == other or path.startswith(other + "/") for other in chosen)
        if not covered and os.path.lexists(path) and path != "/":
            chosen.append(path)
    return chosen


def _set_attributes(target: str, added: int, removed: int, flags: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(added, removed, 0, 0)
    call = (SYS_MOUNT_SETATTR, -100, target.encode(), flags, attributes, 32)
    if _libc().syscall(*call) != 0:
        number = ctypes.get_errno()
        raise IsolationError(number, f"mount_setattr: {os.strerror(number)}")


def build_root(extra: tuple[str, ...] = ()) -> None:
    """Replaces the file tree by an allowlist, read-only but for a private `/tmp`.

    Called as the first process of the new PID namespace.

    Args:
        extra: Tuple of strings, further paths to show (a weights file, say).

    Raises:
        IsolationError: If the kernel refuses.
    """
    visible = _visible_paths(extra)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    # Any folder does as the mount point: the mount is seen by this namespace alone.
    root = "/tmp"
    # Debian's /bin is a link to usr/bin: keep it one. Any other link is bound as what it leads to.
    links = {p: os.readlink(p) for p in visible if os.path.islink(p) and p in SYSTEM_PATHS}
    sources = {}
    for path in visible:
        if path not in links and (path == root or path.startswith(root + "/")):
            # About to be covered by the new root: hold it open and bind it through /proc.
            sources[path] = f"/proc/self/fd/{os.open(path, os.O_PATH)}"
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755")
    # First what the student may write: Python itself may live below /tmp, and goes on top.
    writable = (root + "/tmp", root + "/dev/shm")
    for target in writable:
        os.makedirs(target, exist_ok=True)
        _mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"size={SCRATCH_BYTES},mode=1777")
    for path in visible:
        target = root + path
        if path in links:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(links[path], target)
            continue
        source = sources.get(path, path)
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            Path(target).touch()
        _mount(source, target, None, MS_BIND | MS_REC)
    for device in DEVICES:
        os.makedirs(root + "/dev", exist_ok=True)
        Path(root + device).touch()
        _mount(device, root + device, None, MS_BIND)
    for name in ("/proc", "/old"):
        os.makedirs(root + name, exist_ok=True)
    # A fresh /proc shows this PID namespace only. Containers may forbid it: then there is none.
    with contextlib.suppress(IsolationError):
        _mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV)
    # Read-only everywhere, submounts included; then writable again, without their submounts.
    _set_attributes(root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, AT_RECURSIVE)
    for target in writable:
        _set_attributes(target, 0, MOUNT_ATTR_RDONLY, 0)
    pivot = SYS_PIVOT_ROOT[os.uname().machine]
    if _libc().syscall(pivot, root.encode(), (root + "/old").encode()) != 0:
        number = ctypes.get_errno()
        raise IsolationError(number, f"pivot_root: {os.strerror(number)}")
    os.chdir("/tmp")
    _call("umount2", b"/old", MNT_DETACH)


def drop_privileges() -> None:
    """Gives up every capability, for good: what was mounted stays mounted."""
    for capability in range(64):
        prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def set_limits(memory_bytes: int, cpu_seconds: int) -> None:
    """Limits memory, CPU time, file sizes and core files of the caller and its children.

    Args:
        memory_bytes: Integer, how much memory beyond what is in use now.
        cpu_seconds: Integer, CPU seconds (all threads together).
    """
    in_use = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        in_use = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    # RLIMIT_DATA counts writable private memory; RLIMIT_AS would count TensorFlow's reservations.
    for name, value in (
        ("RLIMIT_DATA", in_use + memory_bytes),
        ("RLIMIT_CPU", cpu_seconds),
        ("RLIMIT_FSIZE", SCRATCH_BYTES),
        ("RLIMIT_CORE", 0),
    ):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            limit = getattr(resource, name)
            hard = resource.getrlimit(limit)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))


def die_with_parent() -> None:
    """Has the kernel kill the caller when its parent dies."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def hide_memory() -> None:
    """Keeps other processes of the same user from reading the caller's memory."""
    prctl(PR_SET_DUMPABLE, 0)


def children_of(pid: int) -> list[int]:
    """Returns the direct children of a process, empty where /proc does not say."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(number) for number in path.read_text().split()]
    return found
