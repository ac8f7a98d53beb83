# fails: uses_lstm
# says: Found none
# line: x = layers.LSTM(32)(inputs)
"""The LSTM is built, but a pooling of the inputs is used."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.LSTM(32)(inputs)
    x = layers.GlobalAveragePooling1D()(inputs)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)
