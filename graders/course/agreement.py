"""Keeps `nbgrader autograde` from grading a class with another secret than `bulk` did.

With another secret the hidden tests are others: all work would be graded again, silently, and some
of it would earn other points. So `bulk` leaves a fingerprint of its secret for each folder of work.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from pathlib import Path

from datasets.cache import cache_dir, write_bytes
from graders.runner import Settings
from graders.runner.store import local_key

PUBLIC = "public"


class Disagreement(Exception):
    """A class is to be graded with another secret than before; the text is one line."""


def _file(submitted: Path) -> Path:
    name = hashlib.sha256(str(submitted.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return cache_dir() / "classes" / f"{name[:32]}.json"


def fingerprint(secret: bytes | None) -> str:
    """Returns what tells a secret from others on this machine, and gives nothing of it away.

    Args:
        secret: Bytes, or `None` for public tests.
    """
    if secret is None:
        return PUBLIC
    return hmac.new(local_key(), b"class\0" + secret, hashlib.sha256).hexdigest()


def known(submitted: Path) -> str | None:
    """Returns the fingerprint of the secret that `bulk` last graded a class with, or `None`.

    Args:
        submitted: Path of the folder with one for each student.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads(_file(submitted).read_text(encoding="utf-8"))["secret"]
        return found if isinstance(found, str) else None
    return None


def note(submitted: Path, settings: Settings) -> None:
    """Notes which secret `bulk` grades a class with.

    Args:
        submitted: Path of the folder with one for each student.
        settings: `Settings`.
    """
    found = {"submitted": str(submitted.resolve()), "secret": fingerprint(settings.secret)}
    write_bytes(_file(submitted), json.dumps(found).encode("utf-8", "backslashreplace"))


def require(submitted: Path, settings: Settings) -> None:
    """Raises `Disagreement` if `bulk` graded a class with another secret.

    Args:
        submitted: Path of the folder with one for each student.
        settings: `Settings` that it is to be graded with now.
    """
    before = known(submitted)
    if before is None or hmac.compare_digest(before, fingerprint(settings.secret)):
        return
    if settings.secret is None:
        reason = "bulk graded this class with a secret, and here is none"
    elif before == PUBLIC:
        reason = "bulk graded this class without a secret, and here is one"
    else:
        reason = "bulk graded this class with another secret than the one here"
    raise Disagreement(
        f"Nothing was graded: {reason}, so all points would be new ones. Name the file of the "
        f"secret in course.toml (secret = …) or set KERAS_KIT_SECRET as for bulk; if the secret "
        f"here is the right one, run bulk {submitted} again first."
    )
