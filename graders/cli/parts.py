"""Some checks of a task instead of all: `python grade.py cnn::accuracy`."""

from __future__ import annotations

import argparse
import copy
import dataclasses
from collections.abc import Sequence

from graders import rubric
from graders.cli import arguments
from graders.cli.arguments import UsageError
from graders.rubric import UnknownTask
from graders.runner import Request
from graders.verdict import TaskVerdict


def requests(given: argparse.Namespace) -> list[Request]:
    """Returns what is to be graded: tasks, and parts of tasks.

    Args:
        given: Namespace of `graders.cli.arguments.parser`.

    Raises:
        UsageError: If it cannot be found, or if parts are asked for where whole tasks count.
    """
    try:
        names, only = rubric.apart(given.tasks)
    except UnknownTask as error:
        raise UsageError(str(error)) from None
    if only and given.gradescope:
        raise UsageError(
            f"--gradescope records whole tasks: ask for {next(iter(only))}, not for its checks."
        )
    tasks = copy.copy(given)
    tasks.tasks = names
    return [
        dataclasses.replace(request, only=only.get(request.task.id, ()))
        for request in arguments.requests(tasks)
    ]


def in_parts(asked: Sequence[Request]) -> list[str]:
    """Returns the ids of the tasks of which only some checks are run."""
    return [request.task.id for request in asked if request.only]


def no_hint(request: Request, verdict: TaskVerdict) -> str:
    """Returns why there is no hint for some checks; empty if there is one.

    Args:
        request: `Request`.
        verdict: `TaskVerdict` on it.
    """
    if not request.only or verdict.status != "passed":
        return ""
    names = " and ".join(f"{request.task.id}::{name}" for name in request.only)
    word = "pass; there is" if len(request.only) > 1 else "passes; there is"
    return f"{names} {word} nothing to hint at."
