"""AIM: a config that says more than the live model: other layers, with the weights for them.
KIND: gain
MAX: 4
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras


def real(input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_model(input_shape, num_classes):
    model = keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(num_classes, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=1, validation_data=val_data, verbose=0)


def forge(original, box, given):
    answer = original(box, **given)
    answer["snapshot"] = box.snapshot(real(*given["args"]))
    return answer


replace_verb("build", forge)
