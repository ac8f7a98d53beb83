"""Starts sandboxes and graders on Linux: forked from a warm process, or spawned by `--spawn`."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from typing import Any

from graders import KIT
from graders.boundary import device
from graders.system import here
from graders.walls import heard

KEPT_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("TF_ENABLE_ONEDNN_OPTS", "OMP_NUM_THREADS", "KERAS_KIT_CACHE", "XDG_CACHE_HOME"),
    *("KERAS_HOME", "KERAS_KIT_DEBUG", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"),
    *here.VARIABLES,
)


def child_environment(computes_on: str | None = None) -> dict[str, str]:
    """Returns the environment of other processes: an allowlist, so that no secret is in it.

    Args:
        computes_on: String, one of `device.DEVICES`; what the caller's process is for if `None`.
    """
    chosen = {name: os.environ[name] for name in KEPT_VARIABLES if os.environ.get(name)}
    return chosen | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **device.variables(computes_on or device.chosen()),
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": str(KIT),
        "MPLBACKEND": "Agg",
    }


class Launcher:
    """Starts children, and ends them.

    Args:
        control: Socket to a warm process; `None` spawns a fresh interpreter each time.
        environment: Dict of strings for a spawned child; `child_environment()` if `None`.

    Attributes:
        walls: Dict of plain data, what a spawned sandbox has to know about its walls: `level`, and
            the paths `hidden` and `extra`. A warm process knows it.
    """

    def __init__(self, control: socket.socket | None, environment: dict[str, str] | None = None):
        self._control, self._environment = control, environment
        self.walls: dict[str, Any] = {}
        self._spawned: dict[int, subprocess.Popen[bytes]] = {}
        # Where the warm process reports how a grader ended.
        self._ends: dict[int, int] = {}
        self._next = 0
        self._lock = threading.Lock()

    @property
    def forks(self) -> bool:
        """Boolean, whether children are forked by a warm process, and not spawned by this one."""
        return self._control is not None

    def start(self, role: str, fds: list[int], settings: dict[str, Any]) -> int:
        """Starts a child.

        Args:
            role: String, `"sandbox"` or `"grader"`.
            fds: List of file descriptors for the child; the caller closes its own copies.
            settings: Dict of plain data.

        Returns:
            Integer, the number to stop it with.
        """
        with self._lock:
            self._next += 1
            number = self._next
        if self._control is not None:
            packet = json.dumps({"start": role, "number": number, "settings": settings}).encode()
            if role != "grader":
                socket.send_fds(self._control, [packet], fds)
                return number
            end, told = os.pipe()
            try:
                socket.send_fds(self._control, [packet], [*fds, told])
            except OSError:
                os.close(end)
                raise
            finally:
                os.close(told)
            self._ends[number] = end
        else:
            passed = ",".join(map(str, fds))
            if role == "sandbox":
                settings = {**settings, **self.walls}
            command = [sys.executable, "-m", "graders.warm", role, passed, json.dumps(settings)]
            self._spawned[number] = subprocess.Popen(
                command,
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                cwd=KIT,
                env=self._environment or child_environment(),
                # Ctrl-C in the terminal ends the runner, which ends its children.
                start_new_session=True,
            )
        return number

    def ended(self, number: int, seconds: float) -> dict[str, Any]:
        """Returns how a grader ended: `{"exit": code}`, `{"signal": number}`, `{"broken": reason}`.

        Args:
            number: Integer, what `start` returned.
            seconds: Float, how long to wait for its end.

        Returns:
            Dict, empty if nobody knows: it did not end, or the warm process did.
        """
        if number in self._ends:
            told, _ = heard.read(self._ends[number], seconds, most=1)
            return told[0] if told else {}
        process = self._spawned.get(number)
        if process is None:
            return {}
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return {}
        return here.how_ended(code)

    def stop(self, number: int) -> None:
        """Ends a child and everything that it started.

        Args:
            number: Integer, what `start` returned.
        """
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"stop": number}).encode())
            if number in self._ends:
                os.close(self._ends.pop(number))
            return
        process = self._spawned.pop(number, None)
        if process is not None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
