# fails: trains, accuracy
# says: the penalty or the dropout rate is too high
# line: layers.Dropout(0.98),
"""Ninety-eight of a hundred units dropped."""

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
            layers.Dense(256, activation="relu", kernel_regularizer=keras.regularizers.L2(3e-3)),
            layers.Dropout(0.98),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=40, verbose=0)
