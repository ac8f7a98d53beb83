"""The trial run of every task works: with the solution, on a few examples and for one epoch."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

import datasets
from datasets import saving
from graders import rubric

TASKS = rubric.tasks()
FEW = 24


def few(part: datasets.Part) -> datasets.Part:
    """Returns the first examples of a part."""
    x, y = part
    cut = {key: value[:FEW] for key, value in x.items()} if isinstance(x, dict) else x[:FEW]
    return cut, y[:FEW]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes data small and trainings short; figures are saved."""
    load, fit = datasets.load, keras.Model.fit

    def load_few(name: str, draw: int = 0, source: str = "default") -> datasets.Dataset:
        found = load(name, draw, source)
        parts = few(found.train), few(found.validation), few(found.test)
        return datasets.Dataset(name, source, found.num_classes, *parts)

    def fit_once(self: Any, *given: Any, **words: Any) -> keras.callbacks.History:
        return fit(self, *given, **{**words, "epochs": 1, "verbose": 0})

    monkeypatch.setattr(datasets, "load", load_few)
    monkeypatch.setattr(keras.Model, "fit", fit_once)
    monkeypatch.setattr(sys, "path", sys.path[:])
    saving.plt.switch_backend("agg")


def without_pictures(folder: Path) -> set[str]:
    """Returns the names of the pictures in a folder, which are taken away."""
    found = list(folder.glob("*.png"))
    for path in found:
        path.unlink()
    return {path.name for path in found}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=[task.id for task in TASKS])
def test_it_runs(task: rubric.Task, tmp_path: Path, capsys, monkeypatch) -> None:
    """In a folder as the kit's, from another working directory: a training, and a picture of it."""
    path = tmp_path / "assignments" / task.section / f"{task.id}.py"
    path.parent.mkdir(parents=True)
    path.write_text(task.reference.read_text(encoding="utf-8"), encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", str(path), raising=False)
    found = runpy.run_path(str(path), run_name="__main__")
    # The kit's folder is two above the module's.
    assert sys.path[0] == str(tmp_path.resolve())
    assert isinstance(found["data"], datasets.Dataset)
    kind = "bars" if task.id == "mixed_precision" else "curves"
    assert f"Picture: {path.parent / task.id}_{kind}.png" in capsys.readouterr().out
    assert without_pictures(path.parent) == {f"{task.id}_{kind}.png"}


@pytest.mark.parametrize("name", datasets.names())
def test_examples_of_every_data_set(name: str, tmp_path: Path, capsys, monkeypatch) -> None:
    """Images, sequences and two inputs are drawn with their labels."""
    from datasets.pictures import examples

    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", str(tmp_path / "x.py"), raising=False)
    examples(datasets.load(name))
    assert without_pictures(tmp_path) == {"x_examples.png"}
    assert "Picture: " in capsys.readouterr().out
