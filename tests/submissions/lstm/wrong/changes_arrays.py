# fails: trains
# says: in place
# line: x *= 2
"""Scales the sequences in place."""

import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    x *= 2
    return model.fit(x, y, epochs=1, validation_data=val_data)
