# fails: trains
# says: that very model
# line: return _model.fit(*train_data, batch_size=64, epochs=3, validation_data=val_data)
"""Trains the first model that was ever built, kept in a global, whatever it is given."""

import keras
from keras import layers

_model = None


def build_model(input_shape, num_classes):
    global _model
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    _model = _model or model
    return model


def train(model, train_data, val_data):
    return _model.fit(*train_data, batch_size=64, epochs=3, validation_data=val_data)
