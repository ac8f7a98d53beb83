"""What regrades a task: what decides its verdicts, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from graders import KIT, rubric
from graders.runner import fingerprint

CNN, LAYER = rubric.find("cnn"), rubric.find("custom_layer")
MODULES = sorted([*(KIT / "graders").rglob("*.py"), *(KIT / "datasets").rglob("*.py")])


def parsed(text: str) -> set[str]:
    """Returns what Python itself finds imported."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {name for name in found if name.partition(".")[0] in ("graders", "datasets")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(KIT)))
def test_imports_are_found_without_parsing(path: Path) -> None:
    """The quick reading finds what Python does; a name in a docstring may come on top."""
    text = path.read_text(encoding="utf-8")
    assert parsed(text) <= set(fingerprint.imports(text))


def names(task: rubric.Task) -> set[str]:
    """Returns the files that decide a task's verdicts, as they lie in the kit."""
    return {str(path.relative_to(KIT)) for path in fingerprint.judging(task)}


def test_a_task_depends_on_what_judges_it() -> None:
    """Its own check file, its data, the judge, the sandbox; points and words."""
    assert {
        "graders/checks/model_architectures/cnn.py", "datasets/shapes.py",
        "graders/judge/plugin.py", "graders/sandbox/recorder.py", "graders/rebuilt/rebuild.py",
        "graders/toolkit/outputs.py", "graders/boundary/sizes.py", "graders/walls/limits.py",
        "graders/runner/collected.py", "graders/runner/job.py",
    } <= names(CNN)  # fmt: skip
    assert "datasets/vgg16_weights.py" in names(rubric.find("vgg16_finetune"))


def test_a_task_depends_on_nothing_else() -> None:
    """No other task, no front end, no toolkit that its checks do not use."""
    checks = {name for name in names(CNN) if name.startswith("graders/checks/")}
    assert checks == {"graders/checks/model_architectures/cnn.py"}
    front = ("cli", "course", "reports", "calibration", "submission", "rubric")
    assert not [name for name in names(CNN) if name.split("/")[1] in front]
    assert "graders/toolkit/closed_forms.py" in names(LAYER) - names(CNN)
    assert "datasets/shapes.py" not in names(LAYER)


@pytest.mark.parametrize(
    ("task", "modules"),
    [
        (LAYER, ("layer_probes", "layer_lines", "dense_layers")),
        (rubric.find("penalized_loss"), ("loss_probes", "loss_lines", "confidence_penalty")),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_a_task_depends_on_its_probes(task: rubric.Task, modules: tuple[str, ...]) -> None:
    """What asks the sandbox, and what answers are compared with, stands in the toolkit."""
    files = {f"graders/toolkit/{module}.py" for module in modules}
    assert files <= names(task)
    others = [other for other in rubric.tasks() if other != task]
    assert not [other.id for other in others if files & names(other)]


def test_an_edit_regrades_those_tasks_that_it_may_change(tmp_path: Path) -> None:
    """The closure follows what a changed module imports, also within functions."""
    for name, text in (
        ("graders/__init__.py", ""),
        ("graders/a.py", "def f():\n    from graders import b\n    return b\n"),
        ("graders/b.py", "from graders.c import (\n    x,  # why\n    y as z,\n)\n"),
        ("graders/c.py", "x = y = 1\n"),
        ("graders/d.py", "import graders.c\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    found = fingerprint.closure([tmp_path / "graders/a.py"], tmp_path)
    assert {path.name for path in found} == {"a.py", "b.py", "c.py", "__init__.py"}
