# fails: builds
# says: compile
# line: def build_model(input_shape, num_classes):
"""compile was forgotten."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
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
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)
