"""Each check of a task on a line: whether it passed, its points, its seconds."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from graders.reports import text
from graders.verdict import CheckResult, TaskVerdict

MARKS = {"passed": "✓", "failed": "✗", "error": "!", "skipped": "–"}
# For terminals that have no such characters.
ASCII_MARKS = {"passed": "+", "failed": "x", "error": "!", "skipped": "-"}


def checklist(verdict: TaskVerdict, ascii_only: bool = False) -> RenderableType:
    """Renders the checks of a task.

    Args:
        verdict: `TaskVerdict`.
        ascii_only: Boolean, whether the terminal shows nothing else.
    """
    marks = ASCII_MARKS if ascii_only else MARKS
    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column(overflow="fold")
    for check in verdict.checks:
        table.add_row(
            Text(marks[check.outcome], style=text.STYLES[check.outcome]),
            check.id.partition("::")[2],
            f"{text.points(check.points)}/{text.points(check.max_points)}",
            Text(_took(check), style="dim"),
        )
    return Padding(table, (0, 0, 0, 4), expand=False)


def _took(check: CheckResult) -> str:
    if check.outcome == "skipped":
        return "not run, because of the above"
    return f"{check.seconds:.1f} s"


def has_run(verdict: TaskVerdict) -> bool:
    """Returns whether some check of a task was run: of what could not be read, none was."""
    return any(check.seconds > 0 for check in verdict.checks)
