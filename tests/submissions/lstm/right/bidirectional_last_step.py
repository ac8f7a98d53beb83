"""Both directions, of which the last step is read: the backward half knows that step only."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.Bidirectional(layers.LSTM(32, return_sequences=True))(inputs)
    outputs = layers.Dense(1, activation="sigmoid")(x[:, -1])
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=6, validation_data=val_data)
