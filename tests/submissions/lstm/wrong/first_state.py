# fails: remembers
# says: none of the last
# says: [:, -1]
# line: outputs = layers.Dense(1, activation="sigmoid")(x[:, 0])
"""The state after the first step."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.LSTM(32, return_sequences=True)(inputs)
    outputs = layers.Dense(1, activation="sigmoid")(x[:, 0])
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)
