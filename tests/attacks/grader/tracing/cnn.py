"""AIM: changes what the sandbox's own code does while it runs: sys.settrace and sys.setprofile rewrite locals of the recorder,
    import hooks answer for modules that it still loads.
KIND: gain
MAX: 3
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import importlib.abc
import threading

import keras


class Hook(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith("graders"):
            raise ImportError("not for you")
        return None


def trace(frame, event, argument):
    if frame.f_code.co_name in ("end", "snapshot", "answers", "learning_rate"):
        frame.f_locals["faults"] = []
    return trace


sys.meta_path.insert(0, Hook())
threading.setprofile(trace)
sys.setprofile(trace)

def build_model(input_shape, num_classes):
    model = keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(num_classes, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=1, validation_data=val_data, verbose=0)
