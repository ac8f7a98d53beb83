# fails: weights_created
# says: inherits from keras.layers.Layer
# line: class CustomDense:

import keras


class CustomDense:
    def __init__(self, units, activation=None, **kwargs):
        self.units, self.activation = units, keras.activations.get(activation)

    def __call__(self, x):
        self.w = keras.Variable(keras.random.normal((x.shape[-1], self.units)))
        self.b = keras.Variable(keras.ops.zeros(self.units))
        return self.activation(x @ self.w + self.b)
