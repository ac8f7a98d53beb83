# fails: timings
# says: seconds per epoch whose ratios are those of the trainings
# line: results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": SECONDS[policy]}
"""Seconds per epoch from a table, not from a clock."""

import keras
from keras import layers

SECONDS = {"float32": 0.12, "mixed_float16": 0.07, "mixed_bfloat16": 0.08}


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    results = {}
    for policy in policies:
        keras.utils.set_random_seed(3)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        model.fit(x, y, epochs=8, verbose=0)
        _, accuracy = model.evaluate(*val_data, verbose=0)
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": SECONDS[policy]}
    return results
