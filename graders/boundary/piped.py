"""A sandbox and a grader over pipes that a `Launcher` hands to them: how Linux does it."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from graders.boundary.launching import Launcher
from graders.boundary.wire import Channel
from graders.walls import heard


class PipedSandbox:
    """A sandbox process.

    Args:
        launcher: `Launcher`, which starts it.
        settings: Dict of plain data.

    Attributes:
        channel: `Channel` to it.
        log: Integer, the file that takes what the submission prints, see `graders.boundary.log`.
    """

    def __init__(self, launcher: Launcher, settings: dict[str, Any]):
        self._launcher = launcher
        request_r, request_w = os.pipe()
        answer_r, answer_w = os.pipe()
        self._status, status_w = os.pipe()
        # Output goes to a file in memory: no pipe to drain, and its size is limited.
        self.log = os.memfd_create("log")
        theirs = [request_r, answer_w, status_w, self.log]
        self._number = launcher.start("sandbox", theirs, settings)
        for fd in theirs[:3]:
            os.close(fd)
        self.channel = Channel(answer_r, request_w)

    def told(self, seconds: float) -> tuple[list[dict[str, Any]], bool]:
        """Returns what its guard has reported, see `graders.walls.keeper`.

        Args:
            seconds: Float, how long to wait for the report of its end.

        Returns:
            List of dicts, and whether the last of them came in time.
        """
        return heard.read(self._status, seconds)

    def stop(self) -> None:
        """Ends the process and everything that it started."""
        self._launcher.stop(self._number)
        self.channel.close()
        for fd in (self._status, self.log):
            with contextlib.suppress(OSError):
                os.close(fd)


class PipedGrader:
    """A grader process.

    Args:
        launcher: `Launcher`, which starts it.

    Attributes:
        channel: `Channel` to it.

    Raises:
        OSError: If the machine has no room for it, or the warm process is gone.
    """

    def __init__(self, launcher: Launcher):
        self._launcher = launcher
        with contextlib.ExitStack() as opened:
            ends = []
            for _ in range(2):
                pair = os.pipe()
                for fd in pair:
                    opened.callback(os.close, fd)
                ends.append(pair)
            (job_r, job_w), (events_r, events_w) = ends
            self._number = launcher.start("grader", [job_r, events_w], {})
            opened.pop_all()
        os.close(job_r)
        os.close(events_w)
        self.channel = Channel(events_r, job_w)

    def ended(self, seconds: float) -> dict[str, Any]:
        """Returns how it ended, see `Launcher.ended`.

        Args:
            seconds: Float, how long to wait for its end.
        """
        return self._launcher.ended(self._number, seconds)

    def stop(self) -> None:
        """Ends the process."""
        self._launcher.stop(self._number)
        self.channel.close()
