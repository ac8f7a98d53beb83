"""The warm processes: import Keras once, run no operation, and fork every sandbox and grader.

Importing TensorFlow takes seconds, forking a process that has imported it milliseconds. The process
splits in two before it has loaded a module of the judge: one half forks graders. The other half
goes behind the first wall and forks sandboxes, whose memory so holds neither the judge nor a check.
Neither half holds a secret: what a grader needs it gets from the runner, over its own pipe, after
the fork.

A packet is one JSON document on a Unix socket, with file descriptors beside it. It starts a child
(`{"start": role, "number": …, "settings": …}`), ends one (`{"stop": number}`), or hands over the
socket of a new grader, which starts its own sandboxes with it (`{"attach": true}`).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any

from graders.walls import kernel, shown
from graders.walls.kernel import IsolationError, close_all_but
from graders.walls.reports import report, report_end
from graders.walls.ward import wall_in
from graders.warm import imports
from graders.warm.children import become, refuse

MAX_PACKET = 65536


class Server:
    """One warm process: takes packets, forks children, and reaps them.

    Args:
        control: Socket. Its end ends this process and everything that it forked.
        sandboxes: Socket to the process that forks sandboxes; `None` within that process.
        walls: Dict with what this process knows about every sandbox, whatever is asked for.
        broken: String, why there can be no sandbox; empty if there can.
    """

    def __init__(
        self,
        control: socket.socket,
        sandboxes: socket.socket | None = None,
        walls: dict[str, Any] | None = None,
        broken: str = "",
    ):
        self._control, self._sandboxes = control, sandboxes
        self._walls, self._broken = walls or {}, broken
        # The socket that asked for a child: a grader's sandboxes end with the grader.
        self._children: dict[int, tuple[socket.socket, int]] = {}
        # Where to report how a grader ended.
        self._ends: dict[int, int] = {}
        self._poll = select.poll()
        self._sockets: dict[int, socket.socket] = {}
        self._listen_to(control)
        if sandboxes is not None:
            # It sends nothing: what is heard of it is its end.
            self._poll.register(sandboxes, select.POLLIN)

    def _listen_to(self, control: socket.socket) -> None:
        self._sockets[control.fileno()] = control
        self._poll.register(control, select.POLLIN)

    def run(self) -> None:
        """Serves until the control socket ends."""
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
                elif self._sandboxes is not None and fd == self._sandboxes.fileno():
                    self._stop_all()
                    return
                elif fd in self._sockets and not self._serve(self._sockets[fd]):
                    if self._sockets[fd] is self._control:
                        self._stop_all()
                        return
                    self._forget(self._sockets[fd])

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._children.pop(pid, None)
            if pid in self._ends:
                end = self._ends.pop(pid)
                report_end(end, status)
                os.close(end)

    def _serve(self, control: socket.socket) -> bool:
        """Takes one packet; returns `False` at the socket's end."""
        try:
            packet, fds, _, _ = socket.recv_fds(control, MAX_PACKET, 8)
        except OSError:
            return False
        if not packet:
            return False
        kept: list[int] = []
        try:
            request = json.loads(packet)
            if "attach" in request:
                kept = list(fds)
                self._listen_to(socket.socket(fileno=fds[0]))
            elif "stop" in request:
                self._stop_number(control, request["stop"], packet)
            elif request["start"] == "sandbox" and self._sandboxes is not None:
                socket.send_fds(self._sandboxes, [packet], fds)
            elif self._broken:
                refuse(fds, self._broken)
            else:
                kept = self._start(control, request, list(fds))
        finally:
            for fd in fds:
                if fd not in kept:
                    os.close(fd)
        return True

    def _stop_number(self, control: socket.socket, number: int, packet: bytes) -> None:
        for pid, owner in list(self._children.items()):
            if owner == (control, number):
                self._stop(pid)
                return
        if self._sandboxes is not None:
            with contextlib.suppress(OSError):
                self._sandboxes.send(packet)

    def _start(self, owner: socket.socket, request: dict[str, Any], fds: list[int]) -> list[int]:
        """Starts a child, or reports why the machine could not; returns the descriptors kept."""
        # The last one of a grader's takes the report of its end.
        end = fds.pop() if request["start"] == "grader" else None
        try:
            pid = self._fork(owner, request, fds)
        except OSError as error:
            reason = f"no process could be started: {error.strerror}"
            if end is None:
                refuse(fds, reason)
            else:
                report(end, broken=reason)
            return []
        if end is None:
            return []
        self._ends[pid] = end
        return [end]

    def _fork(self, owner: socket.socket, request: dict[str, Any], fds: list[int]) -> int:
        theirs = None
        if request["start"] == "grader" and self._sandboxes is not None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours:
                socket.send_fds(self._sandboxes, [b'{"attach": true}'], [ours.fileno()])
            fds = [*fds, theirs.fileno()]
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                if theirs is not None:
                    theirs.detach()
                close_all_but(fds)
                kernel.die_with_parent(signal.SIGKILL)
                become(request["start"], fds, {**request["settings"], **self._walls})
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(97)
        self._children[pid] = (owner, request["number"])
        if theirs is not None:
            theirs.close()
        return pid

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
        if self._sandboxes is not None:
            self._sandboxes.close()
        for _ in range(100):
            self._reap()
            if not self._children:
                return
            select.select([], [], [], 0.02)
        for pid in list(self._children):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _serve_sandboxes(control: socket.socket, walls: dict[str, Any]) -> None:
    """Goes behind the first wall, and forks sandboxes there. Its level is fixed from now on."""
    visible = shown.paths(walls["hidden"], walls["extra"])
    broken = ""
    try:
        wall_in(walls["level"], visible)
    except IsolationError as error:
        broken = f"the wall of level {walls['level']} cannot be put up any more: {error}"
    Server(control, None, {"level": walls["level"], "visible": visible}, broken).run()


def serve(control: socket.socket, walls: dict[str, Any]) -> None:
    """Becomes the two warm processes.

    Args:
        control: Socket to the runner. Its end ends both. (The kernel's signal at the parent's death
            would come when the thread ends that started this process, whatever the parent's other
            threads still grade.)
        walls: Dict: `level`, and paths: `hidden`, and `extra` ones to show.
    """
    imports.for_sandboxes()
    # Children import by the common rules, and leave no bytecode behind.
    sys.dont_write_bytecode, sys.pycache_prefix = True, None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        control.close()
        ours.close()
        _serve_sandboxes(theirs, walls)
        os._exit(0)
    theirs.close()
    imports.for_graders()
    Server(control, ours).run()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
