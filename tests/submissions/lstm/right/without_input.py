"""Sequential without an Input, normalised in the model, trained twice."""

import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential()
    model.add(layers.LayerNormalization())
    model.add(layers.LSTM(32))
    model.add(layers.Dense(1, activation="sigmoid"))
    compile_model(model, 1e-2)
    return model


def compile_model(model, rate):
    model.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy())


def train(model, train_data, val_data):
    model.fit(*train_data, epochs=6, validation_data=val_data)
    compile_model(model, 1e-3)
    return model.fit(*train_data, epochs=3, validation_data=val_data)
