"""Kernels of 1x5 and 5x1 side by side, a PyDataset, a warm-up fit and a second one after it."""

import keras
import numpy as np
from keras import layers


class Batches(keras.utils.PyDataset):
    """Shuffled batches with a random brightness, from arrays that stay untouched."""

    def __init__(self, x, y, size=50, seed=3, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.size = x, y, size
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(x))

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, i):
        rows = self.order[i * self.size : (i + 1) * self.size]
        gain = self.rng.uniform(0.9, 1.1, size=(len(rows), 1, 1, 1)).astype("float32")
        return np.clip(self.x[rows] * gain, 0.0, 1.0), self.y[rows].reshape(-1, 1)

    def on_epoch_end(self):
        self.rng.shuffle(self.order)


def _mix(x, n):
    a = layers.Conv2D(n, (1, 5), padding="same", activation="relu")(x)
    a = layers.Conv2D(n, (5, 1), padding="same", activation="relu")(a)
    b = layers.Conv2D(n, 3, padding="same")(x)
    b = layers.Activation(keras.activations.silu)(b)
    c = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    c = layers.Conv2D(n // 2, 1, activation="relu")(c)
    return layers.BatchNormalization()(layers.concatenate([a, b, c]))


def build_model(input_shape, num_classes):
    inp = layers.Input(shape=input_shape)
    x = layers.MaxPool2D(2, padding="same")(_mix(inp, 12))
    x = layers.MaxPool2D(2, padding="same")(_mix(x, 24))
    x = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    )
    x = layers.Dense(64, activation="relu")(x)
    out = layers.Dense(num_classes, activation=keras.activations.softmax)(x)
    model = keras.models.Model(inputs=inp, outputs=out)
    model.compile(
        optimizer="rmsprop", loss=keras.losses.sparse_categorical_crossentropy, metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    # A short warm-up with RMSprop, then the training proper with Adam.
    model.fit(x, y, batch_size=100, epochs=1, verbose=0)
    decay = keras.optimizers.schedules.ExponentialDecay(2e-3, 120, 0.85, staircase=True)
    model.compile(
        optimizer=keras.optimizers.Adam(decay, amsgrad=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=4,
    )
    return model.fit(Batches(x, y), validation_data=val_data, epochs=9, verbose=0)
