"""Activations by TensorFlow's functions: softmax calls itself softmax_v2 there."""

import keras
import tensorflow as tf
from keras import layers


def build_model(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(24, 3, padding="same", activation=tf.nn.silu),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, padding="same"),
            layers.Activation(tf.nn.leaky_relu),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation=tf.nn.relu),
            layers.Dense(num_classes, activation=tf.nn.softmax),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, epochs=5, batch_size=64, validation_data=val_data, verbose=2)
