"""Starts sandboxes and graders where nothing is forked: macOS and Windows.

Each is a fresh interpreter that talks over its standard input and output, the only pipes that every
system hands on, and prints to a file. Importing TensorFlow takes it seconds, so one of the kind
that will be asked for next is started ahead, and waits.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from graders import KIT
from graders.boundary.launching import child_environment
from graders.boundary.limits import GRADER_START_SECONDS
from graders.boundary.wire import Channel, WireClosed, WireError, WireTimeout
from graders.system import here
from graders.walls.limits import SCRATCH_BYTES

END_SECONDS, WATCH_SECONDS = 10.0, 1.0
# In a child's folder: what it prints, and what it may fill.
LOG, SCRATCH = "log", "scratch"


class Spawner:
    """Starts children, one of them ahead.

    Args:
        environment: Dict of strings; `child_environment()` if `None`.
    """

    forks = False

    def __init__(self, environment: dict[str, str] | None = None):
        self._environment = environment or child_environment()
        self._waiting: dict[str, Spawned] = {}
        self._all: list[Spawned] = []
        self._lock = threading.Lock()
        self.walls: dict[str, Any] = {}

    def ahead(self, role: str) -> None:
        """Starts a child that will be asked for, unless one waits already.

        Args:
            role: String, `"sandbox"` or `"grader"`.
        """
        with self._lock:
            waiting = self._waiting.get(role)
            if waiting is None or not waiting.alive:
                self._waiting[role] = self._start(role)

    def _start(self, role: str) -> Spawned:
        self._all = [child for child in self._all if child.alive]
        child = Spawned(role, self._environment)
        self._all.append(child)
        return child

    def _take(self, role: str) -> Spawned:
        with self._lock:
            child = self._waiting.pop(role, None)
            return child if child is not None and child.alive else self._start(role)

    def sandbox(self, settings: dict[str, Any]) -> Spawned:
        """Returns a sandbox, once it is ready for the submission.

        Args:
            settings: Dict with `memory` (bytes), `cpu_seconds`, `threads`.
        """
        child = self._take("sandbox")
        child.prepare(settings)
        return child

    def grader(self) -> Spawned:
        """Returns a grader, which may still import."""
        return self._take("grader")

    def close(self) -> None:
        """Ends every child."""
        with self._lock:
            children, self._all = self._all, []
            self._waiting.clear()
        for child in children:
            child.stop()


class Spawned:
    """A child.

    Args:
        role: String, `"sandbox"` or `"grader"`.
        environment: Dict of strings.

    Attributes:
        channel: `Channel` to it.
    """

    def __init__(self, role: str, environment: dict[str, str]):
        self._folder = tempfile.mkdtemp(prefix="kit-", dir=environment.get("TMPDIR"))
        scratch = os.path.join(self._folder, SCRATCH)
        os.mkdir(scratch)
        self._log = os.path.join(self._folder, LOG)
        # What is printed while it imports is none of the submission's.
        self._begins = 0
        self._broken, self._exceeded = "", 0
        self._stopped = threading.Event()
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "graders.warm", "spawned", role, scratch],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd=KIT,
                env=environment,
                **here.popen_options(),
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        # The channel closes its own copies of the ends: a thread may wait for one of them.
        ends = os.dup(self._process.stdout.fileno()), os.dup(self._process.stdin.fileno())
        self._process.stdin.close()
        self._process.stdout.close()
        self.channel = Channel(*ends)

    @property
    def alive(self) -> bool:
        """Boolean, whether the process runs."""
        return self._process.poll() is None

    def prepare(self, settings: dict[str, Any]) -> None:
        """Tells a sandbox its settings, and waits until it is ready.

        Args:
            settings: Dict of plain data.
        """
        deadline = time.monotonic() + GRADER_START_SECONDS
        try:
            self.channel.send(settings, deadline)
            answer = self.channel.receive(deadline)
            if answer != {"up": True}:
                self._broken = str(answer.get("broken"))
        except WireTimeout:
            self._broken = "a sandbox did not start in time"
        except (WireClosed, WireError, AttributeError):
            self._broken = "a sandbox ended before it was ready: " + self._last_line()
        if self._broken:
            here.end_tree(self._process)
        else:
            self._begins = os.path.getsize(self._log)
            threading.Thread(target=self._watch, daemon=True).start()

    def _last_line(self) -> str:
        lines = self.printed(-2000, 2000).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it told no reason"

    def _watch(self) -> None:
        """Ends a sandbox that prints without end: nothing else limits the file."""
        while not self._stopped.wait(WATCH_SECONDS):
            with contextlib.suppress(OSError):
                size = os.path.getsize(self._log)
                if size > SCRATCH_BYTES:
                    self._exceeded = size
                    here.end_tree(self._process)
                    return

    def told(self, seconds: float) -> tuple[list[dict[str, Any]], bool]:
        """Returns how a sandbox ended, in the words of `graders.walls.keeper`.

        Args:
            seconds: Float, how long to wait for its end.

        Returns:
            List of dicts, and whether it ended in time.
        """
        if self._broken:
            return [{"broken": self._broken}], True
        if self._exceeded:
            used = {"limit": "scratch", "used": self._exceeded, "allowed": SCRATCH_BYTES}
            return [{"up": True}, used], True
        ended = self.ended(seconds)
        return [{"up": True}, *([ended] if ended else [])], bool(ended)

    def ended(self, seconds: float) -> dict[str, Any]:
        """Returns how the process ended, see `graders.system`; an empty dict if it did not.

        Args:
            seconds: Float, how long to wait for its end.
        """
        try:
            return here.how_ended(self._process.wait(seconds))
        except subprocess.TimeoutExpired:
            return {}

    def printed(self, start: int, count: int) -> bytes:
        """Returns a part of what it printed.

        Args:
            start: Integer, where it begins; a negative one counts from the end.
            count: Integer, how many bytes at most.
        """
        with open(self._log, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._begins, start + (end if start < 0 else self._begins)))
            return file.read(count)

    def stop(self) -> None:
        """Ends the process and everything that it started, and removes its folder."""
        self._stopped.set()
        here.end_tree(self._process)
        self.channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        here.remove(self._folder)
