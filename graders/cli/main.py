"""The command line: `python grade.py`. See the contract's section 3, and `--help`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from graders.cli import arguments, commands, next_step
from graders.cli.arguments import UsageError
from graders.cli.commands import WRONG
from graders.reports.targets import Unwritable
from graders.rubric import COURSE_VARIABLE, BrokenRubric
from graders.runner import Settings, TooLow
from graders.runner.isolation import begin, drop


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        words: Sequence of strings; the process's own if `None`.

    Returns:
        Integer, the exit code.
    """
    # Not every terminal has every character that a submission may print.
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        words = list(sys.argv[1:] if words is None else words)
        if words[:1] and words[0] in ("release", "bulk", "worker", "new"):
            return _instructors(words[0], words[1:])
        if words[:1] == ["next"]:
            asked = next_step.parser().parse_args(words[1:])
            asked.usual = _course()
            begin()
            return next_step.show(asked)
        if words[:1] == ["play"]:
            from graders.cli import play

            return play.main(words[1:], arguments.Parser(prog="grade.py play"))
        if words[:1] == ["doctor"]:
            from graders.cli import doctor

            begin()
            return doctor.main(words[1:], arguments.Parser(prog="grade.py doctor"))
        given = arguments.parser().parse_args(words)
        given.usual = _course()
        if given.list:
            return commands.show_list(given)
        begin()
        return commands.hint(given) if given.hint else commands.grade(given)
    except (UsageError, Unwritable, TooLow, BrokenRubric) as error:
        print(f"grade.py: {error}", file=sys.stderr)
        return WRONG
    except PermissionError as error:
        print(f"grade.py: {error.filename} may not be read or searched.", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt as error:
        print(f"grade.py: {str(error) or 'stopped.'}", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return WRONG
    finally:
        drop()


def _course() -> Settings | None:
    """Returns how the course grades that the environment names; its tasks are those of this run."""
    if not os.environ.get(COURSE_VARIABLE) or not arguments.is_here("graders.course"):
        return None
    from graders.course import file

    try:
        course = file.from_environment()
        return course.settings() if course else None
    except file.BadCourse as error:
        raise UsageError(str(error)) from None


def _instructors(command: str, words: list[str]) -> int:
    """Runs what only the whole kit has: `release`, `bulk`, `worker` or `new`."""
    if not arguments.is_here("graders.course"):
        raise UsageError(f"The student copy comes without {command}.")
    from graders.course import bulk_command, file, release, scaffold, worker

    parser = arguments.Parser(prog=f"grade.py {command}")
    try:
        if command == "release":
            return release.main(words, parser)
        if command == "new":
            begin()
            return scaffold.main(words, parser)
        if command == "worker":
            return worker.main(words, parser)
        arguments.add_settings(parser)
        return bulk_command.main(words, parser, arguments.settings)
    except (
        release.CannotRelease,
        bulk_command.CannotGrade,
        file.BadCourse,
        scaffold.CannotMake,
    ) as error:
        raise UsageError(str(error)) from None
