"""Makes the stubs in `assignments/` from the references, which are the single source.

In a reference, a solution stands between nbgrader's markers, right after one TODO comment:

    # TODO: add the two numbers.
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION

The stub keeps the comment and raises NotImplementedError with the same words. A region at module
level (imports that only the solution needs) vanishes.
`python -m graders.rubric.stubs` writes all stubs.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import textwrap
from pathlib import Path

from graders import KIT
from graders.rubric.tasks import Task, tasks

# Where a copy of the kit without references keeps its stubs as they were handed out.
PRISTINE = KIT / "graders" / "pristine"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


class BrokenReference(ValueError):
    """A reference whose markers or TODOs are not as they must be."""


def _todo_before(lines: list[str]) -> str:
    """Reads the TODO comment that ends the given lines."""
    words: list[str] = []
    for line in reversed(lines):
        stripped = line.strip()
        if not stripped.startswith("#"):
            break
        words.insert(0, stripped.lstrip("# ").strip())
        if words[0].startswith("TODO"):
            return " ".join(words)
    return ""


def make_stub(reference: str) -> str:
    """Turns a reference into its stub.

    Args:
        reference: String, the reference's source.

    Returns:
        String, the stub's source.

    Raises:
        BrokenReference: If a marker has no partner, or a solution no TODO.
    """
    kept: list[str] = []
    inside = False
    for number, line in enumerate(reference.splitlines(), 1):
        if line.strip() == BEGIN:
            if inside:
                raise BrokenReference(f"line {number}: a solution within a solution.")
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            if indent:
                todo = _todo_before(kept)
                if not todo:
                    raise BrokenReference(f"line {number}: a solution without a TODO before it.")
                kept += _raise_lines(todo, indent)
        elif line.strip() == END:
            if not inside:
                raise BrokenReference(f"line {number}: the end of no solution.")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise BrokenReference("the last solution has no end.")
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept).strip() + "\n")
    return re.sub(r'(""")\n{3,}(import|from)', r"\1\n\n\2", text)


def _raise_lines(todo: str, indent: str) -> list[str]:
    # As ruff writes it: double quotes, unless the words have some themselves.
    quote = "'" if '"' in todo else '"'
    if "\\" in todo or quote in todo:
        raise BrokenReference(f"a TODO with both kinds of quotes, or a backslash: {todo}")
    line = f"{indent}raise NotImplementedError({quote}{todo}{quote})"
    if len(line) <= 100:
        return [line]
    words = textwrap.wrap(todo, 96 - len(indent) - 8)
    # A part without quotes of its own is written with double ones.
    parts = [part + " " for part in words[:-1]] + [words[-1]]
    parts = [f"'{part}'" if '"' in part else f'"{part}"' for part in parts]
    return [
        f"{indent}raise NotImplementedError(",
        *(f"{indent}    {part}" for part in parts),
        f"{indent})",
    ]


@functools.cache
def pristine(task: Task) -> str | None:
    """Returns a task's stub as it was handed out, whatever became of the file in `assignments/`.

    Args:
        task: `Task`.

    Returns:
        String, or `None` if this copy of the kit has neither the reference nor the stub.
    """
    with contextlib.suppress(OSError, BrokenReference):
        return make_stub(task.reference.read_text(encoding="utf-8"))
    with contextlib.suppress(OSError):
        return (PRISTINE / task.section / f"{task.id}.py").read_text(encoding="utf-8")
    return None


def write_all() -> list[Path]:
    """Writes the stub of every task that has a reference, beside the folder of the reference.

    Returns:
        List of the paths that changed.
    """
    changed = []
    for task in tasks():
        if not task.reference.exists():
            continue
        stub = make_stub(task.reference.read_text(encoding="utf-8"))
        root = task.reference.parents[2]
        target = root / "assignments" / task.section / f"{task.id}.py"
        if not target.exists() or target.read_text(encoding="utf-8") != stub:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(stub, encoding="utf-8")
            changed.append(target)
    return changed


if __name__ == "__main__":
    for path in write_all():
        print(f"wrote {path.relative_to(KIT) if path.is_relative_to(KIT) else path}")
    sys.exit(0)
