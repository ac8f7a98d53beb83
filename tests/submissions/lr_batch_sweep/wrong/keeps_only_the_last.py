# fails: full_grid
# says: 4 rows
# says: found 1 row,
# line: results = []
"""The list is made anew for each pair."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            results = []
            model = build_model(learning_rate)
            history = model.fit(
                x, y, batch_size=batch_size, epochs=epochs, validation_data=val_data, verbose=0
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
