"""Two towers whose scores are averaged, over a Normalization that train adapts; own generator."""

import keras
import numpy as np
from keras import layers


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, size=64):
        super().__init__()
        self.x, self.y, self.size = x, y, size
        self.order = np.random.permutation(len(x))

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, index):
        chosen = self.order[index * self.size : (index + 1) * self.size]
        return self.x[chosen], self.y[chosen]

    def on_epoch_end(self):
        self.order = np.random.permutation(len(self.x))


def tower(x, filters, pool):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = pool(x)
    x = layers.Conv2D(2 * filters, 3, padding="same", activation="relu")(x)
    return layers.Flatten()(pool(x))


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = layers.Normalization()(inputs)
    scores = [
        layers.Dense(num_classes)(tower(x, 12, layers.MaxPooling2D(2))),
        layers.Dense(num_classes)(tower(x, 12, layers.AveragePooling2D(2))),
    ]
    outputs = layers.Activation("softmax")(layers.Average()(scores))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.adapt(train_data[0])
    return model.fit(Batches(*train_data), epochs=3, validation_data=val_data)
