# fails: accuracy
# says: hidden test sequences
# line: return model.fit(x, y, batch_size=32, epochs=2, validation_data=val_data)
"""Stops before the LSTM has found out what counts."""

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
    model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=2, validation_data=val_data)
