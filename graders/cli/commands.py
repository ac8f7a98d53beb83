"""What `python grade.py` does: grade, watch, hint, list. Each command returns the exit code."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from rich.console import Console

from graders import rubric
from graders.cli import arguments, hints, parts, whys
from graders.cli.arguments import NothingFound, UsageError
from graders.cli.live import Live
from graders.cli.stopping import Finished
from graders.reports import places, text
from graders.reports.targets import FORMATS, Outputs
from graders.reports.wrapping import Told
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
    ask_why(given)
    try:
        requests = parts.requests(given)
    except NothingFound as error:
        outputs.write_nothing(str(error))
        raise
    settings = settings.sharing(len(requests))
    if given.watch:
        return _watch(outputs, settings, requests, given.verbose)
    quiet = outputs.to_stdout
    console = _console(stderr=quiet)
    source = given.source or ""
    with (
        Live(console, not quiet, source, given.verbose, len(requests) == 1) as live,
        Runner(settings, (done := Finished(live.take, outputs)).take, arguments.bounds()) as runner,
    ):
        verdict = done.all_of(requests, runner)
        if given.why is not None:
            verdict = whys.explain(verdict, requests, runner, live)
        if runner.trouble:
            _console(stderr=True).print(runner.trouble, markup=False)
        # Other people's work, and the reference, tell nothing of this kit's own tasks.
        others = _others(runner, requests) if not (given.source or given.reference) else ((), ())
    if not quiet:
        of_tasks = parts.in_parts(requests)
        shown = text.summary(verdict, *others, source=source, parts=of_tasks)
        console.print(shown, crop=False)
        if "html" not in outputs and any(task.evidence for task in verdict.tasks):
            console.print("With plots, as a page: add --html report.html", style="dim")
    if places.on_github():
        for line in places.for_github(verdict):
            print(line, file=sys.stderr if quiet else sys.stdout)
    outputs.write(verdict)
    return verdict.exit_code


def hint(given: argparse.Namespace) -> int:
    """Prints the next hint for the first message, and those seen before.

    Args:
        given: Namespace of `graders.cli.arguments.parser`.
    """
    task = arguments.find_one(given.hint.partition("::")[0])
    if others := [other for other in arguments.find(given.tasks) if other != task]:
        raise UsageError(
            f"--hint {given.hint} asks for a hint on another task than {others[0].id}. Give one: "
            f"python grade.py --hint {others[0].id}."
        )
    given.tasks, given.reference = [given.hint], False
    [request] = parts.requests(given)
    with Runner(arguments.settings(given), bounds=arguments.bounds()) as runner:
        verdict = runner.grade_task(request)
    words = parts.no_hint(request, verdict)
    words = words or hints.following(task, verdict, given.source or "")
    _console().print(Told(words), crop=False)
    return WRONG if verdict.status == "grader_error" else PASSED


def ask_why(given: argparse.Namespace) -> None:
    """Adds the task of `--why` to those that are graded.

    Raises:
        UsageError: If there is none, or if it goes with something else.
    """
    if given.why is None:
        return
    if given.watch:
        raise UsageError("--why takes a minute: give it without --watch.")
    if given.why:
        given.tasks = list(dict.fromkeys([*given.tasks, given.why]))
    if not given.tasks and not given.source:
        raise UsageError("--why tries repairs of a task. Name it: python grade.py --why cnn.")


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


def _others(
    runner: Runner, requests: Sequence[Request]
) -> tuple[tuple[TaskVerdict, ...], tuple[Task, ...]]:
    """Returns what is known of the kit's other tasks, and those of which nothing is."""
    # Of a task in parts nothing is said as a whole: it is one of the others, and the first.
    in_parts = parts.in_parts(requests)
    whole = {request.task.id for request in requests} - set(in_parts)
    known, unknown = [], []
    for task in sorted(rubric.tasks(), key=lambda task: task.id not in in_parts):
        if task.id not in whole:
            found = runner.recall(Request(task, task.stub))
            if found is None:
                unknown.append(task)
            else:
                known.append(found)
    return tuple(known), tuple(unknown)


def _watch(
    outputs: Outputs, settings: Settings, requests: list[Request], verbose: bool = False
) -> int:
    # Nothing else needs what waits for saves.
    from graders.cli.watch import Interrupt, changes, contents

    console = _console()
    with (
        Live(console, True, verbose=verbose, checks=len(requests) == 1) as live,
        Runner(settings, (done := Finished(live.take, outputs)).take, arguments.bounds()) as runner,
    ):
        # While the student looks for the file, TensorFlow is imported.
        runner.warm_up()
        seen = contents(requests)
        verdict = done.all_of(requests, runner)
        console.print(text.summary(verdict, parts=parts.in_parts(requests)), crop=False)
        outputs.write(verdict)
        console.print("Watching for changes; Ctrl-C ends.")
        try:
            with Interrupt() as interrupt:
                # Where nothing is forked, the next grader waits for the next save.
                runner.warm_up()
                for changed in changes(requests, seen):
                    interrupt.check()
                    verdict = updated(verdict, done.all_of(changed, runner))
                    outputs.write(verdict)
                    interrupt.check()
                    runner.warm_up()
        except KeyboardInterrupt as error:
            if error.args:
                raise
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
