"""The verdict store: what has not changed is not graded again.

An entry is keyed by everything that a verdict depends on, and signed with a key of this machine
that no sandbox can read; a corrupt or foreign entry is ignored, and so graded anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import hmac
import importlib.metadata
import json
import os
import platform
import threading
from pathlib import Path
from typing import Any

from graders import KIT
from graders.rubric import Task
from graders.verdict import TaskVerdict

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "scipy")


def local_key() -> bytes:
    """Returns a key of this machine, made on first use.

    It signs stored verdicts, and draws hidden tests when there is no instructor's secret: the
    public seed can be guessed; with this key the draw is one that a submission cannot prepare
    for, and yet the same from run to run.
    """
    from datasets.cache import cache_dir

    path = cache_dir() / "local.key"
    with contextlib.suppress(OSError):
        key = path.read_bytes()
        if len(key) == 32:
            return key
    key = os.urandom(32)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "wb") as file:
            file.write(key)
        try:
            # Whoever links first wins; the others take that key.
            os.link(temporary, path)
        except FileExistsError:
            key = path.read_bytes()
        finally:
            temporary.unlink()
    return key


@functools.cache
def engine_digest() -> str:
    """Returns a digest of all that grades: engine, checks, data, bounds, versions."""
    digest = hashlib.sha256()
    paths = [*(KIT / "graders").rglob("*"), *(KIT / "datasets").rglob("*")]
    for path in sorted(paths):
        own = path.relative_to(KIT)
        # Reports and courses carry verdicts and make none; the weights have a digest in code.
        if path.suffix in (".py", ".json") and own.parts[1] not in ("reports", "course"):
            digest.update(str(own).encode() + b"\0" + path.read_bytes())
    digest.update(platform.python_version().encode())
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{name}=={importlib.metadata.version(name)}".encode())
    digest.update(os.environ.get("TF_ENABLE_ONEDNN_OPTS", "").encode())
    return digest.hexdigest()


def key_for(task: Task, submission: str, settings: dict[str, Any]) -> str:
    """Returns the key of a verdict.

    Args:
        task: `Task`.
        submission: String, the submission's digest.
        settings: Dict of plain data, everything else that matters.
    """
    parts = [task.id, submission, engine_digest(), json.dumps(settings, sort_keys=True)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Store:
    """Verdicts on disk, one file each.

    Args:
        folder: Path; the cache folder's `verdicts` if `None`.
    """

    def __init__(self, folder: Path | None = None):
        from datasets.cache import cache_dir

        self.folder = folder or cache_dir() / "verdicts"
        self._key = local_key()

    def path(self, key: str) -> Path:
        """Returns the file of an entry."""
        return self.folder / key[:2] / f"{key}.json"

    def _sign(self, key: str, body: str) -> str:
        return hmac.new(self._key, f"{key}\0{body}".encode(), hashlib.sha256).hexdigest()

    def read(self, key: str) -> TaskVerdict | None:
        """Returns the stored verdict, or `None` if there is none that can be trusted.

        Args:
            key: String, from `key_for`.
        """
        try:
            entry = json.loads(self.path(key).read_text(encoding="utf-8"))
            body = entry["body"]
            if not hmac.compare_digest(entry["signature"], self._sign(key, body)):
                return None
            return dataclasses.replace(TaskVerdict.unpacked(json.loads(body)), cached=True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def write(self, key: str, verdict: TaskVerdict) -> None:
        """Stores a verdict; a store that cannot be written is no error.

        Args:
            key: String, from `key_for`.
            verdict: `TaskVerdict`.
        """
        from datasets.cache import atomic

        body = json.dumps(verdict.packed())
        entry = json.dumps({"signature": self._sign(key, body), "body": body})
        with contextlib.suppress(OSError), atomic(self.path(key)) as temporary:
            temporary.write_text(entry, encoding="utf-8")
