"""Tiny models, and what a sandbox would report of them, for tests in one process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import datasets
from graders.judge import training as judge_training
from graders.rebuilt.claims import Run
from graders.rebuilt.snapshot import Snapshot
from graders.sandbox import snapshots

layers = keras.layers


def sequential(shape: tuple[int | None, ...], *stack: Any, **compiled: Any) -> Any:
    """Builds a Sequential model, and compiles it if arguments of `compile` are given."""
    model = keras.Sequential([layers.Input(shape), *stack])
    if compiled:
        model.compile(**compiled)
    return model


def functional(shape: tuple[int | None, ...], build: Callable[[Any], Any]) -> Any:
    """Builds a Functional model of one input; `build` makes the output from it."""
    x = layers.Input(shape)
    return keras.Model(x, build(x))


def snapshot(model: Any, **changes: Any) -> Snapshot:
    """Takes a snapshot of a live model as the sandbox does, and reads it as the grader does.

    Args:
        model: A Keras model.
        **changes: Fields of the `Snapshot` that are to be others.
    """
    claim = snapshots.snapshot(model)
    return dataclasses.replace(Snapshot.from_claim(claim), **changes)


def training(
    before: Snapshot,
    after: Snapshot,
    history: dict[str, list[float]] | None = None,
    **changes: Any,
) -> judge_training.Training:
    """Returns a training without faults between two snapshots."""
    arguments: dict[str, Any] = {
        "function": "train",
        "history": {"loss": [0.5], "val_loss": [0.5]} if history is None else history,
        "returned": "keras.History",
        "data_unchanged": True,
        "faults": [],
        "rate": 0.001,
        "run": Run("for the model"),
    }
    return judge_training.Training(before=before, after=after, **(arguments | changes))


def one_hot_part(count: int, classes: int = 3, wrong: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Makes examples whose label is the place of the 1 in them.

    Args:
        count: Integer, the number of examples.
        classes: Integer.
        wrong: Integer, how many of them, from the first on, have the next label instead.
    """
    y = np.arange(count) % classes
    x = np.eye(classes, dtype="float32")[y]
    y[:wrong] = (y[:wrong] + 1) % classes
    return x, y


def one_hot_data(
    train: Any = None, validation: Any = None, test: Any = None, classes: int = 3
) -> datasets.Dataset:
    """Makes a data set of such parts, of 60 examples each where nothing else is given."""
    parts = [
        one_hot_part(60, classes) if part is None else part for part in (train, validation, test)
    ]
    return datasets.Dataset("one_hot", "default", classes, *parts)


def reader(scale: float = 10.0, classes: int = 3, **compiled: Any) -> Any:
    """Builds a linear softmax model that reads off the label; with `scale` 0 it knows nothing."""
    compiled = compiled or {"loss": "sparse_categorical_crossentropy", "optimizer": "sgd"}
    model = sequential((classes,), layers.Dense(classes, activation="softmax"), **compiled)
    model.set_weights([scale * np.eye(classes), np.zeros(classes)])
    return model
