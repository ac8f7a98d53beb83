"""The place of a finding in a text, and what a sandbox may report of a script."""

from __future__ import annotations

import ast
import copy
import random
from typing import Any

import numpy as np
import pytest

from graders.diagnosis import claims
from graders.diagnosis.places import place

TEXT = """import keras
model = keras.Sequential()
model.add(keras.layers.Dense(8, activation="relu"))
model.add(keras.layers.Dense(
    1,
    activation="softmax",
))
model.compile(
    "adam",
    loss="mse",
)
model.fit(x, y, nb_epoch=3)
model.add(Activation("softmax"))
"""


@pytest.mark.parametrize(
    ("line", "argument", "expected"),
    [
        (3, "activation", (3, 'keras.layers.Dense(8, activation="relu")')),
        (3, "", (3, 'keras.layers.Dense(8, activation="relu")')),
        (4, "activation", (6, 'activation="softmax",')),
        (8, "loss", (10, 'loss="mse",')),
        (8, "optimizer", (9, '"adam",')),
        (12, "epochs", (12, "model.fit(x, y, nb_epoch=3)")),
        (13, "activation", (13, 'Activation("softmax")')),
        (2, "activation", (2, "keras.Sequential()")),
        (0, "", (0, "")),
        (99, "", (0, "")),
    ],
)
def test_the_place_is_that_of_the_argument(
    line: int, argument: str, expected: tuple[int, str]
) -> None:
    """A call over several lines is left for the line that is meant."""
    assert place(ast.parse(TEXT), TEXT, line, argument) == expected


def test_text_that_is_no_python_has_lines_all_the_same() -> None:
    """The whole line is shown."""
    assert place(None, TEXT, 3, "activation")[0] == 3


FROZEN = """base = Dense(8)
for layer in model.layers:
    layer.trainable = False
head = Dense(2, trainable=False)
model.fit(x, y)
base.trainable = True
"""


def test_what_is_frozen_is_shown_where_the_text_freezes_it() -> None:
    """An argument of the layer itself is nearer; of two places, none is chosen."""
    shown = (3, "layer.trainable = False")
    assert place(ast.parse(FROZEN), FROZEN, 5, "trainable") == shown
    assert place(ast.parse(FROZEN), FROZEN, 1, "trainable") == shown
    assert place(ast.parse(FROZEN), FROZEN, 4, "trainable")[0] == 4
    twice = FROZEN + "head.trainable = False"
    assert place(ast.parse(twice), twice, 5, "trainable") == (5, "model.fit(x, y)")
    assert place(ast.parse(TEXT), TEXT, 12, "trainable") == (12, "model.fit(x, y, nb_epoch=3)")


def told() -> dict[str, Any]:
    """Returns what a sandbox reports of a healthy training."""
    layer = {
        "name": "dense", "kind": "Dense", "inner": "", "activation": "softmax_v2", "line": 3,
        "trainable": True, "parameters": 9, "config": {"units": 1}, "input": [None, 8],
        "output": [None, 1],
    }  # fmt: skip
    array = {
        "dtype": "float32", "shape": [4, 8], "sample": np.zeros((4, 8)), "values": None,
        "figures": [0.0, 1.0, 0.5, 0.1], "missing": 0,
    }  # fmt: skip
    return {
        "at": "fit",
        "notes": [{"kind": "keras2", "old": "lr=", "new": "learning_rate=", "line": 2}],
        "fit": {
            "how": "fit", "line": 12, "epochs": 3, "batch": 32, "steps": None,
            "validation": "none", "callbacks": [],
            "model": {"snapshot": None, "refused": "", "kind": "Sequential", "layers": [layer],
                      "tail": ["dense"], "output": [None, 1], "trainable": 9},
            "compiled": {"line": 8, "loss": "MeanSquaredError", "several": False, "own_loss": False,
                         "from_logits": False, "loss_line": 0, "optimizer": "Adam",
                         "optimizer_line": 0, "rate": 0.001, "momentum": 0.0,
                         "metrics": [{"name": "Accuracy()", "line": 0}]},
            "x": {"x": array}, "y": {**array, "shape": [4], "sample": np.zeros(4)},
        },
    }  # fmt: skip


def test_a_claim_becomes_facts() -> None:
    """Names are Keras's long ones."""
    point = claims.point(told())
    assert point.facts is not None and point.facts.compiled is not None
    assert point.facts.compiled.loss == "mean_squared_error"
    assert point.facts.compiled.metrics == ("accuracy()",)
    assert point.facts.tail[0].softmax
    assert point.notes[0].new == "learning_rate="


def test_a_claim_of_another_kind_is_refused() -> None:
    """Whatever is put in a place where it does not belong, nothing but a refusal comes of it."""
    rng = random.Random(0)
    odd = [None, -1, 2**70, 1.5, float("nan"), "x" * 500, [], {}, [[]], {"a": 1}, True]
    for _ in range(500):
        claim = copy.deepcopy(told())
        node: Any = claim
        while True:
            key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
            if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.2:
                node[key] = rng.choice(odd)
                break
            node = node[key]
        try:
            claims.point(claim)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue
