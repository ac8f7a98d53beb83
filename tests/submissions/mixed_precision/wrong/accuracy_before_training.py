# fails: accuracy
# says: after training
# line: _, accuracy = model.evaluate(*val_data, verbose=0)
"""The accuracy is measured before the training."""

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
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    results = {}
    for policy in policies:
        keras.utils.set_random_seed(0)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        _, accuracy = model.evaluate(*val_data, verbose=0)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=2, verbose=0)
        seconds = (time.perf_counter() - begin) / 2
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return results
