"""The verdict in a notebook: what stands below each check cell, as Jupyter's own output formats.

Words and numbers of a submission are text here: escaped, and never markup or code.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from graders.reports import figures, further, places, printed
from graders.reports.blocks import blocks
from graders.verdict import CheckResult, TaskVerdict

COLOURS = {"passed": "#1a7f37", "failed": "#cf222e", "error": "#cf222e", "skipped": "#57606a"}
CODE = "white-space: pre; overflow: auto; margin: 0; font-size: 90%"
# Below a cell there is room for the curves of so many trainings.
MAX_TRAININGS = 2


def check_text(check: CheckResult) -> str:
    """Renders a check as plain text."""
    name = check.id.partition("::")[2]
    lines = [f"{name}: {check.outcome}, {check.points:g} of {check.max_points:g} points"]
    lines += [check.message] if check.message else []
    lines += places.below(check)
    lines += [f"Hint: {check.hint}"] if check.hint and check.outcome != "skipped" else []
    lines += [page] if (page := further.read_line(check)) else []
    return "\n".join(lines)


def check_html(check: CheckResult) -> str:
    """Renders a check as HTML."""
    head, *rest = check_text(check).split("\n")
    colour = COLOURS[check.outcome]
    parts = [f'<p style="color: {colour}; font-weight: bold; margin: 0">{html.escape(head)}</p>']
    if rest:
        parts.append(
            f'<div style="white-space: pre-wrap; max-width: 50em; border-left: 3px solid {colour}; '
            f'padding-left: 0.8em">{_body(chr(10).join(rest))}</div>'
        )
    return "".join(parts)


def _body(message: str) -> str:
    """Escapes a message; its lines of code keep their places."""
    return "".join(
        f'<pre style="{CODE}">{html.escape(part)}</pre>' if code else html.escape(part)
        for code, part in blocks(message)
    )


def task_text(verdict: TaskVerdict) -> str:
    """Renders what holds for the task as a whole as plain text."""
    status = verdict.status.replace("_", " ")
    head = f"{verdict.task}: {status}, {verdict.points:g} of {verdict.max_points:g} points"
    return f"{head}\n{verdict.message}" if verdict.message else head


def task_html(verdict: TaskVerdict) -> str:
    """Renders what holds for the task as a whole as HTML."""
    return f'<div style="white-space: pre-wrap">{_body(task_text(verdict))}</div>'


def output_html(verdict: TaskVerdict) -> str:
    """Renders what the submission printed as HTML, folded in."""
    head, shown = html.escape(printed.head(verdict)), html.escape(printed.text(verdict))
    return (
        f"<details><summary>{head}</summary>"
        f'<pre style="{CODE}; max-height: 20em">{shown}</pre></details>'
    )


def line(when: str, remarks: Sequence[str]) -> dict[str, str]:
    """Renders what was graded, and what may make a student take it for something else.

    Args:
        when: String, the file and when it was saved.
        remarks: Sequence of strings.

    Returns:
        Dict from MIME type to data.
    """
    marked = [
        f'<div style="color: #9a6700; font-weight: bold">{html.escape(r)}</div>' for r in remarks
    ]
    small = (
        f'<div style="color: {COLOURS["skipped"]}; font-size: smaller">{html.escape(when)}</div>'
    )
    return {"text/html": "".join([*marked, small]), "text/plain": "\n".join([*remarks, when])}


def bundles(verdict: TaskVerdict, index: int) -> list[dict[str, str]]:
    """Returns what to show below a check cell.

    Args:
        verdict: `TaskVerdict`.
        index: Integer, the check's place in the rubric. What holds for the task comes with the
            first, the curves with the last.

    Returns:
        List of dicts from MIME type to data. What was printed comes with the first check that did
        not pass.
    """
    check = verdict.checks[index]
    found = []
    # Of what could not be read, task and first check have the same message: once is enough.
    if index == 0 and verdict.message and verdict.message != check.message:
        found.append({"text/html": task_html(verdict), "text/plain": task_text(verdict)})
    found.append({"text/html": check_html(check), "text/plain": check_text(check)})
    # What was printed stands where it may help: with the first check that did not pass.
    wanting = [i for i, item in enumerate(verdict.checks) if item.outcome in ("failed", "error")]
    if index == (wanting or [len(verdict.checks) - 1])[0] and printed.head(verdict):
        plain = f"{printed.head(verdict)}:\n{printed.text(verdict)}"
        found.append({"text/html": output_html(verdict), "text/plain": plain})
    if index == len(verdict.checks) - 1:
        drawn = figures.panels(verdict.evidence, MAX_TRAININGS)
        if drawn:
            picture = base64.b64encode(figures.curves_png(drawn)).decode("ascii")
            words = "\n".join(f"{panel.title}. {figures.alt(panel)}" for panel in drawn)
            found.append({"image/png": picture, "text/plain": words})
    return found
