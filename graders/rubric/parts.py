"""Some of a task's checks, with those that they need: what `cnn::accuracy` asks for."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable

from graders.rubric.tasks import Task, UnknownTask, find, find_all

BETWEEN = "::"


class UnknownCheck(UnknownTask):
    """A check that its task does not have."""


def apart(names: Iterable[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Takes the checks out of the names that a command was given.

    Args:
        names: Iterable of strings, `"<task>"` or `"<task>::<check>"`.

    Returns:
        A list of the names of tasks, each once, and a dict: task id -> the names of the checks that
        were asked for. A task that is named without a check as well is asked for as a whole.

    Raises:
        UnknownTask: If there is no such task.
        UnknownCheck: If a task does not have such a check.
    """
    found: list[str] = []
    checks: dict[str, list[str]] = {}
    whole = set()
    for name in names:
        before, between, check = name.partition(BETWEEN)
        if between:
            task = find(before)
            before = task.id
            checks.setdefault(before, []).append(_known(task, check))
        else:
            whole |= _ids(name)
        found.append(before)
    only = {task: tuple(dict.fromkeys(some)) for task, some in checks.items() if task not in whole}
    return list(dict.fromkeys(found)), only


def _ids(name: str) -> set[str]:
    try:
        return {task.id for task in find_all([name])}
    except UnknownTask:
        # Whoever looks for tasks tells about it.
        return set()


def _known(task: Task, name: str) -> str:
    known = [check.name for check in task.checks]
    if name in known:
        return name
    close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    close = close or [check for check in known if name and name.lower() in check]
    advice = f"Did you mean {' or '.join(f'{task.id}::{check}' for check in close)}?"
    if not close:
        advice = f"Checks: {', '.join(known)}."
    raise UnknownCheck(f"{task.id} has no check {name[:80]!r}. {advice}")


def part(task: Task, names: Iterable[str]) -> Task:
    """Returns a task with some of its checks only, and with those that they need.

    Args:
        task: `Task`.
        names: Iterable of strings, the names of checks.
    """
    wanted = set(names)
    # What a check needs stands before it.
    for check in reversed(task.checks):
        if check.name in wanted:
            wanted.update(check.needs)
    checks = tuple(check for check in task.checks if check.name in wanted)
    return dataclasses.replace(task, checks=checks)
