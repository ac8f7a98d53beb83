# fails: trains
# says: learning rate
# line: model.compile(keras.optimizers.SGD(100.0), "binary_crossentropy", metrics=["accuracy"])
"""A learning rate of 100."""

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
    model.compile(keras.optimizers.SGD(100.0), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=2, validation_data=val_data)
