"""A class's results for people: tables of checks, what is remarkable, whose points have moved."""

from __future__ import annotations

import collections
import csv
import dataclasses
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from graders.course.standing import OPEN, mean, number, others, overview, standing
from graders.printable import printable
from graders.verdict import SCHEMA, CheckResult, TaskVerdict

Verdicts = Mapping[str, list[TaskVerdict]]
# From so many students on, a check that nobody passes is worth a look at the check.
SUSPICIOUS = 3
# A cell of a spreadsheet holds so many characters.
MAX_CELL = 32_000
# A class's report on a terminal.
MAX_REPORT = 2_000_000
# What begins a formula: at the start of a cell, and behind what some spreadsheets take for the end
# of one, whatever the file says.
FORMULA = re.compile("((?:^|[;|\t\n])\\s*)([=+\\-@\uff1d\uff0b\uff0d\uff20])")


class Unreadable(Exception):
    """A file that holds no results; the text is one line."""


def to_json(verdicts: Verdicts) -> dict[str, Any]:
    """Returns a class's verdicts as the contract's JSON object."""
    return {
        "schema": SCHEMA,
        "students": {
            student: {"tasks": [verdict.to_json() for verdict in found]}
            for student, found in verdicts.items()
        },
    }


def read(path: Path) -> dict[str, Any]:
    """Reads what `to_json` made.

    Args:
        path: Path of the file.

    Returns:
        Dict.

    Raises:
        Unreadable: If it is something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for student in found["students"].values():
            for task in student["tasks"]:
                for check in task["checks"]:
                    str(task["task"]), str(task["submission"]), str(check["id"])
                    float(check["points"]), str(check["outcome"]), str(check["message"])
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable(f"{path} holds no results of bulk --json.") from None
    return found


def neutral(text: str) -> str:
    """Keeps a spreadsheet from taking a student's words for a formula."""
    return FORMULA.sub(r"\1'\2", printable(text, MAX_CELL))


def one_line(student: str) -> str:
    """Returns the name of a student's folder on one line."""
    return " ".join(printable(student, 100).split())


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Returns a CSV table in which no cell is a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(list(head))
    writer.writerows(
        [neutral(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return stream.getvalue()


def per_check(verdicts: Verdicts) -> str:
    """Returns a CSV table with a row for each check of each student."""
    head = "student section task status check outcome points max_points message submission"
    return table(
        head.split(),
        (
            (student, verdict.section, verdict.task, verdict.status, check.id, check.outcome,
             check.points, check.max_points, check.message, verdict.submission)
            for student, found in verdicts.items()
            for verdict in found
            for check in verdict.checks
        ),
    )  # fmt: skip


def _kind(message: str) -> str:
    """Returns a message without its numbers and traceback: what many messages have in common."""
    return re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", "#", message.partition("\n")[0])


def statistics(verdicts: Verdicts) -> list[dict[str, Any]]:
    """Counts how each check went.

    Args:
        verdicts: The class's verdicts.

    Returns:
        List of dicts: `check`, `attempted` (how many handed in work that could be read and was
        graded), `passed`, `failed`, `error`, `skipped`, `share` (passed, of those for whom it ran),
        `points_if_attempted` (mean of those), `points_of_all` (mean, with 0 for who handed nothing
        in, and without those who wait for a person), `max_points`, `message` (the most frequent
        one, as one student got it), `remark`.
    """
    checks: dict[str, list[CheckResult]] = {}
    known: dict[str, list[float]] = collections.defaultdict(list)
    worth: dict[str, float] = {}
    for found in verdicts.values():
        for verdict in found:
            place = standing(verdict)
            for check in verdict.checks:
                checks.setdefault(check.id, []).extend([check] if place == "graded" else [])
                known[check.id] += [check.points] if place not in OPEN else []
                worth[check.id] = check.max_points
    rows = []
    for name, results in checks.items():
        count = collections.Counter(check.outcome for check in results)
        ran = len(results) - count["skipped"]
        kinds = collections.Counter(
            _kind(check.message) for check in results if check.outcome in ("failed", "error")
        )
        common = kinds.most_common(1)[0][0] if kinds else ""
        message = next((c.message for c in results if common and _kind(c.message) == common), "")
        remark = ""
        if ran >= SUSPICIOUS and not count["passed"]:
            remark = "Nobody passes: is the check right, and was it taught?"
        means = (mean([check.points for check in results]), mean(known[name]))
        rows.append(
            {
                "check": name,
                "attempted": len(results),
                **{kind: count[kind] for kind in ("passed", "failed", "error", "skipped")},
                "share": round(count["passed"] / ran, 3) if ran else None,
                "points_if_attempted": None if means[0] is None else round(means[0], 3),
                "points_of_all": None if means[1] is None else round(means[1], 3),
                "max_points": worth[name],
                "message": message.partition("\n")[0][:300],
                "remark": remark,
            }
        )
    return rows


def statistics_csv(verdicts: Verdicts) -> str:
    """Returns `statistics` as a CSV table."""
    rows = statistics(verdicts)
    head = list(rows[0]) if rows else ["check"]
    return table(head, ([row[key] for key in head] for row in rows))


def twins(verdicts: Verdicts) -> list[tuple[str, list[str]]]:
    """Finds students with the same work.

    Returns:
        List of pairs: a task, and the students whose files are the same and no longer the stub.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for student, found in verdicts.items():
        for verdict in found:
            if verdict.submission and verdict.status != "not_started":
                groups.setdefault((verdict.task, verdict.submission), []).append(student)
    return [(task, students) for (task, _), students in groups.items() if len(students) > 1]


def report(
    verdicts: Verdicts,
    refused: Mapping[str, str] | None = None,
    late: Iterable[tuple[str, str]] = (),
) -> str:
    """Returns the class's results as lines for a terminal.

    Args:
        verdicts: The class's verdicts.
        refused: Dict from folders that were not graded to the reason, or `None`.
        late: Pairs of who was late, and what it costs.
    """
    rows = overview(verdicts)
    wide = max((len(row.task) for row in rows), default=4)
    lines = [f"{'Task':{wide}}  handed in  complete  average of these  average of all"]
    for row in rows:
        lines.append(
            f"{row.task:{wide}}  {row.handed_in:9d}  {row.complete:8d}  {number(row.average):>16}"
            f"  {number(row.average_of_all):>14}"
        )
    lines.append("Average of all: 0 points for who handed nothing in.")
    waiting = sum(row.counts.get(name, 0) for row in rows for name in OPEN)
    if waiting:
        lines[-1] += f" {waiting} of the works wait for a person, and are in no average."
    for one in statistics(verdicts):
        if one["remark"]:
            lines.append(f"{one['check']}: {one['remark']} Typical message: {one['message']}")
    for task, students in twins(verdicts):
        lines.append(f"{task}: the same work from {', '.join(map(one_line, students))}.")
    for student, found in verdicts.items():
        for verdict in found:
            if "touches" in verdict.evidence:
                lines.append(f"{one_line(student)}: {verdict.task} {touched(verdict)}.")
            if told := remark(verdict):
                lines.append(f"{one_line(student)}: {verdict.task}: {told}")
    lines += _not_graded(verdicts)
    for name, reason in (refused or {}).items():
        lines.append(f"{name!r} is not graded: {reason}. Rename the folder.")
    lines += [f"{one_line(head)}: {text}." for head, text in late]
    levels = dict.fromkeys(v.isolation for found in verdicts.values() for v in found)
    lines.append(f"Isolation: {', '.join(levels)}.")
    return printable("\n".join(lines), MAX_REPORT)


def remark(verdict: TaskVerdict) -> str:
    """Returns what an instructor should know of a work in a line; empty if nothing."""
    place = standing(verdict)
    # Who handed nothing in is counted; a file of nearly that name is worth a line. A stub needs
    # none, unless there is more to tell of it.
    nothing = place in ("missing", "waits") or (place == "stub" and not others(verdict))
    return "" if nothing else verdict.message.partition("\n")[0]


def touched(verdict: TaskVerdict) -> str:
    """Returns what a work touches beside Keras, in words: something for a person to look at."""
    found = verdict.evidence["touches"]
    places = ", ".join(f"{what} (line {line})" for what, line in found.items())
    return f"touches {places}: look at it"


def without(verdict: TaskVerdict, folder: Path) -> TaskVerdict:
    """Takes the marker's own folders out of what a student reads.

    Args:
        verdict: `TaskVerdict`.
        folder: Path of the student's folder.
    """

    def clean(text: str) -> str:
        for place in (str(folder), printable(str(folder))):
            text = text.replace(f"{place}/", "").replace(place, "your folder")
        return text

    checks = []
    for check in verdict.checks:
        where = check.where and dataclasses.replace(check.where, path="")
        checks.append(dataclasses.replace(check, message=clean(check.message), where=where))
    return dataclasses.replace(verdict, checks=tuple(checks), message=clean(verdict.message))


def _not_graded(verdicts: Verdicts) -> list[str]:
    """Returns whose work could not be graded, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for student, found in verdicts.items():
        for verdict in found:
            if verdict.status == "grader_error":
                reason = verdict.message.partition("\n")[0]
                reasons.setdefault(reason, []).append(f"{one_line(student)} ({verdict.task})")
    return [f"Could not be graded: {', '.join(who)}. {reason}" for reason, who in reasons.items()]


def _checks(document: Mapping[str, Any]) -> dict[tuple[str, str], tuple[dict[str, Any], str]]:
    return {
        (student, check["id"]): (check, task["submission"])
        for student, found in document["students"].items()
        for task in found["tasks"]
        for check in task["checks"]
    }


def _totals(
    checks: Mapping[tuple[str, str], tuple[dict[str, Any], str]],
) -> dict[tuple[str, str], float]:
    """Returns each student's points of each task."""
    found: dict[tuple[str, str], float] = collections.defaultdict(float)
    for (student, name), (check, _) in checks.items():
        found[student, name.partition("::")[0]] += float(check["points"])
    return found


def _same_share(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Returns whether a check gives the same part of what it is worth."""
    if not was["max_points"] or not now["max_points"]:
        return bool(was["outcome"] == now["outcome"])
    shares = [float(check["points"]) / float(check["max_points"]) for check in (was, now)]
    return math.isclose(*shares, abs_tol=1e-4)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Says whose points have moved between two gradings of a class, and why.

    Args:
        before: The earlier grading, as `read` returns it.
        after: The later one, as `to_json` returns it.

    Returns:
        String, a line for each check whose points differ. Students and tasks that only one of the
        gradings has are counted, not listed. A check that is worth other points is listed if
        its share of them differs, or the student's total of the task.
    """
    old, new = _checks(before), _checks(after)
    lines, moved = [], collections.Counter[str]()
    totals = _totals(old), _totals(new)
    changed = {
        key: not math.isclose(total, totals[0].get(key, 0.0), abs_tol=1e-6)
        for key, total in totals[1].items()
    }
    for (student, name), (check, submission) in new.items():
        if (student, name) not in old:
            # A check that was added to a task that was graded before moves points, too.
            task = name.partition("::")[0]
            if not any(s == student and n.partition("::")[0] == task for s, n in old):
                continue
            was: dict[str, Any] = {"points": 0.0, "outcome": "not there", "message": ""}
            earlier = submission
        else:
            was, earlier = old[student, name]
        difference = float(check["points"]) - float(was["points"])
        if difference == 0:
            continue
        most, least = check.get("max_points"), was.get("max_points")
        weighed = most is not None and least is not None and most != least
        task = name.partition("::")[0]
        if weighed and _same_share(was, check) and not changed[student, task]:
            continue
        moved[student] += 1
        why = "other work" if earlier != submission else "the same work, graded anew"
        if weighed:
            worth = f"the check is worth {most:g} now, not {least:g}"
            why = f"other work, and {worth}" if earlier != submission else worth
        text = str(check["message"] or was["message"]).partition("\n")[0][:200]
        lines.append(
            f"{one_line(student)}: {name}: {was['points']:g} -> {check['points']:g} points "
            f"({was['outcome']}, now {check['outcome']}; {why}){f': {text}' if text else '.'}"
        )
    for (student, name), (check, _) in old.items():
        task = name.partition("::")[0]
        graded = any(s == student and n.partition("::")[0] == task for s, n in new)
        if (student, name) not in new and graded and check["points"]:
            moved[student] += 1
            lines.append(
                f"{one_line(student)}: {name}: {check['points']:g} -> 0 points (no longer a check)."
            )
    head = f"Compared with before: {len(lines)} checks of {len(moved)} students have other points."
    return printable("\n".join([head, *lines]), MAX_REPORT)
