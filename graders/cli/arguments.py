"""What the command line asks for: the parser, and the settings and requests that it comes to."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from graders import KIT, rubric
from graders.boundary import device
from graders.boundary.limits import TASK_SECONDS
from graders.printable import printable
from graders.rubric import Task, UnknownTask
from graders.rubric.bounds import Bounds, CommittedBounds
from graders.runner import BadSecret, Request, Settings, released, secret_from, usual_jobs
from graders.submission import files, holds
from graders.walls.levels import CLASS_ISOLATION, LEVELS

FOR_INSTRUCTORS = (
    " For instructors: release DIR, bulk SUBMITTED, worker ADDRESS and new TASK, each with a "
    "--help of its own."
)


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text is one clear line."""


class NothingFound(UsageError):
    """What was handed in holds nothing that can be graded; the text names what it holds."""


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` on wrong usage."""

    def error(self, message: str) -> NoReturn:
        """Raises `UsageError`."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See python grade.py --help.")


def parser() -> Parser:
    """Returns the parser of `python grade.py`."""
    made = Parser(
        prog="grade.py",
        description="Grade the exercises in assignments/, or somebody else's work.",
        epilog="What to do now, over the whole kit: grade.py next. play TASK runs your code "
        "ungraded, outside the sandbox; see play --help. What is wrong with any Keras training "
        "script or notebook: doctor FILE; see doctor --help. "
        "Exit code: 0, all points; 1, some missing; 2, wrong usage or the grader failed."
        + (FOR_INSTRUCTORS if is_here("graders.course") else ""),
    )
    made.add_argument("tasks", nargs="*", metavar="TASK", help="tasks or sections; without, all")
    made.add_argument("--from", dest="source", metavar="FILE|DIR", help="grade this work instead")
    made.add_argument(
        "--reference",
        action="store_true",
        help="grade the reference solutions" if has_references() else argparse.SUPPRESS,
    )
    made.add_argument("--list", action="store_true", help="show the tasks with their points")
    made.add_argument("--hint", metavar="TASK", help="the next hint for the first failing check")
    made.add_argument(
        "--why",
        nargs="?",
        const="",
        metavar="TASK",
        help="where a training fails, try repairs, and tell what they reach (a minute more)",
    )
    made.add_argument("--verbose", action="store_true", help="show more: checks, printed output")
    for name, what in (
        ("json", "JSON, for scripts"),
        ("junit", "JUnit XML"),
        ("html", "a page with plots"),
        ("gradescope", "Gradescope's results.json"),
    ):
        made.add_argument(
            f"--{name}", metavar="FILE", help=f"write the verdict as {what}; - is standard output"
        )
    made.add_argument("--watch", action="store_true", help="grade again on every save")
    add_settings(made)
    return made


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds the options of grading to a parser, for `settings`."""
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="tasks side by side (suits the machine)"
    )
    parser.add_argument("--no-cache", action="store_true", help="grade unchanged work again too")
    parser.add_argument("--spawn", action="store_true", help="fresh processes instead of forks")
    parser.add_argument("--seed", type=int, metavar="N", help="the public seed (0)")
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help=f"per task ({TASK_SECONDS:g})",
    )
    parser.add_argument("--data", metavar="NAME", help="default, cifar10 or mnist")
    parser.add_argument("--weights", metavar="NAME", help="VGG16 weights: kit or imagenet")
    parser.add_argument(
        "--isolation",
        choices=LEVELS[::-1],
        metavar="LEVEL",
        help="grade nothing unless the code is kept apart from the machine at least so well, from "
        f"the strongest: {', '.join(LEVELS[::-1])}. Each verdict names the level. Without it, a "
        f"class and --gradescope demand {CLASS_ISOLATION}, and your own run nothing",
    )
    parser.add_argument(
        "--device", choices=device.DEVICES, default="cpu", help="what computes (cpu)"
    )
    instructors = is_here("graders.course")
    parser.add_argument(
        "--secret",
        metavar="FILE",
        help="file with the secret of the hidden tests" if instructors else argparse.SUPPRESS,
    )


def settings(given: argparse.Namespace) -> Settings:
    """Returns the settings that were given.

    Args:
        given: Namespace with the options of `add_settings`, and perhaps `usual`: the `Settings` of
            a course, for what was not given.

    Raises:
        UsageError: If one of them is out of range or unknown.
    """
    course: Settings | None = getattr(given, "usual", None)
    usual = course or dataclasses.replace(released(), jobs=usual_jobs())
    limits = () if given.timeout is not None else usual.seconds_of
    seed = usual.seed if given.seed is None else given.seed
    seconds = usual.seconds if given.timeout is None else given.timeout
    data = usual.data if given.data is None else given.data
    weights = usual.weights if given.weights is None else given.weights
    jobs = usual.jobs if given.jobs is None else given.jobs
    if not 0 < seconds < 1e6:
        raise UsageError("--timeout takes a number of seconds above 0.")
    if not 0 <= seed < 2**32:
        raise UsageError("--seed takes an integer from 0 to 4294967295.")
    known = sorted({source for task in rubric.tasks() for source in task.sources} | {"default"})
    if data not in known:
        raise UsageError(f"There is no data set {data!r}. Known: {', '.join(known)}.")
    if weights not in ("kit", "imagenet"):
        raise UsageError(f"There are no weights {weights!r}. Known: kit, imagenet.")
    if not 1 <= jobs <= 256:
        raise UsageError("--jobs takes an integer from 1 to 256.")
    try:
        ask = given.secret is not None or usual.secret is None
        secret = secret_from(given.secret) if ask else usual.secret
    except BadSecret as error:
        raise UsageError(str(error)) from None
    # Marks that count are not given on a machine on which the work could write them itself.
    counts = getattr(given, "gradescope", None) or getattr(given, "submitted", None)
    least = course.isolation if course else CLASS_ISOLATION if counts else "process"
    if given.device == "gpu" and (reason := device.missing()):
        raise UsageError(reason)
    return Settings(
        device=given.device,
        isolation=given.isolation or least,
        jobs=jobs,
        use_store=not given.no_cache,
        spawn=given.spawn,
        seed=seed,
        seconds=seconds,
        seconds_of=limits,
        data=data,
        weights=weights,
        secret=secret,
    )


def has_references() -> bool:
    """Returns whether this copy of the kit holds reference solutions."""
    return (KIT / "reference").is_dir()


def is_here(package: str) -> bool:
    """Returns whether this copy of the kit holds a package: students get less of it.

    Args:
        package: String, its full name, as `"graders.course"`.
    """
    spec = importlib.util.find_spec(package)
    # A folder without modules, left by an earlier release, is no package.
    return spec is not None and spec.origin is not None


def bounds() -> Bounds:
    """Returns what knows the bounds; the student copy measures none."""
    if not is_here("graders.calibration"):
        return CommittedBounds()
    from graders.calibration.first_use import MeasuredBounds

    return MeasuredBounds()


def find(names: Sequence[str]) -> list[Task]:
    """Returns the tasks of these names, each once; a section stands for its tasks.

    Args:
        names: Sequence of strings.

    Raises:
        UsageError: If there is no such task.
    """
    try:
        return rubric.find_all(names)
    except UnknownTask as error:
        raise UsageError(str(error)) from None


def find_one(name: str) -> Task:
    """Returns the task of this name.

    Args:
        name: String.

    Raises:
        UsageError: If there is no such task, or if it names several.
    """
    found = find([name])
    if len(found) > 1:
        ids = ", ".join(task.id for task in found)
        raise UsageError(f"{name} is a section. Name one of its tasks: {ids}.")
    return found[0]


def requests(given: argparse.Namespace) -> list[Request]:
    """Returns what is to be graded.

    Args:
        given: Namespace of `parser`.

    Raises:
        UsageError: If it cannot be found.
    """
    tasks = find(given.tasks)
    if given.reference:
        if given.source:
            raise UsageError("Give --reference or --from, not both.")
        if not has_references():
            raise UsageError("There is no reference/ here: the student copy comes without it.")
        return [Request(task, task.reference, True) for task in tasks or rubric.tasks()]
    if given.source is None:
        return [Request(task, task.stub) for task in tasks or rubric.tasks()]
    where = Path(given.source).expanduser()
    if not where.exists():
        raise NothingFound(f"There is no file or folder {given.source}. Check the path.")
    if not tasks and not where.is_dir():
        try:
            tasks = [rubric.find(where.stem)]
        except UnknownTask:
            raise NothingFound(
                f"Which task is {where.name}? Name it: python grade.py TASK --from {given.source}."
            ) from None
    if not tasks:
        tasks = [task for task in rubric.tasks() if holds(task, where)]
        if not tasks:
            there = ", ".join(printable(name, 200) for name in files(where))
            raise NothingFound(
                f"There is no task in {given.source}: it holds no <section>/<task>.py, "
                f"<task>.py or <task>.ipynb. Found: {there or 'no module and no notebook'}."
            )
    if len(tasks) > 1 and not where.is_dir():
        raise UsageError("One file holds one task. Give one task, or a folder.")
    return [Request(task, where) for task in tasks]
