"""A decorator sets the policy, a default argument holds the builder, the loop calls model(x) alone."""

import functools
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def under_policy(build):
    @functools.wraps(build)
    def wrapper(input_shape, num_classes, policy):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            return build(input_shape, num_classes, policy)
        finally:
            keras.config.set_dtype_policy(before)

    return wrapper


@under_policy
def build_model(input_shape, num_classes, policy):
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["acc"])
    return model


def run(policy, train_data, val_data, build=build_model, epochs=8):
    keras.utils.set_random_seed(5)
    model = build(train_data[0].shape[1:], len(np.unique(train_data[1])), policy)
    optimizer = keras.optimizers.Adam(2e-3)
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    batches = tf.data.Dataset.from_tensor_slices(train_data).batch(32, drop_remainder=True)
    seconds = []
    for _ in range(epochs):
        begin = time.perf_counter()
        for x, y in batches:
            step(x, y)
        seconds.append(time.perf_counter() - begin)
    guess = np.argmax(model.predict(val_data[0], verbose=0), axis=-1)
    return {
        "val_accuracy": float((guess == val_data[1]).mean()),
        "seconds_per_epoch": sum(seconds[1:]) / (epochs - 1),
    }


def compare(train_data, val_data, policies):
    return {policy: run(policy, train_data, val_data) for policy in policies}
