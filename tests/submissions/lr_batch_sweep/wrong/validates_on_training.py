# fails: val_accuracy
# says: accuracy on val_data
# says: the accuracy on train_data
# line: validation_data=train_data,
"""Validation runs on the training data."""

import itertools


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    rows = []
    for rate, size in itertools.product(learning_rates, batch_sizes):
        curve = (
            build_model(rate)
            .fit(
                *train_data,
                batch_size=size,
                epochs=epochs,
                validation_data=train_data,
                verbose=0,
            )
            .history["val_accuracy"]
        )
        row = {"learning_rate": rate, "batch_size": size}
        rows.append(row | {"val_accuracy": curve[-1], "history": curve})
    return rows


def best(results):
    return sorted(results, key=lambda row: row["val_accuracy"])[-1]
