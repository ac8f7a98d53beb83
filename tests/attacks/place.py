"""A disposable copy of the kit, with a Python environment, a home and a cache of its own.

All lies in one folder below /tmp, the worst place for it: what a sandbox must see (Python) and must
not see (kit, cache, home) lie side by side, under the folder that a sandbox has one of its own of.
"""

from __future__ import annotations

import os
import secrets
import shutil
import site
import sys
import tempfile
from pathlib import Path

from graders import KIT
from tests.attacks.watch import remove

PARTS = ("graders", "datasets", "reference", "assignments", "grade.py", "pyproject.toml")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def copy_kit(target: Path) -> Path:
    """Copies the kit, and of its tests the attacks alone."""
    for name in PARTS:
        source = KIT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=IGNORED)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    (target / "tests").mkdir()
    shutil.copy(KIT / "tests" / "__init__.py", target / "tests")
    shutil.copytree(KIT / "tests" / "attacks", target / "tests" / "attacks", ignore=IGNORED)
    return target


def make_environment(target: Path) -> Path:
    """Makes a virtual environment that sees the packages of this one, and returns its Python."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = target / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (packages / "seen.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    python = Path(os.path.realpath(sys.executable))
    (target / "pyvenv.cfg").write_text(
        f"home = {python.parent}\nversion = {sys.version.split()[0]}\n"
    )
    (target / "bin").mkdir()
    (target / "bin" / "python").symlink_to(python)
    return target / "bin" / "python"


class Place:
    """The folder of one run. Use as a context manager.

    Args:
        uid: Integer, who runs there.
    """

    def __init__(self, uid: int = 0):
        self.base = Path(tempfile.mkdtemp(prefix="attacks-", dir="/tmp"))
        self.base.chmod(0o755)
        self.kit = copy_kit(self.base / "kit")
        self.python = make_environment(self.base / "environment")
        self.mark = f"outside-{secrets.token_hex(8)}"
        self.outside = [Path(f"/var/tmp/{self.mark}"), Path(f"/dev/shm/{self.mark}")]
        for name in ("home/.ssh", "tmp", "cache", "work"):
            (self.base / name).mkdir(parents=True)
        (self.base / "home" / ".ssh" / "id_ed25519").write_text(self.mark)
        # A home that other users may enter is one that the level `user` cannot protect.
        for name in ("home/.ssh", "home", "cache"):
            (self.base / name).chmod(0o700)
        for folder in self.outside:
            folder.mkdir()
            (folder / "marker").write_text(self.mark)
        if uid != os.getuid():
            for path in [self.base, *self.base.rglob("*"), *self.outside]:
                os.chown(path, uid, uid, follow_symlinks=False)

    def environment(self) -> dict[str, str]:
        """Returns the environment of what runs there."""
        base = self.base
        return {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(base / "home"),
            "TMPDIR": str(base / "tmp"),
            "KERAS_KIT_CACHE": str(base / "cache"),
            "PYTHONPATH": str(self.kit),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    def close(self) -> None:
        """Removes all of it."""
        for path in [self.base, *self.outside]:
            remove(path)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
