"""The other loop outside, itertools, helper functions, NumPy floats, extra keys."""

import itertools

import numpy as np


def _run(model, train_data, val_data, batch_size, epochs):
    log = model.fit(
        *train_data, validation_data=val_data, batch_size=int(batch_size), epochs=epochs, verbose=2
    )
    return np.array(log.history["val_accuracy"], dtype="float32"), log.history["val_loss"]


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    rows = []
    for size, rate in itertools.product(batch_sizes, learning_rates):
        accuracy, loss = _run(build_model(rate), train_data, val_data, size, epochs)
        rows.append(
            dict(
                batch_size=size,
                learning_rate=np.float32(rate),
                val_accuracy=accuracy[-1],
                history=accuracy,
                val_loss=loss,
            )
        )
    return rows


def best(results):
    winner = results[0]
    for row in results[1:]:
        if row["val_accuracy"] > winner["val_accuracy"]:
            winner = row
    return winner
