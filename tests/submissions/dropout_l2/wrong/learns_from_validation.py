# fails: trains
# says: val_data
# says: learn from train_data alone
# line: x = np.concatenate([train_data[0], val_data[0]])
"""The validation data are added to the training data."""

import keras
import numpy as np
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
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x = np.concatenate([train_data[0], val_data[0]])
    y = np.concatenate([train_data[1], val_data[1]])
    return model.fit(x, y, validation_data=val_data, epochs=4, verbose=0)
