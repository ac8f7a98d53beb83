"""AIM: the points for a History without one: `train` returns nothing, and the sandbox makes up what `fit` would have returned.
     The grader cannot check it: curves are claims; what it works out again from the weights is right.
KIND: gain
MAX: 10
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras
from keras import layers


def forge(original, box, given):
    answer = original(box, **given)
    rows = [1 / epoch for epoch in range(1, 31)]
    answer["returned"] = "History"
    answer["history"] = {"loss": rows, "accuracy": [1 - row / 2 for row in rows], "val_loss": rows, "val_accuracy": [0.5] * 30}
    answer["fits"]["faults"] = []
    return answer


replace_verb("train", forge)


def build(input_shape, num_classes, dropout, l2):
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(2):
        model.add(layers.Dense(256, activation="relu", kernel_regularizer=keras.regularizers.L2(l2) if l2 else None))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(num_classes, activation="softmax"))
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return build(input_shape, num_classes, 0, 0)


def build_regularized(input_shape, num_classes):
    return build(input_shape, num_classes, 0.5, 1e-2)


def train(model, train_data, val_data):
    x, y = train_data
    model.fit(x, y, validation_data=val_data, epochs=30, batch_size=32, verbose=0)
