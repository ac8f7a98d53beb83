"""The command line: `python grade.py`. See the contract's section 3, and `--help`."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from graders import KIT, rubric
from graders.reports.targets import Unwritable
from graders.rubric import Task, UnknownTask
from graders.rubric import bounds as thresholds

if TYPE_CHECKING:
    from rich.console import Console

    from graders.reports.targets import Outputs
    from graders.runner import Request, Runner, Settings
    from graders.verdict import TaskVerdict, Verdict

PASSED, MISSING, WRONG = 0, 1, 2


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text is one clear line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See python grade.py --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="grade.py",
        description="Grade the exercises in assignments/, or somebody else's work.",
        epilog="Exit code: 0, all points; 1, some missing; 2, wrong usage or the grader failed. "
        "For instructors: release DIR and bulk SUBMITTED, each with a --help of its own.",
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="task ids; all if none is given")
    parser.add_argument("--from", dest="source", metavar="FILE|DIR", help="grade this work instead")
    parser.add_argument("--reference", action="store_true", help="grade the reference solutions")
    parser.add_argument("--list", action="store_true", help="show the tasks with their points")
    parser.add_argument("--hint", metavar="TASK", help="the next hint for the first failing check")
    parser.add_argument("--verbose", action="store_true", help="show more: checks, printed output")
    for name, what in (
        ("json", "JSON, for scripts"),
        ("junit", "JUnit XML"),
        ("html", "a page with plots"),
        ("gradescope", "Gradescope's results.json"),
    ):
        parser.add_argument(
            f"--{name}", metavar="FILE", help=f"write the verdict as {what}; - is standard output"
        )
    parser.add_argument("--watch", action="store_true", help="grade again on every save")
    _add_settings(parser)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how to grade, see `_settings`."""
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="tasks side by side (suits the machine)"
    )
    parser.add_argument("--no-cache", action="store_true", help="grade unchanged work again too")
    parser.add_argument("--spawn", action="store_true", help="fresh processes instead of forks")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the public seed (0)")
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="per task (300)"
    )
    parser.add_argument(
        "--data", default="default", metavar="NAME", help="default, cifar10 or mnist"
    )
    parser.add_argument(
        "--weights", default="kit", metavar="NAME", help="VGG16 weights: kit or imagenet"
    )
    parser.add_argument("--secret", metavar="FILE", help="file with the secret of the hidden tests")


def _secret(path: str | None) -> bytes | None:
    if path is not None:
        try:
            secret = Path(path).read_bytes().strip()
        except OSError as error:
            raise UsageError(f"The secret file {path} cannot be read: {error.strerror}.") from None
        if not secret:
            raise UsageError(f"The secret file {path} is empty.")
        return secret
    given = os.environ.get("KERAS_KIT_SECRET", "").strip()
    return given.encode("utf-8", "surrogateescape") if given else None


def _settings(given: argparse.Namespace) -> Settings:
    from graders.runner import Settings, processors

    if not 0 < given.timeout < 1e6:
        raise UsageError("--timeout takes a number of seconds above 0.")
    if not 0 <= given.seed < 2**32:
        raise UsageError("--seed takes an integer from 0 to 4294967295.")
    known = sorted({source for task in rubric.tasks() for source in task.sources} | {"default"})
    if given.data not in known:
        raise UsageError(f"There is no data set {given.data!r}. Known: {', '.join(known)}.")
    if given.weights not in ("kit", "imagenet"):
        raise UsageError(f"There are no weights {given.weights!r}. Known: kit, imagenet.")
    jobs = given.jobs if given.jobs is not None else min(processors(), 4)
    if not 1 <= jobs <= 256:
        raise UsageError("--jobs takes an integer from 1 to 256.")
    return Settings(
        jobs=jobs,
        use_store=not given.no_cache,
        spawn=given.spawn,
        seed=given.seed,
        seconds=given.timeout,
        data=given.data,
        weights=given.weights,
        secret=_secret(given.secret),
    )


def _find(names: Sequence[str]) -> list[Task]:
    found: list[Task] = []
    for name in names:
        try:
            task = rubric.find(name)
        except UnknownTask as error:
            raise UsageError(str(error)) from None
        if task not in found:
            found.append(task)
    return found


def _requests(given: argparse.Namespace) -> list[Request]:
    from graders.runner import Request
    from graders.submission import source as sources

    tasks = _find(given.tasks)
    if given.reference:
        if given.source:
            raise UsageError("Give --reference or --from, not both.")
        if not (KIT / "reference").is_dir():
            raise UsageError("There is no reference/ here: the student copy comes without it.")
        return [Request(task, task.reference, True) for task in tasks or rubric.tasks()]
    if given.source is None:
        return [Request(task, task.stub) for task in tasks or rubric.tasks()]
    where = Path(given.source).expanduser()
    if not where.exists():
        raise UsageError(f"There is no file or folder {given.source}. Check the path.")
    if not tasks and not where.is_dir():
        try:
            tasks = [rubric.find(where.stem)]
        except UnknownTask:
            raise UsageError(
                f"Which task is {where.name}? Name it: python grade.py TASK --from {given.source}."
            ) from None
    if not tasks:
        for task in rubric.tasks():
            with contextlib.suppress(sources.Unreadable):
                sources.locate(task, where)
                tasks.append(task)
        if not tasks:
            raise UsageError(
                f"There is no task in {given.source}: it holds no <section>/<task>.py, "
                "<task>.py or <task>.ipynb."
            )
    if len(tasks) > 1 and not where.is_dir():
        raise UsageError("One file holds one task. Give one task, or a folder.")
    return [Request(task, where) for task in tasks]


class _Live:
    """Shows what happens while tasks are graded: a line of progress, and failures as they come."""

    def __init__(
        self, console: Console, shown: bool, source: str = "", requests: Sequence[Request] = ()
    ):
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._console = console
        self._shown = shown
        self._source = source
        self._requests = {request.task.id: request for request in requests}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._rows: dict[str, Any] = {}
        # The latest verdict on each task, with the remark on a complete solution.
        self.latest: dict[str, TaskVerdict] = {}

    def __enter__(self) -> _Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _row(self, task: str) -> Any:
        if task not in self._rows:
            self._rows[task] = self._progress.add_task(f"{task}: loading", total=None)
        return self._rows[task]

    def complete(self, verdict: Verdict) -> Verdict:
        """Returns a verdict with the latest on every task, those that were not graded again too."""
        tasks = tuple(self.latest[task] for task in self._requests)
        return dataclasses.replace(verdict, tasks=tasks)

    def take(self, task: str, event: dict[str, Any]) -> None:
        """Takes an event of the runner, see `graders.runner.Runner`."""
        from graders.reports import text

        row = self._row(task)
        if "start" in event:
            self._progress.update(row, description=f"{task}: {event['start']}", total=None)
        elif "first_use" in event:
            self._progress.update(
                row, description=f"{task}: these data are new here; measuring the reference first"
            )
        elif "progress" in event:
            epoch, epochs = event["progress"].get("epoch"), event["progress"].get("epochs")
            if isinstance(epoch, int) and isinstance(epochs, int) and epochs > 0:
                self._progress.update(
                    row,
                    description=f"{task}: training, epoch {epoch} of {epochs}",
                    completed=min(epoch, epochs),
                    total=epochs,
                )
        elif "result" in event and self._shown:
            if event["result"].outcome in ("failed", "error"):
                self._console.print(text.failed_check(task, event["result"], self._source))
        elif "verdict" in event:
            verdict: TaskVerdict = event["verdict"]
            if task in self._requests:
                verdict = _with_idiom(verdict, self._requests[task])
            self.latest[task] = verdict
            if self._shown and verdict.cached:
                # Its checks ended another time: what they found is said again.
                for check in verdict.checks:
                    if check.outcome in ("failed", "error"):
                        self._console.print(text.failed_check(task, check, self._source))
            self._progress.remove_task(row)
            del self._rows[task]
            if self._shown:
                self._console.print(text.task_line(verdict))


def _grade(given: argparse.Namespace) -> int:
    from graders.runner import Runner

    settings, requests = _settings(given), _requests(given)
    outputs = _outputs(given)
    settings = settings.sharing(len(requests))
    if given.watch:
        return _watch(outputs, settings, requests)
    quiet = outputs.to_stdout
    console = _console(stderr=quiet)
    from graders.reports import text

    source = given.source or ""
    with (
        _Live(console, not quiet, source, requests) as live,
        Runner(settings, live.take) as runner,
    ):
        verdict = live.complete(runner.grade(requests))
        # Another person's work, or the reference, says nothing of this kit's own.
        others = _others(runner, requests) if not (given.source or given.reference) else ((), ())
    if not quiet:
        if given.verbose:
            for task in verdict.tasks:
                output = str(task.evidence.get("output", "")).strip()
                if output:
                    from graders.printable import printable

                    console.print(f"--- printed by {task.task} ---", markup=False)
                    console.print(printable(output), markup=False, highlight=False)
        console.print(text.summary(verdict, *others, source=source))
        if "html" not in outputs and any(task.evidence for task in verdict.tasks):
            console.print("With plots, as a page: add --html report.html", style="dim")
    outputs.write(verdict)
    return verdict.exit_code


def _with_idiom(verdict: TaskVerdict, request: Request) -> TaskVerdict:
    """Adds to the verdict on a complete solution what could be more idiomatic in it.

    The evidence of a verdict earns no points and is in no JSON: a remark goes there.
    """
    from graders.rubric.stubs import pristine
    from graders.submission import idiom
    from graders.submission import source as sources

    if verdict.status != "passed":
        return verdict
    with contextlib.suppress(sources.Unreadable):
        found = sources.load(request.task, request.path)
        # Saved again since: the verdict is on what stood there before.
        if found.digest == verdict.submission:
            said = idiom.remark(found.text, found.filename, pristine(request.task) or "")
            evidence = {**verdict.evidence, "idiom": found.in_cells(said)}
            return dataclasses.replace(verdict, evidence=evidence)
    return verdict


def _outputs(given: argparse.Namespace) -> Outputs:
    """Returns where the verdict goes, once it is sure that it can go there."""
    from graders.reports.targets import FORMATS, Outputs

    found = Outputs({name: getattr(given, name) for name in FORMATS})
    if given.watch and found.to_stdout:
        raise UsageError("--watch grades again and again: give it files, not - .")
    return found


def _others(
    runner: Runner, requests: list[Request]
) -> tuple[tuple[TaskVerdict, ...], tuple[Task, ...]]:
    """Returns what is known of the kit's other tasks, and those of which nothing is."""
    from graders.runner import Request

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
    from graders.cli.main.watch import Interrupt, changes, contents
    from graders.reports import text
    from graders.runner import Runner

    console = _console()
    with (
        _Live(console, True, requests=requests) as live,
        Runner(settings, live.take) as runner,
    ):
        # While the student looks for the file, TensorFlow is imported.
        runner.warm_up()
        seen = contents(requests)
        verdict = live.complete(runner.grade(requests))
        console.print(text.summary(verdict))
        outputs.write(verdict)
        console.print("Watching for changes; Ctrl-C ends.")
        try:
            with Interrupt() as interrupt:
                for changed in changes(requests, seen):
                    interrupt.check()
                    verdict = live.complete(runner.grade(changed))
                    outputs.write(verdict)
                    interrupt.check()
        except KeyboardInterrupt:
            console.print("Stopped.")
    return verdict.exit_code


def _hint(given: argparse.Namespace) -> int:
    from graders.cli import hints
    from graders.runner import Request, Runner

    [task] = _find([given.hint])
    given.tasks = [task.id]
    console = _console()
    requests = _requests(given) if given.source else [Request(task, task.stub)]
    with _Live(console, False), Runner(_settings(given)) as runner:
        verdict = runner.grade_task(requests[0])
    said = hints.following(task, verdict, given.source or "")
    console.print(said, markup=False, highlight=False)
    return WRONG if verdict.status == "grader_error" else PASSED


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def _instructors(command: str, arguments: list[str]) -> int:
    """Runs what only the whole kit has: `release` or `bulk`."""
    try:
        from graders.course import bulk, release
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("graders"):
            raise UsageError(f"The student copy comes without {command}.") from None
        raise
    parser = _Parser(prog=f"grade.py {command}")
    try:
        if command == "release":
            return release.main(arguments, parser)
        _add_settings(parser)
        return bulk.main(arguments, parser, _settings)
    except (release.CannotRelease, bulk.CannotGrade) as error:
        raise UsageError(str(error)) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: Sequence of strings; the process's own if `None`.

    Returns:
        Integer, the exit code.
    """
    # Not every terminal has every character that a submission may print.
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if words[:1] == ["release"] or words[:1] == ["bulk"]:
            return _instructors(words[0], words[1:])
        given = _parser().parse_args(arguments)
        if given.list:
            from graders.reports import text

            tasks = tuple(_find(given.tasks)) or rubric.tasks()
            console = _console()
            console.print(text.rubric_table(tasks, given.verbose))
            if given.verbose:
                rows = {task.id: thresholds.rows(task.id) for task in tasks}
                console.print(text.bounds_table(rows))
            return PASSED
        return _hint(given) if given.hint else _grade(given)
    except (UsageError, Unwritable) as error:
        print(f"grade.py: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("grade.py: stopped.", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return WRONG
