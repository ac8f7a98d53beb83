"""Uses the hidden and the cell state, reads backwards."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    _, hidden, cell = layers.LSTM(24, return_state=True, go_backwards=True)(inputs)
    x = keras.ops.concatenate([hidden, cell], axis=-1)
    outputs = layers.Dense(1, kernel_initializer="zeros")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=7, validation_data=val_data)
