"""The throughput of Dask workers, each with one slot and one processor of its own.

A worker is held to one processor, as if the processors were machines: what two of them gain over one
is then what a cluster gains, and no more than 2. Scheduler and client share the processors with them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from graders import rubric
from graders.runner import processors
from tests.cluster import Processes

TASK = rubric.find("custom_layer")
COUNT = 30
SECRET = "benchmark"


def _class(folder: Path, count: int) -> Path:
    for index in range(count):
        path = folder / f"s{index:03d}" / TASK.section / f"{TASK.id}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"# student {index}\n{TASK.reference.read_text()}")
    return folder


def _seconds(there: Processes, submitted: Path) -> tuple[float, float]:
    """Grades a class; returns the seconds of the whole command, and its memory in MB."""
    started = time.perf_counter()
    process = there.bulk(submitted, TASK.id, "--no-cache", KERAS_KIT_SECRET=SECRET)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        assert process.stderr is not None
        sys.exit(process.stderr.read())
    return seconds, used.ru_maxrss / 1024


def pairs(runs: int) -> tuple[list[tuple[float, float]], float]:
    """Times one worker and two on the same class, in turn; nothing comes from a store.

    Args:
        runs: Integer, how many pairs.

    Returns:
        List of the seconds of one worker and of two, and the most memory of `bulk` in MB.
    """
    if processors() < 2:
        sys.exit("Two workers need two processors.")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        submitted, first = _class(folder / "class", COUNT), _class(folder / "first", 4)
        clusters = []
        for workers in (1, 2):
            own = folder / str(workers)
            own.mkdir()
            there = stack.enter_context(Processes(own, KERAS_KIT_CACHE=str(own / "cache")))
            there.scheduler()
            for number in sorted(os.sched_getaffinity(0))[:workers]:
                there.worker(before=("taskset", "-c", str(number)))
            clusters.append(there)
        for there in clusters:
            _seconds(there, first)
        rows = [[_seconds(there, submitted) for there in clusters] for _ in range(runs)]
    megabytes = max(used for row in rows for _, used in row)
    return [(one[0], two[0]) for one, two in rows], megabytes
