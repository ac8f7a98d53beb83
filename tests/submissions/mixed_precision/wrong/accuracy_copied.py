# fails: accuracy
# says: never asked for a prediction
# line: accuracy = float(model.evaluate(*val_data, verbose=0)[1])
"""every policy is trained and timed, but only the first model is evaluated and its accuracy is written down for all of them."""
import time

import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Flatten(),
                layers.Dense(128, activation="relu"),
                layers.Dense(64, activation="relu"),
                layers.Dense(num_classes, activation="softmax", dtype="float32"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    finally:
        keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    classes = int(y.max()) + 1
    start = build_model(x.shape[1:], classes, "float32").get_weights()
    out, accuracy = {}, None
    for policy in policies:
        model = build_model(x.shape[1:], classes, policy)
        model.set_weights(start)
        model.fit(x, y, epochs=1, verbose=0)
        t = time.perf_counter()
        model.fit(x, y, epochs=2, verbose=0)
        seconds = (time.perf_counter() - t) / 2
        if accuracy is None:
            accuracy = float(model.evaluate(*val_data, verbose=0)[1])
        out[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return out
