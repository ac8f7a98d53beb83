# fails: trains
# says: History of its own
# says: filled by hand
# line: def train(model, train_data, val_data):
"""no fit at all: a train_on_batch loop, and a History filled by hand (with val_ entries)."""

import keras
import numpy as np
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.Dense(24, activation="relu")(inputs)
    x = layers.LSTM(40)(x)
    x = layers.Dense(16, activation="relu")(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
    return model



def train(model, train_data, val_data):
    x, y = train_data
    history = keras.callbacks.History()
    history.set_model(model)
    history.set_params({"epochs": 8, "steps": 47, "verbose": 0})
    history.on_train_begin()
    rng = np.random.default_rng(0)
    for epoch in range(8):
        order = rng.permutation(len(x))
        for i in range(0, len(x), 32):
            rows = order[i : i + 32]
            logs = model.train_on_batch(x[rows], y[rows], return_dict=True)
        logs = {k: float(v) for k, v in logs.items()}
        val = model.evaluate(*val_data, return_dict=True, verbose=0)
        logs.update({f"val_{k}": v for k, v in val.items()})
        history.on_epoch_end(epoch, logs)
    model.history = history
    return history
