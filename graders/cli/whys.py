"""`python grade.py --why TASK`: repairs are tried where a training failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from graders.cli.live import Live
from graders.examination import NO_TRAINING
from graders.runner import NotExamined, Request, Runner
from graders.verdict import TaskVerdict, Verdict

# What trying may take for each task.
SECONDS = 60.0


def explain(verdict: Verdict, requests: Sequence[Request], runner: Runner, live: Live) -> Verdict:
    """Adds to a verdict what was tried where tasks failed.

    Points, statuses and what is kept stay as they are.

    Args:
        verdict: `Verdict`.
        requests: Sequence of `Request`, those that it is on.
        runner: `Runner`.
        live: `Live`, which shows it.
    """
    tasks = []
    for request, task in zip(requests, verdict.tasks, strict=True):
        found = _found(request, task, runner, live)
        task = dataclasses.replace(task, evidence={**task.evidence, "why": found})
        live.show_why(task)
        tasks.append(task)
    return dataclasses.replace(verdict, tasks=tuple(tasks))


def _found(request: Request, task: TaskVerdict, runner: Runner, live: Live) -> dict[str, object]:
    words = nothing_to_try(request, task)
    if not words:
        try:
            with live.working(task.task, "trains again, and tries repairs"):
                return runner.why(request, task, SECONDS)
        except NotExamined as error:
            words = f"It could not be examined: {str(error).splitlines()[0]}"
    return {"faults": [], "trouble": words}


def nothing_to_try(request: Request, task: TaskVerdict) -> str:
    """Returns why no repair is tried; empty if some are.

    Args:
        request: `Request`.
        task: `TaskVerdict` on it.
    """
    if task.status == "passed":
        which = "What you asked for passes" if request.only else f"{task.task} has all its points"
        return f"{which}: there is nothing to try."
    if task.status == "not_started":
        return f"{task.task} is still the stub: there is nothing to try."
    if task.status == "grader_error" or all(check.seconds == 0 for check in task.checks):
        return "No check was run: there is nothing to try."
    if not request.task.data:
        return (
            f"No model that {task.task}.py builds is trained on data of the course: there is "
            "nothing to try. The lines to paste below a message show the fault."
        )
    ids = {check.id for check in task.checks if check.outcome in ("failed", "error")}
    failed = [check for check in request.task.checks if check.id in ids]
    if failed and not any(check.repairs for check in failed):
        return NO_TRAINING.format(failed[0].name)
    return ""
