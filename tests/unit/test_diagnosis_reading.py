"""Facts from a script's text alone."""

from __future__ import annotations

import pytest

from graders.diagnosis.diagnose import diagnose
from graders.diagnosis.reading import facts_in

STACK = """import pandas as pd
data = pd.read_csv("gone.csv")
model = Sequential()
model.add(Dense(32, activation="relu", input_dim=8))
model.add(Dropout(0.2))
model.add(Dense(1, activation="sigmoid"))
opt = Adam(lr=0.001)
model.compile(loss="binary_crossentropy", optimizer=opt, metrics=["accuracy"])
model.fit(data, data)
"""


def faults(text: str) -> list[tuple[str, int]]:
    """Returns the faults that the text shows, with their lines."""
    facts = facts_in(text)
    assert facts is not None
    return [(fault.id, fault.line) for fault in diagnose(facts).faults]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ('"sigmoid"', '"softmax"', [("softmax_on_one_unit", 6)]),
        ('"sigmoid"', "tf.nn.relu", [("rectified_output", 6)]),
        (', activation="sigmoid"', "", [("logits_for_probabilities", 6)]),
        ('"binary_crossentropy"', '"categorical_crossentropy"', [("categorical_on_one_unit", 8)]),
        ("lr=0.001", "lr=5", [("learning_rate", 7)]),
        ("Dense(1,", "Dense(classes,", []),
        ('"sigmoid"', "chosen", []),
        ('"binary_crossentropy"', "my_loss", []),
        ("opt = Adam(lr=0.001)", "opt = make()", []),
    ],
)
def test_what_the_text_shows_is_named(old: str, new: str, expected: list[tuple[str, int]]) -> None:
    """What is no plain value is left open."""
    assert faults(STACK.replace(old, new) if old else STACK) == expected


def test_a_list_of_layers_is_read() -> None:
    """In their order."""
    text = """
model = keras.Sequential([
    layers.Dense(64, activation="relu"),
    layers.Dense(10, activation="sigmoid"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""
    assert faults(text) == [("sigmoid_for_classes", 4)]


def test_several_models_are_not_read() -> None:
    """Which layer belongs to which, the text does not tell."""
    assert facts_in(STACK + STACK) is None
    assert facts_in("x = (") is None
    assert facts_in("") is None
