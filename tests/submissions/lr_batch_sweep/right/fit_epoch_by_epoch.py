"""fit is called once for each epoch; the accuracy comes from predict."""

import keras
import numpy as np


def _accuracy(model, data):
    x, y = data
    return float(np.mean(model.predict(x, verbose=0).argmax(axis=-1) == y))


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            keras.utils.set_random_seed(1)
            model = build_model(learning_rate=learning_rate)
            history = []
            for _ in range(epochs):
                model.fit(*train_data, batch_size=batch_size, epochs=1, verbose=0)
                history.append(_accuracy(model, val_data))
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": _accuracy(model, val_data),
                    "history": history,
                }
            )
    return results


def best(results):
    results = list(results)
    results.sort(key=lambda row: row["val_accuracy"])
    return results[-1]
