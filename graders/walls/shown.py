"""Which files a submission may see: what Python imports, and what programs are linked to."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable

SYSTEM = (
    *("/lib", "/lib64", "/lib32", "/bin", "/sbin"),
    *("/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/libexec", "/usr/bin", "/usr/sbin"),
    *("/usr/local/lib", "/usr/local/lib64", "/usr/local/bin", "/nix/store"),
    *("/usr/share/zoneinfo", "/usr/share/fonts", "/usr/share/fontconfig", "/usr/share/mime"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/passwd", "/etc/group"),
)
# Of an installation of Python. A prefix as a whole may hold anything: the kit, somebody's home.
OF_A_PREFIX = ("lib", "lib64", "bin", "pyvenv.cfg")


def paths(hidden: Iterable[str], extra: Iterable[str] = ()) -> list[str]:
    """Returns the files and folders that a submission may read.

    Args:
        hidden: Paths that nobody may see, wherever they lie. A folder above one of them is
            replaced by what else is in it.
        extra: Paths to show beside what Python needs.

    Returns:
        Sorted list of absolute paths, none of which lies below another one.
    """
    away = {os.path.realpath(path) for path in hidden}
    found: set[str] = set()
    for path in [*SYSTEM, *_of_python(), *_linked_elsewhere(), *extra]:
        found.update(_without(os.path.abspath(path), away))
    chosen: list[str] = []
    for path in sorted(found, key=lambda path: path.split("/")):
        if not any(path == other or path.startswith(other + "/") for other in chosen):
            chosen.append(path)
    return chosen


def _of_python() -> list[str]:
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found = [os.path.join(prefix, part) for prefix in prefixes for part in OF_A_PREFIX]
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found += [path for name, path in sysconfig.get_paths().items() if name in names]
    packages = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
    return found + packages


def _linked_elsewhere() -> list[str]:
    """Returns what packages are links to: some package managers keep them in a store."""
    found = []
    for folder in sys.path:
        if os.path.basename(folder) in ("site-packages", "dist-packages"):
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            found += [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]
    return found


def _without(path: str, hidden: set[str]) -> list[str]:
    """Returns a path, or what is in it if something hidden is, too."""
    real = os.path.realpath(path)
    if not os.path.lexists(path) or real == "/" or real in hidden:
        return []
    if not any(other.startswith(real + "/") for other in hidden):
        return [path]
    found = []
    for entry in os.listdir(real):
        found += _without(os.path.join(real, entry), hidden)
    return found
