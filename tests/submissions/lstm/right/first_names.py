"""Finds its layer by the name that Keras gives to the first one of a process."""

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
    model.get_layer("lstm").trainable = True
    return model.fit(*train_data, batch_size=64, epochs=15, validation_data=val_data)
