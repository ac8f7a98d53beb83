"""A small convolutional network, SpatialDropout2D between the convolutions, logits."""

import keras
from keras import layers, regularizers


def _net(input_shape, num_classes, regularize):
    penalty = regularizers.L2(2e-3) if regularize else None
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, activation="relu", kernel_regularizer=penalty)(inputs)
    if regularize:
        x = layers.SpatialDropout2D(0.2)(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu", kernel_regularizer=penalty)(x)
    if regularize:
        x = layers.Dropout(0.5)(x)
    model = keras.Model(inputs, layers.Dense(num_classes)(x))
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model


def build_baseline(input_shape, num_classes):
    return _net(input_shape, num_classes, False)


def build_regularized(input_shape, num_classes):
    return _net(input_shape, num_classes, True)


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=26, batch_size=32, verbose=2)
