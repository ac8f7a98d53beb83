"""Tanh with the squared hinge loss, which turns 0 and 1 into -1 and 1 itself; tf.data."""

import keras
import tensorflow as tf
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            layers.LSTM(32),
            layers.Dense(1, activation="tanh"),
        ]
    )
    model.compile(keras.optimizers.Adam(4e-3), "squared_hinge", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    training = tf.data.Dataset.from_tensor_slices(train_data).shuffle(2000).batch(32)
    validation = tf.data.Dataset.from_tensor_slices(val_data).batch(100)
    return model.fit(training, epochs=11, validation_data=validation)
