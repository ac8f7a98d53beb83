"""A class made by hand, for the tests of what instructors get."""

from __future__ import annotations

import dataclasses

from graders import rubric
from graders.rubric import Task
from graders.verdict import CheckResult, Outcome, TaskVerdict
from tests.verdicts import HOSTILE, RICH

# Names of folders, as students, systems and attackers make them.
NAMES = (
    "ada", "Ada", "bob [1]", "cid*?", "d'Arcy \"Dee\"", "eve 🐍", ".hidden", "CON", "fay_12345",
    "gus_<b>no</b>", "Ödön Ångström", "=HYPERLINK(1)", "x" * 120, "Fay_12345",
)  # fmt: skip


def work(
    task: Task, passed: int, submission: str = "sha256:0", message: str = "", words: str = "No."
) -> TaskVerdict:
    """Returns a verdict: the first checks pass, the next one fails, the others are not reached."""
    outcomes: list[Outcome] = ["passed"] * passed + ["failed"] + ["skipped"] * len(task.checks)
    checks = tuple(
        CheckResult(
            check.id, check.description, outcome, check.points if outcome == "passed" else 0.0,
            check.points, words if outcome == "failed" else "", "", 0.5,
        )
        for check, outcome in zip(task.checks, outcomes, strict=False)
    )  # fmt: skip
    status = "passed" if passed >= len(task.checks) else "failed"
    return TaskVerdict(
        task.id, task.section, status, checks, 3.0, False, "namespaces", submission, message
    )  # fmt: skip


def nothing(task: Task, found: str = "") -> TaskVerdict:
    """Returns the verdict on a folder without the task, or with a file of nearly its name."""
    names = f" Found {found}, which is not graded." if found else ""
    message = (
        f"There is no {task.id} in /course/submitted/x. Expected one of: {task.id}.py, "
        f"{task.id}.ipynb.{names} Is the file named like the task?"
    )
    return dataclasses.replace(work(task, 0, "", message, message), status="error")


def stub(task: Task) -> TaskVerdict:
    """Returns the verdict on a stub."""
    message = f"Not started: {task.id}.py is still the stub."
    return dataclasses.replace(work(task, 0, "sha256:stub", message), status="not_started")


def waits(task: Task) -> TaskVerdict:
    """Returns the verdict on what could not be graded."""
    found = work(task, 0, "sha256:w", "The grader itself failed: out of memory.")
    return dataclasses.replace(found, status="grader_error")


def a_class(section: str = "customization", more: int = 0) -> dict[str, list[TaskVerdict]]:
    """Returns a class in which everything happens that may happen."""
    tasks = [task for task in rubric.tasks() if task.section == section]
    verdicts: dict[str, list[TaskVerdict]] = {}
    for number, name in enumerate((*NAMES, *(f"student{i:03d}" for i in range(more)))):
        verdicts[name] = [
            work(
                task,
                (number * 7 + place * 3) % (len(task.checks) + 2),
                f"sha256:{number}",
                words=f"Expected a weight of shape (4, 3), found ({number}, 3). Look at `build`.",
            )
            for place, task in enumerate(tasks)
        ]
    first, second, *_ = tasks
    verdicts["ada"][0] = waits(first)
    verdicts["Ada"][0] = nothing(first)
    verdicts["bob [1]"][0] = nothing(first, f"{first.id} (1).py")
    verdicts["cid*?"][0] = stub(first)
    verdicts["eve 🐍"][1] = dataclasses.replace(
        work(second, 99), evidence={**RICH, "touches": {"the network": 3}},
        message=f"{second.id}.py is graded. {second.id}-1.py, beside it, is not: only a file that "
        "is named like the task counts.",
    )  # fmt: skip
    verdicts["fay_12345"][1] = work(second, 2, "sha256:0", words=HOSTILE)
    verdicts["gus_<b>no</b>"][1] = dataclasses.replace(
        work(second, 0, "", "gus.py is empty."), status="error"
    )
    return verdicts
