"""`python grade.py doctor FILE`: what is wrong with any Keras training script or notebook."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from rich.console import Console

from graders.boundary import device
from graders.cli.arguments import Parser, UsageError
from graders.examination import Examination
from graders.reports import doctor as reports
from graders.reports.targets import Outputs
from graders.runner import Settings
from graders.runner.examining import NotExamined, examine
from graders.submission import Unreadable, script
from graders.walls.levels import LEVELS

FINE, FAULTS, FAILED = 0, 1, 2
SECONDS, WHY_SECONDS = 90.0, 60.0


def main(words: list[str], parser: Parser) -> int:
    """Runs `python grade.py doctor`.

    Args:
        words: List of strings, what follows `doctor`.
        parser: The parser to fill in; it raises on wrong usage.

    Returns:
        Integer, the exit code: 0 if nothing is wrong as far as could be seen, 1 if something is, 2
        if the script could not be examined.

    Raises:
        UsageError: If there is no such script.
        Unwritable: If a target cannot be written.
    """
    _options(parser)
    given = parser.parse_args(words)
    if not 1 <= given.timeout < 1e5:
        raise UsageError("--timeout takes a number of seconds from 1 up.")
    if given.device == "gpu" and (reason := device.missing()):
        raise UsageError(reason)
    outputs = Outputs({"json": given.json, "html": given.html})
    path = Path(given.file).expanduser()
    try:
        found = script.read(path)
    except Unreadable as error:
        print(error, file=sys.stderr)
        if path.exists() and "json" in outputs:
            examination = Examination(trouble=_in_one_line(str(error)))
            outputs.put({"json": reports.as_json(path.name, examination, _no_place, "")})
        return FAILED
    settings = Settings(
        device=given.device,
        isolation=given.isolation or "process",
        seconds=given.timeout,
        seed=given.seed,
        spawn=given.spawn,
    )
    if sys.stderr.isatty():
        print(f"{path.name} runs in the sandbox, a few seconds of each training.", file=sys.stderr)
    try:
        examination, level = examine(found, settings, WHY_SECONDS if given.why else 0.0)
    except NotExamined as error:
        print(f"grade.py: {path} could not be examined: {error}", file=sys.stderr)
        return FAILED
    for name in found.left_out:
        note = f"{name} is too large to go along into the sandbox. {examination.trouble}"
        examination = dataclasses.replace(examination, trouble=note.strip())
    name = path.name
    if not outputs.to_stdout:
        reports.show(Console(highlight=False), name, examination, found.place)
    renderers = {"json": reports.as_json, "html": reports.as_page}
    outputs.put(
        {
            target: render(name, examination, found.place, level)
            for target, render in renderers.items()
            if target in outputs
        }
    )
    return exit_code(examination)


def _in_one_line(reason: str) -> str:
    """Returns why a script cannot be read, without the line of code and the caret below it."""
    return " ".join(line for line in reason.splitlines() if not line.startswith(" "))


def _no_place(line: int) -> tuple[int, int]:
    """Returns the place of a line in a script that was not read."""
    return 0, line


def exit_code(found: Examination) -> int:
    """Returns the exit code for what was found."""
    if found.faults:
        return FAULTS
    return FAILED if found.trouble and not found.trainings else FINE


def _options(parser: Parser) -> None:
    parser.description = (
        "Run a Keras training script or notebook in the sandbox, for a few seconds of each "
        "training, and name what is wrong with it. What fit and train_on_batch do is seen, also "
        "with a train_step of the script's own; a loop with GradientTape alone is not."
    )
    parser.add_argument("file", metavar="FILE", help="a .py or .ipynb file")
    parser.add_argument("--json", metavar="FILE", help="write it as JSON; - is standard output")
    parser.add_argument("--html", metavar="FILE", help="write it as a page; - is standard output")
    parser.add_argument(
        "--why", action="store_true", help="try repairs, and tell what they reach (a minute more)"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help=f"for the whole script ({SECONDS:g})",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the seed (0)")
    parser.add_argument(
        "--isolation", choices=LEVELS[::-1], metavar="LEVEL", help="demand at least that level"
    )
    parser.add_argument("--spawn", action="store_true", help="fresh processes instead of forks")
    parser.add_argument(
        "--device", choices=device.DEVICES, default="cpu", help="what computes (cpu)"
    )
