# fails: output_and_loss
# says: softmax on a single unit
# line: outputs = layers.Softmax()(layers.Dense(1)(x))
"""Softmax on one unit, as a layer of its own."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.LSTM(32)(inputs)
    outputs = layers.Softmax()(layers.Dense(1)(x))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)
