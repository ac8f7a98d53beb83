"""The image's size is left open: a Resizing makes every picture the same size."""

import keras
from keras import layers, regularizers


def _net(input_shape, num_classes, regularize):
    penalty = regularizers.L2(2e-3) if regularize else None
    stack = [
        keras.Input((None, None, input_shape[-1])),
        layers.Resizing(8, 8),
        layers.Conv2D(16, 3, activation="relu", kernel_regularizer=penalty),
        layers.Flatten(),
        layers.Dense(512, activation="relu", kernel_regularizer=penalty),
    ]
    if regularize:
        stack.append(layers.Dropout(0.5))
    model = keras.Sequential([*stack, layers.Dense(num_classes, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return _net(input_shape, num_classes, False)


def build_regularized(input_shape, num_classes):
    return _net(input_shape, num_classes, True)


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=40, batch_size=32, verbose=2)
