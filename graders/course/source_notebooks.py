"""The notebooks of the course, made from the references: the instructors' and the students'.

A task's notebook holds the prose, the module in cells, its trial run, and a locked, autograded cell
for each check; a walkthrough's holds the cells of its script.
"""

from __future__ import annotations

import ast
import copy
import inspect
import re
import textwrap
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from graders import KIT
from graders.rubric import Check, Task, own_folder
from graders.rubric.stubs import BEGIN, END, make_stub
from graders.submission.notebooks import parse
from graders.submission.trial import cut

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SCHEME = re.compile(r"^.*BEGIN MARK SCHEME(?s:.*?)END MARK SCHEME.*\n?", re.MULTILINE)
# How to run a walkthrough, which differs in the copy that students get.
AS_A_SCRIPT = re.compile(r"^Run it from the kit's folder(?s:.*)\Z", re.MULTILINE)
AS_A_NOTEBOOK = (
    "Run it cell by cell, from the top. It takes a minute or two; the figures are shown here, and "
    "saved in the folder `figures` beside it."
)

# A trial run takes its time, and fails as long as a TODO is open: `nbgrader validate` leaves it
# out, and running all cells goes on after it.
TRIAL = ["raises-exception", "skip-execution"]
TRY_IT = """\
## Try it

The next two cells run your code on the task's data. Change the second one as you like: neither is
graded."""

_FIND_THE_KIT = """\
# The kit: its data, and its grader, which grades this notebook as it was last saved.
import os
import sys
from pathlib import Path

# The kit is the folder that KERAS_KIT names, or one above this notebook, or one in these or in the
# home folder; the last places are those where a JupyterHub may have it for all.
near = [Path.cwd(), *Path.cwd().parents, Path.home(), Path("/srv"), Path("/opt")]
places = [os.environ.get("KERAS_KIT", "."), *near]
places += [path.parent for place in near for path in sorted(place.glob("*/grade.py"))]
found = [Path(place).resolve() for place in places if Path(place, "grade.py").is_file()]
kits = [str(place) for place in found if (place / "graders" / "jupyter.py").is_file()]
if not kits:
    raise RuntimeError(
        "The kit was not found. Put its folder into your home folder, or this notebook into the "
        "kit's folder assignments/, or set the environment variable KERAS_KIT to the kit's folder."
    )
sys.path.insert(0, kits[0])
from graders.jupyter import check
"""


def marks(grade_id: str, **kind: Any) -> dict[str, Any]:
    """Returns the metadata by which nbgrader knows a cell.

    Args:
        grade_id: String, unique in the notebook.
        **kind: What differs from an ordinary cell: `grade`, `solution`, `locked`, `points`, `task`.
    """
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**plain, "grade_id": grade_id, "schema_version": 3, **kind}}


def grade_id(check: Check) -> str:
    """Returns the id of a check's cell, `<task>-<check>`."""
    return check.id.replace("::", "-")


def numbered(cells: list[NotebookNode]) -> NotebookNode:
    """Makes a notebook whose cells have the same ids on every run.

    Args:
        cells: List of cells; their ids are set.
    """
    for index, cell in enumerate(cells):
        marked = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell["id"] = marked[:64] if marked else f"cell-{index}"
    found = new_notebook(cells=cells, metadata=copy.deepcopy(KERNEL))
    found.nbformat, found.nbformat_minor = 4, 5
    nbformat.validate(found)
    return found


def split(source: str) -> list[str]:
    """Cuts a module into cells: its imports and constants, each function, each class.

    Args:
        source: String, the reference's source.

    Returns:
        List of strings, without the module's docstring. A solution at module level is one cell.
    """
    lines = source.split("\n")
    tree = parse(source)
    body = tree.body
    if body and ast.get_docstring(tree) is not None:
        body = body[1:]
        lines[: tree.body[0].end_lineno] = [""] * (tree.body[0].end_lineno or 0)
    within, cuts, inside = set(), {0}, False
    for index, line in enumerate(lines):
        if line == BEGIN:
            inside = True
            cuts.add(index)
        if inside:
            within.add(index)
        if line == END:
            inside = False
            cuts.add(index + 1)
    previous: ast.stmt | None = None
    for statement in body:
        blocks = (ast.FunctionDef, ast.ClassDef)
        if isinstance(statement, blocks) or isinstance(previous, blocks):
            first = statement.lineno
            for decorator in getattr(statement, "decorator_list", []):
                first = min(first, decorator.lineno)
            first -= 1
            # A comment right above belongs to what it is about.
            while first > 0 and lines[first - 1].startswith("#") and first - 1 not in within:
                first -= 1
            if first not in within:
                cuts.add(first)
        previous = statement
    ends = [*sorted(cuts)[1:], len(lines)]
    parts = ["\n".join(lines[a:b]).strip("\n") for a, b in zip(sorted(cuts), ends, strict=True)]
    return [part for part in parts if part.strip()]


def _name(part: str, number: int) -> str:
    for statement in parse(part).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            return statement.name
    return str(number)


def _check_cell(check: Check) -> NotebookNode:
    points = f"{check.points:g} point{'' if check.points == 1 else 's'}"
    words = textwrap.wrap(check.description, 96)
    lines = [f"# {check.name}: {points}", *(f"# {line}" for line in words), f'check("{check.id}")']
    locked = marks(grade_id(check), grade=True, locked=True, points=check.points)
    return new_code_cell("\n".join(lines), metadata=locked)


def for_task(task: Task) -> NotebookNode:
    """Makes a task's source notebook, with the solution between nbgrader's markers.

    Args:
        task: `Task`; its reference must be there.

    Returns:
        A notebook.
    """
    source, run = cut(task.reference.read_text(encoding="utf-8"))
    prose = inspect.cleandoc(ast.get_docstring(parse(source)) or task.title)
    heading, _, rest = prose.partition("\n")
    cells = [new_markdown_cell(f"# {heading.rstrip('.')}\n{rest}".rstrip())]
    for number, part in enumerate(split(source)):
        kind = {}
        if BEGIN in part:
            kind = marks(f"{task.id}-solution-{_name(part, number)}", solution=True)
        cells.append(new_code_cell(part, metadata=kind))
    kit = new_code_cell(_FIND_THE_KIT.strip(), metadata=marks(f"{task.id}-grader", locked=True))
    if run:
        cells += [new_markdown_cell(TRY_IT), kit, new_code_cell(run, metadata={"tags": TRIAL})]
    text = (
        f"## Checks\n\nWorth {task.max_points:g} points together. In a terminal, `python grade.py "
        f"{task.id}` prints the same, and `python grade.py --hint {task.id}` helps."
    )
    cells.append(new_markdown_cell(text, metadata=marks(f"{task.id}-checks", locked=True)))
    cells += [*([] if run else [kit]), *(_check_cell(check) for check in task.checks)]
    return numbered(cells)


def for_questions(section: str) -> NotebookNode | None:
    """Makes a section's notebook of questions that people grade, with their marking schemes.

    Args:
        section: String, the section's id.

    Returns:
        A notebook, or `None` if the section has no `reference/<section>/questions.md`, neither
            of the course's own nor of the kit.
    """
    import jupytext

    places = [folder / "reference" / section for folder in (own_folder(), KIT) if folder]
    path = next(
        (place / "questions.md" for place in places if (place / "questions.md").is_file()), None
    )
    if path is None:
        return None
    return numbered(jupytext.reads(path.read_text(encoding="utf-8"), fmt="md").cells)


def for_walkthrough(section: str) -> NotebookNode | None:
    """Makes the notebook of a section's walkthrough.

    Args:
        section: String, the section's id.

    Returns:
        A notebook, or `None` if the section has no `reference/walkthroughs/<section>.py`.
    """
    import jupytext

    path = KIT / "reference" / "walkthroughs" / f"{section}.py"
    if not path.is_file():
        return None
    cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    cells[0].source = AS_A_SCRIPT.sub(AS_A_NOTEBOOK, cells[0].source)
    for cell in cells:
        # Jupytext's own note of how the script is spaced.
        cell.metadata.pop("lines_to_next_cell", None)
    return numbered(cells)


def clear_cell(cell: NotebookNode) -> None:
    """Takes the solution, or the marking scheme, out of a cell.

    Args:
        cell: A cell, which is changed.
    """
    if cell.cell_type == "code" and BEGIN in cell.source:
        cell.source = make_stub(cell.source).strip("\n") or "# Room for helpers of your own."
    elif cell.cell_type == "markdown":
        cell.source = SCHEME.sub("", cell.source).strip()


def cleared(notebook: NotebookNode) -> NotebookNode:
    """Returns what students get of a source notebook."""
    found = copy.deepcopy(notebook)
    for cell in found.cells:
        clear_cell(cell)
    return found


def text(notebook: NotebookNode) -> str:
    """Returns a notebook as its file's text, the same on every run."""
    return nbformat.writes(notebook) + "\n"
