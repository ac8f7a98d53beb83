"""The grader process: takes one job from the runner, runs the task's checks, reports events.

A job is plain data: `task`, `path` of the check file, `checks` (the names of those to run),
`source` and `filename` of the submission, `seed`, `draw`, `data`, `source_name`, `seconds`,
`walls`, `shown`, `limits`, `files`, `threads`, `datasets` (the folder of a course's own data sets,
or `None`), `device`.
Events go to the runner as they happen, see `graders.boundary.events`.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graders import KIT
from graders.boundary import device, events
from graders.boundary.launching import Launcher
from graders.boundary.limits import CHECK_GRACE_SECONDS, GRADER_MEMORY, grader_cpu_seconds
from graders.boundary.spawned import Spawner
from graders.boundary.wire import Channel, WireClosed
from graders.walls.kernel import hide_memory
from graders.walls.limits import is_machines, set_limits


def run(
    job: dict[str, Any],
    launcher: Launcher | Spawner,
    emit: Callable[[events.JudgeEvent], None],
    wait: Callable[[], float],
) -> None:
    """Runs the checks of one task.

    Args:
        job: Dict, see the module.
        launcher: `Launcher`, which starts sandboxes.
        emit: Callable that takes events.
        wait: Callable that waits until a training may begin, and returns the seconds that it took.
    """
    from graders.judge.plugin import GradingPlugin

    find_datasets(job)
    emit(events.Finished(run_checks(job, GradingPlugin(job, launcher, emit, wait))))


def find_datasets(job: dict[str, Any]) -> None:
    """Lets a course's own data sets be found; before anything loads data."""
    if job["datasets"]:
        import datasets

        datasets.also_from(Path(job["datasets"]))


def run_checks(job: dict[str, Any], plugin: Any) -> int:
    """Runs pytest over a task's check file.

    Args:
        job: Dict, see the module.
        plugin: The plugin that has the fixtures.

    Returns:
        Integer, pytest's exit code.
    """
    import pytest

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    code = pytest.main(
        [
            job["path"],
            f"--rootdir={KIT}",
            f"--confcutdir={Path(job['path']).parent}",
            *("-c", os.devnull),
            *("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:doctest"),
            *("-p", "no:logging", "-p", "no:unraisableexception", "-p", "no:threadexception"),
            *("-p", "pytest_timeout"),
            f"--timeout={job['seconds'] + CHECK_GRACE_SECONDS}",
            "--import-mode=importlib",
            "--assert=plain",
            "--capture=no",
            "--noconftest",
        ],
        plugins=[plugin],
    )
    return int(code)


Work = Callable[[dict[str, Any], "Launcher | Spawner", Callable[[events.JudgeEvent], None]], None]


def start(
    channel: Channel, launcher: Launcher | Spawner, others: Mapping[str, Work] | None = None
) -> None:
    """Becomes a grader; never returns.

    Args:
        channel: `Channel` to the runner: one job comes, events go.
        launcher: `Launcher`, which starts sandboxes.
        others: Mapping from what a job may name as its `work` to what does it in place of `run`.
    """
    # Submissions run as the same user: they must not read this memory.
    hide_memory()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    if not os.environ.get("KERAS_KIT_DEBUG"):
        os.dup2(nothing, 2)
    sys.path[:] = [str(KIT), *(entry for entry in sys.path if entry not in ("", str(KIT)))]

    lock = threading.Lock()  # the submission is loaded in a thread of its own

    def emit(event: events.JudgeEvent) -> None:
        with lock:
            channel.send(events.pack(event))

    def wait() -> float:
        return float(channel.receive()["waited"])

    try:
        job = channel.receive()
        launcher.walls = job["walls"]
        set_limits(GRADER_MEMORY, grader_cpu_seconds(job["seconds"]))
        import tensorflow as tf

        if job["threads"]:
            tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
            tf.config.threading.set_inter_op_parallelism_threads(job["threads"])
        if job["device"] == "gpu" and not tf.config.list_physical_devices("GPU"):
            emit(events.DataUnavailable(device.UNSEEN))
            emit(events.Finished(0))
        else:
            other = (others or {}).get(job.get("work", ""))
            if other is None:
                run(job, launcher, emit, wait)
            else:
                other(job, launcher, emit)
    except WireClosed:
        pass
    except BaseException as error:
        if isinstance(error, MemoryError) or is_machines(error):
            emit(events.Interrupted(f"the grader could not start: {type(error).__name__}"))
        else:
            emit(events.JudgeFailed(traceback.format_exc()))
    os._exit(0)
