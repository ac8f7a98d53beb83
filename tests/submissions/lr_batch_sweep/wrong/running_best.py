# fails: val_accuracy
# says: best accuracy so far
# line: curve = np.maximum.accumulate(h.history["val_accuracy"]).tolist()
"""history is the running maximum of the validation accuracies, so its last entry is the best epoch's, not the last one's."""
import numpy as np


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    rows = []
    for lr in learning_rates:
        for bs in batch_sizes:
            model = build_model(lr)
            h = model.fit(*train_data, batch_size=bs, epochs=epochs, validation_data=val_data, verbose=0)
            curve = np.maximum.accumulate(h.history["val_accuracy"]).tolist()
            rows.append({"learning_rate": lr, "batch_size": bs, "val_accuracy": curve[-1], "history": curve})
    return rows


def best(results):
    return max(results, key=lambda r: r["val_accuracy"])
