"""The verdict in a notebook: what stands below each check cell, as Jupyter's own output formats.

Words and numbers of a submission are text here: escaped, and never markup or code.
"""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Mapping
from typing import Any

from graders.verdict import CheckResult, TaskVerdict

COLOURS = {"passed": "#1a7f37", "failed": "#cf222e", "error": "#cf222e", "skipped": "#57606a"}
# As much of a training as a plot can show.
MAX_EPOCHS = 2000
MAX_CURVES = 12


def check_text(check: CheckResult) -> str:
    """Renders a check as plain text."""
    name = check.id.partition("::")[2]
    lines = [f"{name}: {check.outcome}, {check.points:g} of {check.max_points:g} points"]
    lines += [check.message] if check.message else []
    lines += [f"Hint: {check.hint}"] if check.hint and check.outcome != "skipped" else []
    return "\n".join(lines)


def check_html(check: CheckResult) -> str:
    """Renders a check as HTML."""
    head, *rest = check_text(check).split("\n")
    colour = COLOURS[check.outcome]
    parts = [f'<p style="color: {colour}; font-weight: bold; margin: 0">{html.escape(head)}</p>']
    if rest:
        body = html.escape("\n".join(rest))
        parts.append(
            f'<div style="white-space: pre-wrap; max-width: 50em; border-left: 3px solid {colour}; '
            f'padding-left: 0.8em">{body}</div>'
        )
    return "".join(parts)


def task_text(verdict: TaskVerdict) -> str:
    """Renders what holds for the task as a whole as plain text."""
    status = verdict.status.replace("_", " ")
    head = f"{verdict.task}: {status}, {verdict.points:g} of {verdict.max_points:g} points"
    return f"{head}\n{verdict.message}" if verdict.message else head


def task_html(verdict: TaskVerdict) -> str:
    """Renders what holds for the task as a whole as HTML."""
    return f'<div style="white-space: pre-wrap">{html.escape(task_text(verdict))}</div>'


def _series(evidence: Mapping[str, Any]) -> dict[str, dict[str, list[float]]]:
    """Picks what can be plotted: for each metric, its curves."""
    found: dict[str, dict[str, list[float]]] = {}
    for key, history in evidence.items():
        if not (key.startswith("history") or key.endswith("history")):
            continue
        for name, values in history.items() if isinstance(history, dict) else ():
            numbers = isinstance(values, list) and [
                float(v) if isinstance(v, (int, float)) and math.isfinite(v) else math.nan
                for v in values[:MAX_EPOCHS]
            ]
            if numbers and not all(map(math.isnan, numbers)):
                metric = str(name).removeprefix("val_")[:40]
                label = f"{key.replace('_', ' ')}: {str(name)[:40]}"
                found.setdefault(metric, {})[label] = numbers
    return {name: dict(list(curves.items())[:MAX_CURVES]) for name, curves in found.items()}


def curves(verdict: TaskVerdict) -> bytes | None:
    """Draws the learning curves.

    Args:
        verdict: `TaskVerdict`.

    Returns:
        Bytes of a PNG, or `None` if nothing was trained.
    """
    series = dict(list(_series(verdict.evidence).items())[:2])
    if not series:
        return None
    from matplotlib.figure import Figure

    # Not pyplot: no backend is chosen and no state is left behind.
    figure = Figure(figsize=(5.2 * len(series), 3.4), layout="constrained", dpi=90)
    for axes, (metric, lines) in zip(
        figure.subplots(1, len(series), squeeze=False)[0], series.items(), strict=True
    ):
        for label, values in lines.items():
            style = "--" if "val_" in label else "-"
            axes.plot(range(1, len(values) + 1), values, style, marker=".", label=label)
        axes.set_xlabel("epoch")
        # A submission's own words may hold what matplotlib takes for a formula.
        axes.set_ylabel(metric, parse_math=False)
        for words in axes.legend(fontsize=8).get_texts():
            words.set_parse_math(False)
        axes.grid(alpha=0.3)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def bundles(verdict: TaskVerdict, index: int) -> list[dict[str, str]]:
    """Returns what to show below a check cell.

    Args:
        verdict: `TaskVerdict`.
        index: Integer, the check's place in the rubric. What holds for the task comes with the
            first, the curves with the last.

    Returns:
        List of dicts from MIME type to data.
    """
    check = verdict.checks[index]
    found = []
    # What could not be read says the same twice: of the task, and in its first check.
    if index == 0 and verdict.message and verdict.message != check.message:
        found.append({"text/html": task_html(verdict), "text/plain": task_text(verdict)})
    found.append({"text/html": check_html(check), "text/plain": check_text(check)})
    if index == len(verdict.checks) - 1:
        picture = curves(verdict)
        if picture is not None:
            encoded = base64.b64encode(picture).decode("ascii")
            found.append({"image/png": encoded, "text/plain": "Learning curves."})
    return found
