"""A callback of one's own records the accuracy; rows sorted by it; generator as input."""

import keras


class Record(keras.callbacks.Callback):
    def __init__(self, data):
        super().__init__()
        self.data, self.values = data, []

    def on_epoch_end(self, epoch, logs=None):
        self.values.append(self.model.evaluate(*self.data, verbose=0, return_dict=True)["accuracy"])


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, index):
        part = slice(index * self.size, (index + 1) * self.size)
        return self.x[part], self.y[part]


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    results = []
    for learning_rate in sorted(learning_rates):
        for batch_size in sorted(batch_sizes, reverse=True):
            record = Record(val_data)
            build_model(learning_rate).fit(
                Batches(*train_data, batch_size), epochs=epochs, callbacks=[record], verbose=0
            )
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": record.values[-1],
                    "history": record.values,
                }
            )
    return sorted(results, key=lambda row: -row["val_accuracy"])


def best(results):
    return max(results, key=lambda row: row["val_accuracy"])
