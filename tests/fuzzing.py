"""How long hostile input is searched for: some seconds in CI, as long as one likes by a command.

    KERAS_KIT_FUZZ=10000 python -m pytest tests/unit/test_fuzzed_messages.py

`KERAS_KIT_FUZZ` is the number of examples of each fuzzing test. Without it the tests are quick, and
the same in every run.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings

from graders.judge.submission import _parsed

VARIABLE = "KERAS_KIT_FUZZ"


def search(examples: int) -> settings:
    """Returns the settings of a fuzzing test.

    Args:
        examples: Integer, how many examples CI has time for.
    """
    asked = int(os.environ.get(VARIABLE, "0"))
    return settings(
        max_examples=asked or examples,
        derandomize=not asked,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def growth() -> Iterator[list[int]]:
    """Measures how much memory this process takes, at its peak, beyond what it has.

    Yields:
        List that holds the bytes, once the block has ended.
    """
    found = [0]
    before, stop = _resident(), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            found[0] = max(found[0], _resident() - before)
            time.sleep(0.002)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        stop.set()
        watching.join()
        found[0] = max(found[0], _resident() - before)


class Answering:
    """Stands for a submission that gives one answer to every probe.

    Args:
        answer: Plain data.
    """

    def __init__(self, answer: Any):
        self.answer = answer

    def run(self, probe: Any, read: Callable[[Any], Any], /, **asked: Any) -> Any:
        """Returns what the reader makes of the answer, as `Submission.run` does."""
        return _parsed(lambda: read(self.answer))
