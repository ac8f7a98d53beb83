"""Two LSTMs, the first hands on every step; callbacks that end the training."""

import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            layers.LSTM(24, return_sequences=True),
            layers.Dropout(0.1),
            layers.LSTM(16),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    stop = keras.callbacks.EarlyStopping(
        monitor="val_accuracy", patience=6, restore_best_weights=True
    )
    return model.fit(
        *train_data, batch_size=32, epochs=8, validation_data=val_data, callbacks=[stop]
    )
