# fails: equal_terms
# says: same number of epochs
# says: under mixed_float16
# line: h = model.fit(x, y, batch_size=32, epochs=2 if policy == "float32" else 4, verbose=0)
import time
import keras
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential([
            keras.Input(input_shape),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    finally:
        keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    classes = int(y.max()) + 1
    start = None
    out = {}
    for policy in policies:
        model = build_model(x.shape[1:], classes, policy)
        if start is None:
            start = model.get_weights()
        model.set_weights(start)
        model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        t = time.perf_counter()
        h = model.fit(x, y, batch_size=32, epochs=2 if policy == "float32" else 4, verbose=0)
        seconds = (time.perf_counter() - t) / 2
        _, acc = model.evaluate(*val_data, verbose=0)
        out[policy] = {"val_accuracy": float(acc), "seconds_per_epoch": seconds}
    return out
