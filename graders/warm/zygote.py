"""One warm process: imports Keras once, runs no op, and forks every sandbox and grader.

Importing TensorFlow takes seconds, forking a process that has imported it milliseconds. The zygote
holds no secret: what a grader needs it gets from the runner, over its own pipe, after the fork.

Wire: one JSON document in each packet of a Unix socket, file descriptors beside it. A packet asks
for a child (`{"start": role, …}`) or for the end of one (`{"stop": number}`).
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from typing import Any

from graders import KIT
from graders.boundary import isolation

MAX_PACKET = 65536


def _close_all_but(kept: list[int]) -> None:
    previous = 2
    for fd in sorted(kept):
        os.closerange(previous + 1, fd)
        previous = max(previous, fd)
    os.closerange(previous + 1, 4096 if previous < 4096 else previous + 4096)


def run_child(role: str, fds: list[int], settings: dict[str, Any]) -> None:
    """Becomes a sandbox or a grader; never returns.

    Args:
        role: String, `"sandbox"` or `"grader"`.
        fds: List of file descriptors: for a sandbox request, answer, status, log; for a grader
            job, events, launcher.
        settings: Dict of plain data for that role.
    """
    from graders.boundary.wire import Channel

    if role == "sandbox":
        from graders.sandbox import requests as sandbox

        sandbox.start(Channel(fds[0], fds[1]), fds[2], fds[3], settings)
    else:
        from graders.judge import process as grading

        launcher = Launcher(socket.socket(fileno=fds[2]) if len(fds) > 2 else None)
        grading.start(Channel(fds[0], fds[1]), launcher)


class Launcher:
    """Starts sandboxes and graders: forked from the zygote, or spawned where there is none.

    Args:
        control: Socket to the zygote; `None` spawns a fresh interpreter each time.
    """

    def __init__(self, control: socket.socket | None):
        self._control = control
        self._spawned: dict[int, subprocess.Popen[bytes]] = {}
        self._next = 0
        self._lock = threading.Lock()
        # Namespaces until the kernel has refused them once.
        self.isolation = "namespaces" if sys.platform == "linux" else "process"

    @property
    def forks(self) -> bool:
        """Boolean, whether children are forked by the zygote, and not spawned by this process."""
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
        packet = json.dumps({"start": role, "number": number, "settings": settings}).encode()
        if self._control is not None:
            socket.send_fds(self._control, [packet], fds)
        else:
            passed = ",".join(map(str, fds))
            command = [
                sys.executable,
                "-m",
                "graders.warm.zygote",
                role,
                passed,
                json.dumps(settings),
            ]
            self._spawned[number] = subprocess.Popen(
                command, pass_fds=fds, stdin=subprocess.DEVNULL, cwd=KIT, env=child_environment()
            )
        return number

    def stop(self, number: int) -> None:
        """Ends a child and everything that it started.

        Args:
            number: Integer, what `start` returned.
        """
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"stop": number}).encode())
            return
        process = self._spawned.pop(number, None)
        if process is not None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


KEPT_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("TF_ENABLE_ONEDNN_OPTS", "OMP_NUM_THREADS", "KERAS_KIT_CACHE", "XDG_CACHE_HOME"),
    *("KERAS_HOME", "KERAS_KIT_DEBUG"),
)


def child_environment() -> dict[str, str]:
    """Returns the environment of zygote and children: an allowlist, so that no secret is in it."""
    chosen = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return chosen | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": str(KIT),
        "MPLBACKEND": "Agg",
        **bytecode_variables(),
    }


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
    from datasets.cache import cache_dir

    return {"PYTHONPYCACHEPREFIX": str(cache_dir() / "bytecode")}


class Zygote:
    """The runner's end: starts the zygote process and ends it.

    Use as a context manager; `launcher` starts children. Importing goes on in the background.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "graders.warm.zygote", "serve", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if not os.environ.get("KERAS_KIT_DEBUG") else None,
            stdout=subprocess.DEVNULL,
            cwd=KIT,
            env=child_environment(),
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        self.launcher = Launcher(ours)

    @property
    def alive(self) -> bool:
        """Boolean, whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the zygote and all that it forked."""
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _warm_up() -> None:
    """Imports what children need. No op may run here: a started TensorFlow survives no fork."""
    import keras
    import pytest
    import pytest_timeout
    import tensorflow

    # Keras loads these on first use; a sandbox would pay for it every time.
    from keras.src.backend.tensorflow import trainer

    from graders.judge import plugin
    from graders.judge import process as grading
    from graders.judge import submission as client
    from graders.rebuilt import rebuild
    from graders.sandbox import requests as sandbox
    from graders.toolkit import graph

    del keras, tensorflow, pytest, pytest_timeout, client, grading, graph, plugin, rebuild, sandbox
    del trainer


class _Server:
    """The zygote's loop: takes packets from the runner and from graders, forks, reaps."""

    def __init__(self, control: socket.socket):
        self._main = control
        # Which socket asked for which child: a grader's children end with it.
        self._children: dict[int, tuple[socket.socket, int]] = {}
        self._poll = select.poll()
        self._sockets = {control.fileno(): control}
        self._poll.register(control, select.POLLIN)

    def run(self) -> None:
        wake_r, wake_w = os.pipe()
        os.set_blocking(wake_w, False)
        os.set_blocking(wake_r, False)
        signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(wake_r, select.POLLIN)
        while True:
            for fd, _ in self._poll.poll():
                if fd == wake_r:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake_r, 4096)
                    self._reap()
                elif fd in self._sockets and not self._serve(self._sockets[fd]):
                    if self._sockets[fd] is self._main:
                        self._stop_all()
                        return
                    self._forget(self._sockets[fd])

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._children.pop(pid, None)

    def _serve(self, control: socket.socket) -> bool:
        try:
            packet, fds, _, _ = socket.recv_fds(control, MAX_PACKET, 8)
        except OSError:
            return False
        if not packet:
            return False
        try:
            request = json.loads(packet)
            if "stop" in request:
                for pid, owner in list(self._children.items()):
                    if owner == (control, request["stop"]):
                        self._stop(pid)
            else:
                self._fork(control, request, list(fds))
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def _fork(self, owner: socket.socket, request: dict[str, Any], fds: list[int]) -> None:
        ours = theirs = None
        if request["start"] == "grader":
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            fds = [*fds, theirs.fileno()]
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                if theirs is not None:
                    theirs.detach()
                _close_all_but(fds)
                isolation.die_with_parent()
                run_child(request["start"], fds, request["settings"])
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(97)
        self._children[pid] = (owner, request["number"])
        if ours is not None and theirs is not None:
            theirs.close()
            self._sockets[ours.fileno()] = ours
            self._poll.register(ours, select.POLLIN)

    def _stop(self, pid: int) -> None:
        # A sandbox's guard cleans up on SIGTERM; a grader has nothing to clean up.
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)

    def _forget(self, control: socket.socket) -> None:
        for pid, (owner, _) in list(self._children.items()):
            if owner is control:
                self._stop(pid)
        self._poll.unregister(control)
        del self._sockets[control.fileno()]
        control.close()

    def _stop_all(self) -> None:
        for pid in list(self._children):
            self._stop(pid)
        # Graders' sandboxes included: everything that was forked is a child of this process.
        for _ in range(100):
            self._reap()
            if not self._children:
                return
            select.select([], [], [], 0.02)
        for pid in list(self._children):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Runs as `python -m graders.warm.zygote serve FD`, or as one spawned child."""
    role = arguments[0]
    if role == "serve":
        # The end of the socket ends this process. The kernel's signal at the parent's death would
        # come when the thread ends that started it, whatever the parent's others still grade.
        control = socket.socket(fileno=int(arguments[1]))
        _warm_up()
        # The children import by the common rules, and leave no bytecode behind.
        sys.dont_write_bytecode, sys.pycache_prefix = True, None
        # Without this, the collector touches (and so copies) every page in every child.
        gc.collect()
        gc.freeze()
        _Server(control).run()
    else:
        fds = [int(number) for number in arguments[1].split(",")]
        sys.dont_write_bytecode = sys.dont_write_bytecode or role == "sandbox"
        _close_all_but(fds)
        run_child(role, fds, json.loads(arguments[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
