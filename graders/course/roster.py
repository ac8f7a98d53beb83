"""A table of people that a learning management system exported, and who of them is in a class."""

from __future__ import annotations

import collections
import csv
import dataclasses
import functools
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

MAX_BYTES = 32_000_000
# The heads of columns, in letters and digits, that tell who a row is of.
KEYS = {
    "canvas": ("id", "sisloginid", "sisuserid", "integrationid"),
    "moodle": ("username", "identifier", "idnumber", "emailaddress", "email"),
    "blackboard": ("username", "studentid"),
}
# The one that holds the number which the system puts behind a name that it gives to a file.
NUMBERS = {"canvas": "id", "moodle": "identifier"}
NAMES = ("student", "fullname", "name")
PAIRS = (("firstname", "lastname"), ("firstname", "surname"))
# A name as `graders.course.downloads` makes it, with that number.
NUMBERED = re.compile(r"(?P<name>.+)_(?P<number>\d+)")
# What stands in the place of a name where nobody is to know it.
NOBODY = frozenset(("participant", "student", ""))


class NoTable(Exception):
    """A roster that cannot be read; the text is one line."""


@dataclasses.dataclass(frozen=True)
class Roster:
    """A table that a system exported.

    Attributes:
        system: String, `"canvas"`, `"moodle"` or `"blackboard"`.
        head: List of strings, the heads of the columns.
        rows: List of lists of strings, as long as the head.
        delimiter: String, what stands between cells.
        encoding: String.
        ending: String, what ends a line.
    """

    system: str
    head: list[str]
    rows: list[list[str]]
    delimiter: str
    encoding: str
    ending: str

    @functools.cached_property
    def heads(self) -> list[str]:
        """List of strings, the heads in letters and digits."""
        return [plain(cell) for cell in self.head]

    @functools.cached_property
    def keys(self) -> list[int]:
        """List of integers, the columns that tell who a row is of."""
        return [self.heads.index(key) for key in KEYS[self.system] if key in self.heads]

    @functools.cached_property
    def people(self) -> list[int]:
        """List of integers, the rows that are of people."""
        keys, canvas = self.keys, self.system == "canvas"
        return [
            index
            for index, row in enumerate(self.rows)
            if any(row[key].strip() for key in keys)
            and not (canvas and "points possible" in row[0].lower())
        ]

    @functools.cached_property
    def cells(self) -> dict[int, frozenset[str]]:
        """Dict from the rows of people to what tells who they are."""
        return {
            index: frozenset(self.rows[index][key].strip().casefold() for key in self.keys) - {""}
            for index in self.people
        }

    @functools.cached_property
    def names(self) -> dict[int, list[str]]:
        """Dict from the rows of people to the forms of their names, in letters and digits."""
        return {index: self._names(index) for index in self.people}

    def _names(self, index: int) -> list[str]:
        row, heads, found = self.rows[index], self.heads, []
        for head in NAMES:
            if head in heads:
                parts = row[heads.index(head)].split(",", 1)
                found += [plain("".join(parts)), plain("".join(reversed(parts)))]
        for pair in PAIRS:
            if all(head in heads for head in pair):
                parts = [row[heads.index(head)] for head in pair]
                found += [plain("".join(parts)), plain("".join(reversed(parts)))]
        return [name for name in dict.fromkeys(found) if name]

    def label(self, index: int) -> str:
        """Returns what a person calls a row's person."""
        row, heads = self.rows[index], self.heads
        for pair in PAIRS:
            if all(head in heads for head in pair):
                return " ".join(row[heads.index(head)].strip() for head in pair)
        columns = [heads.index(head) for head in NAMES if head in heads] + self.keys
        return next((row[at].strip() for at in columns if row[at].strip()), "?")

    def find(self, student: str) -> list[int]:
        """Returns the rows that may be of a student, by the surest sign that there is.

        Args:
            student: String, the name of the student's folder.
        """
        people, whole = self.people, student.strip().casefold()
        if found := [i for i in people if whole in self.cells[i]]:
            return found
        numbered = NUMBERED.fullmatch(student)
        name = plain(numbered["name"] if numbered else student)
        column = NUMBERS.get(self.system)
        if numbered and column in self.heads:
            at = self.heads.index(column)
            number = re.compile(rf"(?:.*\D)?0*{int(numbered['number'])}")
            found = [i for i in people if number.fullmatch(self.rows[i][at].strip())]
            # Somebody may be called so without the system's doing: the name must fit, too.
            return [i for i in found if name in (*NOBODY, *self.names[i]) or not self.names[i]]
        if found := [i for i in people if name and name in self.names[i]]:
            return found
        local = f"{whole}@"
        return [i for i in people if any(cell.startswith(local) for cell in self.cells[i])]


def match(students: Iterable[str], roster: Roster) -> tuple[dict[str, int], list[str]]:
    """Finds the row of each student.

    Args:
        students: Iterable of strings, the names of folders.
        roster: `Roster`.

    Returns:
        A pair: a dict from student to row, where one row and one student are left for each other;
        and a list of lines on those for whom it is not clear.
    """
    found = {student: roster.find(student) for student in students}
    claims = collections.Counter(rows[0] for rows in found.values() if len(rows) == 1)
    matched, unclear = {}, []
    for student, rows in found.items():
        if len(rows) == 1 and claims[rows[0]] == 1:
            matched[student] = rows[0]
        elif rows:
            who = ", ".join(roster.label(row) for row in rows[:5])
            more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
            reason = f"{student} may be {who}{more}"
            if len(rows) == 1:
                reason += ", and so may another folder"
            unclear.append(f"{reason}: not filled in.")
    return matched, unclear


def plain(text: str) -> str:
    """Returns the letters and digits of a text, whatever its case, accents and signs."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if c.isalnum())


def read(system: str, path: Path) -> Roster:
    """Reads a table.

    Args:
        system: String, which system exported it.
        path: Path of the file.

    Raises:
        NoTable: If it cannot be read, or has no column that tells who is who.
    """
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
    ending = "\r\n" if "\r\n" in text else "\n"
    roster = Roster(system, head, rows, delimiter, encoding, ending)
    if not roster.keys:
        raise NoTable(f"{path} is no export of {system}: no column tells who is who.")
    return roster
