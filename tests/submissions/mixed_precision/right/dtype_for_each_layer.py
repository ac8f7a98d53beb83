"""dtype for each layer, no global policy at all; logits; a small convolution."""

import time

import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, policy):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(8, 5, strides=3, activation="relu", dtype=policy),
            layers.Flatten(dtype=policy),
            layers.Dense(32, activation="relu", dtype=policy),
            layers.Dense(num_classes, dtype="float32"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    classes = len(np.unique(y))
    start = build_model(x.shape[1:], classes, "float32").get_weights()
    results = {}
    for policy in policies:
        model = build_model(x.shape[1:], classes, policy)
        model.set_weights(start)
        model.fit(x, y, epochs=1, verbose=0)
        times = []
        for _ in range(6):
            begin = time.time()
            model.fit(x, y, epochs=1, verbose=0)
            times.append(time.time() - begin)
        results[policy] = dict(
            val_accuracy=model.evaluate(*val_data, verbose=0)[1],
            seconds_per_epoch=float(np.median(times)),
        )
    return results
