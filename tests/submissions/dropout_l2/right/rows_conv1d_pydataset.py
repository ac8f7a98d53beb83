"""The rows of an image as a sequence: Conv1D, a residual sum, a PyDataset and a rate schedule."""
import math

import keras
import numpy as np
from keras import layers, ops


def _model(input_shape, num_classes, rate, l2):
    height, width, channels = input_shape

    def reg():
        return keras.regularizers.L2(l2) if l2 else None

    def drop(tensor, kind=layers.Dropout):
        return kind(rate)(tensor) if rate else tensor

    image = keras.Input(shape=input_shape)
    rows = layers.Reshape((height, width * channels))(image)
    a = layers.Conv1D(64, 3, padding="same", activation="relu", kernel_regularizer=reg())(rows)
    a = drop(a, layers.SpatialDropout1D)
    b = layers.Conv1D(64, 3, padding="same")(a)
    c = ops.relu(a + b)
    flat = layers.Flatten()(c)
    flat = drop(flat)
    h = layers.Dense(256, activation="gelu", kernel_regularizer=reg())(flat)
    h = drop(h)
    out = layers.Dense(num_classes, activation="softmax")(h)
    model = keras.Model(image, out)
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=0.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return _model(input_shape, num_classes, rate=0.0, l2=0.0)


def build_regularized(input_shape, num_classes):
    return _model(input_shape, num_classes, rate=0.5, l2=0.01)


class Feed(keras.utils.PyDataset):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size = x, y, size
        self.rng = np.random.default_rng(11)
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.y) / self.size)

    def __getitem__(self, i):
        take = self.order[i * self.size : (i + 1) * self.size]
        return self.x[take], self.y[take]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.y))


def train(model, train_data, val_data):
    slow_down = keras.callbacks.LearningRateScheduler(lambda epoch, lr: 1e-3 if epoch < 30 else 3e-4)
    return model.fit(Feed(*train_data, 32), epochs=15, validation_data=val_data, callbacks=[slow_down], verbose=0)
