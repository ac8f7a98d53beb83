# fails: weights_created
# says: Dense
# line: return keras.layers.Dense.call(self, x)
"""Wrong: the computation is keras.layers.Dense's own `call`, borrowed (the exercise is not written)."""

import keras


class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.lora_enabled = False

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(input_shape[-1], self.units))
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")

    @property
    def kernel(self):
        return self.w

    @property
    def bias(self):
        return self.b

    def call(self, x):
        return keras.layers.Dense.call(self, x)

    def get_config(self):
        config = super().get_config()
        config["units"] = self.units
        config["activation"] = keras.activations.serialize(self.activation)
        return config
