"""`python grade.py next`: what to do now, over the whole kit.

What was saved last comes first: it is what the student works on. Verdicts come from the store; only
what changed since is graded, and only until the first task that lacks points.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from graders import KIT, rubric, submission
from graders.cli import arguments
from graders.reports import places
from graders.reports.wrapping import Told
from graders.rubric import Task
from graders.runner import Request, Runner
from graders.submission import Source, Unreadable
from graders.verdict import TaskVerdict

# What is left when every task has all its points, where this copy has it: the place, and the words.
LEFT = (
    ("walkthroughs", "the walkthroughs, notebooks to run and to play with: {}/"),
    ("reference/walkthroughs", "the walkthroughs, scripts to run and to play with: {}/"),
    ("assignments/interview_practice.md", "questions as in an interview, with answers: {}"),
)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `python grade.py next`."""
    made = arguments.Parser(
        prog="grade.py next", description="Tell what to do now, over the whole kit."
    )
    arguments.add_settings(made)
    return made


def show(given: argparse.Namespace) -> int:
    """Prints what to do now.

    Args:
        given: Namespace of `parser`.

    Returns:
        Integer, the exit code: 2 if the grader itself failed, else 0.
    """
    console = Console(highlight=False)

    def grading(task: Task) -> None:
        if console.is_terminal:
            console.print(f"Grading {task.id}, which changed …", style="dim")

    with Runner(arguments.settings(given), bounds=arguments.bounds()) as runner:
        found = Standing(runner, grading)
        lines = advice(found)
        console.print(Told("\n".join(lines)), crop=False)
        return 2 if found.first is not None and found.first.status == "grader_error" else 0


class Standing:
    """How the tasks stand, as far as one has to know to tell what to do now.

    Args:
        runner: `Runner`.
        grading: Callable that takes a task that is about to be graded.

    Attributes:
        first: `TaskVerdict`, the one to work on; `None` if every task is complete.
        done: List of `Task`, those that are complete.
        unknown: List of `Task`, those that changed and were not graded.
    """

    def __init__(self, runner: Runner, grading: Callable[[Task], None]):
        tasks = rubric.tasks()
        known = {task: runner.recall(Request(task, task.stub)) for task in tasks}
        self.first: TaskVerdict | None = None
        for task in sorted(tasks, key=_saved, reverse=True):
            verdict = known[task]
            if verdict is None and self.first is None:
                grading(task)
                verdict = known[task] = runner.grade_task(Request(task, task.stub))
            if self.first is None and verdict and verdict.status not in ("passed", "not_started"):
                self.first = verdict
        if self.first is None:
            begun = (known[task] for task in tasks)
            self.first = next((v for v in begun if v and v.status == "not_started"), None)
        self.done = [task for task in tasks if (v := known[task]) and v.status == "passed"]
        self.unknown = [task for task in tasks if known[task] is None]


def _saved(task: Task) -> float:
    """Returns when a task's file was saved, 0 if there is none."""
    try:
        return submission.locate(task, task.stub).stat().st_mtime
    except (Unreadable, OSError):
        return 0.0


def advice(standing: Standing) -> list[str]:
    """Returns the lines that tell what to do now.

    Args:
        standing: `Standing`.
    """
    verdict, done, count = standing.first, len(standing.done), len(rubric.tasks())
    if verdict is None:
        return [f"Everything is done: {done} of {count} tasks have all their points.", *_left()]
    lines = [f"{done} of {count} tasks complete."]
    if standing.unknown:
        names = ", ".join(task.id for task in standing.unknown)
        lines[0] += f" Not graded since they changed: {names}."
    return lines + _about(verdict)


def _left() -> Iterator[str]:
    for place, words in LEFT:
        if (KIT / place).exists():
            yield f"What is left: {words.format(place)}."


def _about(verdict: TaskVerdict) -> list[str]:
    """Returns what to do on one task."""
    task = rubric.find(verdict.task)
    if verdict.status == "grader_error":
        return [f"{task.id} could not be graded. {verdict.message}", f"Next: {_grade(task)}"]
    todo = first_todo(task)
    if verdict.status == "not_started":
        lines = [f"Begin with {task.id}: {task.title}. Read the top of {_shown(task.stub)}."]
        return lines + [f"First TODO: {todo}"] * bool(todo) + [f"Next: {_grade(task)}"]
    lines = [f"{task.id}: {verdict.points:g} of {verdict.max_points:g} points."]
    first = next((c for c in verdict.checks if c.outcome in ("failed", "error")), None)
    if first is not None:
        lines.append(f"{first.id.partition('::')[2]}: {first.message}")
        lines += [f"  {place}"] if (place := places.line(first)) else []
    if todo:
        lines.append(f"First TODO: {todo}")
    return [*lines, f"Next: change it, then {_grade(task)}", f"Stuck? {_grade(task, '--hint ')}"]


def _grade(task: Task, option: str = "") -> str:
    return f"python grade.py {option}{task.id}"


def _shown(path: Path) -> str:
    """Returns a path as it is typed in the kit's folder."""
    return path.relative_to(KIT).as_posix() if path.is_relative_to(KIT) else str(path)


def first_todo(task: Task) -> str:
    """Returns the place and the words of the first TODO that is left; empty if there is none.

    Args:
        task: `Task`.
    """
    try:
        source = submission.load(task, task.stub)
        todos = sorted(_todos(source.tree))
    except (Unreadable, RecursionError):
        return ""
    return f"{_place(source, todos[0][0])}: {todos[0][1]}" if todos else ""


def _todos(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Gives the lines and the words of the errors that a stub raises."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = getattr(node.exc.func, "id", "")
            given = [part.value for part in node.exc.args if isinstance(part, ast.Constant)]
            if name == "NotImplementedError" and given and str(given[0]).startswith("TODO"):
                yield node.lineno, str(given[0]).removeprefix("TODO").lstrip(": ")


def _place(source: Source, line: int) -> str:
    """Returns where a line of a submission is, as editors and terminals take it."""
    if not source.lines:
        return f"{_shown(source.path)}:{line}"
    cell, inside = source.lines[line - 1]
    return f"{_shown(source.path)}, code cell {cell}, line {inside}"
