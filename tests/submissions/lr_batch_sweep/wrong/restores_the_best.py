# fails: val_accuracy
# says: after the last epoch
# line: monitor="val_accuracy", patience=99, restore_best_weights=True
"""The best weights are restored before the accuracy is measured."""

import keras


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            history = model.fit(
                x, y, batch_size=batch_size, epochs=epochs, validation_data=val_data, verbose=0,
                callbacks=[keras.callbacks.EarlyStopping(
                    monitor="val_accuracy", patience=99, restore_best_weights=True
                )],
            )
            curve = history.history["val_accuracy"]
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": model.evaluate(*val_data, verbose=0)[1],
                    "history": curve,
                }
            )
    return results


def best(results):
    return max(results, key=lambda row: row["val_accuracy"])
