# Flattens all axes but the last for the product, and shapes the result back.
import keras
from keras import ops


class CustomDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, input_shape):
        dim = int(input_shape[-1])
        bound = (6 / (dim + self.units)) ** 0.5
        start = keras.initializers.RandomUniform(-bound, bound)
        self.w = self.add_weight(shape=(dim, self.units), initializer=start)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        shape = ops.shape(x)
        rows = ops.reshape(x, (-1, shape[-1]))
        return self.activation(ops.reshape(rows @ self.w + self.b, (*shape[:-1], self.units)))

    def get_config(self):
        base = super().get_config()
        return dict(base, units=self.units, activation=keras.activations.serialize(self.activation))
