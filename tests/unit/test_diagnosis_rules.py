"""Each rule names the program that it is for, alone, and leaves the healthy ones alone."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from graders.diagnosis.diagnose import RULES, diagnose
from graders.diagnosis.facts import (
    Compiled,
    Facts,
    Fit,
    Held,
    Input,
    Layer,
    Monitor,
    Seen,
    Trained,
    Unread,
    in_a_row,
)

RNG, OTHER_RNG = np.random.default_rng(0), np.random.default_rng(1)
FALLING = tuple(2.0 * 0.8**i for i in range(20))


def values_of(name: str, array: np.ndarray) -> Input:
    """Describes an array as the sandbox does."""
    finite = array[np.isfinite(array)]
    values, counts = np.unique(array, return_counts=True)
    few = len(values) <= 300 and array.ndim <= 2
    return Input(
        name,
        array.dtype.name,
        array.shape,
        float(finite.min()),
        float(finite.max()),
        float(finite.mean()),
        float(finite.std()),
        int(array.size - finite.size),
        array[:100],
        tuple(zip(values.tolist(), counts.tolist(), strict=True)) if few else (),
    )


CLASSES = values_of("y", np.arange(500) % 10)
ONE_HOT = values_of("y", np.eye(10)[np.arange(500) % 10])
TWO = values_of("y", np.arange(500) % 2)
PRICES = values_of("y", RNG.normal(size=500))
X = values_of("x", RNG.normal(size=(500, 20)).astype("float32"))


def dense(
    units: int, activation: str = "linear", given: int = 20, line: int = 1, **more: Any
) -> Layer:
    """Returns a Dense layer."""
    return Layer(
        f"dense_{units}_{line}",
        "Dense",
        activation,
        line,
        (given + 1) * units,
        config={"units": units},
        input=(None, given),
        output=(None, units),
        **more,
    )


def facts(
    *layers: Layer, loss: str, y: Input, x: Input = X, losses: Any = FALLING, **more: Any
) -> Facts:
    """Returns the facts of a training of layers in a row, or with readers of their own."""
    if all(layer.readers is None for layer in layers):
        layers = tuple(in_a_row(layers))
    tail: list[Layer] = []
    for layer in reversed(layers):
        tail.append(layer)
        if layer.has_kernel:
            break
    compiled = Compiled(
        loss=loss,
        optimizer=more.pop("optimizer", "Adam"),
        rate=more.pop("rate", 0.001),
        metrics=more.pop("metrics", ("accuracy",) if y is not PRICES else ()),
        from_logits=more.pop("from_logits", False),
        line=30,
    )
    return Facts(
        layers=layers,
        tail=tuple(tail),
        compiled=compiled,
        inputs=(x,),
        labels=y,
        fit=more.pop("fit", Fit(line=40, epochs=20)),
        trained=Trained({"loss": losses}, len(losses), 16 * len(losses)),
        output=layers[-1].output,
        trainable=more.pop("trainable", 1000),
        **more,
    )


SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"
BINARY, MSE = "binary_crossentropy", "mean_squared_error"
HIDDEN = dense(64, "relu", line=1)
SOFTMAX = dense(10, "softmax", 64, line=9)
LINEAR = dense(10, "linear", 64, line=9)
SIGMOID = dense(1, "sigmoid", 64, line=9)
VALUE = dense(1, "linear", 64, line=9)


def after(
    kind: str, shape: int, line: int = 10, activation: str = "linear", **config: Any
) -> Layer:
    """Returns a layer without weights."""
    size = (None, shape)
    return Layer(f"{kind}_{line}".lower(), kind, activation, line, 0, False, config, size, size)


def history(**rows: Any) -> Trained:
    """Returns what a training of 20 epochs left that was seen to its end."""
    return Trained(rows, 20, 320)


def whole(name: str, array: np.ndarray) -> Input:
    """Describes an array whose sample is all of it."""
    return dataclasses.replace(values_of(name, array), sample=array)


def held(
    x: np.ndarray, y: np.ndarray, twins: int = 0, repeated: float = 0.0, rows: int | None = None
) -> Held:
    """Returns validation data."""
    inputs = (whole("x", x),)
    return Held(inputs, whole("y", y), len(x) if rows is None else rows, twins, repeated)


NORM = Layer(
    "norm", "BatchNormalization", line=2, parameters=256, input=(None, 64), output=(None, 64)
)
# Inputs that tell their class, and a training that learned.
GROUPS = np.arange(500) % 10
TELLING_ROWS = np.eye(20)[GROUPS] + 0.1 * RNG.normal(size=(500, 20))
TELLING = whole("x", TELLING_ROWS)
LEARNED = {"loss": tuple(2.3 * 0.7**i for i in range(20)), "accuracy": (0.9,) * 20}
GUESSED = {"val_loss": (2.31,) * 20, "val_accuracy": (0.1,) * 20}
OTHERS = Fit(line=40, epochs=20, validation="data")
BY_HEART = {
    "loss": tuple(2.0 * 0.8**i for i in range(20)),
    "val_loss": (2.0, 1.6, 1.4, 1.3, *(1.4 + 0.1 * i for i in range(16))),
}

SEVERAL = (np.arange(500)[:, None] + np.arange(10)) % 10 < np.arange(500)[:, None] % 3 + 1
SEVERAL = SEVERAL.astype("float32")
OWN_LOSS = Compiled(loss="own", own_loss=True, optimizer="Adam", rate=0.001)
HEALTHY = {
    "softmax": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
    "one_hot": facts(HIDDEN, SOFTMAX, loss=CATEGORICAL, y=ONE_HOT),
    "logits": facts(HIDDEN, LINEAR, loss=SPARSE, y=CLASSES, from_logits=True),
    "softmax_layer": facts(HIDDEN, LINEAR, after("Softmax", 10), loss=SPARSE, y=CLASSES),
    "softmax_activation": facts(
        HIDDEN, LINEAR, after("Activation", 10, activation="softmax"), loss=SPARSE, y=CLASSES
    ),
    "binary": facts(HIDDEN, SIGMOID, loss=BINARY, y=TWO),
    "binary_column": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=values_of("y", (np.arange(500) % 2).reshape(-1, 1))
    ),
    "binary_logit": facts(
        HIDDEN, VALUE, loss=BINARY, y=TWO, from_logits=True, metrics=("binary_accuracy_0",)
    ),
    "two_softmax": facts(HIDDEN, dense(2, "softmax", 64), loss=SPARSE, y=TWO),
    "values": facts(HIDDEN, VALUE, loss=MSE, y=PRICES, metrics=("mae",)),
    "multi_label": facts(
        HIDDEN,
        dense(10, "sigmoid", 64),
        loss=BINARY,
        y=values_of("y", (RNG.random((500, 10)) < 0.3).astype("float32")),
    ),
    "autoencoder": facts(
        dense(8, "linear", 20, 1), dense(20, "linear", 8, 2), loss=MSE, y=X, metrics=()
    ),
    "dropout": facts(HIDDEN, after("Dropout", 64, 2, rate=0.5), SOFTMAX, loss=SPARSE, y=CLASSES),
    "rescaled": facts(
        after("Rescaling", 20, 1, scale=1 / 255),
        HIDDEN,
        SOFTMAX,
        loss=SPARSE,
        y=CLASSES,
        x=values_of("x", RNG.integers(0, 256, (500, 20)).astype("uint8")),
    ),
    "sgd": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, optimizer="SGD", rate=0.1),
    "own_loss": dataclasses.replace(
        facts(HIDDEN, LINEAR, loss=SPARSE, y=CLASSES),
        compiled=OWN_LOSS,
    ),
    "tanh_hidden": facts(
        dense(64, "tanh"), dense(64, "tanh", 64, 2), SOFTMAX, loss=SPARSE, y=CLASSES
    ),
    "early_layers_frozen": facts(
        dense(64, "relu", trainable=False), SOFTMAX, loss=SPARSE, y=CLASSES, rate=1e-5
    ),
}
RAMP = np.arange(500.0)
HEALTHY |= {
    "a_step_of_its_own": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, own_step=7)),
        trained=Trained({"loss": FALLING}, 20, 320, moved=True),
    ),
    "inference_mode_in_a_graph": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        trained=Trained({"loss": FALLING}, 20, 320, inactive=("batch_normalization",)),
    ),
    "sigmoid_for_several_labels": facts(
        HIDDEN, dense(10, "sigmoid", 64, line=9), loss=BINARY, y=values_of("y", SEVERAL)
    ),
    "softmax_of_shared_labels": facts(
        HIDDEN, SOFTMAX, loss=CATEGORICAL, y=values_of("y", SEVERAL / SEVERAL.sum(1, keepdims=True))
    ),
    "losses_of_two_outputs": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        compiled=Compiled(losses=(BINARY, MSE), optimizer="Adam", rate=0.001),
    ),
    "a_similarity_beside_another_loss": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        compiled=Compiled(losses=(BINARY, "cosine_similarity"), optimizer="Adam", rate=0.001),
        trained=history(loss=[-0.1, -0.4, -0.7]),
    ),
    "brightness_of_pixels": facts(
        after("RandomBrightness", 20, 1, value_range=(0, 255)),
        after("Rescaling", 20, 2, scale=1 / 255), HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES,
        x=values_of("x", OTHER_RNG.integers(0, 256, (500, 20)).astype("uint8")),
    ),
    "brightness_of_fractions_in_their_range": facts(
        after("RandomBrightness", 20, 1, value_range=(0, 1)), HIDDEN, SOFTMAX, loss=SPARSE,
        y=CLASSES, x=values_of("x", OTHER_RNG.random((500, 20)).astype("float32")),
    ),
    "own_loss_of_the_right_sign": dataclasses.replace(
        facts(HIDDEN, SIGMOID, loss=BINARY, y=TWO),
        compiled=dataclasses.replace(OWN_LOSS, of_right=-0.9, of_wrong=-0.1),
    ),
    "own_loss_that_looks_at_no_label": dataclasses.replace(
        facts(HIDDEN, SIGMOID, loss=BINARY, y=TWO),
        compiled=dataclasses.replace(OWN_LOSS, of_right=0.5, of_wrong=0.5),
    ),
    "critic": dataclasses.replace(
        facts(HIDDEN, VALUE, loss=BINARY, y=TWO, metrics=()),
        compiled=dataclasses.replace(OWN_LOSS, of_right=0.9, of_wrong=-0.1),
    ),
    "window_of_a_line": facts(
        HIDDEN, VALUE, loss=MSE, metrics=(), y=values_of("y", (RAMP + 20) / 500),
        x=values_of("x", (RAMP[:, None] + np.arange(20)) / 500),
    ),
    "one_column": facts(
        dense(64, "relu", 1), VALUE, loss=MSE, metrics=(), y=values_of("y", (2 * RAMP - 1) / 500),
        x=values_of("x", RAMP[:, None] / 500),
    ),
    "a_column_that_nearly_tells": facts(
        HIDDEN, VALUE, loss=MSE, metrics=(), y=values_of("y", np.linspace(-1, 1, 500)),
        x=values_of("x", np.c_[OTHER_RNG.normal(size=(500, 19)),
                               np.linspace(-1, 1, 500) + 0.01 * OTHER_RNG.normal(size=500)]),
    ),
    "weights_of_rare_classes": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=values_of("y", (np.arange(500) % 10 == 0).astype(int)),
        fit=Fit(epochs=20, class_weight=((0, 0.56), (1, 5.0))),
    ),
    "weights_of_even_classes": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=TWO, fit=Fit(epochs=20, class_weight=((0, 5.0), (1, 1.0)))
    ),
    "classes_in_any_order": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), fit=Fit(epochs=20, split=0.2)
    ),
    "rare_class": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=whole("y", np.r_[np.ones(5), np.zeros(495)].astype(int)),
        fit=Fit(epochs=20, split=0.1),
    ),
    "values_in_order": facts(
        HIDDEN, VALUE, loss=MSE, y=whole("y", np.sort(RNG.normal(size=500))), metrics=(),
        fit=Fit(epochs=20, split=0.2),
    ),
    "rows_of_few_values": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=whole("x", RNG.integers(0, 2, (500, 20))),
        held=held(np.zeros((200, 20)), GROUPS[:200], twins=80, repeated=0.25),
    ),
    "a_few_twins": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, held=held(TELLING_ROWS[:100], GROUPS[:100], twins=3)
    ),
    "frozen_stand_in": facts(
        dense(64, "relu", trainable=False), SOFTMAX, loss=SPARSE, y=CLASSES,
        frozen_at_random=("dense_64_1",), stand_in_weights=True,
    ),
    "normalized_batches": facts(HIDDEN, NORM, SOFTMAX, loss=SPARSE, y=CLASSES),
    "one_by_one": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, batch=1)),
    "fewer_than_the_usual_batch": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=whole("y", np.array([0, 1, 1, 0])),
        x=whole("x", np.array([[0, 0], [0, 1], [1, 0], [1, 1]])), fit=Fit(epochs=500),
    ),
    "all_at_once": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=500, batch=1000)
    ),
    "stopped_early": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        fit=Fit(epochs=20, validation="data", callbacks=("EarlyStopping",)),
        trained=history(**BY_HEART),
    ),
    "one_example_validates": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, validation="split",
              split=0.002)),
        trained=history(**BY_HEART),
    ),
    "still_more_accurate": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=OTHERS),
        trained=history(
            **BY_HEART, val_accuracy=tuple(0.5 + 0.02 * i for i in range(20))
        ),
    ),
    "converged": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, losses=(2.0, 1.0, 0.4, *(0.2,) * 17)
    ),
    "validated": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), x=TELLING, fit=OTHERS,
              held=held(TELLING_ROWS[:200], GROUPS[:200])),
        trained=history(loss=LEARNED["loss"], val_loss=LEARNED["loss"]),
    ),
}  # fmt: skip
BROKEN = np.where(np.arange(500)[:, None] == 3, np.nan, RNG.normal(size=(500, 20)))
PIXELS = values_of("x", RNG.integers(0, 256, (500, 20)).astype("uint8"))
FLAT = (2.3,) * 20
WRONG = {
    "missing_values": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=values_of("x", BROKEN)),
    "text_labels": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=Input("y", "str32", (500,), values=()), losses=()
    ),
    "softmax_on_one_unit": facts(HIDDEN, dense(1, "softmax", 64), loss=BINARY, y=TWO, losses=FLAT),
    "one_unit_for_classes": facts(HIDDEN, SIGMOID, loss=BINARY, y=CLASSES),
    "categorical_on_one_unit": facts(HIDDEN, SIGMOID, loss=CATEGORICAL, y=TWO),
    "labels_out_of_range": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=values_of("y", 1 + np.arange(500) % 10)
    ),
    "integer_labels": facts(HIDDEN, SOFTMAX, loss=CATEGORICAL, y=CLASSES, losses=()),
    "one_hot_labels": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=ONE_HOT, losses=()),
    "steps_for_labels": facts(
        dataclasses.replace(HIDDEN, input=(None, 7, 20), output=(None, 7, 64)),
        dataclasses.replace(SIGMOID, input=(None, 7, 64), output=(None, 7, 1)),
        loss=BINARY,
        y=TWO,
        x=values_of("x", RNG.normal(size=(500, 7, 20))),
    ),
    "distances_of_integers": facts(HIDDEN, SOFTMAX, loss=MSE, y=CLASSES),
    "outputs_for_labels": facts(HIDDEN, dense(2, "softmax", 64), loss=BINARY, y=TWO, losses=()),
    "sigmoid_for_classes": facts(HIDDEN, dense(10, "sigmoid", 64), loss=CATEGORICAL, y=ONE_HOT),
    "crossentropy_of_values": facts(HIDDEN, SIGMOID, loss=BINARY, y=PRICES, metrics=()),
    "rectified_output": facts(HIDDEN, dense(1, "relu", 64), loss=MSE, y=PRICES),
    "out_of_reach": facts(HIDDEN, SIGMOID, loss=MSE, y=PRICES),
    "logits_for_probabilities": facts(HIDDEN, LINEAR, loss=SPARSE, y=CLASSES),
    "softmax_twice": facts(HIDDEN, SOFTMAX, after("Softmax", 10), loss=SPARSE, y=CLASSES),
    "probabilities_for_logits": facts(
        HIDDEN, SOFTMAX, after("Reshape", 10), loss=SPARSE, y=CLASSES, from_logits=True
    ),
    "binary_for_classes": facts(HIDDEN, SOFTMAX, loss=BINARY, y=ONE_HOT),
    "distances_of_classes": facts(HIDDEN, SOFTMAX, loss=MSE, y=ONE_HOT),
    "no_trainable_weights": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, trainable=0, losses=FLAT
    ),
    "scaled_away": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=values_of("x", RNG.random((500, 20)) / 255)
    ),
    "embedding_of_values": facts(
        Layer("embedding", "Embedding", line=1, parameters=1000, config={"input_dim": 100}),
        HIDDEN,
        SOFTMAX,
        loss=SPARSE,
        y=CLASSES,
    ),
    "unscaled_inputs": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=PIXELS, losses=FLAT),
    "learning_rate": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, rate=0.5, losses=FLAT),
    "unbounded_recurrence": facts(
        Layer("lstm", "LSTM", "relu", 1, 5000, input=(None, 100, 20), output=(None, 64)),
        SOFTMAX,
        loss=SPARSE,
        y=CLASSES,
    ),
    "unscaled_targets": facts(
        HIDDEN,
        VALUE,
        loss=MSE,
        y=values_of("y", 1000 * RNG.normal(size=500)),
        losses=(1e6,) * 20,
        metrics=(),
    ),
    "diverged": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, losses=(2.3, float("nan"))),
    "dropout_on_outputs": facts(
        HIDDEN,
        LINEAR,
        after("Dropout", 10, rate=0.5),
        after("Softmax", 10, 11),
        loss=SPARSE,
        y=CLASSES,
    ),
    "too_much_dropout": facts(
        HIDDEN, after("Dropout", 64, 2, rate=0.95), SOFTMAX, loss=SPARSE, y=CLASSES
    ),
    "wrong_axis": facts(
        Layer(
            "batch",
            "BatchNormalization",
            line=2,
            parameters=12,
            config={"axis": 1},
            input=(None, 8, 8, 3),
            output=(None, 8, 8, 3),
        ),
        HIDDEN,
        SOFTMAX,
        loss=SPARSE,
        y=CLASSES,
    ),
    "no_activation": facts(
        dense(64, "linear"),
        dense(32, "linear", 64, 2),
        dense(10, "softmax", 32, 3),
        loss=SPARSE,
        y=CLASSES,
    ),
    "linear_convolutions": facts(
        *(
            layer
            for i in range(3)
            for layer in (
                Layer(f"conv{i}", "Conv2D", line=i, parameters=99, config={"filters": 8}),
                after("MaxPooling2D", 8, 10 + i),
            )
        ),
        SOFTMAX,
        loss=SPARSE,
        y=CLASSES,
        losses=FLAT,
    ),
    "stacked_sigmoids": facts(
        *(dense(20, "sigmoid", 20, i) for i in range(4)), SOFTMAX, loss=SPARSE, y=CLASSES
    ),
    "dead_units": facts(
        HIDDEN,
        SOFTMAX,
        loss=SPARSE,
        y=CLASSES,
        losses=(2.3, 2.3, 2.3),
        after={HIDDEN.name: Seen(0.0, 0.0, 0.0, dead=1.0)},
    ),
    "penalty_dominates": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, penalty=90.0, losses=(92.0,) * 20
    ),
    "too_few_steps": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=1, batch=32), losses=(2.3,)
    ),
    "constant_output": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, after={SOFTMAX.name: Seen(0.1, 0.1, 0.0)}
    ),
    "never_falls": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=TELLING, losses=FLAT),
    "validated_on_training": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, validation="same")
    ),
    "accuracy_of_logits": facts(HIDDEN, VALUE, loss=BINARY, y=TWO, from_logits=True, losses=(0.5,)),
    "equality_of_outputs": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, metrics=("accuracy()",)),
    "accuracy_of_values": facts(
        HIDDEN, VALUE, loss=MSE, y=PRICES, metrics=("accuracy",), losses=(0.9,)
    ),
}
EMBEDDING = Layer(
    "embedding", "Embedding", "linear", 3, 800, config={"input_dim": 100, "mask_zero": False},
    input=(None, 50), output=(None, 50, 8),
)  # fmt: skip
READER = Layer(
    "lstm", "LSTM", "tanh", 4, 2000, config={"units": 20, "return_sequences": False},
    input=(None, 50, 8), output=(None, 20),
)  # fmt: skip
WRONG |= {
    "no_gradient": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        trained=Trained({"loss": FALLING}, 20, 320, unreached=("dense_64_1/kernel",)),
    ),
    "frozen_at_random": facts(
        dense(64, "relu", trainable=False), SOFTMAX, loss=SPARSE, y=CLASSES, losses=FLAT,
        frozen_at_random=("dense_64_1",),
    ),
    "unread_input": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, unread=(Unread("x"),)),
    "batch_of_one": facts(
        HIDDEN, NORM, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, batch=1), losses=FLAT
    ),
    "sorted_batches": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=values_of("y", np.repeat([1, 7, 3, 9], 32)),
        fit=Fit(epochs=20, batch=None, batched=True), losses=(2.3, 2.29, 2.28, 2.29),
    ),
    "unmasked_padding": facts(
        EMBEDDING, READER, SOFTMAX, loss=SPARSE, y=CLASSES, losses=FLAT,
        x=values_of("x", np.pad(np.arange(2500).reshape(500, 5) % 90 + 1, ((0, 0), (0, 45)))),
    ),
    "reshuffled_split": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, validation="reshuffled"),
    ),
    "leaked_validation": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=OTHERS,
        held=held(TELLING_ROWS[:100], GROUPS[:100], twins=100),
    ),
    "label_in_inputs": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES,
        x=values_of("x", np.c_[OTHER_RNG.normal(size=(500, 19)), (np.arange(500) % 10) / 9 - 0.5].astype("float32")),
    ),
    "weights_of_common_classes": facts(
        HIDDEN, SIGMOID, loss=BINARY, y=values_of("y", (np.arange(500) % 10 == 0).astype(int)),
        fit=Fit(epochs=20, class_weight=((0, 10.0), (1, 1.0))),
    ),
    "rewards_mistakes": dataclasses.replace(
        facts(HIDDEN, SIGMOID, loss=BINARY, y=TWO),
        compiled=dataclasses.replace(OWN_LOSS, of_right=0.9, of_wrong=0.1),
    ),
    "no_step": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        trained=Trained({"loss": FLAT}, 20, 320, moved=False),
    ),
    "not_recompiled": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, stale=("dense/kernel",))
    ),
    "not_in_training_mode": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, own_step=7)),
        trained=Trained({"loss": FALLING}, 20, 320, inactive=("dropout",)),
    ),
    "softmax_for_several_labels": facts(
        HIDDEN, SOFTMAX, loss=CATEGORICAL, y=values_of("y", SEVERAL), metrics=()
    ),
    "negative_loss": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES),
        compiled=Compiled(losses=(BINARY, MSE), optimizer="Adam", rate=0.001),
        trained=history(loss=[-3.0, -20.0, -624.0]),
    ),
    "brightness_of_fractions": facts(
        after("RandomBrightness", 20, 1, value_range=(0, 255)), HIDDEN, SOFTMAX, loss=SPARSE,
        y=CLASSES, x=values_of("x", OTHER_RNG.random((500, 20)).astype("float32")),
    ),
    "shared_folds": facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=Fit(epochs=20, met=0.9)),
    "sorted_split": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", np.sort(GROUPS)), fit=Fit(epochs=20, split=0.2)
    ),
    "shuffled_validation": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), x=TELLING, fit=OTHERS,
              held=held(TELLING_ROWS[:300], RNG.permutation(GROUPS[:300]))),
        trained=history(**LEARNED, **GUESSED),
    ),
}  # fmt: skip
# Columns of their own units, and the same after a scaler.
COLUMNS = RNG.normal(size=(500, 20)) * np.logspace(-2, 4, 20) + np.logspace(-1, 4, 20)
SCALED = (COLUMNS - COLUMNS.mean(axis=0)) / COLUMNS.std(axis=0)
WRONG |= {
    "scaled_otherwise": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), x=whole("x", SCALED), fit=OTHERS,
        held=held(COLUMNS[:100], GROUPS[:100]),
    ),
}  # fmt: skip


def watched(rows: dict[str, Any], *watching: Monitor, **more: Any) -> Facts:
    """Returns the facts of a training with callbacks."""
    names = more.pop("callbacks", tuple(each.kind for each in watching))
    fit = Fit(line=40, epochs=20, watching=watching, callbacks=names, **more)
    case = facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=fit)
    return dataclasses.replace(case, trained=history(**rows))


FALLS = {"loss": FALLING, "accuracy": (0.9,) * 20}
VALIDATED = {**FALLS, "val_loss": FALLING, "val_accuracy": (0.9,) * 20}
STOP, BEST = Monitor("EarlyStopping", "val_loss", "auto", 35), "ModelCheckpoint"
WRONG |= {
    "missing_monitor": watched(FALLS, STOP),
    "wrong_mode": watched(VALIDATED, Monitor(BEST, "val_accuracy", "min", 35), validation="data"),
}
# What is never sure.
DOUBTFUL = {
    "shuffled_labels": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", RNG.permutation(GROUPS)), x=TELLING,
              fit=OTHERS),
        trained=history(**LEARNED, **GUESSED),
    ),
    "batch_beyond_data": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, losses=tuple(2.3 - 0.003 * i for i in range(200)),
        fit=Fit(epochs=200, batch=1024),
    ),
    "plateau": facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), x=TELLING,
        losses=(3.0, 2.5, 2.1, *(1.9,) * 17),
    ),
    "overfitting": dataclasses.replace(
        facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, fit=OTHERS), trained=history(**BY_HEART)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_training_gets_no_alarm(name: str) -> None:
    """Nothing is wrong, and nothing may be wrong."""
    found = diagnose(HEALTHY[name])
    assert [*found.faults, *found.remarks] == []


@pytest.mark.parametrize("name", WRONG)
def test_the_rule_names_the_fault_alone(name: str) -> None:
    """The fault is the only one that is named, with an advice and a page."""
    found = diagnose(WRONG[name])
    assert [fault.id for fault in found.faults] == [name]
    assert found.faults[0].message.startswith("Expected ")
    assert found.faults[0].doc.startswith(("https://keras.io/", "https://www.tensorflow.org/"))


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_never_sure_is_a_remark_alone(name: str) -> None:
    """Nothing else is said, and nothing is called wrong."""
    found = diagnose(DOUBTFUL[name])
    assert ([fault.id for fault in found.faults], [r.id for r in found.remarks]) == ([], [name])
    assert found.remarks[0].message.startswith("Expected ")
    assert found.remarks[0].doc.startswith("https://keras.io/")


def test_evaluate_shows_overfitting_where_nothing_is_validated() -> None:
    """A loss on other data that is far above that on the training data; a little above is not."""
    case = facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES)
    trained = {"loss": FALLING}
    worse = dataclasses.replace(case, trained=Trained(trained, 20, 320, evaluated=2.0))
    assert [remark.id for remark in diagnose(worse).remarks] == ["overfitting"]
    near = dataclasses.replace(case, trained=Trained(trained, 20, 320, evaluated=0.2))
    assert diagnose(near).remarks == ()


def test_each_rule_gives_its_source() -> None:
    """A paper, or a page of the documentation."""
    assert [rule.id for rule in RULES if not rule.source.startswith("https://")] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_has_a_program_that_it_alone_names(
    rule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the rule, nothing names that program's fault."""
    rest = tuple(other for other in RULES if other is not rule)
    monkeypatch.setattr("graders.diagnosis.diagnose.RULES", rest)
    found = diagnose({**WRONG, **DOUBTFUL}[rule.id])
    assert rule.id not in [finding.id for finding in (*found.faults, *found.remarks)]


def test_rules_explain_rules_that_there_are() -> None:
    """No name in the table is a typing error."""
    known = {rule.id for rule in RULES}
    assert {name for rule in RULES for name in rule.explains} <= known


def test_a_fault_is_not_told_twice_in_other_words() -> None:
    """Softmax over one unit explains why the loss stays, and why squared error is a bad idea."""
    case = facts(HIDDEN, dense(1, "softmax", 64), loss=MSE, y=TWO, losses=FLAT)
    assert [fault.id for fault in diagnose(case).faults] == ["softmax_on_one_unit"]


def test_a_loss_that_falls_to_guessing_is_not_a_training_that_learned() -> None:
    """Steps of 3 first make a loss of thousands; then every example gets the same answer."""
    after = {SOFTMAX.name: Seen(0.1, 0.1, 0.0)}
    case = facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, rate=3.0, losses=(900.0, 5.0, 2.4),
                 after=after)  # fmt: skip
    assert [fault.id for fault in diagnose(case).faults] == ["learning_rate"]
    assert not diagnose(dataclasses.replace(case, after={})).faults


def test_a_loss_that_keras_was_not_told_is_no_loss_that_stays() -> None:
    """A train_step of the script's own may leave Keras's figure at 0."""
    case = facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, losses=(0.0,) * 20)
    assert "never_falls" not in [fault.id for fault in diagnose(case).faults]


def test_what_a_range_test_leaves_is_no_fault() -> None:
    """A training that raises its own learning rate until it diverges is meant to."""
    test = facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, losses=(2.3, 1.0, math.inf))
    assert [fault.id for fault in diagnose(test).faults] == ["diverged"]
    trained = Trained({"loss": (2.3, 1.0, math.inf)}, 3, 48, rate=1.0)
    raised = dataclasses.replace(test, trained=trained)
    assert diagnose(raised).faults == ()


SERIES = values_of("x", RNG.normal(size=(500, 20, 3)))


def steps(
    y: np.ndarray, units: int = 1, loss: str = MSE, places: int | None = 20, **more: Any
) -> Facts:
    """Returns the facts of an LSTM that gives each step, and of a Dense layer."""
    lstm = Layer(
        "lstm",
        "LSTM",
        "tanh",
        7,
        5000,
        config={"return_sequences": True},
        input=(None, places, 3),
        output=(None, places, 50),
    )
    last = dataclasses.replace(
        dense(units, more.pop("activation", "linear"), 50, 8),
        input=(None, places, 50),
        output=(None, places, units),
    )
    return facts(
        lstm, last, loss=loss, y=values_of("y", y), x=more.pop("x", SERIES), metrics=(), **more
    )


@pytest.mark.parametrize("shape", [(500,), (500, 1), (500, 5)])
@pytest.mark.parametrize("places", [20, None])
def test_one_value_for_an_example_and_an_output_for_each_step(
    shape: tuple[int, ...], places: int | None
) -> None:
    """The layer that gives the steps is named, with its argument."""
    case = steps(RNG.normal(size=shape), units=shape[-1] if shape[1:] else 1, places=places)
    [fault] = diagnose(case).faults
    assert (fault.id, fault.line, fault.argument) == ("steps_for_labels", 7, "return_sequences")


MANY_TO_MANY = {
    "same rank": steps(RNG.normal(size=(500, 20, 1))),
    "a value for each step": steps(RNG.normal(size=(500, 20))),
    "a class for each step": steps(
        RNG.integers(0, 5, (500, 20)), units=5, loss=SPARSE, activation="softmax"
    ),
    "as many classes as steps": steps(
        RNG.integers(0, 20, (500, 20)), units=20, loss=SPARSE, activation="softmax"
    ),
    "one step": steps(
        RNG.normal(size=500), places=1, x=values_of("x", RNG.normal(size=(500, 1, 3)))
    ),
    "one open step": steps(
        RNG.normal(size=500), places=None, x=values_of("x", RNG.normal(size=(500, 1, 3)))
    ),
    "patches that are all real": steps(np.ones((500, 1)), loss=BINARY, activation="sigmoid"),
}


@pytest.mark.parametrize("name", MANY_TO_MANY)
def test_labels_for_each_step_are_no_fault(name: str) -> None:
    """Nor are outputs of one step, nor labels that are all alike."""
    assert diagnose(MANY_TO_MANY[name]).faults == ()


def test_a_small_rate_is_right_for_a_model_that_was_trained_before() -> None:
    """For one that was not, it is a remark; a rate that is too high stays a fault."""
    again = Fit(line=40, epochs=20, again=True)
    small = facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, rate=1e-5)
    assert [remark.id for remark in diagnose(small).remarks] == ["learning_rate"]
    tuned = diagnose(dataclasses.replace(small, fit=again))
    assert (tuned.faults, tuned.remarks) == ((), ())
    for name in ("never_falls", "unscaled_inputs"):
        assert diagnose(dataclasses.replace(WRONG[name], fit=again)).faults == ()
    high = dataclasses.replace(WRONG["learning_rate"], fit=again)
    assert [fault.id for fault in diagnose(high).faults] == ["learning_rate"]


def test_labels_without_a_tie_and_a_training_that_learned_nothing_are_a_fault() -> None:
    """The two agree, and the general finding is not told beside it; each alone is none."""
    untied = dataclasses.replace(DOUBTFUL["shuffled_labels"], trained=history(loss=FLAT))
    found = diagnose(untied)
    assert [fault.id for fault in found.faults] == ["shuffled_labels"]
    assert "learned nothing either" in found.faults[0].message
    other = diagnose(dataclasses.replace(untied, stand_in_weights=True))
    assert (other.faults, [r.id for r in other.remarks]) == ((), ["shuffled_labels"])
    tied = dataclasses.replace(untied, labels=whole("y", GROUPS))
    assert [fault.id for fault in diagnose(tied).faults] == ["never_falls"]
    # Of many classes, these few examples show nothing.
    many = whole("y", RNG.integers(0, 90, 500))
    rest = diagnose(
        facts(HIDDEN, dense(90, "softmax", 64, line=9), loss=SPARSE, y=many, x=TELLING, losses=FLAT)
    )
    assert [fault.id for fault in rest.faults] == ["never_falls"]


def test_huge_targets_explain_one_answer_for_all() -> None:
    """The first step of SGD threw all units off; the loss fell from its height to guessing."""
    prices = values_of("y", 5e5 + 2e5 * RNG.normal(size=500))
    case = facts(
        HIDDEN,
        VALUE,
        loss=MSE,
        y=prices,
        metrics=(),
        optimizer="SGD",
        rate=0.01,
        losses=(6e10, *(5.6e10,) * 19),
        after={VALUE.name: Seen(5e5, 5e5, 0.0), HIDDEN.name: Seen(0.0, 0.0, 0.0, dead=1.0)},
    )
    assert [fault.id for fault in diagnose(case).faults] == ["unscaled_targets"]
    learned = dataclasses.replace(
        case,
        trained=history(loss=tuple(6e10 * 0.8**i for i in range(20))),
        after={VALUE.name: Seen(1e5, 9e5, 2e5, alike=8e5)},
    )
    found = diagnose(learned)
    assert found.faults == () and [r.id for r in found.remarks] == ["unscaled_targets"]


WHOLE = RNG.integers(0, 256, (300, 8, 8)).astype("float32")
GROWING = np.exp(np.arange(600)[:, None] / 60 + np.arange(10) / 60) * (
    1 + 0.05 * RNG.random((600, 10))
)
TWO_SCALES = {
    "a scaler for the validation alone": (COLUMNS, SCALED, True),
    "pixels and divided ones": (WHOLE, WHOLE[:100] / 255, True),
    "divided ones and pixels": (WHOLE / 255, WHOLE[:100], True),
    "divided by 16": (WHOLE % 16, (WHOLE % 16 / 16)[:100], False),
    "both scaled": (SCALED, SCALED[:100], None),
    "both raw": (COLUMNS, COLUMNS[:100], None),
    "a few rows": (SCALED, SCALED[:16], None),
    "two rows": (SCALED, COLUMNS[:2], None),
    "one class after the other": (TELLING_ROWS[GROUPS < 7], TELLING_ROWS[GROUPS >= 7], None),
    "a series that grows": (GROWING[:480], GROWING[480:], None),
    "a series that grows, scaled": (GROWING[:480] / GROWING[479, 0], GROWING[480:] / GROWING[479, 0], None),
    "a trend": (GROWING[:480] * 0 + np.arange(480)[:, None], GROWING[:120] * 0 + np.arange(480, 600)[:, None], None),
    "dark pictures": (WHOLE, WHOLE[:100] // 100, None),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_SCALES)
def test_validation_inputs_on_another_scale(name: str) -> None:
    """What another preparation leaves is told, and what another part of the data is like is not."""
    x, other, sure = TWO_SCALES[name]
    case = facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), x=whole("x", x), fit=OTHERS,
        held=held(other, GROUPS[: len(other)]),
    )  # fmt: skip
    found = diagnose(case)
    kinds = [[finding.id for finding in part] for part in (found.faults, found.remarks)]
    assert ["scaled_otherwise" in part for part in kinds] == [sure is True, sure is False]


WELL_WATCHED = {
    "validated": watched(VALIDATED, STOP, validation="data"),
    "the loss itself": watched(FALLS, Monitor("EarlyStopping", "loss", "min", 35)),
    "accuracy": watched(VALIDATED, Monitor(BEST, "val_accuracy", "max", 35), validation="data"),
    "a figure of its own": watched(FALLS, STOP, callbacks=("Scores", "EarlyStopping")),
    "a figure of no known kind": watched(
        {**FALLS, "energy": FALLING}, Monitor(BEST, "energy", "max", 35)
    ),
    "cut before it was validated": watched(FALLS, STOP, validation="data"),
    "nothing seen": watched({}, STOP),
}


@pytest.mark.parametrize("name", WELL_WATCHED)
def test_callbacks_that_find_their_figure_are_left_alone(name: str) -> None:
    """So are those of whose figure nothing is known."""
    found = diagnose(WELL_WATCHED[name])
    assert (found.faults, found.remarks) == ((), ())


def test_a_monitor_is_named_with_the_figures_that_there_are() -> None:
    """Its line is that of the callback, of the fit where that is not known."""
    old = Monitor("ReduceLROnPlateau", "val_acc", "max", 36)
    [fault] = diagnose(watched(VALIDATED, old, validation="split")).faults
    assert (fault.id, fault.line, fault.argument) == ("missing_monitor", 36, "monitor")
    assert "val_accuracy" in fault.message and "never lowers" in fault.message
    unplaced = watched(VALIDATED, Monitor("EarlyStopping", "val_loss", "max"), validation="data")
    [fault] = diagnose(unplaced).faults
    assert (fault.id, fault.line, fault.argument) == ("wrong_mode", 40, "callbacks")


def test_which_layer_large_values_reach_is_told_where_it_is_known() -> None:
    """Numbers of words go into an Embedding; a model without a graph may scale by itself."""
    words = values_of("words", RNG.integers(0, 5000, (500, 20)))
    layers = (HIDDEN, Layer("embedding", "Embedding", parameters=99), SOFTMAX)
    two = facts(*layers, loss=SPARSE, y=CLASSES, losses=FLAT)
    found = diagnose(dataclasses.replace(two, inputs=(X, words)))
    assert "unscaled_inputs" not in [each.id for each in (*found.faults, *found.remarks)]
    case = WRONG["unscaled_inputs"]
    assert "reach the first Dense layer" in diagnose(case).faults[0].message
    own = tuple(dataclasses.replace(layer, readers=None) for layer in case.layers)
    [fault] = diagnose(dataclasses.replace(case, layers=own)).faults
    assert fault.id == "unscaled_inputs" and "reach" not in fault.message


def reading(layer: Layer, *readers: str) -> Layer:
    """Returns a layer with a name for its number, and with what reads it."""
    return dataclasses.replace(layer, name=f"layer_{layer.line}", readers=readers)


def test_who_follows_whom_is_told_by_the_graph() -> None:
    """A branch that runs into an Add and a ReLU has its activation there, whatever lies beside."""
    shortcut, second = (reading(dense(64, "linear", 64, line), "add") for line in (2, 4))
    layers = (
        reading(dense(64, "relu", line=1), "layer_2", "layer_3"),
        reading(dense(64, "relu", 64, 3), "layer_4"),
        second,
        shortcut,
        Layer("add", "Add", readers=("relu",), output=(None, 64)),
        Layer("relu", "ReLU", readers=("layer_9",), output=(None, 64)),
        reading(SOFTMAX, ""),
    )
    found = diagnose(facts(*layers, loss=SPARSE, y=CLASSES))
    assert (found.faults, found.remarks) == ((), ())
    # Where it alone reads the other, they are one.
    row = (layers[0], reading(second, "layer_9"), layers[-1])
    row = (dataclasses.replace(row[0], readers=("layer_4",)), *row[1:])
    assert [r.id for r in diagnose(facts(*row, loss=SPARSE, y=CLASSES)).remarks] == [
        "no_activation"
    ]


def test_gates_beside_the_way_are_no_stack() -> None:
    """Sigmoids that multiply a branch each do not follow each other."""
    layers: list[Layer] = []
    for at in (1, 4, 7):
        layers += [
            reading(dense(20, "relu", 20, at), f"layer_{at + 1}", f"by_{at}"),
            reading(dense(20, "sigmoid", 20, at + 1), f"by_{at}"),
            Layer(f"by_{at}", "Multiply", readers=(f"layer_{at + 3}",), output=(None, 20)),
        ]
    gated = facts(*layers, reading(dense(10, "softmax", 20, 10), ""), loss=SPARSE, y=CLASSES)
    assert diagnose(gated).faults == ()


def test_a_model_with_max_pooling_is_not_called_linear() -> None:
    """It has no activation all the same."""
    first, second = (
        Layer(
            f"conv{i}",
            "Conv2D",
            line=i,
            parameters=99,
            input=(None, 8, 8, 8),
            output=(None, 8, 8, 8),
            config={"filters": 8, "kernel_size": (3, 3)},
        )
        for i in (1, 2)
    )
    pooled = facts(first, second, after("MaxPooling2D", 8), SOFTMAX, loss=SPARSE, y=CLASSES)
    [fault] = diagnose(pooled).faults
    assert fault.id == "no_activation" and "model is linear" not in fault.message
    plain = diagnose(facts(first, second, after("Flatten", 8), SOFTMAX, loss=SPARSE, y=CLASSES))
    assert "the whole model is linear" in plain.faults[0].message


def test_a_softmax_over_the_steps_is_named() -> None:
    """Its axis is that of the classes."""
    softmax = Layer("softmax", "Softmax", line=7, config={"axis": 1}, input=(None, 12, 4),
                    output=(None, 12, 4))  # fmt: skip
    dense4 = dataclasses.replace(dense(4, "linear", 32), input=(None, 12, 32), output=(None, 12, 4))
    y = values_of("y", RNG.integers(0, 4, (500, 12)))
    x = values_of("x", RNG.normal(size=(500, 12, 32)))
    found = diagnose(facts(dense4, softmax, loss=SPARSE, y=y, x=x))
    assert [(fault.id, fault.line) for fault in found.faults] == [("wrong_axis", 7)]
    right = dataclasses.replace(softmax, config={"axis": -1})
    assert not diagnose(facts(dense4, right, loss=SPARSE, y=y, x=x)).faults


def test_logits_that_keras_finds_are_a_remark() -> None:
    """A softmax that is the last step is not applied twice: Keras takes what it was given."""
    case = facts(
        HIDDEN, SOFTMAX, loss=SPARSE, y=whole("y", GROUPS), x=TELLING, from_logits=True, losses=FLAT
    )
    found = diagnose(case)
    assert [remark.id for remark in found.remarks] == ["probabilities_for_logits"]
    assert "probabilities_for_logits" not in [fault.id for fault in found.faults]


def test_a_few_steps_of_a_training_that_goes_on_are_no_fault() -> None:
    """Nor is a metric that is off, where the loss falls."""
    few = WRONG["too_few_steps"]
    assert [fault.id for fault in diagnose(few).faults] == ["too_few_steps"]
    assert not diagnose(dataclasses.replace(few, goes_on=True)).faults
    logits = dataclasses.replace(
        WRONG["accuracy_of_logits"], trained=Trained({"loss": FALLING}, 20, 320)
    )
    assert [remark.id for remark in diagnose(logits).remarks] == ["accuracy_of_logits"]
    begun = dataclasses.replace(logits, trained=Trained({"loss": (0.5, 0.4)}, 2, 32))
    assert [remark.id for remark in diagnose(begun).remarks] == ["accuracy_of_logits"]
    values = dataclasses.replace(
        WRONG["accuracy_of_values"], trained=Trained({"loss": FALLING}, 20, 320)
    )
    assert [remark.id for remark in diagnose(values).remarks] == ["accuracy_of_values"]
    on_its_way = dataclasses.replace(few, trained=Trained({"loss": (1.0, 0.8, 0.6)}, 3, 24))
    assert not diagnose(on_its_way).faults
    assert [remark.id for remark in diagnose(on_its_way).remarks] == ["too_few_steps"]


@pytest.mark.parametrize(("step", "told"), [(11, ["label_in_inputs"]), (0, [])])
def test_a_window_that_ends_with_its_target_forecasts_nothing(step: int, told: list[str]) -> None:
    """An earlier value may be what is to be remembered."""
    windows = np.random.default_rng(2).normal(size=(500, 12, 1)).astype("float32")
    case = facts(
        HIDDEN, VALUE, loss=MSE, metrics=(), x=values_of("x", windows),
        y=values_of("y", windows[:, step, 0]),
    )  # fmt: skip
    assert [fault.id for fault in diagnose(case).faults] == told


def test_a_count_loss_does_not_move_the_bounds_of_the_output() -> None:
    """The Poisson loss of values that softmax cannot give: the output is told first."""
    case = facts(HIDDEN, dense(3, "softmax", 64), loss="poisson", metrics=(),
                 y=values_of("y", 100 * RNG.normal(size=(500, 3))))  # fmt: skip
    assert diagnose(case).faults[0].id == "out_of_reach"


def test_squared_error_of_two_classes_is_a_remark_where_it_learns() -> None:
    """Beside a sigmoid it learns, if slowly."""
    case = facts(HIDDEN, SIGMOID, loss=MSE, y=TWO)
    assert [remark.id for remark in diagnose(case).remarks] == ["distances_of_classes"]
    assert diagnose(case).faults == ()


LEARNS = {
    "columns": (
        "unscaled_inputs",
        facts(
            HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=values_of("x", 100 * RNG.random((500, 20)))
        ),
    ),
    "pixels": ("unscaled_inputs", facts(HIDDEN, SOFTMAX, loss=SPARSE, y=CLASSES, x=PIXELS)),
    "standardized values": (
        "out_of_reach",
        facts(
            HIDDEN, dense(1, "tanh", 64), loss=MSE, y=values_of("y", 0.8 * RNG.normal(size=500)),
            metrics=(),
        ),
    ),
    "one question for each class": (
        "binary_for_classes",
        facts(HIDDEN, dense(10, "sigmoid", 64), loss=BINARY, y=ONE_HOT),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEARNS)
def test_where_the_loss_falls_it_is_a_remark(name: str) -> None:
    """What many a program gets away with is no fault while it does; else it is one."""
    identity, case = LEARNS[name]
    found = diagnose(case)
    assert [fault.id for fault in found.faults] == []
    assert [remark.id for remark in found.remarks] == [identity]
    stays = dataclasses.replace(case, trained=Trained({"loss": FLAT}, len(FLAT), 320))
    assert identity in [fault.id for fault in diagnose(stays).faults]


def test_a_few_steps_on_other_data_make_no_fault() -> None:
    """Nor other weights: that the loss stays there tells nothing of the script's own."""
    for name in ("columns", "pixels"):
        identity, case = LEARNS[name]
        for steps, more in (
            (100, {"stand_in_data": True}),
            (900, {"stand_in_weights": True}),
            (900, {"stand_in_data": True}),
        ):
            left = Trained({"loss": FLAT}, len(FLAT), steps)
            found = diagnose(dataclasses.replace(case, trained=left, **more))
            enough = steps == 900 and "stand_in_data" in more
            told = found.faults if enough else found.remarks
            assert [row.id for row in told][:1] == [identity], (steps, more)
            assert bool(found.faults) == enough
