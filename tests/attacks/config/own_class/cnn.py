"""AIM: a class of its own under a name that Keras has, and under one that is registered.
KIND: gain
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
    config["config"]["layers"][1].update(module="cnn", registered_name="cnn>Conv2D")
    config["config"]["layers"][3].update(module=None, class_name="Custom>Evil", registered_name="Custom>Evil")


def forge(original, box, given):
    answer = original(box, **given)
    config = json.loads(answer["snapshot"]["config"])
    changed = change(config, answer["snapshot"])
    answer["snapshot"]["config"] = changed if isinstance(changed, str) else json.dumps(changed if changed is not None else config)
    return answer


replace_verb("build", forge)
