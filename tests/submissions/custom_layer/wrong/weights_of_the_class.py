# fails: weights_created
# says: that two layers of the same size share
# line: w = self.add_weight(shape=key, initializer="glorot_uniform", name="w")
"""Layers of the same size share their weights through a dict of the class."""

import keras
from keras import ops


class CustomDense(keras.layers.Layer):
    shared = {}

    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        key = (input_shape[-1], self.units)
        if key not in CustomDense.shared:
            w = self.add_weight(shape=key, initializer="glorot_uniform", name="w")
            b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")
            CustomDense.shared[key] = (w, b)
        self.w, self.b = CustomDense.shared[key]

    def call(self, x):
        return self.activation(ops.matmul(x, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update(units=self.units, activation=keras.activations.serialize(self.activation))
        return config
