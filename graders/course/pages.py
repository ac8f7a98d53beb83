"""The students' pages, cut to the tasks that a course has.

A page of the kit marks what stands and falls with tasks:

    <!-- with cnn, custom_layer -->
    Only if the course has both, as the kit has them.
    <!-- end of with -->

`with any of` asks for one of them, whatever the course made of it. Commands name tasks as examples:
a task that the course has takes the place of one that it has not. What only students read is a
comment in the kit: `<!-- for students`, their lines, `-->`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

FOR_INSTRUCTORS = re.compile(
    r"<!-- for instructors -->\n.*?<!-- end of for instructors -->\n*", re.DOTALL
)
FOR_STUDENTS = re.compile(r"<!-- for students\n(.*?)-->\n", re.DOTALL)
WITH = re.compile(
    r"<!-- with(?P<any> any of)? (?P<tasks>[\w, ]+) -->\n(?P<part>.*?)<!-- end of with -->\n",
    re.DOTALL,
)
NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()


def cut(text: str, kit: Collection[str], tasks: Mapping[str, bool]) -> str:
    """Cuts a page.

    Args:
        text: String, the kit's page.
        kit: Collection of strings, the ids of the kit's tasks.
        tasks: Mapping from the ids of the course's tasks to whether each is as in the kit.
    """

    def part(match: re.Match[str]) -> str:
        named = re.findall(r"\w+", match["tasks"])
        holds = any(name in tasks for name in named)
        if not match["any"]:
            holds = all(tasks.get(name) for name in named)
        return match["part"] if holds else ""

    found = WITH.sub(part, FOR_STUDENTS.sub(r"\1", FOR_INSTRUCTORS.sub("", text)))
    gone = [name for name in kit if name not in tasks]
    lines = [_line(line, gone, list(tasks)) for line in found.split("\n")]
    found = "\n".join(line for line in lines if line is not None)
    if len(tasks) != len(kit):
        found = found.replace(f"task of {_word(len(kit))}", f"task of {_word(len(tasks))}")
        found = found.replace(f" of {len(kit)} tasks", f" of {len(tasks)} tasks")
        found = found.replace(f" of {10 * len(kit)} points", f" of {10 * len(tasks)} points")
    return re.sub(r"\n{3,}", "\n\n", found)


def _word(number: int) -> str:
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def _line(line: str, gone: list[str], left: list[str]) -> str | None:
    """Returns a line without the tasks that are gone; `None` if it is about nothing else."""
    for name in gone:
        if not re.search(rf"\b{name}\b", line):
            continue
        if "grade.py" not in line or re.search(r"--(data|weights)\b", line):
            return None if line.startswith("    ") else line
        standin = next((other for other in left if not re.search(rf"\b{other}\b", line)), None)
        if standin is None:
            return None
        line = _aligned(line, name, standin)
    return line


def _aligned(line: str, name: str, standin: str) -> str:
    """Puts another name into a line, and what stands in its next column where it stood."""
    longer = len(standin) - len(name)
    head, gap, rest = re.match(rf"(.*?\b{name}\b.*?)( {{2,}}|$)(.*)", line).groups()  # type: ignore[union-attr]
    head = re.sub(rf"\b{name}\b", standin, head)
    return head + (" " * max(2, len(gap) - longer) if gap else "") + rest


def cut_interview(text: str, gone: Collection[str]) -> str:
    """Cuts the parts of tasks out of the interview practice, and headings that head nothing.

    Args:
        text: String, the kit's page.
        gone: Collection of strings, the ids of the tasks that the course does not have.
    """
    parts = re.split(r"^(?=##)", text, flags=re.MULTILINE)
    kept = [part for part in parts if not _is_about(part.partition("\n")[0], gone)]
    found = [
        part
        for index, part in enumerate(kept)
        if not part.startswith("## ") or (kept[index + 1 : index + 2] or ["## "])[0][:4] == "### "
    ]
    return "".join(found).rstrip("\n") + "\n"


def _is_about(heading: str, tasks: Collection[str]) -> bool:
    return heading.startswith("### ") and any(f"/{name}.py)" in heading for name in tasks)
