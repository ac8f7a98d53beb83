"""A cluster for `bulk --scheduler` on Slurm: the scheduler runs here, workers are jobs.

    python -m pip install ".[bulk]" dask-jobqueue
    python ~/kit/graders/course/deploy/slurm.py --jobs 10 --cores 8 --memory 56GiB

It prints the scheduler's address, and ends the jobs when it ends. Put what your site demands
(partition, account, network interface) into ~/.config/dask/jobqueue.yaml, as dask-jobqueue has it.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path
from typing import Any

KIT = Path(__file__).resolve().parents[3]


def cluster(cores: int, memory: str, walltime: str, **options: Any) -> Any:
    """Returns a `SLURMCluster` whose jobs are the kit's workers.

    Args:
        cores: Integer, slots of a job, each with a core; the worker has no more than its memory
            carries.
        memory: String, a job's memory: 6 GiB for each slot and 8 for a grader.
        walltime: String, `"HH:MM:SS"`.
        **options: More of `dask_jobqueue.SLURMCluster`.
    """
    from dask_jobqueue import SLURMCluster

    return SLURMCluster(
        cores=cores,
        memory=memory,
        processes=1,
        walltime=walltime,
        python=sys.executable,
        job_script_prologue=[f"export PYTHONPATH='{KIT}'"],
        worker_extra_args=["--preload", "graders.course.worker"],
        **options,
    )


def main() -> None:
    """Starts the cluster, and keeps it until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A Dask cluster on Slurm for bulk --scheduler.")
    parser.add_argument("--jobs", type=int, default=4, help="how many workers (4)")
    parser.add_argument("--cores", type=int, default=4, help="cores and slots of each (4)")
    parser.add_argument("--memory", default="32GiB", help="memory of each (32GiB)")
    parser.add_argument("--walltime", default="08:00:00", help="how long each may run (08:00:00)")
    parser.add_argument("--print", action="store_true", help="print a job's script, and no more")
    given = parser.parse_args()
    with cluster(given.cores, given.memory, given.walltime) as found:
        if given.print:
            print(found.job_script())
            return
        found.scale(jobs=given.jobs)
        print(f"python {KIT / 'grade.py'} bulk submitted --scheduler {found.scheduler_address}")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
