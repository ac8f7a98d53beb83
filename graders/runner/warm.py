"""The runner's end of the warm process, which imports Keras once and forks the others."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from typing import Any

from datasets.cache import cache_dir
from graders import KIT
from graders.boundary.launching import Launcher, child_environment


def bytecode_variables() -> dict[str, str]:
    """Returns the variables with which the warm process keeps the bytecode of what it imports.

    Compiling TensorFlow's modules takes longer than running them. Where the user forbids bytecode
    beside sources (as containers often do), it goes to the kit's cache.

    Returns:
        Dict of strings.
    """
    chosen = os.environ.get("PYTHONPYCACHEPREFIX")
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return {"PYTHONPYCACHEPREFIX": chosen} if chosen else {}
    found = importlib.util.find_spec("keras")
    sources = found.origin if found is not None else None
    if sources and os.path.exists(importlib.util.cache_from_source(sources)):
        return {"PYTHONDONTWRITEBYTECODE": "1"}
    return {"PYTHONPYCACHEPREFIX": str(cache_dir() / "bytecode")}


def environment(temporary: str, device: str = "cpu") -> dict[str, str]:
    """Returns the environment of the warm process and of spawned children.

    Args:
        temporary: String, the folder for their temporary files.
        device: String, what they compute on.
    """
    rules = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")
    chosen = {name: value for name, value in child_environment(device).items() if name not in rules}
    return chosen | bytecode_variables() | {"TMPDIR": temporary}


def spawning(temporary: str, device: str = "cpu") -> Launcher:
    """Returns a launcher that starts a fresh interpreter for each child.

    Args:
        temporary: String, the folder for their temporary files.
        device: String, what they compute on.
    """
    return Launcher(None, environment(temporary, device))


class WarmProcess:
    """Starts the warm process and ends it.

    Use as a context manager; `launcher` starts children. Importing goes on in the background.

    Args:
        walls: Dict of plain data, see `graders.warm.server.serve`.
        temporary: String, the folder for temporary files.
        device: String, what they compute on.
    """

    def __init__(self, walls: dict[str, Any], temporary: str, device: str = "cpu") -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "graders.warm", "serve", str(theirs.fileno())),
                json.dumps(walls),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if not os.environ.get("KERAS_KIT_DEBUG") else None,
            stdout=subprocess.DEVNULL,
            cwd=KIT,
            env=environment(temporary, device),
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        self.launcher = Launcher(ours)

    @property
    def pid(self) -> int:
        """Integer, the number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Boolean, whether the process still runs."""
        return self._process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Returns whether the process has ended, or does within so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Ends the process and all that it forked."""
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> WarmProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
