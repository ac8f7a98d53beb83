"""How submissions are kept apart on a machine: its level, and what it would take to do better."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence

from graders import KIT
from graders.boundary.launching import child_environment
from graders.walls.levels import LEVELS, reaches

SECONDS = 60.0
# What to do for a level that a machine lacks; more in graders/course/README.md.
ADVICE = {
    "namespaces": "let ordinary users make user namespaces (in Docker: --privileged, or "
    "--security-opt seccomp=unconfined --security-opt systempaths=unconfined; on Ubuntu 24.04: "
    "sysctl kernel.apparmor_restrict_unprivileged_userns=0)",
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
        reasons = "; ".join(
            f"no {level} ({self.lacks.get(level, 'unknown')}): {ADVICE[level]}"
            for level in reversed(LEVELS)
            if reaches(level, demanded)
        )
        raise TooLow(
            f"Isolation of level {demanded} is demanded, and this machine has {self.level}. "
            f"Nothing was graded. {reasons}. Or say that less will do: --isolation {self.level}."
        )


def probed(hidden: Sequence[str]) -> Isolation:
    """Finds this machine's level.

    Args:
        hidden: Paths that no submission may see.

    Returns:
        `Isolation`; the level `process` where the probe itself fails.
    """
    if sys.platform != "linux":
        return Isolation("process", dict.fromkeys(LEVELS[1:], "it needs Linux"))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "graders.walls.probe", *hidden],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=KIT,
            env=child_environment(),
            timeout=SECONDS,
            check=True,
        )
        found = json.loads(done.stdout)
        return Isolation(found["level"], found["lacks"])
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return Isolation("process", dict.fromkeys(LEVELS[1:], f"the probe failed: {error}"))
