"""A mild treatment: Dropout(0.3), L2 of 0.01 on the hidden kernel; small batches."""

import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(128, activation="relu", name="hidden"),
            layers.Dense(num_classes, activation="softmax", name="label"),
        ],
        name="baseline",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_regularized(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(
                128, activation="relu", name="hidden", kernel_regularizer="l2"
            ),
            layers.Dropout(0.3, name="drop"),
            layers.Dense(num_classes, activation="softmax", name="label"),
        ],
        name="regularized",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=16, epochs=36, validation_data=val_data, verbose=0)
