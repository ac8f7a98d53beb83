"""What `python grade.py` does: grade, watch, hint, list. Each command returns the exit code."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from rich.console import Console

from graders import rubric
from graders.cli import arguments, hints
from graders.cli.arguments import NothingFound, UsageError
from graders.cli.live import Live
from graders.printable import printable
from graders.reports import text
from graders.reports.targets import FORMATS, Outputs
from graders.rubric import Task
from graders.rubric import bounds as thresholds
from graders.runner import Request, Runner, Settings
from graders.verdict import TaskVerdict, Verdict

PASSED, WRONG = 0, 2


def grade(given: argparse.Namespace) -> int:
    """Grades what was asked for, once or, with `--watch`, on every save.

    Args:
        given: Namespace of `graders.cli.arguments.parser`.
    """
    settings, outputs = arguments.settings(given), _outputs(given)
    try:
        requests = arguments.requests(given)
    except NothingFound as error:
        outputs.write_nothing(str(error))
        raise
    settings = settings.sharing(len(requests))
    if given.watch:
        return _watch(outputs, settings, requests)
    quiet = outputs.to_stdout
    console = _console(stderr=quiet)
    source = given.source or ""
    with (
        Live(console, not quiet, source) as live,
        Runner(settings, live.take, arguments.bounds()) as runner,
    ):
        verdict = runner.grade(requests)
        if runner.trouble:
            _console(stderr=True).print(runner.trouble, markup=False)
        # Other people's work, and the reference, tell nothing of this kit's own tasks.
        others = _others(runner, requests) if not (given.source or given.reference) else ((), ())
    if not quiet:
        if given.verbose:
            _print_outputs(console, verdict)
        console.print(text.summary(verdict, *others, source=source))
        if "html" not in outputs and any(task.evidence for task in verdict.tasks):
            console.print("With plots, as a page: add --html report.html", style="dim")
    outputs.write(verdict)
    return verdict.exit_code


def hint(given: argparse.Namespace) -> int:
    """Prints the next hint for the first check that does not pass.

    Args:
        given: Namespace of `graders.cli.arguments.parser`.
    """
    [task] = arguments.find([given.hint])
    given.tasks = [task.id]
    requests = arguments.requests(given) if given.source else [Request(task, task.stub)]
    with Runner(arguments.settings(given), bounds=arguments.bounds()) as runner:
        verdict = runner.grade_task(requests[0])
    words = hints.following(task, verdict, given.source or "")
    _console().print(words, markup=False, highlight=False)
    return WRONG if verdict.status == "grader_error" else PASSED


def show_list(given: argparse.Namespace) -> int:
    """Prints the tasks with their points; with `--verbose` the checks and bounds too.

    Args:
        given: Namespace of `graders.cli.arguments.parser`.
    """
    tasks = tuple(arguments.find(given.tasks)) or rubric.tasks()
    console = _console()
    console.print(text.rubric_table(tasks, given.verbose))
    if given.verbose:
        rows = {task.id: thresholds.rows(task.id) for task in tasks}
        if any(rows.values()):
            console.print(text.bounds_table(rows))
    return PASSED


def _console(stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def _outputs(given: argparse.Namespace) -> Outputs:
    """Returns where the verdict goes, once it is sure that it can go there."""
    found = Outputs({name: getattr(given, name) for name in FORMATS})
    if given.watch and found.to_stdout:
        raise UsageError("--watch grades again and again: give it files, not - .")
    return found


def _print_outputs(console: Console, verdict: Verdict) -> None:
    for task in verdict.tasks:
        output = str(task.evidence.get("output", "")).strip()
        if output:
            console.print(f"--- printed by {task.task} ---", markup=False)
            console.print(printable(output), markup=False, highlight=False)


def _others(
    runner: Runner, requests: Sequence[Request]
) -> tuple[tuple[TaskVerdict, ...], tuple[Task, ...]]:
    """Returns what is known of the kit's other tasks, and those of which nothing is."""
    asked = {request.task.id for request in requests}
    known, unknown = [], []
    for task in rubric.tasks():
        if task.id not in asked:
            found = runner.recall(Request(task, task.stub))
            if found is None:
                unknown.append(task)
            else:
                known.append(found)
    return tuple(known), tuple(unknown)


def _watch(outputs: Outputs, settings: Settings, requests: list[Request]) -> int:
    # Nothing else needs what waits for saves.
    from graders.cli.watch import Interrupt, changes, contents

    console = _console()
    with (
        Live(console, True) as live,
        Runner(settings, live.take, arguments.bounds()) as runner,
    ):
        # While the student looks for the file, TensorFlow is imported.
        runner.warm_up()
        seen = contents(requests)
        verdict = runner.grade(requests)
        console.print(text.summary(verdict))
        outputs.write(verdict)
        console.print("Watching for changes; Ctrl-C ends.")
        try:
            with Interrupt() as interrupt:
                # Where nothing is forked, the next grader waits for the next save.
                runner.warm_up()
                for changed in changes(requests, seen):
                    interrupt.check()
                    verdict = updated(verdict, runner.grade(changed))
                    outputs.write(verdict)
                    interrupt.check()
                    runner.warm_up()
        except KeyboardInterrupt:
            console.print("Stopped.")
    return verdict.exit_code


def updated(before: Verdict, now: Verdict) -> Verdict:
    """Puts what was graded again into the verdict on all tasks.

    Args:
        before: `Verdict` on all tasks.
        now: `Verdict` on some of them.
    """
    latest = {task.task: task for task in now.tasks}
    tasks = tuple(latest.get(task.task, task) for task in before.tasks)
    return dataclasses.replace(now, tasks=tasks)
