# fails: compare_returns
# says: outside the valid range
# line: model = build_model(x.shape[1:], max(int(y.max()), 2), policy)
"""The largest label is taken for the number of classes."""

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
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    results = {}
    for policy in policies:
        keras.utils.set_random_seed(0)
        model = build_model(x.shape[1:], max(int(y.max()), 2), policy)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=2, verbose=0)
        seconds = (time.perf_counter() - begin) / 2
        _, accuracy = model.evaluate(*val_data, verbose=0)
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return results
