"""train_on_batch over shuffled indices, evaluate after each epoch."""

import numpy as np


def _epoch(model, x, y, batch_size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        model.train_on_batch(x[chosen], y[chosen])


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            rng = np.random.default_rng(0)  # the same order of examples for each pair
            history = []
            for _ in range(epochs):
                _epoch(model, x, y, batch_size, rng)
                _, accuracy = model.evaluate(*val_data, verbose=0)
                history.append(accuracy)
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": history[-1],
                    "history": history,
                }
            )
    return results


def best(results):
    accuracies = [row["val_accuracy"] for row in results]
    return results[int(np.argmax(accuracies))]
