"""Blocks made by a helper: convolution without bias, BatchNormalization, ReLU, max pooling."""

import keras
from keras import layers


def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.Activation(keras.activations.relu)(x)
    return layers.MaxPooling2D(2)(x)


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = block(inputs, 16)
    x = block(x, 32)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=5, validation_data=val_data, verbose=2)
