"""Learning rate and batch size, compared fairly.

Which learning rate is best depends on the batch size, so the two are searched together: train one
model for each pair of a grid, and compare. The comparison is fair only if nothing else differs.

What is given: `build_model(learning_rate)`, a function that returns a freshly compiled Keras model
with the metric `"accuracy"`; `x` float32 `(n, 28, 28, 1)` with values in [0, 1] and integer labels
`(n,)`; lists of learning rates and batch sizes, and the number of epochs.

What is free: the order of the pairs; whether you use `fit`, tf.data or batches of your own.

What is checked:

- one dictionary for each pair of the grid, none missing, none twice, with the keys
  `"learning_rate"`, `"batch_size"`, `"val_accuracy"` and `"history"`;
- a fresh model for each pair, made by `build_model` with that learning rate: weights left over
  from another pair would give the later pairs a head start;
- the batch size is really used: an epoch sees every training example once, in
  `ceil(n / batch_size)` steps (the last batch may be smaller);
- every pair trains for exactly `epochs` epochs, without early stopping;
- `"history"` is the list of validation accuracies, one float per epoch, and `"val_accuracy"` is
  its last entry (not its highest), on the validation data; the grader trains a pair again
  and expects about the same;
- `best` returns the row with the highest `val_accuracy`, whatever the order of the rows (of rows
  that tie, any), and changes nothing.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np

Data = tuple[np.ndarray, np.ndarray]


def sweep(
    build_model: Callable[[float], keras.Model],
    train_data: Data,
    val_data: Data,
    learning_rates: Sequence[float],
    batch_sizes: Sequence[int],
    epochs: int,
) -> list[dict]:
    """Train one fresh model for each pair of learning rate and batch size.

    Args:
        build_model: Function from a learning rate to a freshly compiled model whose metric is
            `"accuracy"`.
        train_data: Pair `(x, y)`: images float32 `(n, height, width, channels)`, labels `(n,)`.
        val_data: Pair `(x, y)`, likewise: to look at, not to learn from.
        learning_rates: Sequence of floats.
        batch_sizes: Sequence of integers.
        epochs: Integer from 1 up, how often each model sees each training example.

    Returns:
        List of dictionaries, one for each pair, with `"learning_rate"` and `"batch_size"` as given,
        `"val_accuracy"`, the validation accuracy after the last epoch (float), and `"history"`, the
        validation accuracies after each epoch (list of floats).
    """
    # TODO: for each pair, build a fresh model, train it with that batch size for all the epochs,
    # and collect the validation accuracies.
    ### BEGIN SOLUTION
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            # Keras remembers something of every model: in a loop that builds many, forget it. (This
            # resets a global dtype policy, too: it is build_model that would set such a one.)
            keras.utils.clear_session(free_memory=False)
            # Inside both loops: each pair starts from new weights and a new optimizer state.
            model = build_model(learning_rate)
            fitted = model.fit(
                x,
                y,
                validation_data=val_data,
                epochs=epochs,
                batch_size=batch_size,
                verbose=0,
            )
            history = [float(accuracy) for accuracy in fitted.history["val_accuracy"]]
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    # The last, not the best: the best of many noisy values favours long runs.
                    "val_accuracy": history[-1],
                    "history": history,
                }
            )
    return results
    ### END SOLUTION


def best(results: list[dict]) -> dict:
    """Pick the best pair of a sweep.

    Args:
        results: Non-empty list of dictionaries, as `sweep` returns it, in any order.

    Returns:
        The dictionary with the highest `"val_accuracy"`.
    """
    # TODO: return the row with the highest val_accuracy.
    ### BEGIN SOLUTION
    return max(results, key=lambda row: row["val_accuracy"])
    ### END SOLUTION


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play lr_batch_sweep`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    def small_model(learning_rate: float) -> keras.Model:
        dense = keras.layers.Dense(data.num_classes, activation="softmax")
        model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), dense])
        optimizer = keras.optimizers.SGD(learning_rate)
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    data = load("digits")
    rows = sweep(small_model, data.train, data.validation, [0.01, 0.1, 1.0], [32, 256], epochs=5)
    print("Best:", best(rows))
    runs = {f"rate {r['learning_rate']}, batch {r['batch_size']}": r["history"] for r in rows}
    curves(**{pair: {"val_accuracy": history} for pair, history in runs.items()})
