# fails: equal_terms
# says: same ones for all but the first
# line: start = start or model.get_weights()
"""The starting weights are copied after the first training, not before it."""

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
    start, results = None, {}
    for policy in policies:
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        if start:
            model.set_weights(start)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=2, verbose=0)
        seconds = (time.perf_counter() - begin) / 2
        start = start or model.get_weights()
        _, accuracy = model.evaluate(*val_data, verbose=0)
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return results
