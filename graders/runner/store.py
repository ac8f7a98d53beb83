"""The verdict store: what has not changed is not graded again.

An entry is keyed by everything that a verdict depends on, and signed with a key of this machine
that no sandbox can read; a corrupt or foreign entry is ignored, and so graded anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from datasets.cache import atomic, cache_dir
from graders.rubric import Task
from graders.runner import fingerprint
from graders.verdict import TaskVerdict

KEY_BYTES = 32


# Keys of this process, where no file can keep them.
_passing: dict[Path, bytes] = {}


def _kept_key(path: Path) -> bytes | None:
    with contextlib.suppress(OSError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    return None


def local_key() -> bytes:
    """Returns a key of this machine, made on first use.

    It signs stored verdicts, and draws hidden tests when there is no instructor's secret: the
    public seed can be guessed; with this key the draw is one that a submission cannot prepare
    for, and yet the same from run to run. Where it cannot be kept, it is the same for this run.
    """
    path = cache_dir() / "local.key"
    key = _kept_key(path) or _passing.get(path)
    if key is not None:
        return key
    key = os.urandom(KEY_BYTES)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with open(fd, "wb") as file:
                file.write(key)
            if path.exists() and _kept_key(path) is None:
                # Cut short by a full disk, say: nothing is signed with it.
                os.replace(temporary, path)
            else:
                # Whoever links first wins; the others take that key.
                with contextlib.suppress(FileExistsError):
                    os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return _kept_key(path) or _passing.setdefault(path, key)


def key_for(task: Task, submission: str, settings: dict[str, Any]) -> str:
    """Returns the key of a verdict.

    Args:
        task: `Task`.
        submission: String, the submission's digest.
        settings: Dict of plain data, everything else that matters.
    """
    parts = [task.id, submission, fingerprint.of_task(task), json.dumps(settings, sort_keys=True)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Store:
    """Verdicts on disk, one file each.

    Args:
        folder: Path; the cache folder's `verdicts` if `None`.
    """

    def __init__(self, folder: Path | None = None):
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
        """Stores a verdict.

        Args:
            key: String, from `key_for`.
            verdict: `TaskVerdict`.

        Raises:
            OSError: If the store cannot be written.
        """
        body = json.dumps(verdict.packed())
        entry = json.dumps({"signature": self._sign(key, body), "body": body})
        with atomic(self.path(key)) as temporary:
            temporary.write_text(entry, encoding="utf-8")

    def trouble(self) -> str:
        """Returns why nothing can be kept, in one line; empty if it can."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(bytes(4096))
        except OSError as error:
            return not_kept(self.folder, error)
        if _kept_key(cache_dir() / "local.key") is None:
            return not_kept(cache_dir(), OSError(0, "its key cannot be kept"))
        return ""


def not_kept(folder: Path, error: OSError) -> str:
    """Returns one line on a store that cannot be written.

    Args:
        folder: Path of the store.
        error: What was raised.
    """
    return (
        f"Verdicts cannot be kept in {folder} ({error.strerror or error}). Everything is graded, "
        "but the next time it will be graded anew (and on other data, unless a secret is set). "
        "Make room there, or name another folder in the environment variable KERAS_KIT_CACHE."
    )
