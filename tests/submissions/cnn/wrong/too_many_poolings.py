# fails: builds
# says: Your code raised ValueError
# says: zero or negative
# no line: Keras raises for the list as a whole: the pooling within it is not known
"""Pools until nothing is left."""

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
            layers.MaxPooling2D(4),
            layers.Conv2D(48, 3),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)
