"""The verdict on a terminal: lines as checks end, a summary table at the end."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Collection, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from graders.boundary.events import Progress
from graders.reports import curves, further, places, printed
from graders.reports import evidence as reading
from graders.reports.wrapping import Told
from graders.rubric import Task
from graders.rubric.bounds import best_shortcut
from graders.verdict import CheckResult, TaskVerdict, Verdict

STYLES = {
    "passed": "green",
    "failed": "red",
    "error": "red",
    "skipped": "dim",
    "not_started": "yellow",
    "grader_error": "magenta",
}
WORDS = {"not_started": "not started", "grader_error": "grader error"}


def points(value: float) -> str:
    """Returns points as people write them: `7`, `7.5`."""
    return f"{value:g}"


def _hint(task: str, source: str) -> str:
    return f"python grade.py --hint {task}{f' --from {shlex.quote(source)}' if source else ''}"


def _why(task: str, source: str) -> str:
    return f"python grade.py --why {task}{f' --from {shlex.quote(source)}' if source else ''}"


def failed_check(task: str, check: CheckResult, source: str = "") -> RenderableType:
    """Renders a check that did not pass.

    Args:
        task: String, the task's id.
        check: `CheckResult` with the outcome `"failed"` or `"error"`.
        source: String, what `--from` was given, for the command that gives a hint.
    """
    name, earned = check.id.partition("::")[2], points(check.points)
    head = Text.assemble(
        (task, "bold"),
        ": ",
        (check.outcome, STYLES[check.outcome]),
        f" {name} ({earned} of {points(check.max_points)} points)",
    )
    return Group(
        head,
        Told(check.description, 4, "dim"),
        Told(check.message, 4),
        *_place(check),
        *_page(check),
        Told(f"For a hint: {_hint(task, source)}", 4, "dim"),
    )


def training(progress: Progress) -> str:
    """Returns how far a training is, and what its last epoch reached.

    Args:
        progress: `Progress`; its figures are the submission's own, and may be anything finite.
    """
    found = f"training, epoch {progress.epoch} of {progress.epochs}"
    for name in ("loss", "accuracy"):
        value = getattr(progress, name)
        if value is not None:
            found += f", {name} {value:.2f}" if abs(value) < 1000 else f", {name} {value:.1e}"
    return found


def _place(check: CheckResult) -> list[RenderableType]:
    """Renders the line that a message is about, as a link, and the lines that show the fault."""
    found: list[RenderableType] = []
    if place := places.line(check):
        assert check.where is not None
        line = Text(f"    {place}", no_wrap=True, overflow="ignore")
        if address := places.link(check.where):
            line.stylize(Style(link=address), 4, 4 + len(str(check.where)))
        found.append(line)
    return found + [Told(row, 4) for row in places.paste(check)]


def _page(check: CheckResult) -> list[RenderableType]:
    # On 80 columns it is whole; where it is folded, nothing is lost.
    line = Text(further.read_line(check), style="dim", overflow="fold")
    return [Padding(line, (0, 0, 0, 4))] if line else []


def task_line(verdict: TaskVerdict, verbose: bool = False, listed: bool = False) -> RenderableType:
    """Renders the end of one task.

    Args:
        verdict: `TaskVerdict`.
        verbose: Boolean, whether what it printed is shown.
        listed: Boolean, whether its checks are listed above.
    """
    status = WORDS.get(verdict.status, verdict.status)
    lines: list[RenderableType] = []
    skipped = [c.id.partition("::")[2] for c in verdict.checks if c.outcome == "skipped"]
    if verdict.status in ("failed", "error") and skipped and not (verdict.message or listed):
        lines.append(
            Text.assemble(
                (verdict.task, "bold"),
                f": not run, because of the above: {', '.join(skipped)}",
                style="dim",
            )
        )
    if verdict.message and verdict.status != "not_started":
        first, _, rest = verdict.message.partition("\n")
        lines.append(Text.assemble((verdict.task, "bold"), ": ", first))
        lines += [Told(rest)] if rest else []
    if verdict.status == "passed" and (idiom := reading.text(verdict.evidence, "idiom")):
        head = ": complete; more idiomatic (no points depend on it):"
        lines.append(
            Group(
                Text.assemble((verdict.task, "bold"), head),
                Told(idiom, 4),
            )
        )
    lines += [remark_line(verdict.task, remark) for remark in remarks(verdict)]
    lines.append(
        Text.assemble(
            (verdict.task, "bold"),
            ": ",
            (status, STYLES[verdict.status]),
            f", {points(verdict.points)} of {points(verdict.max_points)} points, "
            f"{verdict.seconds:.1f} s{' (cached)' if verdict.cached else ''}",
        )
    )
    if verbose and (output := printed.text(verdict)):
        lines.append(Text(f"--- printed by {verdict.task} ---", "dim"))
        lines.append(Text(output, no_wrap=True, overflow="ignore"))
    elif told := printed.head(verdict):
        lines.append(
            Text(f"{told}: --verbose shows {'it' if told.endswith(' line') else 'them'}", "dim")
        )
    return Group(*lines)


def remarks(verdict: TaskVerdict) -> list[curves.Remark]:
    """Returns what the curves show of work that is not right; right work gets no alarm."""
    return curves.read(verdict.evidence) if verdict.status in ("failed", "error") else []


def remark_line(task: str, remark: curves.Remark) -> RenderableType:
    """Renders what a task's curves show: a remark, which costs nothing."""
    return Group(
        Text.assemble((task, "bold"), ": the curves show ", (remark.name, "yellow")),
        Told(f"{remark.sees} {remark.tries}", 4),
    )


def summary(
    verdict: Verdict,
    others: Sequence[TaskVerdict] = (),
    unknown: Sequence[Task] = (),
    source: str = "",
    parts: Collection[str] = (),
) -> RenderableType:
    """Renders the table of all tasks and what to do next.

    Args:
        verdict: `Verdict`.
        others: Sequence of `TaskVerdict`, what is known of the kit's other tasks.
        unknown: Sequence of `Task`, those of which nothing is known as they are now.
        source: String, what `--from` was given.
        parts: Collection of strings, the ids of tasks of which only some checks were run.

    Returns:
        What rich prints.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Task", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Checks", justify="right")
    table.add_column("Points", justify="right", no_wrap=True)
    table.add_column("Seconds", justify="right")
    for task in verdict.tasks:
        passed = sum(check.outcome == "passed" for check in task.checks)
        table.add_row(
            task.task,
            Text(WORDS.get(task.status, task.status), style=STYLES[task.status]),
            f"{passed}/{len(task.checks)}",
            f"{points(task.points)}/{points(task.max_points)}",
            f"{task.seconds:.1f}",
        )
    counted = totals_of_checks(verdict.tasks) if parts else totals(verdict.tasks)
    total = Text(f"{counted} ({verdict.hidden_tests}).")
    lines: list[RenderableType] = [table, total]
    if verdict.isolation:
        lines.append(Text(f"Isolation: {verdict.isolation}{_none(verdict)}.", "dim"))
    if others:
        whole = [task for task in verdict.tasks if task.task not in parts]
        lines.append(Text(_whole_kit([*whole, *others], unknown)))
    if advice := next_step(verdict.tasks, others, unknown, source):
        lines.append(Told(f"Next: {advice}"))
    return Group(*lines)


def _none(verdict: Verdict) -> str:
    levels = [task.isolation for task in verdict.tasks]
    return " (nothing keeps the code from this machine)" if "process" in levels else ""


def bounds_table(rows: dict[str, dict[str, Any]]) -> RenderableType:
    """Renders what the bounds are, and what they were measured between.

    Args:
        rows: Dict: task id -> the rows of its calibration, see `graders.calibration.placing`.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Bounds", title_justify="left")
    # A task's name has a line of its own: beside its measures, 80 columns would cut both.
    table.add_column("Task and measure", no_wrap=True)
    for column in ("Bound", "Reference", "Best shortcut", "Right fails"):
        table.add_column(
            column, justify="right", no_wrap=column != "Best shortcut", overflow="fold"
        )
    for task, measures in rows.items():
        shown = [(name, row) for name, row in measures.items() if not name.startswith("_")]
        if shown:
            like = measures.get("_like", {}).get("task")
            table.add_row(f"{task} (guess: measured for {like})" if like else task)
        for name, row in shown:
            found = row["reference"]
            best = best_shortcut(row)
            table.add_row(
                f"  {name}",
                f"{'≤' if row['upper'] else '≥'} {row['bound']:.2f}",
                f"{found['mean']:.2f} ± {found['sd']:.2f}",
                f"{best[1]:.2f} {best[0]}" if best else "–",
                f"{row['chance_right_work_fails']:.0e}",
            )
    return table


def totals(tasks: Sequence[TaskVerdict]) -> str:
    """Returns `5 of 9 tasks complete, 47 of 90 points`."""
    done = sum(task.status == "passed" for task in tasks)
    earned, most = (sum(getattr(t, name) for t in tasks) for name in ("points", "max_points"))
    word = "task" if len(tasks) == 1 else "tasks"
    return (
        f"{done} of {len(tasks)} {word} complete, {points(round(earned, 6))} of "
        f"{points(round(most, 6))} points"
    )


def totals_of_checks(tasks: Sequence[TaskVerdict]) -> str:
    """Returns `2 of 3 checks passed, 4 of 6 points`, for verdicts on parts of tasks."""
    outcomes = [check.outcome for task in tasks for check in task.checks]
    earned, most = (sum(getattr(t, name) for t in tasks) for name in ("points", "max_points"))
    word = "check" if len(outcomes) == 1 else "checks"
    return (
        f"{outcomes.count('passed')} of {len(outcomes)} {word} passed, "
        f"{points(round(earned, 6))} of {points(round(most, 6))} points"
    )


def _whole_kit(known: Sequence[TaskVerdict], unknown: Sequence[Task]) -> str:
    done = sum(task.status == "passed" for task in known)
    earned = round(sum(task.points for task in known), 6)
    most = sum(t.max_points for t in known) + sum(t.max_points for t in unknown)
    line = (
        f"Whole kit: {done} of {len(known) + len(unknown)} tasks complete, {points(earned)} of "
        f"{points(round(most, 6))} points."
    )
    if unknown:
        line += f" Not graded as they are now: {', '.join(task.id for task in unknown)}."
    return line


def next_step(
    tasks: Sequence[TaskVerdict],
    others: Sequence[TaskVerdict] = (),
    unknown: Sequence[Task] = (),
    source: str = "",
) -> str:
    """Returns what to do next; empty if all is done.

    Args:
        tasks: Sequence of `TaskVerdict`, those that were asked for: they come first.
        others: Sequence of `TaskVerdict`, the rest of the kit as far as it is known.
        unknown: Sequence of `Task`, the rest of it.
        source: String, what `--from` was given.

    Returns:
        String, a clause that ends with a full stop.
    """
    # What was begun before what was not: a message is waiting there.
    waiting = [task for task in tasks if task.status not in ("passed", "not_started")]
    waiting += [task for task in tasks if task.status == "not_started"]
    waiting += [task for task in others if task.status not in ("passed", "not_started")]
    waiting += [task for task in others if task.status == "not_started"]
    if unknown and all(task.status == "passed" for task in tasks):
        return f"see how {unknown[0].id} stands: python grade.py {unknown[0].id}."
    if not waiting:
        return "everything is done; well done." if others else ""
    following = waiting[0]
    if following.status == "not_started":
        return f"open assignments/{following.section}/{following.task}.py and read its top."
    if following.status == "grader_error":
        if advice := reading.text(following.evidence, "advice"):
            return advice
        return f"run the same command again; {following.task} was not graded."
    tries = ""
    if "repairs" in following.evidence and "why" not in following.evidence:
        tries = f", and {_why(following.task, source)} tries repairs"
    return f"fix {following.task}; {_hint(following.task, source)} helps{tries}."


def rubric_table(tasks: tuple[Task, ...], verbose: bool = False) -> RenderableType:
    """Renders the tasks with their points; with `verbose` each check too.

    Args:
        tasks: Tuple of `Task`, those of a section one after the other.
        verbose: Boolean, whether checks are shown.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Section and task", no_wrap=True)
    table.add_column("Points", justify="right", no_wrap=True)
    # A word that is wider than what is left of a narrow terminal goes on below: nothing is cut.
    table.add_column("What it is about", overflow="fold")
    section = ""
    for task in tasks:
        if task.section != section:
            section = task.section
            table.add_row(section)
        table.add_row(f"  {task.id}", points(task.max_points), task.title)
        if verbose:
            for check in task.checks:
                table.add_row(f"    {check.name}", points(check.points), check.description)
    count = "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    total = Text(f"{count}, {points(sum(task.max_points for task in tasks))} points.")
    return Group(table, total)


def plain(renderable: RenderableType, width: int = 80) -> str:
    """Renders to plain text, for tests and files."""
    console = Console(width=width, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(renderable, crop=False)
    return textwrap.dedent(capture.get())
