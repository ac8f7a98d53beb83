# fails: fresh_models
# says: 4 models
# says: 1 that was trained
# says: head start
# line: model = build_model(learning_rates[0])
"""One model is trained on and on."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    model = build_model(learning_rates[0])
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
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
