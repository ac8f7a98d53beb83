"""Becomes a sandbox: a guard outside, the first process of namespaces, the student's process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import traceback
from typing import Any, NoReturn

from graders.boundary import isolation
from graders.boundary.wire import Channel
from graders.sandbox.requests import serve


def _prepare(settings: dict[str, Any], log_fd: int) -> None:
    """Makes the process a clean one: no environment, own output, limits."""
    os.environ.clear()
    scratch = "/tmp" if settings["isolation"] == "namespaces" else tempfile.mkdtemp(prefix="kit-")
    os.environ.update(
        PATH="/usr/bin:/bin",
        HOME=scratch,
        TMPDIR=scratch,
        LANG="C.UTF-8",
        MPLBACKEND="Agg",
        MPLCONFIGDIR=scratch,
        KERAS_HOME=os.path.join(scratch, ".keras"),
        PYTHONDONTWRITEBYTECODE="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="",
    )
    tempfile.tempdir = scratch
    os.chdir(scratch)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - stays open as long as the process
    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(fd, "wb", closefd=False)
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "replace", newline="\n")
        setattr(sys, name, stream)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore
    isolation.set_limits(settings["memory"], settings["cpu_seconds"])


def _set_threads(threads: int) -> None:
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def start(channel: Channel, status_fd: int, log_fd: int, settings: dict[str, Any]) -> None:
    """Becomes a sandbox; never returns.

    The caller turns into a guard outside the PID namespace that starts the sandboxed process,
    reports how it ended on `status_fd`, and kills everything that is left of it.

    Args:
        channel: `Channel`, the pipes to the grader.
        status_fd: Integer, where `{"exit": code}` or `{"signal": number}` is written at the end.
        log_fd: Integer, takes what the submission prints.
        settings: Dict: `isolation`, `memory` (bytes), `cpu_seconds`, `threads`, `visible` (paths).
    """
    isolation.die_with_parent()
    isolation.prctl(isolation.PR_SET_CHILD_SUBREAPER, 1)
    os.setsid()
    if settings["isolation"] == "namespaces":
        try:
            isolation.enter_namespaces()
        except isolation.IsolationError:
            settings["isolation"] = "process"
    child = os.fork()
    if child == 0:
        _be_init(channel, status_fd, log_fd, settings)
    channel.close()

    def stop(*_: object) -> None:
        _kill_tree(child)

    signal.signal(signal.SIGTERM, stop)
    _, status = os.waitpid(child, 0)
    _kill_tree(None)
    _report_end(status_fd, status)
    os._exit(0)


def _be_init(channel: Channel, status_fd: int, log_fd: int, settings: dict[str, Any]) -> NoReturn:
    """Is the first process of the PID namespace: makes it, starts the student's process, reaps.

    The student's code is not process 1 itself: the kernel spares that one from most signals.
    """
    try:
        isolation.die_with_parent()
        os.setsid()
        if settings["isolation"] == "namespaces":
            try:
                isolation.build_root(tuple(settings.get("visible", ())))
            except isolation.IsolationError as error:
                ended = json.dumps({"isolation_error": str(error)})
                os.write(status_fd, ended.encode() + b"\n")
                os._exit(98)
            isolation.drop_privileges()
        child = os.fork()
        if child == 0:
            isolation.die_with_parent()
            os.close(status_fd)
            _prepare(settings, log_fd)
            _set_threads(settings["threads"])
            channel.send({"event": {"isolation": settings["isolation"]}})
            serve(channel)
            os._exit(0)
        channel.close()
        while True:
            pid, status = os.wait()
            if pid == child:
                _report_end(status_fd, status)
                os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(99)


def _report_end(status_fd: int, status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    ended = {"signal": -code} if code < 0 else {"exit": code}
    with contextlib.suppress(OSError):
        os.write(status_fd, json.dumps(ended).encode() + b"\n")


def _kill_tree(first: int | None) -> None:
    """Kills a process with its group, and every orphan that the guard has inherited."""
    if first is not None:
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(first, signal.SIGKILL)
    for _ in range(100):
        left = isolation.children_of(os.getpid())
        if first is not None:
            left = [pid for pid in left if pid != first]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
