# fails: trains
# says: NoneType
# line: x = ops.concatenate([x[i : i + 1] for i in range(x.shape[0])])

import keras
from keras import ops


class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x):
        x = ops.concatenate([x[i : i + 1] for i in range(x.shape[0])])
        return self.activation(ops.matmul(x, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update(
            {"units": self.units, "activation": keras.activations.serialize(self.activation)}
        )
        return config
