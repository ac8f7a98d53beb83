"""The trial run at a module's end: found, and left out wherever work is looked at."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from graders import KIT, rubric
from graders.course.mutation import mutants
from graders.course.rewriting import plain
from graders.course.shape import tokens
from graders.course.source_notebooks import cleared, for_task
from graders.rubric.stubs import make_stub
from graders.submission import Source, is_stub, notebooks, same_code, trial
from tests.notebook import notebook

TASKS = rubric.tasks()
IDS = [task.id for task in TASKS]
CODE = "import keras\n\n\ndef f(x):\n    return x + 1\n"
RUN = '\n\nif __name__ == "__main__":\n    import keras\n\n    print(f(1), __file__)\n    print(f(2))\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('if __name__ == "__main__":\n    f()', True),
        ('if "__main__" == __name__:\n    f()', True),
        ('if (__name__ == "__main__"):\n    f()', True),
        ('if __name__ != "__main__":\n    f()', False),
        ('if __name__ == "__mp_main__":\n    f()', False),
        ('if name == "__main__":\n    f()', False),
        ('if __name__ == "__main__" == "__main__":\n    f()', False),
        ('if __name__ == "__main__" and f():\n    f()', False),
        ('while __name__ == "__main__":\n    f()', False),
    ],
)
def test_a_trial_run_is_known_by_its_form(text: str, found: bool) -> None:
    """Python's own form, either way round, and nothing that may run in the grader."""
    assert trial.is_trial(ast.parse(text).body[0]) is found


def test_what_stands_under_else_stays() -> None:
    """It is what a grader's import runs."""
    tree = ast.parse('if __name__ == "__main__":\n    x = 1\nelse:\n    x = 2\n')
    assert ast.unparse(trial.without(tree)) == "x = 2"


def test_cut_gives_the_run_as_a_notebook_has_it() -> None:
    """Without the `if`, and without what looks for the kit by the module's own file."""
    assert trial.cut(CODE + RUN) == (CODE, "print(f(2))")
    assert trial.cut(CODE) == (CODE, "")


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_the_run_is_no_work(task: rubric.Task) -> None:
    """A stub is one without its run, and with another one too; the rest of it counts."""
    stub = task.stub.read_text(encoding="utf-8")
    bare = stub.partition("\nif __name__ ==")[0]
    assert bare != stub

    def still(text: str) -> bool:
        return is_stub(Source(text, "x.py", task.stub), task)

    assert still(bare)
    assert still(stub + "    print(data)\n")
    assert still(bare + '\nif __name__ == "__main__":\n    print(1)\n')
    asked = next(node.name for node in ast.parse(bare).body if hasattr(node, "name"))
    assert not still(f'{bare}\nif __name__ == "__main__":\n    pass\nelse:\n    {asked} = print\n')
    assert not still(task.reference.read_text(encoding="utf-8"))


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_a_module_with_a_run_is_the_notebook_without(task: rubric.Task) -> None:
    """The released notebook, filled in, holds the same code as the reference."""
    made = for_task(task)
    cells = [cell.source for cell in made.cells if cell.cell_type == "code"]
    module = notebooks.module(
        notebook(*cells).encode(),
        notebooks.defined(make_stub(task.reference.read_text(encoding="utf-8"))),
        "x.ipynb",
    )
    source = Source(task.reference.read_text(encoding="utf-8"), "x.py", task.reference)
    assert same_code(source, Source(module.text, "x.py", task.reference), task)
    assert "load(" not in module.text and "__main__" not in module.text


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_the_released_notebook_has_the_run_in_a_cell(task: rubric.Task) -> None:
    """Between the student's code and the checks, after the cell that finds the kit; not graded."""
    cells = cleared(for_task(task)).cells
    [at] = [i for i, cell in enumerate(cells) if "datasets import load" in cell.source]
    run = cells[at]
    assert "__name__" not in run.source and "__file__" not in run.source
    ast.parse(run.source)
    # Running all cells goes on after it, and `nbgrader validate` leaves it out.
    assert run.metadata == {"tags": ["raises-exception", "skip-execution"]}
    assert cells[at - 1].metadata["nbgrader"]["grade_id"] == f"{task.id}-grader"
    assert cells[at + 1].source.startswith("## Checks")
    assert all("raise NotImplementedError" not in cell.source for cell in cells[at:])


def test_the_run_is_compared_with_nobodys() -> None:
    """For likeness, what a student tries is no part of the work."""
    assert tokens(CODE + RUN, 1000) == tokens(CODE, 1000)


def test_the_run_has_no_faults_to_find() -> None:
    """A mutant, or a rewrite, is one of what is graded."""
    assert [m.id for m in mutants("t", CODE + RUN)] == [m.id for m in mutants("t", CODE)]
    assert plain(CODE + RUN) == plain(CODE)


def test_the_page_shows_how_to_get_the_data(tmp_path: Path, capsys, monkeypatch) -> None:
    """The three lines of assignments/README.md, as they stand there."""
    page = (KIT / "assignments" / "README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(from datasets.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len([line for line in code.splitlines() if line]) == 3
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "x.py"), raising=False)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["data"].train[0].shape == (6000, 32, 32, 3)
    assert (tmp_path / "x_examples.png").is_file() and "Picture: " in capsys.readouterr().out
