# fails: weights_created
# says: creates its own weights
# says: a subclass of Dense
# line: class CustomDense(keras.layers.Dense):

import keras


class CustomDense(keras.layers.Dense):
    @property
    def w(self):
        return self.kernel

    @property
    def b(self):
        return self.bias
