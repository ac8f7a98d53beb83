"""From which line of a file Keras's objects come: noted live, claimed, and kept when rebuilt."""

from __future__ import annotations

import importlib.util
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders.boundary.operations import operations
from graders.rebuilt.lines import Lines, line_of
from graders.rebuilt.snapshot import Snapshot
from graders.sandbox import lines as noted
from graders.sandbox.lines import COMPILED, FITTED
from graders.sandbox.snapshots import snapshot

MODULE = textwrap.dedent("""\
    import keras
    import numpy as np
    from keras import layers


    class Own(layers.Layer):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.inner = layers.Dense(units)

        def call(self, x):
            return self.inner(x)


    class OwnLoss(keras.losses.Loss):
        def __init__(self, **options):
            super().__init__(**options)

        def call(self, y, p):
            return keras.ops.mean((y - p) ** 2, axis=-1)


    def block(units):
        return layers.Dense(
            units,
            activation="relu",
        )


    def build():
        given = keras.Input((4,))
        x = given
        for units in (3, 5):
            x = block(units)(x)
        x = keras.ops.relu(x)
        x = layers.concatenate([x, given])
        inner = keras.Sequential([
            keras.Input((9,)),
            layers.Dropout(0.5),
            layers.Dense(7),
        ])
        x = inner(x)
        model = keras.Model(given, layers.Dense(2)(x))
        model.compile(
            optimizer=keras.optimizers.SGD(0.1),
            loss=OwnLoss(),
            metrics=["mae"],
        )
        return model


    def open_input():
        model = keras.Sequential([layers.Bidirectional(layers.LSTM(3)), layers.Dense(1)])
        model.compile("adam", "mse")
        return model


    def train(model, x, y):
        model.fit(x, y, verbose=0)
        return model.fit(x, y, epochs=2, verbose=0)
    """)


def at(code: str) -> int:
    """Returns the number of the line that holds some code first."""
    return next(i for i, text in enumerate(MODULE.split("\n"), 1) if code in text)


@pytest.fixture
def student(tmp_path: Path) -> Iterator[Any]:
    """The module, while its lines are noted."""
    path = tmp_path / "cnn.py"
    path.write_text(MODULE)
    found = noted.Lines(str(path))
    found.install()
    spec = importlib.util.spec_from_file_location("student_of_lines", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        yield module
    finally:
        found.uninstall()


EXPECTED = [
    ("InputLayer", "given = keras.Input"),
    # What a helper makes in a loop has the line of the constructor's call.
    ("Dense", "return layers.Dense("),
    ("Dense", "return layers.Dense("),
    ("Relu", "keras.ops.relu"),
    ("Concatenate", "layers.concatenate"),
    ("Sequential", "inner = keras.Sequential"),
    ("InputLayer", "keras.Input((9,))"),
    ("Dropout", "layers.Dropout"),
    ("Dense", "layers.Dense(7)"),
    ("Dense", "layers.Dense(2)"),
]


def test_each_part_of_a_model_knows_its_line(student: Any) -> None:
    """Layers, operations, models within the model, optimizer, loss, compile and the last fit."""
    model = student.build()
    x = np.zeros((4, 4), "float32")
    student.train(model, x, np.zeros((4, 2), "float32"))
    found = [(type(part).__name__, noted.line_of(part)) for part in operations(model)]
    assert found == [(kind, at(code)) for kind, code in EXPECTED]
    assert noted.line_of(model, COMPILED) == at("model.compile(")
    assert noted.line_of(model, FITTED) == at("return model.fit")
    assert noted.line_of(model.optimizer) == at("keras.optimizers.SGD")
    # The constructor of the student's own class is called there, whatever it calls itself.
    assert noted.line_of(model.loss) == at("loss=OwnLoss()")


def test_own_layers_and_wrappers(student: Any) -> None:
    """A layer that another one makes belongs to the innermost line of the file."""
    made = student.Own(3)
    assert noted.line_of(made) is None  # made here, in no line of the file
    assert noted.line_of(made.inner) == at("self.inner = layers.Dense")
    both = student.open_input().layers[0]
    line = at("layers.Bidirectional")
    assert [noted.line_of(part) for part in (both, both.forward_layer)] == [line, line]


def test_the_claim_arrives_at_the_rebuilt_layers(student: Any) -> None:
    """As plain data over the wire, and onto the same layers of the model that the judge makes."""
    model = student.build()
    claim = snapshot(model)
    json.dumps(claim["lines"])
    found = Snapshot.from_claim(claim)
    rebuilt = [(type(part).__name__, line_of(part)) for part in operations(found.model)]
    assert rebuilt == [(kind, at(code)) for kind, code in EXPECTED]
    assert found.lines.compiled == at("model.compile(")
    assert (found.lines.loss, found.lines.fitted) == (at("loss=OwnLoss()"), None)


def test_a_sequential_model_without_an_input(student: Any) -> None:
    """The layer that Keras adds when it is built has no line, and the others keep theirs."""
    claim = snapshot(student.open_input(), (5, 4))
    found = Snapshot.from_claim(claim)
    line = at("layers.Bidirectional")
    assert [line_of(layer) for layer in found.model.layers] == [line, line]


@pytest.mark.parametrize("change", ["more", "fewer", "another kind"])
def test_lines_of_other_layers_are_left_out(student: Any, change: str) -> None:
    """A claim that does not fit the model, layer by layer, says nothing of any."""
    claim = snapshot(student.build())
    layers = claim["lines"]["layers"]
    if change == "more":
        layers.append(["Dense", 3])
    elif change == "fewer":
        layers.pop()
    else:
        layers[1] = ["Conv2D", layers[1][1]]
    found = Snapshot.from_claim(claim)
    assert {line_of(part) for part in operations(found.model)} == {None}


def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    """Afterwards Keras's methods are its own, and nothing is noted."""
    import keras

    before = keras.Model.fit, keras.Model.compile
    found = noted.Lines(str(tmp_path))
    found.install()
    assert keras.Model.fit is not before[0]
    found.uninstall()
    assert (keras.Model.fit, keras.Model.compile) == before
    layer = keras.layers.Dense(3, name="mine")
    assert noted.line_of(layer) is None and layer.name == "mine"


def test_a_model_is_still_saved_with_how_it_was_compiled(student: Any) -> None:
    """Keras takes the compile that is noted for its own: the config has it."""
    model = student.open_input()
    model.build((None, 5, 4))
    assert model.get_compile_config()["loss"] == "mse"
    assert json.loads(snapshot(model)["config"])["compile_config"]["optimizer"]
    import keras

    assert keras.models.clone_model(model).layers[0].name == model.layers[0].name


def test_the_innermost_frame() -> None:
    """Of a stack of frames, the one nearest to the end that lies in the file."""
    import sys

    def inner() -> Any:
        return sys._getframe()

    frame = inner()
    assert noted.innermost(frame, __file__) == frame.f_lineno
    assert noted.innermost(frame, "elsewhere.py") is None
    assert noted.innermost(None, __file__) is None


@pytest.mark.parametrize("value", [None, 3, "x", [], frozenset()], ids=repr)
def test_what_cannot_remember_has_no_line(value: Any) -> None:
    """Strings for losses and optimizers, say."""
    assert noted.line_of(value) is None


def test_a_forged_note_is_no_line(student: Any) -> None:
    """What the student's code writes in its place stays a claim, and is a number or nothing."""
    model = student.build()
    model.__dict__[noted.COMPILED] = "cnn.py:1"
    assert noted.line_of(model, COMPILED) is None
    model.__dict__[noted.COMPILED] = -7
    assert Lines.from_claim(snapshot(model)["lines"]).compiled is None
