"""What was tried where a training failed: read from a verdict's evidence, and as text."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from graders.printable import printable
from graders.reports.wrapping import Told
from graders.verdict import Where

HEAD = "why? What was tried (no point depends on it):"


@dataclasses.dataclass(frozen=True)
class Why:
    """One fault, and what its repair reached.

    Attributes:
        message: String; empty where nothing explains it.
        where: String, the place and the code there; empty if it is not known.
        tried: String, what a repair reached, or that nothing could be tried.
        doc: String, an address; empty if there is none.
    """

    message: str
    where: str
    tried: str
    doc: str


def read(evidence: dict[str, Any]) -> list[Why]:
    """Returns what was tried; nothing if nobody asked.

    Args:
        evidence: Dict, a task's.
    """
    found = evidence.get("why")
    if not isinstance(found, dict):
        return []
    rows = [
        Why(
            printable(row["message"], 2000),
            _place(row),
            printable(row["tried"] or "", 2000),
            row["doc"] or "",
        )
        for row in found["faults"]
    ]
    trouble = printable(found["trouble"], 2000)
    return [*rows, *([Why("", "", trouble, "")] if trouble else [])]


def _place(row: dict[str, Any]) -> str:
    if not row["line"]:
        return ""
    where = Where(row["file"], row["line"], row.get("cell", 0))
    return f"{where}: {row['code']}" if row["code"] else str(where)


def told(task: str, evidence: dict[str, Any]) -> RenderableType | None:
    """Renders what was tried; `None` if nobody asked.

    Args:
        task: String, the task's id.
        evidence: Dict, the task's.
    """
    rows = read(evidence)
    if not rows:
        return None
    lines: list[RenderableType] = [Text.assemble((task, "bold"), ": ", (HEAD, "yellow"))]
    for row in rows:
        lines += [Told(text, 4) for text in (row.message, row.tried) if text]
        if row.where:
            lines.append(Text(f"    {row.where}", no_wrap=True, overflow="ignore"))
        if row.doc:
            page = Text(f"Read: {row.doc}", style="dim", overflow="fold")
            lines.append(Padding(page, (0, 0, 0, 4)))
    return Group(*lines)
