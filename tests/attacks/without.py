"""Takes the higher levels of isolation away from itself, and becomes another command.

    python -m tests.attacks.without [--uid N] LEVEL COMMAND …

`landlock` refuses namespaces and mounts, as Docker's default profile does; `user` also answers that
there is no Landlock, as an old kernel does. Both by a seccomp filter, which holds for everything
that the command starts and changes nothing of the machine. With `--uid`, the command runs as
that user. Where other users may not enter a folder above Python, a private mount namespace
lays an empty one over it that shows Python alone.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import os
import platform
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
ARM = platform.machine() == "aarch64"
ARCHITECTURE = 0xC00000B7 if ARM else 0xC000003E
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x00020000, 4096, 16384, 1 << 18
# Every kind of namespace that `unshare` and `clone` make; clone's low byte is a signal.
NAMESPACES = 0x7E020000
NEW_TIME = 0x00000080
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, MODE_FILTER = 38, 22, 24, 2
ALLOW, REFUSE, ABSENT = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
LOAD_NUMBER, LOAD_ARCHITECTURE, LOAD_FIRST = (0x20, 0, 0, 0), (0x20, 0, 0, 4), (0x20, 0, 0, 16)
# name: number on x86-64, on ARM64
UNSHARE, CLONE, CLONE3, SETNS, MOUNT = (97, 220, 435, 268, 40) if ARM else (272, 56, 435, 308, 165)
LANDLOCK = 444
HIGHER = {"namespaces": (), "landlock": ("namespaces",), "user": ("namespaces", "landlock")}


def program(taken: tuple[str, ...]) -> bytes:
    """Returns the filter that takes levels away.

    Args:
        taken: Tuple of strings, `"namespaces"` and `"landlock"`.
    """
    lines = [LOAD_ARCHITECTURE, (0x15, 1, 0, ARCHITECTURE), (0x06, 0, 0, ALLOW), LOAD_NUMBER]
    if "namespaces" in taken:
        # glibc falls back from clone3, whose flags no filter can see, to clone.
        lines += [(0x15, 0, 1, CLONE3), (0x06, 0, 0, ABSENT)]
        for number in (SETNS, MOUNT):
            lines += [(0x15, 0, 1, number), (0x06, 0, 0, REFUSE)]
        for number, flags in ((UNSHARE, NAMESPACES | NEW_TIME), (CLONE, NAMESPACES)):
            lines += [(0x15, 0, 4, number), LOAD_FIRST, (0x45, 0, 1, flags), (0x06, 0, 0, REFUSE)]
            lines += [(0x06, 0, 0, ALLOW)]
    if "landlock" in taken:
        lines += [(0x15, 0, 1, LANDLOCK), (0x06, 0, 0, ABSENT)]
    lines.append((0x06, 0, 0, ALLOW))
    return b"".join(struct.pack("<HBBI", *line) for line in lines)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def take_away(taken: tuple[str, ...]) -> None:
    """Installs the filter in this process, for good."""
    if not taken:
        return
    code = program(taken)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    # Root needs no such promise, and keeps what its programs may do, as in a container.
    if os.geteuid() != 0:
        _checked(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _checked(LIBC.prctl(PR_SET_SECCOMP, ctypes.c_ulong(MODE_FILTER), header, 0, 0), "seccomp")


def closed_folder(path: str) -> str:
    """Returns the first folder above a path that other users may not enter; empty if none."""
    parts = os.path.realpath(path).split("/")[1:-1]
    for count in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:count])
        if os.stat(folder).st_mode & 0o005 != 0o005:
            return folder
    return ""


def open_the_way(paths: list[str]) -> None:
    """Lets other users enter the folders above some paths, in a mount namespace of its own.

    Args:
        paths: List of strings, the folders that must be seen; nothing else below a closed folder is.
    """
    wanted = [(closed_folder(path), os.path.realpath(path)) for path in paths]
    wanted = [(folder, path) for folder, path in wanted if folder]
    if not wanted:
        return
    _checked(LIBC.unshare(CLONE_NEWNS), "unshare")
    _checked(LIBC.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "mount")
    # Of this namespace's own tree, and before the way to them is covered.
    held = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for _, path in wanted]
    for folder in {folder for folder, _ in wanted}:
        _checked(LIBC.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, b"size=1m,mode=755"), "mount")
    for path, fd in held:
        os.makedirs(path, exist_ok=True)
        source = f"/proc/self/fd/{fd}".encode()
        flags = ctypes.c_ulong(MS_BIND | MS_REC)
        _checked(LIBC.mount(source, path.encode(), None, flags, None), "bind")
        os.close(fd)


def like_a_container() -> None:
    """Gives up, as root, the capabilities that a container's root lacks (Docker's default list)."""
    # chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw,
    # sys_chroot, mknod, audit_write, setfcap
    kept = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))
    for number in range(41):
        if not kept >> number & 1:
            LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    _checked(LIBC.capset(header, sets), "capset")


def main(arguments: list[str]) -> None:
    """Becomes the command, below a level."""
    parser = argparse.ArgumentParser(description="Run a command below a level of isolation.")
    parser.add_argument("level", choices=sorted(HIGHER))
    parser.add_argument("--uid", type=int, default=os.getuid())
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    if os.geteuid() == 0 and (given.uid != 0 or given.level == "user"):
        open_the_way([sys.base_prefix, sys.prefix])
    if given.uid != os.getuid():
        # The filter first: installing one needs either root or a promise.
        take_away(HIGHER[given.level])
        os.setgroups([])
        os.setresgid(given.uid, given.uid, given.uid)
        os.setresuid(given.uid, given.uid, given.uid)
    else:
        take_away(HIGHER[given.level])
        if os.geteuid() == 0 and given.level != "namespaces":
            like_a_container()
    os.execv(given.command[0], given.command)


if __name__ == "__main__":
    main(sys.argv[1:])
