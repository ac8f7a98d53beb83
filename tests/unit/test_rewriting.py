"""Rewrites of a program keep what it does."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterator

import pytest

from graders import rubric
from graders.course.rewriting import REWRITES, plain, rewrites

PROGRAM = '''
"""A program."""

import keras
import numpy as np
from keras import layers
from keras.things import L2 as Penalty

Data = tuple[np.ndarray, np.ndarray]
scale = 3


def build(size: int, *more: int, rate: float = 0.5, **rest: int) -> list:
    """Build it."""
    # The layers.
    model = keras.Sequential([layers.Dense(size, rate=rate), Penalty(1)], name="m")
    count: int = len(more)
    return [model, count, scale, rest, [size for size in more]]


def train(model, epochs=2):
    total = 0
    for epoch in range(epochs):
        total += epoch
    return dict(total=total, model=model)
'''


class Sequential(list):
    """A stand-in for Keras's: a list with `add`."""

    def __init__(self, layers: list | None = None, name: str = ""):
        super().__init__(layers or [])
        self.name = name

    add = list.append


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small `keras` to import."""
    found = types.ModuleType("keras")
    layers, things = types.ModuleType("keras.layers"), types.ModuleType("keras.things")
    layers.Dense = lambda size, rate: ("Dense", size, rate)  # type: ignore[attr-defined]
    things.L2 = lambda size: ("L2", size)  # type: ignore[attr-defined]
    found.Sequential, found.layers, found.things = Sequential, layers, things  # type: ignore[attr-defined]
    for module in (found, layers, things):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    yield


def results(program: str) -> list:
    """Returns what a program's functions return."""
    space: dict = {}
    exec(compile(program, "program", "exec"), space)
    built = space["build"](4, 5, 6, rate=0.1, extra=7)
    assert built[0].name == "m"
    return [built, space["build"](1), space["train"]("a model"), space["train"](model=1, epochs=4)]


def test_each_rewrite_computes_the_same(keras: None) -> None:
    """Positional, starred and keyword arguments, defaults and loops: all as before."""
    expected = results(PROGRAM)
    assert expected[2] == {"total": 1, "model": "a model"}
    found = rewrites(PROGRAM)
    assert list(found) == list(REWRITES)
    for name, text in found.items():
        assert results(text) == expected, name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain", "keras.Sequential([layers.Dense(size, rate=rate), Penalty(1)], name='m')"),
        ("layers_one_by_one", "    model.add(Penalty(1))"),
        ("other_names", "my_model = keras.Sequential"),
        ("other_order", "the_result = dict(model=model, total=total)"),
        ("helpers", "return _the_work_of_train(model, epochs)"),
        ("keras_alone", "keras.layers.Dense(size, rate=rate), keras.things.L2(1)"),
    ],
)
def test_a_rewrite_does_what_its_name_tells(name: str, words: str) -> None:
    """Each rewrite changes the program in its own way."""
    assert words in rewrites(PROGRAM)[name]


def test_plain_is_the_code_alone() -> None:
    """No comment, docstring, annotation, alias of a type, nor an import for annotations."""
    found = plain(PROGRAM)
    for word in ("#", '"""', "int", "float", "tuple", "numpy"):
        assert word not in found
    assert "import keras" in found


def test_references_have_rewrites() -> None:
    """Each reference of the kit has at least three, and each is a program."""
    for task in rubric.tasks():
        found = rewrites(task.reference.read_text(encoding="utf-8"))
        assert len(found) >= 3, task.id
        for text in found.values():
            ast.parse(text)
