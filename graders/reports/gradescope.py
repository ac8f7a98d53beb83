"""The verdict as Gradescope's `results.json`.

Each check is a test with its points; there is no score of the whole, so that Gradescope adds them
up. All text is `text`: Gradescope would render `html` and `md`, and messages quote submissions.
"""

from __future__ import annotations

import json
from typing import Any

from graders.printable import printable
from graders.reports import curves, further, places, text
from graders.verdict import CheckResult, TaskVerdict, Verdict


def _test(task: TaskVerdict, index: int, number: int, check: CheckResult) -> dict[str, Any]:
    name = check.id.partition("::")[2]
    lines = [check.message] if check.message else []
    lines += places.below(check)
    if check.outcome in ("failed", "error") and check.hint:
        lines.append(f"Hint: {check.hint}")
    if line := further.read_line(check):
        lines.append(line)
    found: dict[str, Any] = {
        "score": check.points,
        "max_score": check.max_points,
        "name": f"{task.task}: {name}. {check.description}",
        "name_format": "text",
        "number": f"{index + 1}.{number + 1}",
        "output": printable("\n".join(lines)),
        "output_format": "text",
        "tags": [task.section, task.task],
        "visibility": "visible",
        "extra_data": {"check": check.id, "outcome": check.outcome},
    }
    # Of what never ran, neither is true: Gradescope then goes by the score.
    if check.outcome != "skipped":
        found["status"] = "passed" if check.outcome == "passed" else "failed"
    return found


def document(verdict: Verdict) -> dict[str, Any]:
    """Returns a verdict as the object that Gradescope reads.

    Args:
        verdict: `Verdict`.

    Returns:
        Dict of plain data.
    """
    lines = [f"{text.totals(verdict.tasks)} ({verdict.hidden_tests})."]
    lines.append(f"Isolation: {verdict.isolation}.")
    for task in verdict.tasks:
        if task.message:
            lines.append(f"{task.task}: {task.message}")
        if task.status in ("failed", "error"):
            lines += [
                f"{task.task}: the curves show {remark.name}. {remark.sees} {remark.tries}"
                for remark in curves.read(task.evidence)
            ]
    return {
        "output": printable("\n".join(lines)),
        "output_format": "text",
        "execution_time": round(verdict.seconds, 3),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            _test(task, index, number, check)
            for index, task in enumerate(verdict.tasks)
            for number, check in enumerate(task.checks)
        ],
        "extra_data": {
            "schema": 1,
            "seed": verdict.seed,
            "hidden_tests": verdict.hidden_tests,
            "isolation": verdict.isolation,
        },
    }


def nothing(reason: str) -> str:
    """Renders that there was nothing to grade, as `results.json`.

    Args:
        reason: String, what was expected and what was found.

    Returns:
        String, JSON.
    """
    found = {
        "score": 0,
        "output": printable(f"Nothing was graded. {reason}"),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
        "extra_data": {"schema": 1},
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def render(verdict: Verdict) -> str:
    """Renders a verdict as `results.json`.

    Args:
        verdict: `Verdict`.

    Returns:
        String, JSON.
    """
    return json.dumps(document(verdict), indent=1, ensure_ascii=False) + "\n"
