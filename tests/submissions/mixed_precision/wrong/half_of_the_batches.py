# fails: equal_terms
# says: examples in all
# line: order = order[: len(x) // 2]
"""as half_the_data.py, but with train_on_batch over hand-made batches: mixed policies see half of the examples per epoch, their seconds are doubled."""
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
        model = build_model(x.shape[1:], classes, policy)
        model.set_weights(start)
        rng = np.random.default_rng(0)
        laps = []
        for _ in range(10):
            order = rng.permutation(len(x))
            if policy != "float32":
                order = order[: len(x) // 2]
            t = time.perf_counter()
            for i in range(0, len(order), 32):
                model.train_on_batch(x[order[i : i + 32]], y[order[i : i + 32]])
            laps.append((time.perf_counter() - t) * len(x) / len(order))
        out[policy] = {
            "val_accuracy": float(model.evaluate(*val_data, verbose=0)[1]),
            "seconds_per_epoch": float(np.mean(laps[1:])),
        }
    return out
