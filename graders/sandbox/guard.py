"""Becomes a sandbox: its own environment and output, then the walls, then requests."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from typing import Any, NoReturn

from graders.boundary import device
from graders.boundary.wire import Channel
from graders.sandbox.printing import Log
from graders.sandbox.requests import serve
from graders.system import here
from graders.walls.limits import set_limits

if here.FORKS:
    from graders.walls.keeper import Inside, Terms, keep


def _prepare(scratch: str, log_fd: int, rounds: bool = True) -> None:
    """Makes the process a clean one: no environment, own output."""
    system = here.sandbox_variables(scratch) | device.variables(device.chosen())
    os.environ.clear()
    os.environ.update(
        **system,
        LANG="C.UTF-8",
        MPLBACKEND="Agg",
        MPLCONFIGDIR=scratch,
        KERAS_HOME=os.path.join(scratch, ".keras"),
        PYTHONDONTWRITEBYTECODE="1",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    tempfile.tempdir = scratch
    os.chdir(scratch)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(log_fd)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - stays open as long as the process
    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = Log(fd) if rounds else io.FileIO(fd, "wb", closefd=False)
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "replace", newline="\n")
        setattr(sys, name, stream)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore


def _set_threads(threads: int) -> None:
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def start_unwalled(channel: Channel, scratch: str, settings: dict[str, Any]) -> NoReturn:
    """Becomes a sandbox where there are no walls; never returns. What starts it keeps its limits.

    Args:
        channel: `Channel`, the pipes to the grader.
        scratch: String, its folder for files.
        settings: Dict: `memory` (bytes), `cpu_seconds`, `threads`.
    """
    _prepare(scratch, os.dup(2), rounds=False)
    _set_threads(settings["threads"])
    set_limits(settings["memory"], settings["cpu_seconds"])
    channel.send({"up": True})
    serve(channel)
    os._exit(0)


def start(channel: Channel, status_fd: int, log_fd: int, settings: dict[str, Any]) -> NoReturn:
    """Becomes a sandbox; never returns.

    Args:
        channel: `Channel`, the pipes to the grader.
        status_fd: Integer, where the guard reports, see `graders.walls.keeper`.
        log_fd: Integer, takes what the submission prints.
        settings: Dict: `level`, `visible` (paths), `memory` (bytes), `cpu_seconds`, `threads`.
    """

    def prepare(scratch: str) -> None:
        _prepare(scratch, log_fd)
        _set_threads(settings["threads"])

    def release() -> None:
        channel.close()
        os.close(log_fd)

    terms = Terms(*(settings[name] for name in ("level", "visible", "memory", "cpu_seconds")))
    keep(terms, status_fd, Inside(prepare, lambda: serve(channel), release))
