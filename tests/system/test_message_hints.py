"""Hints in real gradings: those of the message, where the check's own would lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graders import rubric
from graders.judge import advice
from graders.rubric.shared_hints import shared_hints
from graders.verdict import TaskVerdict

SHARED = shared_hints()
LSTM = """\
import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential([{layers}])
    {compile}
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data)
"""
COMPILE = "model.compile('adam', 'binary_crossentropy', ['accuracy'])"
IN, READ, ONE = "keras.Input((timesteps, features))", "layers.LSTM(8)", "layers.Dense(1)"


def lstm(*parts: str, compile: str = COMPILE) -> str:
    """Returns a submission whose model has these layers."""
    return LSTM.format(layers=", ".join(parts), compile=compile)


@pytest.mark.parametrize(
    ("text", "check", "expected"),
    [
        (lstm("keras.Input((features, timesteps))", READ, ONE), "builds", SHARED["INPUT"]),
        (lstm(IN, "layers.LSTM(8, return_sequences=True)", ONE), "builds", SHARED["OUTPUT"]),
        (lstm(IN, READ, ONE, compile="pass"), "builds", advice.NOT_COMPILED),
        (lstm(IN, "layers.Nothing(8)", ONE), "builds", advice.OF_ERRORS["raised"]),
        (lstm(IN, "layers.Flatten()", "layers.Dense(1, 'sigmoid')"), "uses_lstm", ()),
    ],
    ids=["swapped axes", "all states", "not compiled", "raised", "the check's own"],
)
def test_the_hint_is_about_the_message(
    text: str, check: str, expected: tuple[str, ...], grade: Callable[..., TaskVerdict]
) -> None:
    """The first hint of the first message that a student reads."""
    task, verdict = rubric.find("lstm"), grade("lstm", text, use_store=False)
    first = next(each for each in verdict.checks if each.outcome in ("failed", "error"))
    assert first.id == f"lstm::{check}", first
    [item] = [each for each in task.checks if each.name == check]
    assert first.hints[: len(expected)] == expected
    assert first.hint == (expected or item.hints)[0]
