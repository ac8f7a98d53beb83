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

import collections
import csv
import dataclasses
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from graders import rubric
from graders.course.results import neutral
from graders.course.standing import OPEN, Verdicts, standing
from graders.printable import printable

SYSTEMS = ("canvas", "moodle", "blackboard")
MAX_BYTES = 32_000_000
# The heads of columns, in letters and digits, that tell who a row is of; the first are the surest.
KEYS = {
    "canvas": ("sisloginid", "sisuserid", "id", "integrationid"),
    "moodle": ("username", "identifier", "idnumber", "emailaddress", "email"),
    "blackboard": ("username", "studentid"),
}
NAMES = ("student", "fullname", "name")
PAIRS = (("firstname", "lastname"), ("givenname", "surname"))
# What `nbgrader zip_collect` puts behind a name: the system's own number.
NUMBERED = re.compile(r"(?P<name>.*)_(?P<number>\d+)")
# Cells that a person or the system has given another meaning.
KEPT = frozenset(("EX", "N/A"))
# No formula, though it begins like one: a number, and Moodle's sign for none.
PLAIN = re.compile(r"\s*[-+]?[\d.,]*\s*%?\s*")


class NoTable(Exception):
    """A roster that cannot be read; the text is one line."""


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


def columns(verdicts: Verdicts) -> tuple[list[Column], list[Column]]:
    """Returns the grades for sections that were graded as a whole, and those for tasks.

    Args:
        verdicts: The class's verdicts.

    Returns:
        Pair of lists of `Column`.
    """
    tasks: dict[str, dict[str, tuple[float, float | None]]] = {}
    sections: dict[str, str] = {}
    for student, found in verdicts.items():
        for verdict in found:
            known = None if standing(verdict) in OPEN else verdict.points
            tasks.setdefault(verdict.task, {})[student] = (verdict.max_points, known)
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


def make(system: str, verdicts: Verdicts, roster: Path | None = None) -> Filled:
    """Makes a table that a system imports.

    Args:
        system: String, one of `SYSTEMS`.
        verdicts: The class's verdicts.
        roster: Path of the table that the system exported, or `None`.

    Returns:
        A `Filled`.

    Raises:
        NoTable: If the roster cannot be read.
    """
    whole, single = columns(verdicts)
    if roster is not None:
        return _fill(system, verdicts, whole, single, roster)
    covered = {task.id for column in whole for task in rubric.tasks() if task.section == column.name}
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


HEADS = {
    "canvas": ("Student ID SIS_User_ID SIS_Login_ID Section", "SIS Login IDs"),
    "moodle": ("username", "usernames"),
    "blackboard": ("Username", "usernames"),
}


def _from_nothing(
    system: str, students: list[str], chosen: list[Column]
) -> tuple[list[str], list[list[str]]]:
    head = [name.replace("_", " ") for name in HEADS[system][0].split()]
    rows = []
    if system == "canvas":
        possible = ["    Points Possible", "", "", "", ""]
        rows.append([*possible, *(f"{column.max_points:g}" for column in chosen)])
    for student in students:
        numbered = NUMBERED.fullmatch(student)
        who = [student]
        if system == "canvas":
            number = numbered["number"] if numbered else ""
            who = [student, number, "", "" if number else student, ""]
        rows.append([*who, *(_grade(column.grades.get(student)) for column in chosen)])
    # Blackboard's upload has no place for points: a new column is named, and gets them there.
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
    return ", ".join(" ".join(printable(name, 100).split()) for name in names)


# --- an export of the system's own -----------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Roster:
    head: list[str]
    rows: list[list[str]]
    delimiter: str
    encoding: str
    ending: str


def _read(path: Path) -> _Roster:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NoTable(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise NoTable(f"{path} is too large for a class.")
    encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        # Blackboard's .xls is a table of tabs in this encoding.
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        try:
            # As spreadsheets save a CSV on Windows.
            encoding, text = "cp1252", data.decode("cp1252")
        except UnicodeDecodeError:
            raise NoTable(f"{path} is no text. Export it as CSV.") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise NoTable(f"{path} is no CSV table: {error}.") from None
    table = [row for row in table if any(cell.strip() for cell in row)]
    if len(table) < 2 or len(table[0]) < 2:
        raise NoTable(f"{path} holds no rows of students. Export the gradebook as CSV.")
    wide = max(map(len, table))
    head, *rows = [row + [""] * (wide - len(row)) for row in table]
    return _Roster(head, rows, delimiter, encoding, "\r\n" if "\r\n" in text else "\n")


def plain(text: str) -> str:
    """Returns the letters and digits of a text, whatever its case, accents and signs."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if c.isalnum())


def _title(system: str, head: str) -> str:
    """Returns the name of a column of grades as its makers wrote it."""
    if system == "blackboard":
        return re.sub(r"\s*\[Total Pts:[^\]]*\].*$", "", head)
    if system == "canvas":
        return re.sub(r"\s*\(\d+\)\s*$", "", head)
    found = re.sub(r"\s*\([^()]*\)\s*$", "", head)
    return found.split(":", 1)[-1]


def _fill(
    system: str, verdicts: Verdicts, whole: list[Column], single: list[Column], path: Path
) -> Filled:
    roster = _read(path)
    heads = [plain(cell) for cell in roster.head]
    keys = [heads.index(key) for key in KEYS[system] if key in heads]
    if not keys:
        wanted = ", ".join(HEADS[system][0].split()).replace("_", " ")
        raise NoTable(f"{path} is no export of {system}: it has none of the columns {wanted}.")
    titles = [plain(_title(system, cell)) for cell in roster.head]
    places = {
        column.name: titles.index(plain(column.name))
        for column in (*whole, *single)
        if plain(column.name) in titles
    }
    remarks: list[str] = []
    if not places and system == "moodle" and "grade" in heads and len(single) + len(whole) > 0:
        # A grading worksheet is of one assignment, and its column has no name of its own.
        one = whole if len(whole) == 1 else single
        if len(one) == 1:
            places[one[0].name] = heads.index("grade")
    chosen = [column for column in (*whole, *single) if column.name in places]
    if not chosen:
        chosen = whole or single
        for column in chosen:
            places[column.name] = len(roster.head)
            roster.head.append(column.name)
            for row in roster.rows:
                row.append("")
        names = ", ".join(column.name for column in chosen)
        remarks.append(f"{path.name} has no column that is named like {names}: added.")
    people, where = _people_of(system, roster, heads, keys)
    matched, trouble = _match(list(verdicts), people, where, heads)
    remarks += trouble
    for column in chosen:
        at = places[column.name]
        remarks += _other_points(system, roster, people, at, column)
        for student, index in matched.items():
            row = roster.rows[index]
            if row[at].strip().upper() in KEPT:
                remarks.append(f"{_people([student])}: {row[at].strip()} in {column.name} stays.")
            else:
                row[at] = _grade(column.grades.get(student))
        if system == "canvas" and at >= len(heads):
            for row in roster.rows:
                if "points possible" in row[0].lower():
                    row[at] = f"{column.max_points:g}"
    missing = [student for student in verdicts if student not in matched]
    if missing:
        remarks.append(f"In the class and not in {path.name}, no grade: {_people(missing)}.")
    left = [_label(roster.rows[i], heads) for i in people if i not in set(matched.values())]
    if left:
        remarks.append(f"In {path.name} and not in the class, left as they were: {_people(left)}.")
    remarks += _no_grade(
        dataclasses.replace(c, grades={s: p for s, p in c.grades.items() if s in matched})
        for c in chosen
    )
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=roster.delimiter, lineterminator=roster.ending)
    writer.writerow(roster.head)
    writer.writerows([_safe(cell) for cell in row] for row in roster.rows)
    return Filled(stream.getvalue().encode(roster.encoding, "backslashreplace"), tuple(remarks))


def _people_of(
    system: str, roster: _Roster, heads: list[str], keys: list[int]
) -> tuple[list[int], list[int]]:
    """Returns the rows that are of people, and the columns that tell who they are."""
    people = [
        index
        for index, row in enumerate(roster.rows)
        if any(row[key].strip() for key in keys)
        and not (system == "canvas" and "points possible" in row[0].lower())
    ]
    return people, keys
