"""A nested block, one-hot labels, best weights restored, three timed epochs of many."""

import math
import time

import keras
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        block = keras.Sequential(
            [keras.Input((math.prod(input_shape),))]
            + [layers.Dense(40, activation="gelu") for _ in range(2)]
        )
        inputs = keras.Input(input_shape)
        x = block(layers.Flatten()(inputs))
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        model = keras.Model(inputs, outputs)
        model.compile(
            keras.optimizers.Nadam(2e-3), "categorical_crossentropy", metrics=["accuracy"]
        )
    finally:
        keras.config.set_dtype_policy(before)
    return model


def compare(train_data, val_data, policies):
    classes = int(train_data[1].max()) + 1
    x, y = train_data[0], keras.utils.to_categorical(train_data[1], classes)
    val = val_data[0], keras.utils.to_categorical(val_data[1], classes)
    table = {}
    policy_before = keras.config.dtype_policy()
    for policy in policies:
        keras.backend.clear_session()
        keras.utils.set_random_seed(123)
        model = build_model(x.shape[1:], classes, policy)
        model.fit(x, y, epochs=3, batch_size=64, verbose=0)
        start = time.perf_counter()
        model.fit(x, y, epochs=6, initial_epoch=3, batch_size=64, verbose=0)
        elapsed = time.perf_counter() - start
        keep = keras.callbacks.EarlyStopping("val_accuracy", patience=9, restore_best_weights=True)
        model.fit(
            x, y, epochs=10, initial_epoch=6, validation_data=val, callbacks=[keep], verbose=0
        )
        table[policy] = {
            "val_accuracy": max(model.evaluate(*val, verbose=0)[1], 0.0),
            "seconds_per_epoch": elapsed / 3,
        }
    keras.config.set_dtype_policy(policy_before)
    return table
