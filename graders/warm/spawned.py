"""What a process becomes that `graders.boundary.spawned` starts: a sandbox or a grader."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from graders.boundary.wire import Channel
from graders.system import here, threaded


def main(role: str, scratch: str) -> NoReturn:
    """Becomes a sandbox or a grader; never returns.

    Args:
        role: String, `"sandbox"` or `"grader"`.
        scratch: String, a folder that it may fill.
    """
    here.own_tree()
    channel = _channel()
    if role == "sandbox":
        _become_sandbox(channel, scratch)
    _become_grader(channel)


def _channel() -> Channel:
    """Returns the channel to the parent, which was standard input and output until now.

    The process ends with the channel, even while a submission's loop runs: nobody else would end
    what a killed runner has started.
    """
    sys.stdout.flush()
    for fd in (0, 1):
        here.binary(fd)
    ends = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return Channel(*ends, threaded.Ends(*ends, at_end=here.end_own_tree))


def _become_sandbox(channel: Channel, scratch: str) -> NoReturn:
    from graders.warm import imports

    imports.for_sandboxes()
    from graders.sandbox import guard

    guard.start_unwalled(channel, scratch, channel.receive())


def _become_grader(channel: Channel) -> NoReturn:
    from graders.boundary.spawned import Spawner

    launcher = Spawner()
    # It imports TensorFlow while this process does.
    launcher.ahead("sandbox")
    from graders.warm import imports

    imports.for_graders()
    from graders.judge import process
    from graders.warm.children import WORKS

    process.start(channel, launcher, WORKS)
    raise AssertionError("a grader ends itself")
