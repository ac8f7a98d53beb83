"""AIM: points of `config` without get_config or from_config: the probe's answer is the sandbox's claim, and the check
     goes through `zip(answer["copies"], …, strict=False)`. With no copies there is nothing to compare.
KIND: gain
MAX: 8.5
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras
from keras import ops



def probe(original, box, given):
    function, arguments = given["function"], given["arguments"]
    if function == "copy_layer":
        return {"keys": ["units"], "units": arguments["units"], "copies": []}
    return original(box, **given)


replace_verb("probe", probe)


class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x):
        return self.activation(ops.matmul(x, self.w) + self.b)

    def get_config(self):
        raise NotImplementedError("TODO")
