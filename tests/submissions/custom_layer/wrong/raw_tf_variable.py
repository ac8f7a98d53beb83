# fails: weights_created
# says: raw tf.Variable
# says: self.w
# line: self.w = tf.Variable(tf.random.normal((input_shape[-1], self.units), stddev=0.1))

import keras
import tensorflow as tf
from keras import ops


class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.w = tf.Variable(tf.random.normal((input_shape[-1], self.units), stddev=0.1))
        self.b = tf.Variable(tf.zeros((self.units,)))

    def call(self, x):
        return self.activation(ops.matmul(x, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update(
            {"units": self.units, "activation": keras.activations.serialize(self.activation)}
        )
        return config
