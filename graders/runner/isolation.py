"""How submissions are kept apart on a machine: its level, and what it would take to do better."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys

from datasets.cache import cache_dir
from graders import KIT
from graders.boundary.launching import child_environment
from graders.rubric import own_folder
from graders.system import here
from graders.walls.levels import LEVELS, reaches
from graders.walls.others import close_to_others
from graders.walls.shown import paths

SECONDS = 60.0
# What a probe that does not answer raises.
FAILED = (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError)
# What to do for a level that a machine lacks; more in graders/course/README.md.
ADVICE = {
    "namespaces": "let ordinary users make user namespaces (on Ubuntu 24.04: sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0; in Docker: --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined)",
    "landlock": "use Linux 5.13 or later with Landlock switched on (lsm=…,landlock)",
    "user": "run as root, with Python and its packages where every user can read them",
}


class TooLow(Exception):
    """A level of isolation is demanded that the machine does not have; the text is one line."""


@dataclasses.dataclass(frozen=True)
class Isolation:
    """How submissions are kept apart.

    Attributes:
        level: String, one of `graders.walls.levels.LEVELS`.
        lacks: Dict from each higher level to the reason why it cannot be had.
    """

    level: str
    lacks: dict[str, str] = dataclasses.field(default_factory=dict)

    def require(self, demanded: str) -> None:
        """Raises `TooLow` unless this is at least what is demanded.

        Args:
            demanded: String, one of `LEVELS`.
        """
        if reaches(self.level, demanded):
            return
        reasons = ". ".join(
            f"It has no {level} ({self.lacks.get(level, 'unknown')}): {ADVICE[level]}"
            for level in reversed(LEVELS)
            if reaches(level, demanded)
        )
        raise TooLow(
            f"Isolation of level {demanded} is demanded, and this machine has {self.level}. "
            f"Nothing was graded. {reasons}. Or say that less will do: --isolation {self.level}."
        )


def hidden() -> list[str]:
    """Returns the folders that no submission may see."""
    own = own_folder()
    return [str(KIT), str(cache_dir()), *([str(own)] if own else [])]


def close_to_submissions() -> None:
    """Closes what no submission may see to other users, whom they run as at the level `user`."""
    os.makedirs(cache_dir(), exist_ok=True)
    closed = close_to_others(hidden(), paths(hidden()))
    if closed:
        where = ", ".join(sorted({os.path.dirname(path) for path in closed}))
        print(
            f"Closed to other users, as whom submissions run: folders in {where}", file=sys.stderr
        )


_begun: list[subprocess.Popen[bytes]] = []


def begin() -> None:
    """Begins to find this machine's level, for the `probed` that will follow."""
    if here.FORKS and not _begun:
        with contextlib.suppress(OSError):
            _begun.append(_start())


def drop() -> None:
    """Ends what `begin` began, if nobody asked for it."""
    while _begun:
        with _begun.pop() as process:
            process.kill()


def probed() -> Isolation:
    """Finds this machine's level.

    Returns:
        `Isolation`; the level `process` where the probe itself fails, twice.
    """
    if not here.FORKS:
        return Isolation("process", dict.fromkeys(LEVELS[1:], "it needs Linux"))
    reason: Exception | None = None
    # It may have been killed, or starved: a machine's walls are not given up for that.
    for _ in range(2):
        try:
            return _answer()
        except FAILED as error:
            reason = error
    return Isolation("process", dict.fromkeys(LEVELS[1:], f"the probe failed: {reason}"))


def _answer() -> Isolation:
    with _begun.pop() if _begun else _start() as process:
        try:
            said, _ = process.communicate(timeout=SECONDS)
        except BaseException:
            process.kill()
            raise
    found = json.loads(said)
    return Isolation(found["level"], found["lacks"])


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "graders.walls.probe", *hidden()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=KIT,
        env=child_environment(),
    )
