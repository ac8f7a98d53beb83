# fails: weights_created
# says: that two layers of the same size share
# line: cls.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
"""The weights are attributes of the class."""

import keras
from keras import ops


class CustomDense(keras.layers.Layer):
    w = None
    b = None

    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        cls = type(self)
        if cls.w is None or tuple(cls.w.shape) != (input_shape[-1], self.units):
            cls.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
            cls.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x):
        return self.activation(ops.matmul(x, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update(units=self.units, activation=keras.activations.serialize(self.activation))
        return config
