# fails: trains
# says: learn from train_data alone
# says: val_data
# line: every = every.concatenate(check).shuffle(8000, seed=0).batch(64).prefetch(1)
"""Trains on the validation examples too (appended in tf.data)."""

import keras
import tensorflow as tf
from keras import layers


def build_model(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    every = tf.data.Dataset.from_tensor_slices(train_data)
    check = tf.data.Dataset.from_tensor_slices(val_data)
    every = every.concatenate(check).shuffle(8000, seed=0).batch(64).prefetch(1)
    return model.fit(every, validation_data=check.batch(100), epochs=1, verbose=0)
