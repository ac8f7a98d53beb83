"""The walkthroughs: their figures show what they say, and they give no solution away."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from graders import rubric
from tests import walkthroughs
from tests.walkthroughs import FIGURES, FOLDER

NAMES = sorted(FIGURES)


def test_there_is_one_for_each_section() -> None:
    """Each section has its walkthrough."""
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == NAMES
    assert sorted(rubric.SECTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_shows_its_lesson(name: str, tmp_path: Path) -> None:
    """It runs with the default data and saves its figures; each shows what is printed of it."""
    printed = walkthroughs.run(name, tmp_path)
    pictures = list(tmp_path.glob("*.png"))
    assert len(pictures) == FIGURES[name]
    assert all(path.stat().st_size > 5000 for path in pictures)
    assert not walkthroughs.faults(name, printed)


def memory(simple: float, gated: float) -> str:
    """Returns what the first walkthrough prints, if its networks remember so much."""
    rows = [("SimpleRNN", simple), ("GRU", gated), ("LSTM", gated)]
    sentences = [walkthroughs.SHOWN + "…"] * walkthroughs.SENTENCES["model_architectures"]
    return "\n".join([*(f"{cell} {[f'{share:.2f}'] * 12}" for cell, share in rows), *sentences])


@pytest.mark.parametrize(
    ("simple", "gated", "word"),
    [(0.25, 0.98, ""), (0.25, 0.34, "LSTM forgets"), (0.9, 0.98, "SimpleRNN remembers")],
)
def test_a_memory_that_is_not_there_is_a_fault(simple: float, gated: float, word: str) -> None:
    """The numbers themselves are read, not only the walkthrough's sentences about them."""
    found = " ".join(walkthroughs.faults("model_architectures", memory(simple, gated)))
    assert word in found if word else not found


def test_a_lesson_that_is_not_shown_is_a_fault() -> None:
    """A sentence that does not hold, one that is missing, and a scaling that changes nothing."""
    accuracies = "\n".join(f"{name:21} 85.7%" for name in walkthroughs.FORMATS)
    sentences = [walkthroughs.SHOWN] * 5 + [walkthroughs.NOT_SHOWN + "the gap shrinks."]
    found = walkthroughs.faults("optimization", "\n".join([accuracies, *sentences]))
    assert [line[:18] for line in found] == [
        "Not in this figure",
        "7 sentences on the",
        "loss scaling makes",
    ]


def code(text: str) -> set[str]:
    """Returns the lines of code that say something: no comments, imports, brackets."""
    lines = (line.split("  #")[0].strip() for line in text.splitlines())
    dull = re.compile(
        r"(import |from |#|def |class |return model$|\"|model\.compile\($|\]|\)|else)"
    )
    return {line for line in lines if len(line) > 24 and not dull.match(line)}


@pytest.mark.parametrize("task", rubric.tasks(), ids=lambda task: task.id)
def test_it_gives_no_solution_away(task: rubric.Task) -> None:
    """A walkthrough shares hardly a line with a solution, and defines nothing of a task's names."""
    solution = "\n".join(
        re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", task.reference.read_text(), re.DOTALL
        )
    )
    stub = task.stub.read_text(encoding="utf-8")
    asked = set(re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE))
    for name in NAMES:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        defined = set(re.findall(r"^(?:def|class) (\w+)", text, re.MULTILINE))
        assert not defined & asked
        # What everybody writes, such as an output layer, is no solution.
        assert len(code(solution) & code(text)) <= 2, code(solution) & code(text)


@pytest.mark.parametrize("name", NAMES)
def test_the_release_has_it_as_a_notebook(name: str, released: Path) -> None:
    """A valid notebook without outputs: the script's cells, and how to run it *there*."""
    nbformat = pytest.importorskip("nbformat")
    path = released / "student" / "walkthroughs" / f"{name}.ipynb"
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    script = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert [cell.cell_type == "markdown" for cell in found.cells] == [
        line.endswith("[markdown]") for line in re.findall(r"^# %%.*$", script, re.MULTILINE)
    ]
    for cell in found.cells:
        if cell.cell_type == "code":
            assert cell.source in script
            assert not cell.outputs and cell.execution_count is None
        assert not cell.metadata
    # There is no reference/ in the students' copy, and nothing of it is imported.
    text = "\n".join(cell.source for cell in found.cells)
    assert "reference" not in text
    assert "Run it cell by cell" in found.cells[0].source
    assert not (released / "student" / "reference").exists()


@pytest.mark.parametrize("name", NAMES)
def test_what_it_imports_of_the_kit_is_in_the_release(name: str, released: Path) -> None:
    """Each module of the kit that a walkthrough imports is in the students' copy."""
    script = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    wanted = re.findall(r"^from ((?:graders|datasets)[\w.]*) import (\w+)", script, re.MULTILINE)
    wanted += [(line, "") for line in re.findall(r"^import (datasets)$", script, re.MULTILINE)]
    assert wanted
    for package, module in wanted:
        folder = released / "student" / package.replace(".", "/")
        assert (folder / f"{module or '__init__'}.py").is_file(), (package, module)


def test_a_notebook_runs_where_it_lies(released: Path, tmp_path: Path) -> None:
    """In the students' copy, in the folder of the notebook: imports, data, and the first figure."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    shutil.copytree(released / "student", tmp_path / "student")
    folder = tmp_path / "student" / "walkthroughs"
    found = nbformat.read(folder / "customization.ipynb", as_version=4)
    last = next(i for i, cell in enumerate(found.cells) if 'save(figure, "layer")' in cell.source)
    found.cells = found.cells[: last + 1]
    client = nbclient.NotebookClient(
        found, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    assert (folder / "figures" / "customization_layer.png").stat().st_size > 5000
    outputs = found.cells[-1].outputs
    assert any("image/png" in output.get("data", {}) for output in outputs), outputs
    [printed] = [o.text for o in outputs if o.output_type == "stream" and o.name == "stdout"]
    assert "saved figures/customization_layer.png" in printed
