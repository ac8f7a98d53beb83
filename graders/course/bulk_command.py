"""`python grade.py bulk SUBMITTED`: what it takes, and what it writes."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.calibration.first_use import MeasuredBounds
from graders.course import (
    agreement,
    bulk,
    class_page,
    cluster,
    feedback,
    file,
    lateness,
    lms,
    results,
    roster,
)
from graders.course.handed_in import CannotGrade, Work, collect, refused, tasks_of
from graders.reports import targets
from graders.runner import Runner, Settings
from graders.verdict import TaskVerdict

if TYPE_CHECKING:
    from graders.course.similarity import Comparison

# The page compares the works of so many students unasked: that takes seconds.
CHEAP = 40
TABLES = ("json", "csv", "statistics", "similarity")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Grade a class: SUBMITTED holds <student>/<section>/<task>.ipynb or .py. Stopped, the same "
        "command goes on where it was."
    )
    parser.add_argument("submitted", metavar="SUBMITTED", help="a folder with one for each student")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="task ids; all if none is given")
    parser.add_argument(
        "--student", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    parser.add_argument("--json", metavar="FILE", help="write all verdicts; - is standard output")
    parser.add_argument("--csv", metavar="FILE", help="write a line for each check of each student")
    parser.add_argument("--statistics", metavar="FILE", help="write a line of CSV for each check")
    parser.add_argument(
        "--compare", metavar="FILE", help="print whose points differ from this earlier --json"
    )
    parser.add_argument(
        "--similarity",
        metavar="FILE",
        help="write which works look alike, as CSV or .html; alone it grades nothing",
    )
    parser.add_argument(
        "--html",
        metavar="FILE",
        help="write a page for the class, and beside it a folder with each student's page and a "
        "zip of them",
    )
    parser.add_argument(
        "--lms",
        nargs=2,
        metavar=("SYSTEM", "FILE"),
        help="write the grades as canvas, moodle or blackboard imports them",
    )
    parser.add_argument(
        "--roster",
        metavar="FILE",
        help="for --lms: the system's own export, which is filled in",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="grade on the workers of this Dask cluster"
    )
    parser.add_argument(
        "--course", metavar="FILE", help="the course's file; course.toml beside SUBMITTED, if any"
    )
    parser.add_argument(
        "--record", action="store_true", help="record in nbgrader's gradebook; needs --student"
    )


def main(
    arguments: list[str],
    parser: argparse.ArgumentParser,
    settings_of: Callable[[argparse.Namespace], Settings],
) -> int:
    """Runs `python grade.py bulk`.

    Args:
        arguments: List of strings, what follows `bulk`.
        parser: The parser to fill in, with the options of grading; it raises on wrong usage.
        settings_of: Callable that makes `Settings` of what was given.

    Returns:
        Integer, the exit code.

    Raises:
        CannotGrade: If there is nothing to grade, or a file cannot be read or written.
    """
    _options(parser)
    given = parser.parse_args(arguments)
    submitted = Path(given.submitted).expanduser()
    course = file.of_class(submitted, given.course)
    given.usual = course.settings() if course else None
    settings = settings_of(given)
    if given.record and not given.student:
        raise CannotGrade("--record records single students: name them with --student NAME.")
    works = collect(submitted, given.student, tasks_of(given.tasks))
    _check(given)
    if given.lms and course and course.subtracts and importlib.util.find_spec("nbgrader") is None:
        raise CannotGrade(
            f"{course.path}: late: --lms reads times of handing in with nbgrader: python -m pip "
            'install ".[instructor]"'
        )
    try:
        before = results.read(Path(given.compare)) if given.compare else None
    except results.Unreadable as error:
        raise CannotGrade(str(error)) from None
    out = (
        sys.stderr
        if "-" in (given.json, given.csv, given.statistics, given.similarity)
        else sys.stdout
    )
    alike = _compare(given, works, out)
    wanted = (given.json, given.csv, given.statistics, given.compare, given.html, given.lms)
    if given.similarity and not any(wanted):
        return 0
    nobody = refused(submitted)
    for name, reason in nobody.items():
        print(f"{name!r} is not graded: {reason}. Rename the folder.", file=sys.stderr)
    _agree(submitted, given, course, settings, out)
    asked, place, runner = settings, None, None
    if given.scheduler:
        place = cluster.connect(given.scheduler, settings)
        settings = place.settings
        runner = Runner(settings, bounds=MeasuredBounds(), place=place)
    else:
        settings = settings.sharing(len(works))
    with bulk.ClassProgress(works, settings.jobs, out) as progress:

        def take(work: Work, verdict: TaskVerdict) -> None:
            if place is not None:
                progress.jobs = max(1, place.slots)
            progress.take(work, verdict)

        try:
            verdicts = bulk.grade(works, settings, take, runner, bool(given.html))
        except (KeyboardInterrupt, cluster.Lost) as error:
            why = "Stopped:" if isinstance(error, KeyboardInterrupt) else str(error)
            raise CannotGrade(f"{why} {progress.summary}. The same command goes on.") from None
    document = results.to_json(verdicts)
    written = (
        (given.json, lambda: json.dumps(document, indent=1, ensure_ascii=False) + "\n"),
        (given.csv, lambda: results.per_check(verdicts)),
        (given.statistics, lambda: results.statistics_csv(verdicts)),
    )
    for name, text in written:
        write(name, text)
    late = lateness.late_work(course, submitted, verdicts)
    print(results.report(verdicts, nobody, late.lines(verdicts)), file=out)
    if before is not None:
        print(results.changes(before, document), file=out)
    _write_table(given, verdicts, late, out)
    _write_pages(given, works, verdicts, settings, alike, nobody, late, out)
    print(f"{progress.summary}; {settings.hidden_tests}.", file=out)
    if given.record:
        from graders.course import record

        for line in record.record(submitted, works, asked):
            print(line, file=out)
    statuses = {verdict.status for found in verdicts.values() for verdict in found}
    if nobody or "grader_error" in statuses:
        return 2
    return 0 if statuses == {"passed"} else 1


def _agree(
    submitted: Path,
    given: argparse.Namespace,
    course: file.Course | None,
    settings: Settings,
    out: Any,
) -> None:
    """Notes what nbgrader has to agree with, and reports what it would do otherwise."""
    differences = course.differences(settings) if course else []
    if course and differences:
        print(
            f"Not as {course.path} has it: {', '.join(differences)}. nbgrader autograde grades as "
            "that file has it.",
            file=out,
        )
    if not given.student or agreement.known(submitted) is None:
        agreement.note(submitted, settings)


def _check(given: argparse.Namespace) -> None:
    """Finds what cannot be written, before anybody waits for it."""
    system, table = given.lms or (None, None)
    files = {**{name: getattr(given, name) for name in TABLES}, "html": given.html, "lms": table}
    for name in files.values():
        if name and name != "-" and not Path(name).absolute().parent.is_dir():
            raise CannotGrade(f"{name} cannot be written: its folder does not exist.")
    for name in ("html", "lms"):
        if files[name] == "-":
            raise CannotGrade(f"--{name} takes a file: more than one is written.")
    targets.try_all(files)
    if given.html:
        folder = feedback.folder_of(Path(given.html))
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise CannotGrade(f"{folder} cannot be written: it is no folder of yours.")
    if given.roster and not given.lms:
        raise CannotGrade("--roster is for --lms SYSTEM FILE.")
    if system is not None and system not in lms.SYSTEMS:
        raise CannotGrade(f"--lms knows {', '.join(lms.SYSTEMS)}, not {system!r}.")
    if given.roster and system is not None:
        for name in filter(None, files.values()):
            if targets.same(name, given.roster):
                raise CannotGrade(f"{name} is the roster: give another file to write to.")
        try:
            roster.read(system, Path(given.roster))
        except roster.NoTable as error:
            raise CannotGrade(str(error)) from None


def _compare(given: argparse.Namespace, works: list[Work], out: Any) -> Comparison | None:
    """Reports which works look alike; those of all students count, to know what is usual."""
    if importlib.util.find_spec("copydetect") is None:
        if given.similarity:
            raise CannotGrade(
                'For --similarity install copydetect: python -m pip install ".[instructor]"'
            )
        return None
    tasks = dict.fromkeys(work.task for work in works)
    if not given.similarity and (not given.html or len(works) > CHEAP * len(tasks)):
        return None
    from graders.course import similarity

    everybody = collect(Path(given.submitted).expanduser(), (), tasks)
    found = similarity.compare_class(
        ((work.task, work.student, work.folder) for work in everybody), given.student
    )
    if given.similarity:
        page = given.similarity.lower().endswith((".html", ".htm"))
        write(given.similarity, lambda: (similarity.to_html if page else similarity.to_csv)(found))
        print(similarity.report(found), file=out)
    return found


def _write_table(
    given: argparse.Namespace, verdicts: lms.Verdicts, late: lateness.LateWork, out: Any
) -> None:
    """Writes the grades for a learning management system."""
    if not given.lms:
        return
    system, name = given.lms
    try:
        listed = Path(given.roster) if given.roster else None
        filled = lms.make(system, verdicts, listed, late.losses)
        Path(name).write_bytes(filled.data)
    except roster.NoTable as error:
        raise CannotGrade(str(error)) from None
    except OSError as error:
        raise CannotGrade(f"{name} cannot be written: {error.strerror}.") from None
    for line in filled.remarks:
        print(line, file=out)


def _write_pages(
    given: argparse.Namespace,
    works: list[Work],
    verdicts: lms.Verdicts,
    settings: Settings,
    alike: Comparison | None,
    nobody: dict[str, str],
    late: lateness.LateWork,
    out: Any,
) -> None:
    """Writes the page of the class, those of the students and the zip."""
    if not given.html:
        return
    page = Path(given.html)
    folders = {work.student: work.folder for work in works}
    pairs = None
    if alike is not None:
        pairs = [class_page.Alike(pair.task, pair.students, pair.share) for pair in alike.shown]
    try:
        moodle = bool(given.lms) and given.lms[0] == "moodle"
        links, left_out = feedback.write(
            page, _told(verdicts, late), folders, settings.seed, settings.hidden_tests, moodle
        )
        now = datetime.datetime.now().astimezone()
        stored = sum(verdict.cached for found in verdicts.values() for verdict in found)
        about = [
            f"Graded from {results.one_line(given.submitted)}; written {now:%Y-%m-%d %H:%M %Z}.",
            f"{stored} of {len(works)} verdicts from the store. Seed {settings.seed}, "
            f"{settings.hidden_tests}.",
        ]
        title = f"Class results: {Path(given.submitted).absolute().name}"
        lines = late.lines(verdicts)
        text = class_page.render(verdicts, links, title, about, pairs, left_out, nobody, lines)
        page.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        name = error.filename or page
        raise CannotGrade(f"{name} cannot be written: {error.strerror}.") from None
    folder = feedback.folder_of(page)
    print(f"{page}: the class. {folder}: each student, and {feedback.ZIP} to hand out.", file=out)
    if left_out:
        who = ", ".join(left_out)
        print(f"Not in {feedback.ZIP}, because work could not be graded: {who}.", file=out)


def _told(verdicts: lms.Verdicts, late: lateness.LateWork) -> dict[str, list[TaskVerdict]]:
    """Returns the verdicts for the students' pages: late work says what it loses."""

    def told(student: str, verdict: TaskVerdict) -> TaskVerdict:
        loss = late.losses.get((student, verdict.task))
        if not loss:
            return verdict
        hours = late.hours[student, verdict.section]
        line = f"{hours:.1f} h late: {loss:g} points less in the gradebook than on this page."
        return dataclasses.replace(verdict, message=f"{verdict.message}\n{line}".strip())

    return {student: [told(student, each) for each in found] for student, found in verdicts.items()}


def write(name: str | None, text: Callable[[], str]) -> None:
    """Writes a text to a file, `-` for standard output, or nowhere for `None`."""
    if name == "-":
        sys.stdout.write(text().encode("utf-8", "backslashreplace").decode())
    elif name:
        try:
            # As spreadsheets read it: with a mark of UTF-8 where it is a table.
            encoding = "utf-8-sig" if name.lower().endswith(".csv") else "utf-8"
            # The name of a folder may be no UTF-8: JSON reads the escape back as it was.
            data = text().encode(encoding, "backslashreplace")
            Path(name).write_bytes(data)
        except OSError as error:
            raise CannotGrade(f"{name} cannot be written: {error.strerror}.") from None
