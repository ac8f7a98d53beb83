# fails: gap_shrinks
# says: gap
# says: too small
# line: layers.Dense(256, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-6)),
# shortcut: no effect [gap_ratio]
"""Dropout and L2 so weak that they change nothing."""

import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_regularized(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-6)),
            layers.Dropout(0.01),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=28, verbose=0)
