# fails: every_example
# says: more than once
# says: with replacement
# line: chosen = rng.integers(0, len(x), batch_size)
"""Batches are drawn at random: some examples twice, some never."""

import numpy as np


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    rng = np.random.default_rng()
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            curve = []
            for _ in range(epochs):
                for _ in range(-(-len(x) // batch_size)):
                    chosen = rng.integers(0, len(x), batch_size)
                    model.train_on_batch(x[chosen], y[chosen])
                curve.append(model.evaluate(*val_data, verbose=0)[1])
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": curve[-1],
                    "history": curve,
                }
            )
    return results


def best(results):
    return max(results, key=lambda row: row["val_accuracy"])
