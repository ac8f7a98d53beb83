# fails: full_grid
# says: 4 rows
# says: 2 rows
# line: results.append(best(rows))
"""Only the better batch size of each learning rate is kept."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        rows = []
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            history = model.fit(
                x, y, batch_size=batch_size, epochs=epochs, validation_data=val_data, verbose=0
            )
            curve = history.history["val_accuracy"]
            rows.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": curve[-1],
                    "history": curve,
                }
            )
        results.append(best(rows))
    return results


def best(results):
    return max(results, key=lambda row: row["val_accuracy"])
