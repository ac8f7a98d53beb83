"""Grades as tables that Canvas, Moodle and Blackboard import.

- Canvas, "Import" in the gradebook: the columns `Student, ID, SIS User ID, SIS Login ID, Section`,
  then `<assignment> (<id>)`; a row `    Points Possible` (canvas-lms, `lib/gradebook_importer.rb`;
  https://community.canvaslms.com, "How do I import grades in the Gradebook?").
- Moodle, "Import > CSV file": a column that tells who it is (username, ID number or email address),
  and a column for each grade item, which are mapped by hand (`grade/import/csv` in moodle;
  https://docs.moodle.org/en/Grade_import). The grading worksheet of an assignment, with
  `Identifier` and `Grade`, is taken too.
- Blackboard, "Upload" in the gradebook: `Username`, then `<name> [Total Pts: 10 Score] |<id>`
  (https://help.blackboard.com, "Work Offline with Grade Data").

Only a table that the system itself exported has the ids by which it knows people and columns. Such
a roster is filled in, and all else in it stays as it is.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from graders import rubric
from graders.course import roster as rosters
from graders.course.results import neutral
from graders.course.roster import Roster, plain
from graders.course.standing import OPEN, Verdicts, standing
from graders.printable import printable

SYSTEMS = ("canvas", "moodle", "blackboard")
# Without a roster: the columns, and what the names of folders are taken for.
HEADS = {
    "canvas": (("Student", "ID", "SIS User ID", "SIS Login ID", "Section"), "SIS Login IDs"),
    "moodle": (("username",), "usernames"),
    "blackboard": (("Username",), "usernames"),
}
# Cells to which a person or the system has given another meaning.
KEPT = frozenset(("EX", "N/A"))
# No formula, though it begins like one: a number, and Moodle's sign for none.
PLAIN = re.compile(r"\s*[-+]?[\d.,]*\s*%?\s*")
POSSIBLE = "    Points Possible"
# Systems export grades with two digits.
ROUNDED = 0.0051


@dataclasses.dataclass(frozen=True)
class Filled:
    """A table to import.

    Attributes:
        data: Bytes, the file.
        remarks: Tuple of strings, a line each for what a person should know: who is in the class
            and not in the roster, or the other way round; who has no grade yet.
    """

    data: bytes
    remarks: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of grades.

    Attributes:
        name: String, a section's or a task's id.
        max_points: Float.
        grades: Dict from student to points, `None` where a person has still to decide.
    """

    name: str
    max_points: float
    grades: dict[str, float | None]


def columns(
    verdicts: Verdicts, losses: Mapping[tuple[str, str], float] | None = None
) -> tuple[list[Column], list[Column]]:
    """Returns the grades for sections that were graded as a whole, and those for tasks.

    Args:
        verdicts: The class's verdicts.
        losses: Dict: (student, task) -> the points that late work loses, or `None`.

    Returns:
        Pair of lists of `Column`.
    """
    tasks: dict[str, dict[str, tuple[float, float | None]]] = {}
    sections: dict[str, str] = {}
    for student, found in verdicts.items():
        for verdict in found:
            loss = (losses or {}).get((student, verdict.task), 0.0)
            kept = max(0.0, round(verdict.points - loss, 6))
            earned = None if standing(verdict) in OPEN else kept
            tasks.setdefault(verdict.task, {})[student] = (verdict.max_points, earned)
            sections[verdict.task] = verdict.section
    single = [
        Column(name, max(most for most, _ in found.values()), {s: p for s, (_, p) in found.items()})
        for name, found in tasks.items()
    ]
    whole = []
    for section in dict.fromkeys(sections.values()):
        wanted = {task.id for task in rubric.tasks() if task.section == section}
        parts = [column for column in single if sections[column.name] == section]
        if wanted - {part.name for part in parts}:
            # A part of a section is no grade for it.
            continue
        grades: dict[str, float | None] = {}
        for student in verdicts:
            points = [part.grades.get(student) for part in parts]
            known = [value for value in points if value is not None]
            grades[student] = round(sum(known), 6) if len(known) == len(points) else None
        whole.append(Column(section, sum(part.max_points for part in parts), grades))
    return whole, single


def make(
    system: str,
    verdicts: Verdicts,
    roster: Path | None = None,
    losses: Mapping[tuple[str, str], float] | None = None,
) -> Filled:
    """Makes a table that a system imports.

    Args:
        system: String, one of `SYSTEMS`.
        verdicts: The class's verdicts.
        roster: Path of the table that the system exported, or `None`.
        losses: Dict: (student, task) -> the points that late work loses, or `None`.

    Returns:
        A `Filled`.

    Raises:
        graders.course.roster.NoTable: If the roster cannot be read.
    """
    whole, single = columns(verdicts, losses)
    if roster is not None:
        return _fill(system, verdicts, whole, single, roster)
    covered = {
        task.id for column in whole for task in rubric.tasks() if task.section == column.name
    }
    chosen = [*whole, *(column for column in single if column.name not in covered)]
    head, rows = _from_nothing(system, list(verdicts), chosen)
    remarks = [
        f"Without --roster the names of folders are taken for {HEADS[system][1]}: give {system}'s "
        "own export, and its people and columns are matched.",
        *_no_grade(chosen),
    ]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return Filled(stream.getvalue().encode("utf-8-sig", "backslashreplace"), tuple(remarks))


def _from_nothing(
    system: str, students: list[str], chosen: list[Column]
) -> tuple[list[str], list[list[str]]]:
    head, rows = HEADS[system][0], []
    if system == "canvas":
        rows.append([POSSIBLE, "", "", "", "", *(f"{column.max_points:g}" for column in chosen)])
    for student in students:
        # No ID: a number in a folder's name may be that of somebody else.
        who = [student, "", "", student, ""] if system == "canvas" else [student]
        rows.append([*who, *(_grade(column.grades.get(student)) for column in chosen)])
    return [*head, *(column.name for column in chosen)], rows


def _grade(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def _safe(cell: str) -> str:
    return cell if PLAIN.fullmatch(cell) else neutral(cell)


def _no_grade(chosen: Iterable[Column]) -> list[str]:
    """Returns a line for each column with empty cells: whose they are."""
    lines = []
    for column in chosen:
        who = [student for student, points in column.grades.items() if points is None]
        if who:
            lines.append(f"No grade yet, the cell is empty ({column.name}): {_people(who)}.")
    return lines


def _people(names: Iterable[str]) -> str:
    return ", ".join(_line(name, 100) for name in names)


def _line(text: str, most: int = 1000) -> str:
    return " ".join(printable(text, most).split())


# --- an export of the system's own -----------------------------------------------------------


def _title(system: str, head: str) -> str:
    """Returns the name of a column of grades as its makers wrote it; empty if it is of others."""
    if system == "moodle" and re.search(r"\((Percentage|Letter|Feedback)\)\s*$", head):
        return ""
    if system == "blackboard":
        return re.sub(r"\s*\[Total Pts:[^\]]*\].*$", "", head)
    if system == "canvas":
        return re.sub(r"\s*\(\d+\)\s*$", "", head)
    return re.sub(r"\s*\([^()]*\)\s*$", "", head).split(":", 1)[-1]


def _places(roster: Roster, whole: list[Column], single: list[Column]) -> dict[str, int]:
    """Returns in which columns of a roster which grades go."""
    titles = [plain(_title(roster.system, cell)) for cell in roster.head]
    places = {
        column.name: titles.index(plain(column.name))
        for column in (*whole, *single)
        if plain(column.name) in titles
    }
    if not places and roster.system == "moodle" and "grade" in roster.heads:
        # A grading worksheet is of one assignment, and its column has no name of its own.
        one = whole if len(whole) == 1 else single
        if len(one) == 1:
            places[one[0].name] = roster.heads.index("grade")
    return places


def _fill(
    system: str, verdicts: Verdicts, whole: list[Column], single: list[Column], path: Path
) -> Filled:
    roster = rosters.read(system, path)
    places, remarks = _places(roster, whole, single), list[str]()
    chosen = [column for column in (*whole, *single) if column.name in places]
    if not chosen:
        chosen = whole or single
        for column in chosen:
            places[column.name] = len(roster.head)
            roster.head.append(column.name)
            for row in roster.rows:
                possible = system == "canvas" and row[0].strip() == POSSIBLE.strip()
                row.append(f"{column.max_points:g}" if possible else "")
        names = ", ".join(column.name for column in chosen)
        remarks.append(f"No column of {path.name} is named like {names}: added.")
    matched, unclear = rosters.match(verdicts, roster)
    remarks += [_line(text) for text in unclear]
    for column in chosen:
        at = places[column.name]
        titles = [plain(_title(system, cell)) for cell in roster.head]
        if titles.count(plain(column.name)) > 1:
            remarks.append(f"Several columns are named like {column.name}: the first is filled in.")
        worth = _worth(roster, at)
        if worth not in (None, column.max_points):
            remarks.append(
                f"{column.name} is worth {column.max_points:g} points, and {worth:g} in "
                f"{path.name}: the points are written as they are."
            )
        replaced = []
        for student, index in matched.items():
            row = roster.rows[index]
            if row[at].strip().upper() in KEPT:
                remarks.append(f"{_people([student])}: {row[at].strip()} in {column.name} stays.")
            else:
                grade = _grade(column.grades.get(student))
                if _differs(row[at], grade):
                    replaced.append(
                        f"{_line(student, 100)} ({_line(row[at], 20)} -> {grade or 'empty'})"
                    )
                row[at] = grade
        if replaced:
            remarks.append(
                f"{column.name}: the roster held another grade, replaced: {', '.join(replaced)}."
            )
    missing = [student for student in verdicts if student not in matched]
    if missing:
        remarks.append(f"In the class, and not found in {path.name}: {_people(missing)}.")
    taken = set(matched.values())
    left = [roster.label(index) for index in roster.people if index not in taken]
    if left:
        remarks.append(f"In {path.name}, and not found in the class: {_people(left)}.")
    remarks += _no_grade(chosen)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=roster.delimiter, lineterminator=roster.ending)
    writer.writerow(roster.head)
    writer.writerows([_safe(cell) for cell in row] for row in roster.rows)
    return Filled(stream.getvalue().encode(roster.encoding, "backslashreplace"), tuple(remarks))


def _worth(roster: Roster, at: int) -> float | None:
    """Returns what a column is worth as the system tells it, or `None`."""
    cell = ""
    if roster.system == "canvas":
        rows = [row for row in roster.rows if row[0].strip() == POSSIBLE.strip()]
        cell = rows[0][at] if rows else ""
    elif roster.system == "blackboard":
        found = re.search(r"\[Total Pts:\D*([\d.,]+)", roster.head[at])
        cell = found[1] if found else ""
    elif "maximumgrade" in roster.heads:
        cell = roster.rows[0][roster.heads.index("maximumgrade")]
    return _number(cell) or None


def _number(cell: str) -> float | None:
    try:
        return float(cell.strip().rstrip("%").replace(",", "."))
    except ValueError:
        return None


def _differs(old: str, new: str) -> bool:
    """Returns whether a cell held a grade, and another one than it gets; systems round."""
    if old.strip() in ("", "-"):
        return False
    before, after = _number(old), _number(new)
    return before is None or after is None or abs(before - after) > ROUNDED
