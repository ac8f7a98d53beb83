"""AIM: a grader_error by a number that no float holds: the learning rate of an otherwise right model.
KIND: harm
MAX: 8
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras


def forge(original, box, given):
    answer = original(box, **given)
    if answer["snapshot"].get("optimizer"):
        answer["snapshot"]["optimizer"].update(learning_rate=10**400, iterations=10**400, trainable=-(10**400))
    return answer


replace_verb("build", forge)
replace_verb("train", forge)


def build_model(input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.MaxPooling2D(4),
        keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(train_data[0][:100], train_data[1][:100], epochs=1, validation_data=(val_data[0][:10], val_data[1][:10]), verbose=0)
