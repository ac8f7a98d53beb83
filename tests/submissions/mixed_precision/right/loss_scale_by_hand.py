"""DTypePolicy objects, LossScaleOptimizer by hand, warm-up and then the starting weights again."""

import time

import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, policy):
    dtype = keras.DTypePolicy(policy)
    full = keras.DTypePolicy("float32")
    inputs = keras.Input(shape=input_shape, dtype="float32")
    x = layers.Rescaling(2.0, offset=-1.0, dtype=dtype)(inputs)
    x = layers.Reshape((-1,), dtype=dtype)(x)
    for units in (64, 32):
        x = layers.Dense(units, dtype=dtype)(x)
        x = layers.LeakyReLU(dtype=dtype)(x)
    x = layers.Dense(num_classes, dtype=dtype)(x)
    outputs = layers.Softmax(dtype=full)(x)
    optimizer = keras.optimizers.Adam(1e-3)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    results, weights = {}, None
    for policy in policies:
        model = build_model(x.shape[1:], int(np.max(y)) + 1, policy)
        weights = weights or model.get_weights()
        model.fit(x[:64], y[:64], epochs=1, verbose=0)  # tracing only
        model.set_weights(weights)
        seconds = []
        for _ in range(8):
            begin = time.perf_counter()
            model.fit(x, y, epochs=1, batch_size=32, verbose=0)
            seconds.append(time.perf_counter() - begin)
        predicted = model.predict(val_data[0], verbose=0).argmax(axis=1)
        results[policy] = {
            "val_accuracy": float(np.mean(predicted == val_data[1])),
            "seconds_per_epoch": min(seconds[1:]),
        }
    return results
