"""What was found in a script, as text, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from graders.examination import Examination, Fault
from graders.reports import html

# From a line of the text that was run to the code cell and the line in it.
Place = Callable[[int], tuple[int, int]]


def where(name: str, fault: Fault, place: Place) -> str:
    """Returns where a fault is, as editors and terminals know it.

    Args:
        name: String, the file.
        fault: `Fault`.
        place: Function, see `Place`.
    """
    if not fault.line:
        return name
    cell, line = place(fault.line)
    if cell:
        return f"{name}, code cell {cell}, line {line}"
    return f"{name}:{line}" if line else name


def summary(found: Examination) -> str:
    """Returns what was found in one line."""
    count = len(found.faults)
    if count:
        return f"{count} fault{'s' if count > 1 else ''} found."
    if found.trouble and not found.trainings:
        return "It could not be examined."
    if found.remarks and not found.trouble:
        return "Nothing is surely wrong: see what may be."
    if found.little:
        stands_in = any(row.id == "data" for row in found.changed)
        more = (
            "other data stood in for the script's own. Save these where there is a network "
            "(np.savez), put the file beside the script, and load it there"
            if stands_in
            else "run it where nothing else runs, or on less data"
        )
        return (
            "Nothing is wrong in what was built and compiled. Of the training too little was seen "
            f"to tell: {more}."
        )
    if found.trouble:
        return "Nothing is wrong with what was trained, as far as could be seen."
    return "Nothing is wrong as far as could be seen."


def show(console: Console, name: str, found: Examination, place: Place) -> None:
    """Prints what was found.

    Args:
        console: `rich.console.Console`.
        name: String, the file.
        found: `Examination`.
        place: Function, see `Place`.
    """

    def line(text: str, style: str = "", indent: int = 0) -> None:
        console.print(Padding(Text(text, style=style), (0, 0, 0, indent)))

    if found.seen:
        line(f"Seen: {found.seen}.", "dim")
    for title, rows in (("Changed so that it runs here", found.changed),):
        if rows:
            line(f"{title}:", "bold")
            for row in rows:
                line(f"{where(name, row, place)}: {row.message}", indent=2)
    for title, rows, style in (
        ("Wrong", found.faults, "bold red"),
        ("May be wrong", found.remarks, "bold yellow"),
    ):
        if not rows:
            continue
        line(f"{title}:", style)
        for number, row in enumerate(rows, 1):
            code = f": {row.code}" if row.code else ""
            line(f"{number}. {where(name, row, place)}{code}", "bold", 2)
            for text in (row.message, row.tried, f"Read: {row.doc}" if row.doc else ""):
                if text:
                    line(text, indent=5)
    if found.trouble:
        line(found.trouble, "yellow")
    line(summary(found), "bold")


def _plain(name: str, fault: Fault, place: Place) -> dict[str, Any]:
    cell, line = place(fault.line) if fault.line else (0, 0)
    found: dict[str, Any] = {
        "id": fault.id,
        "message": fault.message,
        "file": name,
        "line": line or None,
        "doc": fault.doc or None,
        "tried": fault.tried or None,
    }
    if cell:
        found["cell"] = cell
    if fault.code:
        found["code"] = fault.code
    return found


def as_json(name: str, found: Examination, place: Place, isolation: str) -> str:
    """Returns what was found as JSON, by section 4 of the contract.

    Args:
        name: String, the file.
        found: `Examination`.
        place: Function, see `Place`.
        isolation: String, the level that was in force.
    """
    document = {
        "schema": 1,
        "file": name,
        "faults": [_plain(name, fault, place) for fault in found.faults],
        "remarks": [_plain(name, fault, place) for fault in found.remarks],
        "changed": [_plain(name, fault, place) for fault in found.changed],
        "trouble": found.trouble or None,
        "trainings": found.trainings,
        "isolation": isolation,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def as_page(name: str, found: Examination, place: Place, isolation: str) -> str:
    """Returns what was found as a page.

    Args:
        name: String, the file.
        found: `Examination`.
        place: Function, see `Place`.
        isolation: String, the level that was in force.
    """
    parts = [
        {
            "title": title,
            "rows": [{"fault": row, "where": where(name, row, place)} for row in rows],
        }
        for title, rows in (
            ("Wrong", found.faults),
            ("May be wrong", found.remarks),
            ("Changed so that it runs here", found.changed),
        )
        if rows
    ]
    return str(
        html.environment()
        .get_template("doctor.html.j2")
        .render(name=name, found=found, parts=parts, summary=summary(found), isolation=isolation)
    )
