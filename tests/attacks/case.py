"""One attack of the corpus: its head, and the submission that it hands in."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
IMPORT = "from tests.attacks.tools import *"
KEYS = ("AIM", "KIND", "MAX", "SAYS", "AFTER", "SECONDS", "MEMORY", "RUN", "IN")
# What an attack got, or that it got nothing; the source of neither `done` nor an attack matches it.
ENDED = re.compile(r"<(LOOT|HELD): ?([^>]*)>")


class BadHead(ValueError):
    """An attack whose head lacks a line, or has one that means nothing."""


@dataclasses.dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name: String, `kind/name/task`.
        folder: String, the kind of attack, by its folder.
        task: String, the id of the task that it is handed in for.
        path: Path of the file; `None` if the text was made.
        text: String, the source; of a `make.py`, the program that writes the submission.
        aim: String, what it tries.
        harms: Boolean, whether it tries to do harm rather than to gain.
        most: Float, the most points that it may earn.
        says: String, what the verdict must hold; empty if anything goes.
        seconds: Float, the limit of the grading.
        gigabytes: Float, the limit of memory, if it is another one; an attack on it needs less then.
        command: Boolean, whether the whole command is run.
        place: String, what the command is run in.
    """

    name: str
    folder: str
    task: str
    path: Path | None
    text: str
    aim: str
    harms: bool
    most: float
    says: str = "HELD"
    seconds: float = 30.0
    gigabytes: float = 0.0
    command: bool = False
    place: str = ""

    def hand_in(self, folder: Path, planted: dict[str, Any]) -> Path:
        """Writes the submission.

        Args:
            folder: Path, where to write.
            planted: Dict, what the attack is told of the machine.

        Returns:
            Path of the submission.
        """
        folder.mkdir(parents=True)
        if self.path is not None and self.path.name == "make.py":
            command = [sys.executable, str(self.path), str(folder), json.dumps(planted)]
            found = {**os.environ, "PYTHONPATH": str(FOLDER.parent.parent)}
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=found)
            if done.returncode != 0:
                raise RuntimeError(f"{self.path} does not run: {done.stderr[-500:]}")
            return folder / done.stdout.strip()
        path = folder / f"{self.task}.py"
        path.write_text(whole(self.text, {**planted, "name": self.name.split("/")[1]}), "utf-8")
        return path


def whole(text: str, planted: dict[str, Any]) -> str:
    """Returns an attack's text with its tools in it, and with what it is told of the machine."""
    tools = (FOLDER / "tools.py").read_text(encoding="utf-8")
    tools = tools.replace("PLANTED: dict = {}", f"PLANTED = {planted!r}")
    return text.replace(IMPORT, tools.replace("from __future__ import annotations\n", ""))


def read_head(text: str, name: str) -> dict[str, str]:
    """Reads the head of an attack.

    Args:
        text: String, its source.
        name: String, for the message.

    Returns:
        Dict of strings, by `KEYS`.

    Raises:
        BadHead: If the head lacks a line.
    """
    words = ast.get_docstring(ast.parse(text)) or ""
    parts = re.split(rf"(?m)^\s*({'|'.join(KEYS)}):", words)
    head = {
        key: " ".join(value.split()) for key, value in zip(parts[1::2], parts[2::2], strict=True)
    }
    if missing := {"AIM", "KIND", "MAX"} - set(head):
        raise BadHead(f"{name} lacks {', '.join(sorted(missing))} in its head.")
    if head["KIND"] not in ("gain", "harm"):
        raise BadHead(f"{name} has the kind {head['KIND']!r}, and neither gain nor harm.")
    return head


def make(name: str, task: str, text: str, path: Path | None = None) -> Attack:
    """Makes an attack of its text.

    Args:
        name: String, `kind/name`.
        task: String, the task's id.
        text: String, the source with its head.
        path: Path of the file, if there is one.
    """
    head = read_head(text, name)
    says = head.get("SAYS", "HELD")
    return Attack(
        name=f"{name}/{task}",
        folder=name.split("/")[0],
        task=task,
        path=path,
        text=text,
        aim=head["AIM"],
        harms=head["KIND"] == "harm",
        most=float(head["MAX"]),
        says="" if says == "-" else says,
        seconds=float(head.get("SECONDS", 30)),
        gigabytes=float(head.get("MEMORY", 0)),
        command=head.get("RUN") == "command",
        place=head.get("IN", ""),
    )


def attacks() -> list[Attack]:
    """Returns the attacks that are written down; `claims.forgeries` makes more of them."""
    found = []
    for path in sorted(FOLDER.glob("*/*/*.py")):
        kind, name = path.parts[-3:-1]
        text = path.read_text(encoding="utf-8")
        task = path.stem
        if task == "make":
            task = re.search(r'(?m)^TASK = "(\w+)"', text)[1]  # type: ignore[index]
        elif task.startswith("_"):
            continue
        found.append(make(f"{kind}/{name}", task, text, path))
    return found
