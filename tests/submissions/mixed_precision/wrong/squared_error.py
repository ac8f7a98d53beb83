# fails: accuracy
# says: the loss: mean_squared_error compares outputs with labels
# says: cross-entropy
# line: model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
"""Squared error on a column of label ids, which is broadcast over the probabilities of the classes."""

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
    model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
    keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data[0], train_data[1].reshape(-1, 1)
    results = {}
    for policy in policies:
        keras.utils.set_random_seed(0)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=10, verbose=0)
        seconds = (time.perf_counter() - begin) / 10
        _, accuracy = model.evaluate(val_data[0], val_data[1].reshape(-1, 1), verbose=0)
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return results
