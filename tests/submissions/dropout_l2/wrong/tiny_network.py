# fails: baseline_overfits
# says: baseline that overfits
# says: large enough
# no line: it points at fit: whether the network or the training is too small, nobody can tell
"""Six hidden units cannot learn 300 labels by heart."""

import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(6, activation="relu"),
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
            layers.Dense(6, activation="relu", kernel_regularizer=keras.regularizers.L2(3e-3)),
            layers.Dropout(0.1),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=40, verbose=0)
