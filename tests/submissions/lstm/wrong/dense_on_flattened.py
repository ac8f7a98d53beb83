# fails: uses_lstm
# says: an LSTM
# says: Found none
# says: Flatten
"""Dense layers on the flattened sequence."""

import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)
