"""Attention over the states of an LSTM, next to a GRU."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    states = layers.LSTM(24, return_sequences=True)(inputs)
    weights = layers.Softmax(axis=1)(layers.Dense(1)(states))
    summary = keras.ops.sum(weights * states, axis=1)
    other = layers.GRU(8)(inputs)
    x = layers.Concatenate()([summary, other])
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=5, validation_data=val_data)
