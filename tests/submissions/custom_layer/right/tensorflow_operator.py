# The matrix operator, TensorFlow's functions, the bias made first, layers.Activation inside.
import tensorflow as tf
from tensorflow import keras


class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation_layer = keras.layers.Activation(
            activation or "linear", dtype=self.dtype_policy
        )

    def build(self, input_shape):
        self.b = self.add_weight(name="b", shape=[self.units], initializer=tf.zeros_initializer())
        self.w = self.add_weight(
            name="w",
            shape=[input_shape[-1], self.units],
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, inputs):
        return self.activation_layer(tf.nn.bias_add(inputs @ self.w, self.b))

    def get_config(self):
        config = super().get_config()
        config["units"] = self.units
        config["activation"] = keras.activations.serialize(self.activation_layer.activation)
        return config
