"""AIM: points of `policy_restored` by a build_model that leaves the global policy changed:
     zip(pairs, answer["left"], answer["built"], strict=False) over empty lists compares nothing.
KIND: gain
MAX: 8.5
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras



def probe(original, box, given):
    function, arguments = given["function"], given["arguments"]
    if function in ("policies_after", "build_under"):
        return {"left": [], "built": []}
    return original(box, **given)


replace_verb("probe", probe)


def build_model(input_shape, num_classes, policy):
    keras.config.set_dtype_policy(policy)  # and never put back
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def compare(train_data, val_data, policies):
    return {}
