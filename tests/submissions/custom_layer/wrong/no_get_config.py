# fails: config
# says: no get_config
# line: class CustomDense(keras.Layer):

import keras


class CustomDense(keras.Layer):
    """A fully connected layer."""

    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation) if activation is not None else None

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], self.units), "random_normal", name="w")
        self.b = self.add_weight((self.units,), "zeros", name="b")

    def call(self, x):
        y = x @ self.w + self.b
        if self.activation is not None:
            y = self.activation(y)
        return y
