"""The first wall: Linux namespaces, and a file tree that is built up from nothing.

The process that forks sandboxes enters them once (`enter`, `build_root`); each sandbox has PID and
IPC namespaces, a `/proc` and a scratch of its own (`enter_own`, `build_own`). See `man 7
namespaces`, `man 2 mount_setattr`.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from graders.walls import kernel
from graders.walls.kernel import IsolationError
from graders.walls.limits import MOST_FILES, SCRATCH_BYTES
from graders.walls.shown import SYSTEM

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR = 442  # one number on every processor
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, AT_RECURSIVE = 1, 2, 0x8000
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# What a sandbox may write to, and how many quarters of its bytes each folder holds.
SCRATCH, SHARES = ("/tmp", "/dev/shm"), (3, 1)


def enter() -> None:
    """Moves the caller to new namespaces of every kind (its children to a new PID namespace).

    Raises:
        IsolationError: If the kernel refuses.
    """
    if not kernel.known_machine():
        raise IsolationError(0, "namespaces need Linux on x86-64 or ARM64")
    uid, gid = os.getuid(), os.getgid()
    kinds = (CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWPID)
    kernel.call("unshare", sum(kinds))
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        socket.sethostname("sandbox")
    except OSError as error:
        raise IsolationError(error.errno, f"user namespace: {error}") from None


def enter_own() -> None:
    """Moves the caller's children to a PID namespace of their own.

    Raises:
        IsolationError: If the kernel refuses.
    """
    kernel.call("unshare", CLONE_NEWPID)


def build_root(visible: Iterable[str]) -> None:
    """Replaces the file tree by an allowlist, read-only.

    Called as the first process of the new PID namespace.

    Args:
        visible: Paths.

    Raises:
        IsolationError: If the kernel refuses.
    """
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    # Any folder does as the mount point: the mount is seen by this namespace alone.
    root = "/tmp"
    visible = list(visible)
    # Debian's /bin is a link to usr/bin: keep it one. Any other link is bound as what it leads to.
    links = {path: os.readlink(path) for path in visible if path in SYSTEM and os.path.islink(path)}
    bound = [path for path in visible if path not in links]
    held = _hold(path for path in [*bound, *DEVICES])
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755")
    for name in ("/proc", "/old", *SCRATCH):
        os.makedirs(root + name, exist_ok=True)
    for path, target in links.items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(target, root + path)
    _bind(held, root)
    # This /proc shows the new PID namespace only. Without one, nobody could watch the sandboxes.
    _mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV)
    _set_attributes(root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, AT_RECURSIVE)
    pivot = SYS_PIVOT_ROOT[os.uname().machine]
    if kernel.libc().syscall(pivot, root.encode(), (root + "/old").encode()) != 0:
        raise kernel.failed("pivot_root")
    os.chdir("/")
    kernel.call("umount2", b"/old", MNT_DETACH)


def build_own(visible: Iterable[str]) -> None:
    """Gives the first process of a sandbox's PID namespace IPC, a `/proc` and a scratch of its own.

    Args:
        visible: Paths that `build_root` was given: some may lie below `/tmp`.

    Raises:
        IsolationError: If the kernel refuses.
    """
    kernel.call("unshare", CLONE_NEWNS | CLONE_NEWIPC)
    held = _hold(path for path in visible if path.startswith(tuple(f"{s}/" for s in SCRATCH)))
    for target, share in zip(SCRATCH, SHARES, strict=True):
        options = f"size={SCRATCH_BYTES * share // 4},nr_inodes={MOST_FILES},mode=1777"
        _mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, options)
    # They stay as read-only as they were.
    _bind(held, "")
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)


def protect_proc() -> None:
    """Makes the sandbox's `/proc` read-only: for root, the kernel's settings in it are the host's.

    Raises:
        IsolationError: If the kernel refuses.
    """
    _set_attributes("/proc", MOUNT_ATTR_RDONLY, 0)


def _hold(visible: Iterable[str]) -> dict[str, int]:
    """Opens what a mount may be about to cover."""
    return {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in visible}


def _bind(held: dict[str, int], root: str) -> None:
    """Binds what is held below a root, and closes it: nothing stays open for a submission."""
    for path, fd in held.items():
        source, target = f"/proc/self/fd/{fd}", root + path
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            Path(target).touch()
        _mount(source, target, None, MS_BIND | MS_REC)
        os.close(fd)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    kernel.call(
        "mount",
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )


def _set_attributes(target: str, added: int, flags: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(added, 0, 0, 0)
    call = (SYS_MOUNT_SETATTR, -100, target.encode(), flags, attributes, 32)
    if kernel.libc().syscall(*call) != 0:
        raise kernel.failed("mount_setattr")
