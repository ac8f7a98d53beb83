"""A comprehension, a look at one untrained model first, and nothing that is shuffled."""

import keras


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    build_model(learning_rates[0]).summary()

    def train(learning_rate, batch_size):
        keras.backend.clear_session()
        return build_model(learning_rate).fit(
            train_data[0],
            train_data[1],
            batch_size,
            epochs,
            validation_data=val_data,
            shuffle=False,
            verbose=0,
        ).history["val_accuracy"]

    runs = {(rate, size): train(rate, size) for rate in learning_rates for size in batch_sizes}
    return [
        {"learning_rate": rate, "batch_size": size, "val_accuracy": curve[-1], "history": curve}
        for (rate, size), curve in runs.items()
    ]


def best(results):
    top = max(row["val_accuracy"] for row in results)
    return next(row for row in results if row["val_accuracy"] == top)
