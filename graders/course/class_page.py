"""`bulk --html FILE`: a class on one page, without script or request, and a page for each student.

What waits for a person comes first, then how each task went, then everybody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graders.course import results
from graders.course.results import one_line, touched
from graders.course.standing import (
    OPEN,
    Overview,
    Standing,
    Verdicts,
    number,
    others,
    overview,
    standing,
)
from graders.printable import printable
from graders.reports import html
from graders.reports.curves import percent
from graders.reports.text import points
from graders.verdict import TaskVerdict

TOLD: dict[Standing, str] = {
    "stub": "still the stub",
    "missing": "handed nothing in",
    "unreadable": "no program",
    "renamed": "under another name",
    "waits": "could not be graded",
}
# So many bars show how points are spread; the last is for all points.
BARS = 11
# So many gradings are named as slow ones.
SLOWEST = 8
# What a cell of a student's row reads where there are no points.
CELLS: dict[Standing, tuple[str, str]] = {
    "missing": ("–", "nothing handed in"),
    "stub": ("stub", "still the stub"),
    "renamed": ("?", "handed in under another name"),
    "waits": ("?", "could not be graded"),
}


@dataclasses.dataclass(frozen=True)
class Alike:
    """Work that looks alike.

    Attributes:
        task: String, the task's id.
        students: Tuple of strings.
        share: Float, how much of both is the same.
    """

    task: str
    students: tuple[str, ...]
    share: float


def render(
    verdicts: Verdicts,
    links: Mapping[str, str],
    title: str,
    about: Sequence[str],
    alike: Sequence[Alike] | None = None,
    left_out: Sequence[str] = (),
    refused: Mapping[str, str] | None = None,
    late: Sequence[tuple[str, str]] = (),
) -> str:
    """Renders a class as a page.

    Args:
        verdicts: The class's verdicts.
        links: Dict from students to the addresses of their pages.
        title: String, what class it is.
        about: Sequence of strings, on the grading as a whole: when, how long, which tests.
        alike: Sequence of `Alike`, or `None` if only works that are the same were looked for.
        left_out: Sequence of strings, whose feedback is not in the zip.
        refused: Dict from folders that were not graded to the reason, or `None`.
        late: Sequence of pairs: who was late, and what it costs.

    Returns:
        String, the whole HTML document.
    """
    rows = overview(verdicts)
    statistics = results.statistics(verdicts)
    found = [(s, v, standing(v)) for s, each in verdicts.items() for v in each]
    same = [Alike(task, tuple(students), 1.0) for task, students in results.twins(verdicts)]
    known = {(pair.task, frozenset(pair.students)) for pair in same}
    pairs = [p for p in alike or () if (p.task, frozenset(p.students)) not in known]
    descriptions = {check.id: check.description for _, v, _ in found for check in v.checks}
    levels = dict.fromkeys(v.isolation for _, v, _ in found)
    template = html.environment(Path(__file__).parent).get_template("class_page.html.j2")
    return template.render(
        title=one_line(title),
        summary=_summary(rows, len(verdicts)),
        groups=_groups(found, statistics, refused or {}, late),
        tasks=[_task(row, statistics, descriptions) for row in rows],
        heads=[row.task for row in rows],
        students=[_student(name, verdicts[name], links) for name in sorted(verdicts, key=_order)],
        most=points(sum(row.max_points for row in rows)),
        alike=[
            (percent(p.share).replace(".0%", "%"), p.task, ", ".join(map(one_line, p.students)))
            for p in sorted((*same, *pairs), key=lambda p: (-p.share, p.task))
        ],
        compared=alike is not None,
        slowest=_slowest(found),
        left_out=list(left_out),
        about=[*about, f"Isolation: {', '.join(levels)}."],
    )


def _order(student: str) -> tuple[str, str]:
    return student.casefold(), student


def _summary(rows: Sequence[Overview], students: int) -> str:
    works, complete = (sum(getattr(r, name) for r in rows) for name in ("handed_in", "complete"))
    return (
        f"{students} student{'' if students == 1 else 's'}, {len(rows)} "
        f"task{'' if len(rows) == 1 else 's'}: {works} of {sum(row.students for row in rows)} "
        f"works handed in, {complete} of them complete."
    )


Found = list[tuple[str, TaskVerdict, Standing]]


def _groups(
    found: Found,
    statistics: list[dict[str, Any]],
    refused: Mapping[str, str],
    late: Sequence[tuple[str, str]],
) -> list[dict[str, Any]]:
    """Returns what waits for a person, a heading with its lines each; the weightiest first."""
    failed: dict[str, list[str]] = {}
    for student, verdict, place in found:
        if place == "waits":
            reason = verdict.message.partition("\n")[0]
            failed.setdefault(reason, []).append(f"{one_line(student)} ({verdict.task})")
    other = [
        (f"{one_line(student)}: {verdict.task}", f"not graded: {others(verdict)}")
        for student, verdict, place in found
        if place == "renamed"
    ]
    beside = [
        (f"{one_line(student)}: {verdict.task}", f"not graded: {others(verdict)}")
        for student, verdict, place in found
        if place in ("graded", "stub", "unreadable") and others(verdict)
    ]
    unreadable = [
        (f"{one_line(student)}: {verdict.task}", verdict.message.partition("\n")[0])
        for student, verdict, place in found
        if place == "unreadable"
    ]
    looks = [
        (f"{one_line(student)}: {verdict.task}", touched(verdict))
        for student, verdict, _ in found
        if "touches" in verdict.evidence
    ]
    missing: dict[str, list[str]] = {}
    for student, verdict, place in found:
        if place == "missing":
            missing.setdefault(verdict.task, []).append(one_line(student))
    groups = [
        ("Could not be graded", "No points yet, in no average.", [
            (", ".join(who), reason) for reason, who in failed.items()]),
        ("Folders that were not graded", "Rename the folder, and grade again.", [
            (repr(name), reason) for name, reason in refused.items()]),
        ("Handed in under another name", "Nothing was graded: rename the file, and grade again.",
         other),
        ("More than one file", "A file of nearly the same name lies there too.", beside),
        ("Checks that nobody passes", "", [
            (row["check"], f"{row['remark']} {row['message']}".strip())
            for row in statistics if row["remark"]]),
        ("Handed in, and no program", "0 points, unless you find otherwise.", unreadable),
        ("Reaches beyond Keras", "No points depend on it.", looks),
        ("Handed in late", "Points on these pages are those before the penalty.", list(late)),
        ("Nothing handed in", "", [(task, ", ".join(who)) for task, who in missing.items()]),
    ]  # fmt: skip
    return [
        {
            "title": title,
            "note": note,
            "count": len(lines),
            "lines": [(printable(head, 20_000), printable(text, 2_000)) for head, text in lines],
        }
        for title, note, lines in groups
        if lines
    ]


def _task(
    row: Overview, statistics: list[dict[str, Any]], descriptions: dict[str, str]
) -> dict[str, Any]:
    bars = [0] * BARS
    for value in row.points:
        share = value / row.max_points if row.max_points else 0.0
        bars[min(BARS - 1, max(0, int(share * (BARS - 1) + 1e-9)))] += 1
    tallest = max(bars) or 1
    words = [
        f"{count} with {points(round(row.max_points * i / (BARS - 1), 2))}"
        f"{'' if i == BARS - 1 else ' or a little more'}"
        for i, count in enumerate(bars)
        if count
    ]
    checks = [
        {
            "name": one["check"].partition("::")[2],
            "description": printable(descriptions[one["check"]], 500),
            "passed": one["passed"],
            "ran": one["attempted"] - one["skipped"],
            "skipped": one["skipped"],
            "share": "–" if one["share"] is None else percent(one["share"]).replace(".0%", "%"),
            "width": f"{100 * (one['share'] or 0):.1f}",
            "average": number(one["points_if_attempted"]),
            "max_points": points(one["max_points"]),
            "message": printable(one["message"], 300),
            "remark": one["remark"],
        }
        for one in statistics
        if one["check"].startswith(f"{row.task}::")
    ]
    # What most did not get comes first; what ran for nobody, last.
    checks.sort(key=lambda one: (one["ran"] == 0, float(one["width"])))
    counts = row.counts
    told = [f"{counts[name]} {word}" for name, word in TOLD.items() if counts.get(name)]
    return {
        "name": row.task,
        "students": row.students,
        "handed_in": row.handed_in,
        "complete": row.complete,
        "average": number(row.average),
        "average_of_all": number(row.average_of_all),
        "max_points": points(row.max_points),
        "told": "; ".join(told),
        "bars": [(count, f"{100 * count / tallest:.1f}") for count in bars],
        "words": f"Points of those who handed in: {', '.join(words) or 'nobody'}.",
        "checks": checks,
    }


def _student(name: str, found: list[TaskVerdict], links: Mapping[str, str]) -> dict[str, Any]:
    cells = []
    for verdict in found:
        place = standing(verdict)
        text, words = CELLS.get(place, (points(verdict.points), ""))
        kind = "open" if place in OPEN else verdict.status if place == "graded" else "none"
        cells.append((text, words, kind))
    waits = any(standing(verdict) in OPEN for verdict in found)
    return {
        "name": one_line(name),
        "link": links.get(name, ""),
        "cells": cells,
        "total": points(round(sum(verdict.points for verdict in found), 6)),
        # A sum that lacks what a person has still to give is no total.
        "waits": waits,
    }


def _slowest(found: Found) -> list[tuple[str, str, str]]:
    """Returns which gradings took longest: what came from the store took its time before."""
    took = [
        (max(verdict.seconds, sum(check.seconds for check in verdict.checks)), student, verdict)
        for student, verdict, place in found
        if place in ("graded", "waits")
    ]
    took.sort(key=lambda item: -item[0])
    return [
        (f"{seconds:.0f} s", one_line(student), verdict.task)
        for seconds, student, verdict in took[:SLOWEST]
        if seconds >= 1
    ]
