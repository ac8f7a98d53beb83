"""`grade.py doctor` on scripts whose data, weights or inputs are not what their author thinks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.test_doctor import found, line_of

HEAD = """import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
x = rng.normal(size=(1000, 8)).astype("float32")
y = x[:, :3].argmax(axis=1)
"""
MODEL = """model = keras.Sequential([
    keras.Input((8,)),
    layers.Dense(32, activation="relu"),
    layers.Dense(3, activation="softmax"),
])
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
"""
SPLIT = "model.fit(x, y, epochs=8, validation_split=0.2)\n"
HELD = "model.fit(x[:700], y[:700], epochs=8, validation_data=(x[700:], y[700:]))\n"
BRANCHES = """z = rng.normal(size=(1000, 5)).astype("float32")
a, b = keras.Input((8,), name="a"), keras.Input((5,), name="b")
h = layers.Dense(32, activation="relu")(a)
g = layers.Dense(16, activation="relu")(b)
joined = layers.Concatenate()([h, h])
model = keras.Model([a, b], layers.Dense(3, activation="softmax")(joined))
model.compile("adam", "sparse_categorical_crossentropy")
model.fit([x, z], y, epochs=8)
"""
COPIES = """class Mixing(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 8))
        self.copied = np.array(self.w)

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.copied)


model = keras.Sequential([
    keras.Input((8,)),
    Mixing(),
    layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=8)
"""
FOLDS = """for i in range(3):
    test = np.arange(1000) % 3 == i
    model.fit(x[~test], y[~test], epochs=2)
    model.evaluate(x[test], y[test])
"""
# Each fold is scaled by its own training part: no row comes twice as the same numbers.
SCALED = FOLDS.replace(
    "    model.fit(x[~test]", "    a = x - x[~test].mean(axis=0)\n    model.fit(a[~test]"
)
SCALED = SCALED.replace("evaluate(x[test]", "evaluate(a[test]")
MASKS = """x = rng.normal(size=(200, 8, 8, 1)).astype("float32")
y = (x > 0.3).astype("float32")


def dice(y_true, y_pred):
    both = keras.ops.sum(y_true * y_pred)
    return 1 - 2 * both / (keras.ops.sum(y_true) + keras.ops.sum(y_pred) + 1e-6)


model = keras.Sequential([
    keras.Input((8, 8, 1)),
    layers.Conv2D(8, 3, padding="same", activation="relu"),
    layers.Conv2D(1, 1, activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(0.01), loss=dice)
model.fit(x, y, epochs=30)
"""
RARE = """y = (x[:, 0] > 1.2).astype("int32")
model = keras.Sequential([
    keras.Input((8,)),
    layers.Dense(32, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
model.fit(x, y, epochs=8, class_weight={0: 0.5, 1: 5.0})
"""
CUT = """import tensorflow as tf
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000)
held, rest = data.take(200).batch(32), data.skip(200).batch(32)
model.fit(rest, validation_data=held, epochs=8)
"""
NORMALIZED = MODEL.replace('relu"),', 'relu"),\n    layers.BatchNormalization(),')
BATCHES = """import tensorflow as tf
order = np.argsort(y, kind="stable")
data = tf.data.Dataset.from_tensor_slices((x[order], y[order]))
model.fit(data.batch(32).shuffle(1000), epochs=8)
"""
PIXELS = """import tensorflow as tf
y = (np.arange(1000) % 3).astype("int32")
x = np.clip(x * 20 + 60 * y[:, None] + 60, 0, 255).round().astype("float32").repeat(2, axis=1)
model = keras.Sequential([
    keras.Input((16,)),
    layers.Dense(32, activation="relu"),
    layers.Dense(3, activation="softmax"),
])
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
data = tf.data.Dataset.from_tensor_slices((x[:700], y[:700])).map(lambda a, b: (a / 255, b))
held = tf.data.Dataset.from_tensor_slices((x[700:] / 1.0, y[700:]))
model.fit(data.shuffle(700).batch(32), validation_data=held.batch(32), epochs=8)
"""
PADDED = """words = rng.integers(1, 100, (2000, 6))
y = (words > 90).any(axis=1).astype("int32")
x = np.pad(words, ((0, 0), (0, 114)))
model = keras.Sequential([
    keras.Input((120,)),
    layers.Embedding(100, 8),
    layers.LSTM(8),
    layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy")
model.fit(x, y, epochs=6)
"""
WRONG = {
    "sorted_batches": (HEAD + NORMALIZED + BATCHES, "model.fit"),
    "scaled_otherwise": (HEAD + PIXELS, "model.fit"),
    "unmasked_padding": (HEAD + PADDED, "    layers.Embedding"),
    "reshuffled_split": (HEAD + MODEL + CUT, "model.fit"),
    "label_in_inputs": (
        HEAD + "x[:, 7] = y / 2 - 0.5\n" + MODEL + SPLIT,
        "model.fit",
    ),
    "rewards_mistakes": (HEAD + MASKS.replace("1 - 2", "2"), "model.compile"),
    "weights_of_common_classes": (
        HEAD + RARE.replace("{0: 0.5, 1: 5.0}", "{0: 5.0, 1: 0.5}"),
        "model.fit",
    ),
    "shared_folds": (HEAD + MODEL + FOLDS, "    model.fit"),
    "shared_folds scaled": (HEAD + MODEL + SCALED, "    model.fit"),
    "leaked_validation": (HEAD + MODEL + HELD.replace("x[:700], y[:700]", "x, y"), "model.fit"),
    "sorted_split": (HEAD + "x, y = x[np.argsort(y)], np.sort(y)\n" + MODEL + SPLIT, "model.fit"),
    "shuffled_validation": (
        HEAD + MODEL + "rng.shuffle(x[700:])\n" + HELD.replace("epochs=8", "epochs=12"),
        "model.fit",
    ),
    "unread_input": (HEAD + BRANCHES, "model.fit"),
    "no_gradient": (HEAD + COPIES, "    Mixing()"),
    "batch_of_one": (
        HEAD + NORMALIZED
        + "model.fit(x[:200], y[:200], epochs=3, batch_size=1)\n",
        "model.fit",
    ),
}  # fmt: skip
PUT_BACK = "    model.set_weights(first)\n    model.fit"
RIGHT = {
    "mixed batches": HEAD
    + MODEL
    + BATCHES.replace("batch(32).shuffle(1000)", "shuffle(1000).batch(32)"),
    "one scale": HEAD + PIXELS.replace("/ 1.0", "/ 255"),
    "masked": HEAD + PADDED.replace("(100, 8)", "(100, 8, mask_zero=True)"),
    "one order": HEAD + MODEL + CUT.replace("(1000)", "(1000, reshuffle_each_iteration=False)"),
    "cut before": HEAD
    + MODEL
    + CUT.replace(".shuffle(1000)", "").replace("skip(200)", "skip(200).shuffle(800)"),
    "rewards_mistakes": HEAD + MASKS,
    "weights_of_common_classes": HEAD + RARE,
    "weights put back": HEAD
    + MODEL
    + "first = model.get_weights()\n"
    + FOLDS.replace("    model.fit", PUT_BACK),
    "scaled and put back": HEAD
    + MODEL
    + "first = model.get_weights()\n"
    + SCALED.replace("    model.fit", PUT_BACK),
    "all data": HEAD + MODEL + FOLDS.replace("evaluate(x[test], y[test])", "evaluate(x, y)"),
    "chunks": HEAD + MODEL + FOLDS.replace("~test", "test").replace("epochs=2", "epochs=8"),
    "leaked_validation": HEAD + MODEL + HELD,
    "sorted_split": HEAD + MODEL + SPLIT,
    "unread_input": HEAD + BRANCHES.replace("[h, h]", "[h, g]"),
    "no_gradient": HEAD + COPIES.replace("self.copied)", "self.w)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_fault_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    """It is the only one."""
    text, part = WRONG[name]
    code, answer = found(tmp_path, text)
    assert code == 1
    assert [row["id"] for row in answer["faults"]] == [name.partition(" ")[0]]
    assert answer["faults"][0]["line"] == line_of(text, part)


@pytest.mark.parametrize("name", RIGHT)
def test_the_same_script_put_right_is_left_alone(tmp_path: Path, name: str) -> None:
    """No fault, and no remark."""
    code, answer = found(tmp_path, RIGHT[name])
    assert (code, answer["faults"], answer["remarks"]) == (0, [], [])
