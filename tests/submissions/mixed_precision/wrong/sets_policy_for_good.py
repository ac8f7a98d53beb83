# fails: compare_restores
# says: the global policy float32 to be there again after `compare`
# line: keras.config.set_dtype_policy(policy)

import time

import keras
import numpy as np
from keras import layers

keras.mixed_precision.set_global_policy('mixed_float16')


def build_model(input_shape, num_classes, policy):
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential([
        keras.Input(shape=input_shape),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(old)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    num_classes = int(y.max()) + 1
    results = {}
    for policy in policies:
        keras.config.set_dtype_policy(policy)
        keras.utils.set_random_seed(0)
        model = build_model(x.shape[1:], num_classes, policy)
        model.fit(x, y, epochs=1, batch_size=32, verbose=0)
        start = time.perf_counter()
        model.fit(x, y, epochs=5, batch_size=32, verbose=0)
        seconds = (time.perf_counter() - start) / 5
        _, acc = model.evaluate(val_data[0], val_data[1], verbose=0)
        results[policy] = {"val_accuracy": float(acc), "seconds_per_epoch": seconds}
    return results
