# fails: uses_lstm
# says: stays the same
# says: multiplied by 0
# line: x = x + 0 * layers.LSTM(16)(inputs)
"""The LSTM is multiplied by 0."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.Dense(16, activation="relu")(layers.Flatten()(inputs))
    x = x + 0 * layers.LSTM(16)(inputs)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)
