# fails: compare_restores
# says: global policy mixed_bfloat16 to be there again after `compare`
# says: clear_session
# line: keras.backend.clear_session()
"""clear_session before each model: with the rest of Keras's state it forgets the global policy."""

import time

import keras
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Flatten(),
                layers.Dense(96, activation="relu"),
                layers.Dense(num_classes, activation="softmax", dtype="float32"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    finally:
        keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    results = {}
    for policy in policies:
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        model.fit(x, y, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, epochs=7, verbose=0)
        seconds = (time.perf_counter() - begin) / 7
        _, accuracy = model.evaluate(*val_data, verbose=0)
        results[policy] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds}
    return results
