"""A helper class trains; the best validation accuracy of the last epochs counts; NumPy floats."""

import time

import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, policy):
    def dense(units, **kwargs):
        return layers.Dense(units, kernel_initializer="he_uniform", **kwargs)

    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.AveragePooling2D(2, dtype=policy),
            layers.Flatten(dtype=policy),
            dense(64, activation="relu", dtype=policy),
            layers.Dropout(0.1, dtype=policy),
            dense(num_classes, dtype=policy),
            layers.Activation("linear", dtype="float32"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(3e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


class Trial:
    def __init__(self, policy, train_data, val_data):
        self.train_data, self.val_data = train_data, val_data
        classes = int(np.max(train_data[1])) + 1
        self.model = build_model(train_data[0].shape[1:], classes, policy)

    def run(self, epochs):
        begin = time.perf_counter()
        self.model.fit(
            *self.train_data, validation_data=self.val_data, epochs=epochs, shuffle=False, verbose=0
        )
        return (time.perf_counter() - begin) / epochs


def compare(train_data, val_data, policies):
    trials = {policy: Trial(policy, train_data, val_data) for policy in policies}
    start = next(iter(trials.values())).model.get_weights()
    results = {}
    for policy, trial in trials.items():
        trial.model.set_weights(start)
        trial.run(1)
        seconds = np.float64(trial.run(7))
        _, accuracy = trial.model.evaluate(*val_data, verbose=0)
        results[policy] = {"val_accuracy": np.float32(accuracy), "seconds_per_epoch": seconds}
    return results
