"""What is measured on a rebuilt model, and what a repair reaches, with real models."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from graders.diagnosis import claims, measuring, trying
from graders.diagnosis.diagnose import diagnose
from graders.diagnosis.facts import Facts
from graders.sandbox.scripts import asked, data, describing
from graders.sandbox.scripts.earlier import Earlier
from graders.sandbox.scripts.where import Lines

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 8)).astype("float32")
CLASSES = (X[:, :3].argmax(axis=1)).astype("int64")
TWO = (X[:, 0] > 0).astype("int64")


def told(model: Any, y: np.ndarray, x: np.ndarray = X, **compiled: Any) -> tuple[Facts, Any]:
    """Returns the facts and the snapshot of a model, as they come from a sandbox."""
    model.compile(**compiled)
    lines = Lines("nowhere")
    rows = data.rows_of(len(x), x[:1].nbytes)
    point = claims.point(
        {
            "at": "fit",
            "notes": [],
            "fit": {
                "how": "fit",
                "line": 1,
                "epochs": 20,
                "batch": 32,
                "model": describing.model(model, lines, x),
                "compiled": describing.compiled(model, compiled, 1, lines),
                "x": {"x": data.described(x, rows)},
                "y": data.described(y, rows),
            },
        }
    )
    assert point.facts is not None
    return point.facts, point.snapshot


def stack(*layers: Any) -> keras.Sequential:
    """Returns a model."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8,)), *layers])


Dense = keras.layers.Dense


def test_layers_are_measured_under_the_names_of_the_script() -> None:
    """Dead ReLUs and flat sigmoids are seen."""
    dead = Dense(16, activation="relu", bias_initializer=keras.initializers.Constant(-100.0))
    flat = Dense(4, activation="sigmoid", bias_initializer=keras.initializers.Constant(50.0))
    facts, snapshot = told(
        stack(dead, flat, Dense(1)), TWO.astype("float32"), optimizer="adam", loss="mse"
    )
    found = measuring.measured(facts, snapshot)
    assert found.before[dead.name].dead == 1.0
    assert found.before[flat.name].saturated == 1.0


def test_the_weights_of_the_end_are_measured_too() -> None:
    """After the training, other values come out."""
    model = stack(Dense(4, activation="relu"), Dense(1, activation="sigmoid"))
    facts, snapshot = told(model, TWO, optimizer="adam", loss="binary_crossentropy")
    weights = tuple(np.zeros_like(weight) for weight in model.get_weights())
    trained = claims.Trained({"loss": (0.7, 0.7)}, 2, 26, False, weights)
    found = measuring.measured(dataclasses.replace(facts, trained=trained), snapshot)
    last = model.layers[-1].name
    assert found.after[last].alike == 0.0 < found.before[last].alike


def test_a_model_within_a_model_is_measured() -> None:
    """What cannot be told apart is left out, and nothing fails."""
    inner = stack(Dense(4, activation="relu"))
    facts, snapshot = told(
        stack(inner, Dense(3, activation="softmax")), CLASSES,
        optimizer="adam", loss="sparse_categorical_crossentropy",
    )  # fmt: skip
    found = measuring.measured(facts, snapshot)
    assert found.before and not diagnose(found).faults


def test_readers_are_those_of_the_graph() -> None:
    """Of a residual block in a model within a model, too; a model of no graph has none."""
    inner = stack(Dense(4, activation="relu", name="inside"))
    x = keras.Input((8,))
    first = inner(x)
    branch = Dense(4, name="branch")(first)
    added = keras.layers.Add(name="added")([branch, first])
    model = keras.Model(x, Dense(3, activation="softmax", name="last")(added))
    facts, _ = told(model, CLASSES, optimizer="adam", loss="sparse_categorical_crossentropy")
    found = {layer.name: tuple(sorted(layer.readers or ())) for layer in facts.layers}
    assert found == {
        "inside": ("added", "branch"), "branch": ("added",), "added": ("last",), "last": ("",),
    }  # fmt: skip
    by_name = {layer.name: layer for layer in facts.layers}
    assert facts.after_alone(by_name["branch"]) is None
    assert facts.after_alone(by_name["added"]) is by_name["last"]


def test_layers_that_were_trained_before_are_known_in_another_model() -> None:
    """A layer that was frozen then was not trained."""
    shared, frozen = Dense(4), Dense(4, trainable=False)
    first = stack(shared, frozen)
    earlier = Earlier()
    assert not earlier.holds(first)
    earlier.note(first)
    assert earlier.holds(first) and earlier.holds(stack(stack(shared), Dense(1)))
    frozen.trainable = True
    assert not earlier.holds(stack(Dense(4), frozen, Dense(2)))


def test_callbacks_of_keras_tell_what_they_monitor() -> None:
    """Not those that save each epoch, nor those of a script's own."""

    class Own(keras.callbacks.EarlyStopping):
        """Defined by a script."""

    kinds = keras.callbacks
    given = [
        kinds.EarlyStopping(), kinds.ModelCheckpoint("a.keras"), Own(), kinds.TerminateOnNaN(),
        kinds.ModelCheckpoint("a.keras", "val_accuracy", save_best_only=True, mode="min"),
    ]  # fmt: skip
    told = asked.watching({"callbacks": given}, Lines("nowhere"))
    assert [(row["kind"], row["monitor"], row["mode"]) for row in told] == [
        ("EarlyStopping", "val_loss", "auto"), ("ModelCheckpoint", "val_accuracy", "min"),
    ]  # fmt: skip
    assert len(asked.watching({"callbacks": given[0]}, Lines("nowhere"))) == 1
    assert asked.watching({}, Lines("nowhere")) == []


SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
REPAIRED = {
    "softmax_on_one_unit": lambda: told(
        stack(Dense(16, activation="relu"), Dense(1, activation="softmax")), TWO,
        optimizer="adam", loss=BINARY),
    "integer_labels": lambda: told(
        stack(Dense(16, activation="relu"), Dense(3, activation="softmax")), CLASSES,
        optimizer="adam", loss="categorical_crossentropy"),
    "outputs_for_labels": lambda: told(
        stack(Dense(16, activation="relu"), Dense(2, activation="softmax")), TWO,
        optimizer="adam", loss=BINARY),
    "learning_rate": lambda: told(
        stack(Dense(16, activation="relu"), Dense(3, activation="softmax")), CLASSES,
        optimizer=keras.optimizers.Adam(30.0), loss=SPARSE),
    "scaled_away": lambda: told(
        stack(Dense(16, activation="relu"), Dense(3, activation="softmax")), CLASSES,
        x=X / 2000, optimizer="adam", loss=SPARSE),
    "out_of_reach": lambda: told(
        stack(Dense(16, activation="relu"), Dense(1, activation="sigmoid")), 3 * X[:, 0],
        optimizer=keras.optimizers.Adam(0.01), loss="mse"),
}  # fmt: skip


@pytest.mark.parametrize("name", REPAIRED)
def test_a_repair_reaches_more(name: str) -> None:
    """The fault is named, and without it the model learns."""
    facts, snapshot = REPAIRED[name]()
    found = diagnose(measuring.measured(facts, snapshot))
    assert found.faults[0].id == name
    better = trying.tried(facts, snapshot, found, 60.0)
    assert better.faults[0].id == name
    assert better.faults[0].tried.startswith("Tried: with ")
