"""`nbgrader export`: the grades as a table that no name takes apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from graders.course.results import table

COLUMNS = (
    "assignment duedate timestamp student_id last_name first_name email raw_score "
    "late_submission_penalty score max_score waits_for_a_person"
).split()


class ExportTable(ExportPlugin):
    """Exports what nbgrader's own plugin does, and who still waits for a person.

    nbgrader writes names as they are: a comma moves all cells behind it, and a name that begins
    like a formula is one.
    """

    def export(self, gradebook: Any) -> None:
        """Writes the grades to the file that `--to` names, or to `grades.csv`.

        Args:
            gradebook: nbgrader's `Gradebook`.
        """
        rows = [
            self._row(gradebook, assignment, student)
            for assignment in gradebook.assignments
            if not self.assignment or assignment.name in map(str, self.assignment)
            for student in gradebook.students
            if not self.student or student.id in map(str, self.student)
        ]
        target = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", target)
        target.write_text(table(COLUMNS, rows), encoding="utf-8")

    def _row(self, gradebook: Any, assignment: Any, student: Any) -> list[object]:
        person = [student.id, student.last_name, student.first_name, student.email]
        try:
            found = gradebook.find_submission(assignment.name, student.id)
        except MissingEntry:
            # Nothing was handed in.
            timestamp, raw, penalty, waits = "", 0.0, 0.0, False
        else:
            timestamp, raw = found.timestamp, found.score
            penalty, waits = found.late_submission_penalty or 0.0, found.needs_manual_grade
        return [
            assignment.name,
            *("" if value is None else str(value) for value in (assignment.duedate, timestamp)),
            *("" if value is None else value for value in person),
            *(round(x, 6) for x in (raw, penalty, max(0.0, raw - penalty), assignment.max_score)),
            "yes" if waits else "no",
        ]
