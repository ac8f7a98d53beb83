"""tf.data pipelines; the validation set is batched on its own."""

import tensorflow as tf


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    train = tf.data.Dataset.from_tensor_slices(train_data)
    validation = tf.data.Dataset.from_tensor_slices(val_data).batch(100)
    results = []
    for batch_size in batch_sizes:
        batches = train.shuffle(len(train_data[0])).batch(batch_size).prefetch(1)
        for learning_rate in learning_rates:
            history = build_model(learning_rate).fit(
                batches, validation_data=validation, epochs=epochs, verbose=0
            )
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": float(history.history["val_accuracy"][-1]),
                    "history": [float(value) for value in history.history["val_accuracy"]],
                }
            )
    return results


def best(results):
    return sorted(results, key=lambda row: row["val_accuracy"], reverse=True)[0]
