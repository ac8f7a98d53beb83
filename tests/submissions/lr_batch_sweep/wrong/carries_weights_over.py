# fails: fresh_models
# says: starts from other weights
# line: model.set_weights(weights)
"""The weights of the last pair are carried over."""


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    weights = None
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            if weights is not None:
                model.set_weights(weights)
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
            weights = model.get_weights()
    return results


def best(results):
    return max(results, key=lambda row: row["val_accuracy"])
