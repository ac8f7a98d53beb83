"""Stubs, references and rubrics belong together."""

from __future__ import annotations

import ast

import pytest

from graders import rubric
from graders.rubric.stubs import BrokenReference, make_stub
from graders.submission import Source, is_stub
from graders.submission.notebooks import defined

TASKS = rubric.tasks()
IDS = [task.id for task in TASKS]


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_stub_is_what_the_reference_makes(task: rubric.Task) -> None:
    """The stub is generated; if this fails: python -m graders.rubric.stubs."""
    assert task.stub.read_text() == make_stub(task.reference.read_text())


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_every_function_has_one_todo_in_the_same_words(task: rubric.Task) -> None:
    """Each function that is to be written raises NotImplementedError with its TODO's words."""
    text = task.stub.read_text()
    found = 0
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        raises = [
            item
            for item in ast.walk(node)
            if isinstance(item, ast.Raise) and "NotImplementedError" in ast.unparse(item)
        ]
        comments = ast.get_source_segment(text, node).count("# TODO")
        assert len(raises) == comments <= 1, node.name
        if raises:
            words = raises[0].exc.args[0].value
            lines = (line.strip("# ") for line in text.splitlines())
            assert words in " ".join(lines)
            found += 1
    assert found >= 1


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_stub_is_recognised(task: rubric.Task) -> None:
    """A stub is one with other comments and docstrings, and scratch lines, too."""
    text = task.stub.read_text()

    def still(text: str) -> bool:
        return is_stub(Source(text, "x.py", task.stub), task)

    assert still(text)
    assert still("# my name\n" + text)
    assert still(text + "\nprint(keras.__version__)\nx = 1\n")
    for name in defined(text):
        assert not still(text + f"\n{name} = print\n")
    assert not still(task.reference.read_text())


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_rubric_is_complete(task: rubric.Task) -> None:
    """Ten points, ids that tell the task, hints that do not give the solution away."""
    assert task.max_points == 10
    assert task.title and not task.title.endswith(".")
    assert len({check.id for check in task.checks}) == len(task.checks)
    for check in task.checks:
        assert check.id == f"{task.id}::{check.name}"
        assert check.points > 0
        assert check.description.endswith(".")
        assert all(len(hint) < 300 for hint in check.hints)


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_checks_import_only_what_checks_may(task: rubric.Task) -> None:
    """A check file sees fixtures, the toolkit and data sets; not references, stubs or the engine."""
    allowed = ("graders.checking", "graders.toolkit", "graders.rebuilt.snapshot")
    for node in ast.walk(ast.parse(task.path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "graders":
                names = [f"graders.{alias.name}" for alias in node.names]
        for name in names:
            assert not name.startswith(("reference", "assignments", "tests"))
            assert not name.startswith("graders") or name.startswith(allowed), name


@pytest.mark.parametrize(
    "broken",
    [
        "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n",
        "def f():\n    # TODO: x.\n    ### BEGIN SOLUTION\n    return 1\n",
        "def f():\n    ### END SOLUTION\n",
    ],
)
def test_broken_references_are_refused(broken: str) -> None:
    """A marker without its partner, or a solution without a TODO, is an error."""
    with pytest.raises(BrokenReference):
        make_stub(broken)
