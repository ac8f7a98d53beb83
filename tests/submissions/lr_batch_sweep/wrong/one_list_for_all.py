# fails: history_per_epoch
# says: Begin a new list for each pair
# line: "history": accuracies,
"""One list for all rows, made before the loops: each row holds the epochs of all pairs."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    accuracies = []
    rows = []
    for rate in learning_rates:
        for size in batch_sizes:
            model = build_model(rate)
            history = model.fit(
                *train_data, batch_size=size, epochs=epochs, validation_data=val_data, verbose=0
            )
            accuracies += [float(value) for value in history.history["val_accuracy"]]
            rows.append(
                {
                    "learning_rate": rate,
                    "batch_size": size,
                    "val_accuracy": accuracies[-1],
                    "history": accuracies,
                }
            )
    return rows


def best(results):
    return max(results, key=lambda row: row["val_accuracy"])
