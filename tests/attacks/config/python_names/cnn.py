"""AIM: classes and functions by names of Python: os.system, builtins.eval, keras.utils.get_file, subprocess.Popen.
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
    path = PLANTED["home"] + "/ESCAPED-python_names"
    layers = config["config"]["layers"]
    layers[1]["config"]["activation"] = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}
    layers[1]["config"]["kernel_initializer"] = {"module": "os", "class_name": "system", "config": {"command": "touch " + path}, "registered_name": None}
    layers[2].update(module="subprocess", class_name="Popen", config={"args": ["touch", path]})
    config["compile_config"] = {"loss": {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "file:///etc/passwd", "fname": path}}}


def forge(original, box, given):
    answer = original(box, **given)
    config = json.loads(answer["snapshot"]["config"])
    changed = change(config, answer["snapshot"])
    answer["snapshot"]["config"] = changed if isinstance(changed, str) else json.dumps(changed if changed is not None else config)
    return answer


replace_verb("build", forge)
