"""Small submissions, and running grade.py as a user does."""

from __future__ import annotations

import os
import subprocess
import sys

from graders import KIT
from graders.verdict import TaskVerdict

MODEL = """
import keras
from keras import layers

def build_model(input_shape, num_classes):
    {body}

def train(model, train_data, val_data):
    {train}
"""
GOOD = """model = keras.Sequential([
        keras.Input(input_shape), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(num_classes, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model"""
FIT = "return model.fit(*train_data, epochs=1, validation_data=val_data)"


def cnn(body: str = GOOD, train: str = FIT, top: str = "") -> str:
    """Returns a submission for the task cnn with the given function bodies."""
    return top + MODEL.format(body=body, train=train)


def first_bad(verdict: TaskVerdict) -> tuple[str, str, str]:
    """Returns the name, outcome and message of the first check that did not pass."""
    bad = next(check for check in verdict.checks if check.outcome != "passed")
    return bad.id.partition("::")[2], bad.outcome, bad.message


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs grade.py as a user does."""
    return subprocess.run(
        [sys.executable, "grade.py", *arguments],
        cwd=KIT,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
    )
