"""Sandboxes that send what no sandbox of the kit sends: it earns nothing, and the grader goes on."""

from __future__ import annotations

from typing import Any

import pytest

# Any code of a submission can find the sandbox's own objects.
TAKEN_OVER = """
import sys
import keras
import numpy as np
frame = sys._getframe()
while "box" not in frame.f_locals:
    frame = frame.f_back
box = frame.f_locals["box"]
requests = sys.modules["graders.sandbox.requests"]
wire = sys.modules["graders.boundary.wire"]
channel = box._channel
original = requests.VERBS["probe"]
"""
CNN = """
def build_model(input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.MaxPooling2D(4), keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=1, validation_data=val_data, verbose=0)
"""
LAYER = """
class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x):
        return self.activation(keras.ops.matmul(x, self.w) + self.b)
"""
MIXED = """
def build_model(input_shape, num_classes, policy):
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def compare(train_data, val_data, policies):
    return {}
"""
SWEEP = """
def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    build_model(0.03).fit(*train_data, epochs=1, verbose=0)
    return []

def best(results):
    return results[0]
"""
ANSWERS = """
def probe(place, source, function, arguments):
    found = {answers}.get(function)
    return original(place, source, function, arguments) if found is None else found
requests.VERBS["probe"] = probe
"""
HUGE = '{"learning_rate": 10**400, "batch_size": 10**400, "val_accuracy": 0.5, "history": [0.5]}'


def answering(answers: str) -> str:
    """Returns code that gives made-up answers to some probes."""
    return ANSWERS.replace("{answers}", answers)


# The task, the code, and the check that such an answer must not pass, if it is about one.
ATTACKS: dict[str, tuple[str, str, str]] = {
    "events with arrays": (
        "cnn",
        'for _ in range(3):\n    channel.send({"event": {"blob": np.zeros(300 * 2**20, "uint8")}})',
        "",
    ),
    "events of lists": (
        "cnn",
        'channel.send({"event": {"epoch": 1, "blob": [[] for _ in range(3_000_000)]}})',
        "",
    ),
    "an endless line of progress": (
        "cnn",
        "report = wire.PROGRESS.pack(wire.MARK, 1, 2, 1e300, float('nan'))\n"
        "for _ in range(3000):\n    channel._write([report * 1000], None)",
        "",
    ),
    "an answer to a load that is an array": (
        "cnn",
        'channel.send({"ok": np.zeros(300 * 2**20, "uint8")})',
        "",
    ),
    "a learning rate of 400 digits": (
        "cnn",
        'snapshots = sys.modules["graders.sandbox.snapshots"]\n'
        "describe = snapshots._describe_optimizer\n"
        "snapshots._describe_optimizer = lambda o: {**describe(o), 'learning_rate': 10**400}\n"
        + CNN,
        "builds",
    ),
    "numbers for arrays": (
        "custom_layer",
        'requests.VERBS["probe"] = lambda *_, **__: {"layer": True, "w": 5, "b": 5, "count": 2}\n'
        + LAYER,
        "weights_created",
    ),
    "a layer without copies": (
        "custom_layer",
        answering('{"copy_layer": {"config": {"units": 7}, "copies": [], "by_saving": None}}')
        + LAYER,
        "config",
    ),
    "a policy of no model": (
        "mixed_precision",
        answering('{"policies_after": {}, "build_under": {"left": [], "built": []}}') + MIXED,
        "policy_restored",
    ),
    "rows of 400 digits": (
        "lr_batch_sweep",
        answering('{"watch_sweep": {"rows": [%s], "value": [%s]}}' % (HUGE, HUGE)) + SWEEP,
        "returns_rows",
    ),
    "fewer choices than lists": (
        "lr_batch_sweep",
        answering('{"choose": [{"kind": "dict", "row": {}, "unchanged": True}]}') + SWEEP,
        "best_row",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_sandbox_that_was_taken_over_earns_nothing(grade: Any, name: str) -> None:
    """What it sends is a fault of the submission: never a point, never an error of the grader."""
    task, code, check = ATTACKS[name]
    verdict = grade(task, TAKEN_OVER + code)
    assert verdict.status in ("error", "failed"), verdict
    outcomes = {result.id.partition("::")[2]: result for result in verdict.checks}
    if not check:
        assert verdict.points == 0
        check = next(iter(outcomes))
    assert outcomes[check].outcome == "error"
    assert (
        "to the grader" in outcomes[check].message
        or "the grader asked for" in outcomes[check].message
    )
