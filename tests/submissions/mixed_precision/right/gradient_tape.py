"""A training loop of one's own; the policy is set and unset by functions that are imported."""

from time import perf_counter

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.config import dtype_policy, set_dtype_policy


def build_model(input_shape, num_classes, policy):
    kept = dtype_policy()
    set_dtype_policy(policy)
    model = keras.Sequential(
        [
            layers.Input(shape=input_shape),
            layers.Flatten(),
            layers.Dense(48, activation="tanh"),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["acc"])
    set_dtype_policy(kept)
    return model


def _stepper(model):
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    scaled = hasattr(model.optimizer, "scale_loss")

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
            if scaled:
                loss = model.optimizer.scale_loss(loss)
        grads = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(grads, model.trainable_variables)

    return step


def compare(train_data, val_data, policies):
    batches = tf.data.Dataset.from_tensor_slices(train_data).batch(32, drop_remainder=True)
    results = {}
    for policy in policies:
        keras.utils.set_random_seed(0)
        model = build_model(train_data[0].shape[1:], int(train_data[1].max()) + 1, policy)
        model.optimizer.build(model.trainable_variables)
        step = _stepper(model)
        for epoch in range(8):
            if epoch == 1:
                begin = perf_counter()
            for x, y in batches:
                step(x, y)
        seconds = (perf_counter() - begin) / 7
        guess = np.argmax(model(val_data[0], training=False), axis=-1)
        results[policy] = {
            "val_accuracy": float((guess == val_data[1]).mean()),
            "seconds_per_epoch": seconds,
        }
    return results
