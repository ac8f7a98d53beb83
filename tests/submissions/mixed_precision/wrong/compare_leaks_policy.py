# fails: compare_restores
# says: global policy
# line: keras.config.set_dtype_policy(policy)
"""compare sets the global policy for each policy in turn and never sets it back (build_model does restore what it found)."""
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
    out = {}
    for policy in policies:
        keras.config.set_dtype_policy(policy)
        model = build_model(x.shape[1:], classes, policy)
        model.set_weights(start)
        model.fit(x, y, epochs=1, verbose=0)
        t = time.perf_counter()
        h = model.fit(x, y, epochs=2, validation_data=val_data, verbose=0)
        out[policy] = {
            "val_accuracy": float(h.history["val_accuracy"][-1]),
            "seconds_per_epoch": (time.perf_counter() - t) / 2,
        }
    return out
