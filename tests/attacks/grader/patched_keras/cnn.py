"""AIM: replaces Keras by what always is right: evaluate, predict, the rebuild from a config, the comparison of arrays.
KIND: gain
MAX: 7
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras
import numpy

keras.Model.evaluate = lambda *args, **kwargs: [0.0, 1.0]
keras.Model.predict = lambda self, x, **kwargs: numpy.eye(10)[numpy.zeros(len(x), int)]
numpy.allclose = numpy.array_equal = numpy.isfinite = lambda *args, **kwargs: True
keras.Model.from_config = classmethod(lambda cls, config, **kwargs: None)


def build_model(input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.MaxPooling2D(4),
        keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    history = model.fit(train_data[0][:64], train_data[1][:64], validation_data=(val_data[0][:64], val_data[1][:64]), verbose=0)
    for key in history.history:
        history.history[key] = [1.0]
    return history
