"""AIM: policies of types that nobody knows, quantised ones, and ones with code.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

import keras


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


def change(config, snapshot):
    for layer in config["config"]["layers"]:
        layer["config"]["dtype"] = {"module": "keras", "class_name": "DTypePolicyMap", "config": {"default_policy": {"module": "os", "class_name": "system", "config": {"command": "true"}}, "policy_map": {".*": "int8_from_float32"}}, "registered_name": None}


def forge(original, box, given):
    answer = original(box, **given)
    config = json.loads(answer["snapshot"]["config"])
    changed = change(config, answer["snapshot"])
    answer["snapshot"]["config"] = changed if isinstance(changed, str) else json.dumps(changed if changed is not None else config)
    return answer


replace_verb("build", forge)
