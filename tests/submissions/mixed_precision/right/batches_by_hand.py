"""train_on_batch in a loop; validation belongs to the timed epoch; BatchNormalization."""

import time

import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, policy):
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential(name="net")
    model.add(keras.Input(input_shape))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.Activation("relu"))
    model.add(layers.Dense(num_classes))
    model.add(layers.Softmax(dtype="float32"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(old)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    num_classes = np.unique(y).size
    first = None
    table = {}
    for policy in policies:
        model = build_model(x.shape[1:], num_classes, policy)
        if first is None:
            first = model
            weights = model.get_weights()
        model.set_weights(weights)
        seconds = []
        for epoch in range(6):
            order = np.random.default_rng(epoch).permutation(len(x))
            start = time.monotonic()
            for i in range(0, len(x), 50):
                part = order[i : i + 50]
                model.train_on_batch(x[part], y[part])
            accuracy = model.evaluate(*val_data, verbose=0)[1]
            seconds.append(time.monotonic() - start)
        table[policy] = {
            "val_accuracy": float(accuracy),
            "seconds_per_epoch": float(np.mean(seconds[1:])),
        }
    return table
