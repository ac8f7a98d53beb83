"""Helpers take the builder as a default argument."""
import time
import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, policy):
    model = keras.Sequential([
        keras.Input(input_shape),
        layers.Flatten(),
        layers.Dense(96, activation="relu", dtype=policy),
        layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ])
    optimizer = keras.optimizers.Adam(2e-3)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def measure(policy, train_data, val_data, build=build_model, seed=3, epochs=5):
    keras.utils.set_random_seed(seed)
    x, y = train_data
    model = build(x.shape[1:], int(np.max(y)) + 1, policy)
    model.fit(x, y, epochs=1, verbose=0)
    begin = time.perf_counter()
    model.fit(x, y, epochs=epochs, verbose=0)
    seconds = (time.perf_counter() - begin) / epochs
    return {"val_accuracy": float(model.evaluate(*val_data, verbose=0)[1]), "seconds_per_epoch": seconds}


def compare(train_data, val_data, policies):
    return {policy: measure(policy, train_data, val_data) for policy in policies}
