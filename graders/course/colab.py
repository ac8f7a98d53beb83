"""The notebook for Google Colab, `assignments/colab.ipynb`: the kit on a machine of Google's.

    python -m graders.course.colab

writes it. Its cell with the task holds the stub, so a test compares the file with what this makes.
"""

from __future__ import annotations

import sys

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from graders import KIT
from graders.course.source_notebooks import numbered, text
from graders.rubric import Task, find

PATH = KIT / "assignments" / "colab.ipynb"

TOP = """\
# The exercises in Google Colab

From the kit to a verdict in five cells: get it, install what is missing, write `{task}`, grade it,
read the report. The other tasks go the same way; `!python grade.py --list` names them.

Colab forgets its files when you leave, so download your work in the last cell. Nothing here needs a
GPU."""

GET = """\
# @title 1. Get the kit
# @markdown The address that your course gives you. Leave it empty to upload the kit as a .zip.
ADDRESS = ""  # @param {{type:"string"}}

import os
import zipfile
from pathlib import Path

place = Path("/content/kit")
if not any(place.rglob("grade.py")):
    if ADDRESS:
        !git clone --quiet --depth 1 -- "{{ADDRESS}}" "{{place}}"
    else:
        from google.colab import files

        for name in files.upload():
            zipfile.ZipFile(name).extractall(place)
found = sorted(place.rglob("grade.py"), key=lambda path: len(path.parts))
if not found:
    raise RuntimeError("There is no grade.py in what came. Check the address, or the .zip file.")
os.chdir(found[0].parent)
print("The kit is in", os.getcwd())"""

INSTALL = """\
# @title 2. Install what is missing
# @markdown Colab has TensorFlow and Keras already; what is there and new enough stays.
!python -m pip install --quiet .
!python grade.py --list"""

WRITE = """\
## 3. Write the task

The cell below holds the task as it is handed out. Replace each `raise NotImplementedError(...)` by
your code, and run the cell: that saves the file. Run it again after each change."""

GRADE = """\
# @title 4. Grade it
!python grade.py {task} --html report.html"""

REPORT = """\
# @title 5. Read the report
import html

from IPython.display import HTML, display

page = html.escape(Path("report.html").read_text(encoding="utf-8"))
display(HTML(f'<iframe srcdoc="{{page}}" width="100%" height="900" sandbox></iframe>'))"""

STUCK = """\
## Stuck?

The first message says what was expected, what was found and where to look. The next cell gives a
hint for it; run again, it gives the next one."""

HINT = """\
!python grade.py --hint {task}"""

KEEP = """\
## Keep your work

Download the file before you leave. If the verdict says "Isolation: process", Colab's machine does
not let the grader put your code into namespaces of its own; your points are the same."""

DOWNLOAD = """\
from google.colab import files

files.download("{stub}")"""


def for_colab(task: Task) -> NotebookNode:
    """Makes the notebook.

    Args:
        task: `Task` that it is about; the others are named.

    Returns:
        A notebook without outputs.
    """
    stub = task.stub.relative_to(KIT).as_posix()

    def markdown(words: str) -> NotebookNode:
        return new_markdown_cell(words.format(task=task.id, stub=stub))

    def code(words: str) -> NotebookNode:
        # Colab's forms: a cell with a title shows its fields, and hides the code on request.
        return new_code_cell(words.format(task=task.id, stub=stub))

    content = task.stub.read_text(encoding="utf-8")
    return numbered(
        [
            *(markdown(TOP), code(GET), code(INSTALL), markdown(WRITE)),
            new_code_cell(f"%%writefile {stub}\n{content}".rstrip("\n")),
            *(code(GRADE), code(REPORT), markdown(STUCK), code(HINT)),
            *(markdown(KEEP), code(DOWNLOAD)),
        ]
    )


def main() -> int:
    """Writes the notebook; returns the exit code."""
    made = text(for_colab(find("cnn")))
    if not PATH.exists() or PATH.read_text(encoding="utf-8") != made:
        PATH.write_text(made, encoding="utf-8")
        print(f"wrote {PATH.relative_to(KIT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
