"""What `doctor` finds in programs that nobody here wrote: the committed figures, and their table.

`python -m tests.benchmarks.diagnosis FOLDER --record` keeps them; the programs are no part of the kit.
"""

from __future__ import annotations

import datetime
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.cache import atomic

FOLDER = Path(__file__).resolve().parent
NAME = "diagnosed.json"
HEAD = """\
## Programs that nobody here wrote

{count} faulty Keras programs from a question site (deepmufl's data set), and what `grade.py doctor`
finds in them: detected is at least one fault; named, that the first one is among those of the label;
and the line, that its line is as well. The peers' columns are what they detected, by the results that
deepmufl's authors published. {seconds}Measured on {date} with Keras {keras} by
`python -m tests.benchmarks.diagnosis FOLDER --peers FOLDER --record`; CONTRIBUTING.md names the
repositories and the commits.

"""


def keep(figures: Mapping[str, Any], folder: Path | None = None) -> None:
    """Adds figures to those that are kept, with today's date.

    Args:
        figures: Mapping, `"programs"` or `"corrected"` with what was found.
        folder: Path, where they are kept.
    """
    import keras

    found = read(folder) | dict(figures)
    found |= {"date": f"{datetime.date.today():%d %B %Y}", "keras": keras.__version__}
    with atomic((folder or FOLDER) / NAME) as file:
        file.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def read(folder: Path | None = None) -> dict[str, Any]:
    """Returns what is kept; empty if nothing is."""
    path = (folder or FOLDER) / NAME
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def section(folder: Path | None = None) -> str:
    """Returns the report card's section; empty if nothing is kept."""
    kept = read(folder)
    programs = kept.get("programs", {})
    if not programs:
        return ""
    peers = sorted(kept.get("peers", {}))
    median = statistics.median(row["seconds"] for row in programs.values())
    text = HEAD.format(
        count=len(programs),
        seconds=f"The median program takes {median:.0f} s. ",
        date=kept["date"],
        keras=kept["keras"],
    )
    columns = ["programs", "detected", "named", "and the line", *peers]
    text += f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    for title, rows in _groups(programs).items():
        cells = [f"{len(rows)}, {title}"]
        for what in ("detected", "named", "located"):
            cells.append(str(sum(programs[name][what] for name in rows)))
        for peer in peers:
            cells.append(str(sum(kept["peers"][peer].get(name, False) for name in rows)))
        text += f"| {' | '.join(cells)} |\n"
    corrected = kept.get("corrected")
    if corrected:
        alarms = {name: faults for name, faults in corrected.items() if faults}
        text += f"\nOf {len(corrected)} corrected programs that run (DeepLocalize's), "
        text += f"{len(alarms) or 'none'} raised an alarm"
        named = ", ".join(f"{name} ({', '.join(faults)})" for name, faults in alarms.items())
        text += f": {named}.\n" if named else ".\n"
    return text + "\n"


def _groups(programs: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "all": sorted(programs),
        "developed on": [name for name, row in programs.items() if row["half"] == "dev"],
        "held out": [name for name, row in programs.items() if row["half"] == "held"],
        "output, loss and labels clash": [name for name, row in programs.items() if row["clash"]],
    }
