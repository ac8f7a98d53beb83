"""The command line: `python grade.py`. See the contract's section 3, and `--help`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from graders.cli import arguments, commands
from graders.cli.arguments import UsageError
from graders.cli.commands import WRONG
from graders.reports.targets import Unwritable
from graders.runner import TooLow
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
        if words[:1] and words[0] in ("release", "bulk", "worker"):
            return _instructors(words[0], words[1:])
        given = arguments.parser().parse_args(words)
        if given.list:
            return commands.show_list(given)
        begin()
        return commands.hint(given) if given.hint else commands.grade(given)
    except (UsageError, Unwritable, TooLow) as error:
        print(f"grade.py: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("grade.py: stopped.", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return WRONG
    finally:
        drop()


def _instructors(command: str, words: list[str]) -> int:
    """Runs what only the whole kit has: `release`, `bulk` or `worker`."""
    if not arguments.is_here("graders.course"):
        raise UsageError(f"The student copy comes without {command}.")
    from graders.course import bulk, release, worker

    parser = arguments.Parser(prog=f"grade.py {command}")
    try:
        if command == "release":
            return release.main(words, parser)
        if command == "worker":
            return worker.main(words, parser)
        arguments.add_settings(parser)
        return bulk.main(words, parser, arguments.settings)
    except (release.CannotRelease, bulk.CannotGrade) as error:
        raise UsageError(str(error)) from None
