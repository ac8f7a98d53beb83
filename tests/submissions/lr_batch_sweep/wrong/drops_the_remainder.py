# fails: every_example
# says: drop_remainder
# says: once in an epoch
# line: batches = batches.batch(batch_size, drop_remainder=True)
"""The last small batch is dropped."""

import tensorflow as tf


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            batches = tf.data.Dataset.from_tensor_slices((x, y))
            batches = batches.batch(batch_size, drop_remainder=True)
            history = model.fit(
                batches, epochs=epochs, validation_data=val_data, verbose=0
            )
            curve = history.history["val_accuracy"]
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
