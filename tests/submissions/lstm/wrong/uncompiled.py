# fails: builds
# says: compile
# line: def build_model(timesteps, features):
"""compile was forgotten."""

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
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)
