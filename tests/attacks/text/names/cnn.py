"""AIM: names of layers, metrics and optimizers that reach messages and pages: markup, control characters, very long ones.
KIND: harm
MAX: 7
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras

NAME = "<hostile-tag onload=x>\x1b[2J" + "n" * 3000


def build_model(input_shape, num_classes):
    class Metric(keras.metrics.Metric):
        def update_state(self, *args, **kwargs):
            pass

        def result(self):
            return 1.0

    model = keras.Sequential([
        keras.Input(input_shape, name="in"), keras.layers.Conv2D(4, 3, activation="relu", name=NAME), keras.layers.MaxPooling2D(4),
        keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(num_classes, activation="softmax"),
    ], name=NAME)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", Metric(name=NAME)])
    return model


def train(model, train_data, val_data):
    return model.fit(train_data[0][:64], train_data[1][:64], validation_data=(val_data[0][:64], val_data[1][:64]), verbose=0)
