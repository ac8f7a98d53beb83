"""The verdict as one self-contained page: no script, no request, nothing of a submission but text.

    render(verdict) -> str

Jinja2 escapes every word of a submission and of a message; the plots are drawn here, from numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from graders.printable import printable
from graders.reports import evidence as reading
from graders.reports import figures, further, places, printed, text, why
from graders.reports.blocks import blocks
from graders.reports.curves import percent
from graders.verdict import CheckResult, TaskVerdict, Verdict

MARKS = {
    "passed": "✓",
    "failed": "✗",
    "error": "!",
    "skipped": "–",
    "not_started": "○",
    "grader_error": "?",
}
NAMES = {name: text.WORDS.get(name, name) for name in MARKS}
# An epoch's curves of so many trainings are enough for one page.
MAX_PLOTS = 8


def environment(*folders: Path) -> Environment:
    """Returns where templates are made pages: all that they are given is escaped.

    Args:
        folders: Paths of further folders with templates; `page.css` lies beside this module.
    """
    found = Environment(
        loader=FileSystemLoader([*folders, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    found.filters["code"] = _code
    return found


@functools.cache
def _template() -> Any:
    return environment().get_template("report.html.j2")


def _code(message: str) -> Markup:
    """Escapes a message, and marks lines of code, and what stands between backticks, as code."""
    lines = Markup('<span class="lines" tabindex="0">{}</span>')
    return Markup("").join(
        lines.format(part) if code else _prose(part) for code, part in blocks(message)
    )


def _prose(message: str) -> Markup:
    parts = message.split("`")
    if len(parts) % 2 == 0:
        return escape(message)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part)
        for i, part in enumerate(parts)
    )


def render(
    verdict: Verdict, name: str = "", parts: Mapping[str, dict[str, Any]] | None = None
) -> str:
    """Renders a verdict as a page.

    Args:
        verdict: `Verdict`.
        name: String, whose work it is; empty on a student's own machine.
        parts: Dict from task ids to what `part` returned, where several pages show a task.

    Returns:
        String, the whole HTML document.
    """
    drawn = parts or {}
    tasks = [
        drawn[task.task] if task.task in drawn else part(task, f"{index}")
        for index, task in enumerate(verdict.tasks)
    ]
    totals = text.totals(verdict.tasks)
    most = verdict.max_points
    headline = "Keras exercises: your report"
    if len(verdict.tasks) == 1:
        headline = f"Keras exercises: {verdict.tasks[0].task}"
    if name:
        headline = f"Keras exercises: {name}"
    return _template().render(
        headline=headline,
        totals=f"{totals} ({verdict.hidden_tests}).",
        done_share=100 * verdict.points / most if most else 0,
        next_step=text.next_step(verdict.tasks),
        tasks=tasks,
        marks=MARKS,
        names=NAMES,
        colophon=(
            f"Seed {verdict.seed}, {verdict.hidden_tests}, {verdict.seconds:.1f} s. Points come "
            "from what the grader measured itself; curves and times are shown as the submission "
            "reports them."
        ),
    )


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "name": check.id.partition("::")[2],
        "outcome": check.outcome,
        "points": text.points(check.points),
        "max_points": text.points(check.max_points),
        "description": check.description,
        "message": printable(check.message),
        # Hints are for what went wrong here, not for what was not reached.
        "hint": printable(check.hint) if check.outcome in ("failed", "error") else "",
        "where": places.line(check),
        "paste": places.paste(check)[:1],
        "reproduce": check.reproduce,
        "page": further.page(check),
        "offline": further.offline(check.id.partition("::")[0], check.doc),
    }


def part(verdict: TaskVerdict, anchor: str) -> dict[str, Any]:
    """Returns what a page shows of a task; its plots are drawn here, and take most of the time.

    Args:
        verdict: `TaskVerdict`.
        anchor: String, unique on the page.
    """
    evidence = verdict.evidence
    found = reading.measured(evidence)
    done = [_check(check) for check in verdict.checks if check.outcome == "passed"]
    about = [verdict.section.replace("_", " "), f"{verdict.seconds:.1f} s"]
    if verdict.cached:
        about.append("from the store")
    if verdict.isolation != "none":
        about.append(f"isolation: {verdict.isolation}")
    if verdict.submission:
        about.append(verdict.submission[:19])
    measured = ""
    if found is not None:
        measured = (
            f"Accuracy on hidden data, measured by the grader: {percent(found.value)}, "
            f"{figures.gap(found)}."
        )
    return {
        "name": verdict.task,
        "anchor": anchor,
        "status": verdict.status,
        "points": text.points(verdict.points),
        "max_points": text.points(verdict.max_points),
        "checks": len(verdict.checks),
        "passed": len(done),
        "done": done,
        "open": [_check(check) for check in verdict.checks if check.outcome != "passed"],
        "about": " · ".join(about),
        "message": printable(verdict.message),
        "remarks": text.remarks(verdict),
        "why": why.read(evidence),
        "idiom": reading.text(evidence, "idiom", 1000) if verdict.status == "passed" else "",
        "measured": measured,
        "note": reading.text(evidence, "note", 1000),
        "plots": _plots(evidence, anchor),
        "confusion": _confusion(evidence),
        "grid": _grid(evidence),
        "shares": [
            (title, [(name, percent(value), f"{4 * value:.2f}") for name, value in rows])
            for title, rows in reading.shares(evidence)
        ],
        "output": printed.text(verdict),
    }


def _plots(evidence: reading.Evidence, anchor: str) -> list[dict[str, Any]]:
    drawn = [
        figures.curve(f"p{anchor}-{index}", panel)
        for index, panel in enumerate(figures.panels(evidence, MAX_PLOTS // 2))
    ]
    if (pair := reading.gaps(evidence)) is not None:
        drawn.append(figures.gaps(f"p{anchor}-{len(drawn)}", *pair))
    if times := reading.timings(evidence):
        drawn.append(figures.timings(f"p{anchor}-{len(drawn)}", times))
    return [
        {
            "title": figure.title,
            "svg": Markup(figure.svg),
            "alt": figure.alt,
            "columns": figure.columns,
            "rows": figure.rows,
        }
        for figure in drawn
    ]


def _confusion(evidence: reading.Evidence) -> dict[str, Any] | None:
    table = reading.confusion(evidence)
    if table is None:
        return None
    pairs = reading.confused(table)
    alt = "Nothing was confused."
    if pairs:
        alt = "Most confused: " + "; ".join(
            f"{true} taken for {found} ({count} of {sum(table[true])})"
            for true, found, count in pairs
        )
    rows = [[(count, f"{count / max(1, sum(row)):.3f}") for count in row] for row in table]
    return {
        "rows": rows,
        "alt": alt.rstrip(".") + ".",
        # A large table takes the page's whole width.
        "large": len(rows) > 12,
        "pictures": [
            {"src": figures.picture(item), "true": item.true, "predicted": item.predicted}
            for item in reading.confused_pictures(evidence)
        ],
    }


def _grid(evidence: reading.Evidence) -> dict[str, Any] | None:
    grid = reading.grid(evidence)
    if grid is None:
        return None
    best = max(grid.cells.values())
    low = min(grid.cells.values())
    rows = []
    for rate in grid.rates:
        cells = []
        for size in grid.sizes:
            value = grid.cells.get((rate, size))
            heat = 0.0 if value is None else (value - low) / max(best - low, 1e-9)
            cells.append(("–" if value is None else percent(value), f"{heat:.3f}", value == best))
        rows.append((f"{rate:g}", cells))
    rate, size = next(pair for pair, value in grid.cells.items() if value == best)
    worst = next(pair for pair, value in grid.cells.items() if value == low)
    return {
        "sizes": [f"{size:g}" for size in grid.sizes],
        "rows": rows,
        "alt": (
            f"Best: {percent(best)} with learning rate {rate:g} and batch size {size:g}; worst: "
            f"{percent(low)} with learning rate {worst[0]:g} and batch size {worst[1]:g}."
        ),
    }
