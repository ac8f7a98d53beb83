"""The notebook for Google Colab: valid, up to date, and its commands are ones that exist."""

from __future__ import annotations

import ast
import html
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("nbformat")

import nbformat

from graders import rubric
from graders.cli import arguments
from graders.course import colab
from graders.course import source_notebooks as notebooks
from graders.rubric import KIT

TASK = rubric.find("cnn")


@pytest.fixture(scope="module")
def cells() -> list[nbformat.NotebookNode]:
    """The cells of the notebook in the kit."""
    found = nbformat.read(colab.PATH, as_version=4)
    nbformat.validate(found)
    return found.cells


def commands(cells: list[nbformat.NotebookNode]) -> list[list[str]]:
    """Returns the words of every shell command."""
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return [shlex.split(line) for line in re.findall(r"^ *!(.*)$", code, re.MULTILINE)]


def test_it_is_up_to_date(cells: list[nbformat.NotebookNode]) -> None:
    """The file is what the kit makes; if this fails: python -m graders.course.colab."""
    assert colab.PATH.read_text(encoding="utf-8") == notebooks.text(colab.for_colab(TASK))


def test_it_holds_no_outputs_and_no_address(cells: list[nbformat.NotebookNode]) -> None:
    """Nothing was run in it, and where the kit comes from is a field to fill in."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert len(code) >= 6
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    text = "\n".join(cell.source for cell in cells)
    assert re.search(r'^ADDRESS = ""  # @param \{type:"string"\}$', text, re.MULTILINE)
    assert "://" not in text


def test_grade_py_accepts_its_commands(cells: list[nbformat.NotebookNode]) -> None:
    """Every `!python grade.py …` is a command line that grade.py takes, on tasks that exist."""
    found = [words[2:] for words in commands(cells) if words[:2] == ["python", "grade.py"]]
    given = [arguments.parser().parse_args(words) for words in found]
    assert any(item.tasks == [TASK.id] and item.html == "report.html" for item in given)
    assert any(item.hint == TASK.id for item in given)
    for item in given:
        assert len(arguments.find(item.tasks)) == len(item.tasks)


def test_other_commands_fetch_and_install(cells: list[nbformat.NotebookNode]) -> None:
    """What is no grading is a clone, or an installation of the kit's own requirements."""
    others = [words for words in commands(cells) if words[:2] != ["python", "grade.py"]]
    assert [words[:2] for words in others] == [["git", "clone"], ["python", "-m"]]
    assert others[1] == ["python", "-m", "pip", "install", "--quiet", "."]


def test_its_task_is_the_stub(cells: list[nbformat.NotebookNode]) -> None:
    """The cell that is worked in writes the stub where grade.py looks for it."""
    [cell] = [cell for cell in cells if cell.source.startswith("%%writefile ")]
    line, _, content = cell.source.partition("\n")
    assert KIT / line.split()[1] == TASK.stub
    assert content + "\n" == TASK.stub.read_text(encoding="utf-8")


def test_its_cells_are_python(cells: list[nbformat.NotebookNode]) -> None:
    """Apart from shell commands and the cell magic, every code cell parses."""
    parsed = 0
    for cell in cells:
        if cell.cell_type == "code":
            text = re.sub(r"^%%.*\n", "", cell.source)
            parsed += len(ast.parse(re.sub(r"^( *)!.*$", r"\1pass", text, flags=re.MULTILINE)).body)
    assert parsed > 15


def test_the_report_is_shown_inline(
    cells: list[nbformat.NotebookNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cell that shows the page puts all of it into a frame, whatever is in it."""
    shown = []
    display = pytest.importorskip("IPython.display")
    monkeypatch.setattr(display, "display", shown.append)
    monkeypatch.chdir(tmp_path)
    page = '<p title="a">x & y</p>\n'
    Path("report.html").write_text(page, encoding="utf-8")
    [cell] = [cell for cell in cells if "srcdoc" in cell.source]
    exec(cell.source, {"Path": Path})
    [frame] = shown
    [content] = re.findall(r'srcdoc="([^"]*)"', frame.data)
    assert html.unescape(content) == page


def test_students_get_it(released: Path) -> None:
    """It is in the release as it is here."""
    path = released / "student" / "assignments" / "colab.ipynb"
    assert path.read_bytes() == colab.PATH.read_bytes()
