# fails: equal_epochs
# says: steps_per_epoch
# line: steps_per_epoch=len(x) // size,
"""steps_per_epoch without the last, smaller batch: Keras begins every other epoch with what is left."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    rows = []
    for rate in learning_rates:
        for size in batch_sizes:
            model = build_model(rate)
            history = model.fit(
                x,
                y,
                batch_size=size,
                steps_per_epoch=len(x) // size,
                epochs=epochs,
                validation_data=val_data,
                verbose=0,
            )
            accuracies = [float(value) for value in history.history["val_accuracy"]]
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
