"""A Dask cluster of processes on this machine, started by the commands of the instructors' page."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from graders.rubric import KIT

PAGE = KIT / "graders" / "course" / "README.md"


def recipe(text: str = "") -> dict[str, str]:
    """Returns the page's commands for a cluster: `scheduler`, `worker`, `bulk`."""
    text = text or PAGE.read_text(encoding="utf-8")
    start = text.index("is graded on a [Dask]")
    [block] = re.findall(r"(?:^    .*\n)+", text[start:], re.MULTILINE)[:1]
    found = {}
    for line in block.splitlines():
        command = re.split(r"  +", line.strip())[0]
        [name] = [
            name for name in ("pip", "scheduler", "worker", "bulk") if f" {name} " in f"{command} "
        ]
        found[name] = command
    return found


def free_port() -> int:
    """Returns a port on which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(happened: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Waits for something; returns what it is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = happened()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds:g} s")


class Processes:
    """A scheduler and workers, each a process of its own. Use as a context manager.

    Args:
        folder: Path for logs.
        environment: Dict of more environment variables.
    """

    def __init__(self, folder: Path, **environment: str):
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        binaries = str(Path(sys.executable).parent)
        kept = {name: value for name, value in os.environ.items() if name != "KERAS_KIT_SECRET"}
        path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, **environment}
        # Nothing but the commands tells a process where the kit is.
        self.environment.pop("PYTHONPATH", None)
        self._started: list[subprocess.Popen[bytes]] = []

    def command(self, name: str, kit: Path = KIT) -> list[str]:
        """Returns a command of the page; host, port and paths are those of the test."""
        text = recipe()[name].replace("HOST:8786", f"127.0.0.1:{self.port}")
        return shlex.split(text.replace("~/kit", shlex.quote(str(kit))))

    def start(self, words: list[str], **environment: str) -> subprocess.Popen[bytes]:
        """Starts a process; its output goes to a file of its own."""
        with open(self.folder / f"{len(self._started)}.log", "wb") as log:
            process = subprocess.Popen(
                words, cwd=self.folder, env={**self.environment, **environment}, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        return process

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Starts the scheduler, and waits until it listens."""
        options = ("--host", "127.0.0.1", "--port", str(self.port), "--dashboard-address", ":0")
        process = self.start([*self.command("scheduler"), *options])

        def listens() -> bool:
            with socket.socket() as there:
                return there.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listens, "a scheduler listens")
        return process

    def worker(
        self, *options: str, kit: Path = KIT, before: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Starts a worker with one slot, the nanny of which is the process that returns."""
        command = [*before, *self.command("worker", kit)]
        return self.start([*command, "--slots", "1", "--no-dashboard", *options])

    def bulk_command(self, submitted: Path, task: str, *options: str) -> list[str]:
        """Returns the command that grades a class's work on a task."""
        words = self.command("bulk")
        at = words.index("submitted")
        return [*words[:at], str(submitted), task, *words[at + 1 :], *options]

    def bulk(
        self, submitted: Path, task: str, *options: str, **environment: str
    ) -> subprocess.Popen[str]:
        """Starts the grading of a class's work on a task."""
        words = self.bulk_command(submitted, task, *options)
        process = subprocess.Popen(
            words, cwd=self.folder, env={**self.environment, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self._started.append(process)  # type: ignore[arg-type]
        return process

    def logs(self) -> str:
        """Returns what all of them printed."""
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            end(process)


def worker_of(nanny: subprocess.Popen[bytes]) -> psutil.Process:
    """Returns the worker process of a nanny, once it is there."""

    def found() -> list[psutil.Process]:
        children = psutil.Process(nanny.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    return wait_until(found, "a nanny has a worker")[0]


def end(process: subprocess.Popen[Any]) -> None:
    """Ends a process, and what it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def verdicts_in(cache: Path) -> Iterator[Path]:
    """Returns the files of a verdict store."""
    return (cache / "verdicts").glob("*/*.json")
