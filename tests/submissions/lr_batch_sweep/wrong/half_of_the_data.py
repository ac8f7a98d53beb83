# fails: every_example
# says: not at all
# line: x, y, batch_size=batch_size, epochs=epochs, validation_split=0.2, verbose=0
"""A part of the training data is split off for validation."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            history = model.fit(
                x, y, batch_size=batch_size, epochs=epochs, validation_split=0.2, verbose=0
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
