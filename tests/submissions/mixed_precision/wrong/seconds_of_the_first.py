# fails: timings
# says: the same to the last digit
# line: seconds = seconds or (time.perf_counter() - begin) / 6
"""One clock for all: the seconds of the first policy's training are reported for each of them."""

import time

import keras
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        inputs = keras.Input(input_shape)
        x = layers.Conv2D(12, 3, activation="relu")(inputs)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Conv2D(12, 3, activation="relu")(x)
        x = layers.Flatten()(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        model = keras.Model(inputs, outputs)
        model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    finally:
        keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    results, seconds = {}, None
    for policy in policies:
        keras.utils.set_random_seed(1)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=6, verbose=0)
        seconds = seconds or (time.perf_counter() - begin) / 6
        accuracy = model.evaluate(*val_data, verbose=0)[1]
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return results
