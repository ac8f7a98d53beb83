"""An LSTM on sequences where order matters.

In each sequence two events happen, one of kind A and one of kind B, far apart and at steps that
vary; the label says which of them came first. An event is a marker together with a signal of its
kind at the same step; there are also lone markers and lone signals, which mean nothing. What
happens is the same for both labels, only the order differs, so a model needs to remember.

What is given: `x` is float32 `(n, timesteps, features)`, here `(n, 20, 3)` (which feature is which
is for the model to find out), with noise and without padding: every step counts. `y` holds the
labels 0 and 1, integers `(n,)`; 1,500 training examples. Other lengths and numbers of features work
too.

What is free: layers and sizes (a few dozen units are enough), one LSTM or several stacked,
`Bidirectional`, `keras.layers.RNN` with an `LSTMCell`; optimizer, batch size, epochs and callbacks;
the output may be a probability (sigmoid) or a logit, with the loss that matches. Count on ten to
twenty seconds of training.

What is checked:

- the model is a compiled Sequential or Functional model of Keras's own layers from
  `(n, timesteps, features)` to `(n, 1)`, with an LSTM on the path from input to output and a loss
  that matches the output: binary cross-entropy is the usual one (another that matches one output
  and learns is accepted too, such as a hinge loss, or the squared error of a probability);
- the LSTM reads along the time axis: time and features are not swapped;
- the gradient reaches early steps, and every weight;
- after `train`, the accuracy on hidden sequences is one that a Dense model on the flattened input,
  the mean over time or the last step do not reach, and the model needs its LSTM for it: without
  the LSTM's weights it gets fewer right. Other layers may stand before it, after it and beside it.
"""

import keras
import numpy as np
from keras import layers

Data = tuple[np.ndarray, np.ndarray]


def build_model(timesteps: int, features: int) -> keras.Model:
    """Build a binary classifier of sequences with an LSTM.

    Args:
        timesteps: Integer, the length of each sequence.
        features: Integer, how many numbers each step has.

    Returns:
        A compiled `keras.Model`: float32 `(n, timesteps, features)` to `(n, 1)`, the probability
        (or logit) of label 1; the metric is `"accuracy"`.
    """
    # TODO: read the sequence with an LSTM, put one output unit on top, then compile and return
    # the model.
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            # Only the last state goes on: what the LSTM remembers when it has read everything.
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        # Ten times the default rate: an LSTM this small takes it, and learns in seconds.
        optimizer=keras.optimizers.Adam(1e-2),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    return model
    ### END SOLUTION


def train(model: keras.Model, train_data: Data, val_data: Data) -> keras.callbacks.History:
    """Train the model.

    Args:
        model: The model of `build_model`; it is left trained.
        train_data: Pair `(x, y)`: sequences float32 `(n, timesteps, features)`, labels `(n,)`.
        val_data: Pair `(x, y)`, likewise: to look at, not to learn from.

    Returns:
        The `keras.callbacks.History` of `fit`, with metrics on `val_data`.
    """
    # TODO: fit the model with validation_data=val_data and return the History.
    ### BEGIN SOLUTION
    x, y = train_data
    # At this learning rate an epoch can be worse than the one before: the best weights stay.
    keep_best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=6, restore_best_weights=True
    )
    return model.fit(
        x,
        y,
        validation_data=val_data,
        epochs=15,
        batch_size=32,
        callbacks=[keep_best],
        verbose=0,
    )
    ### END SOLUTION


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play lstm`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    data = load("sequences")
    model = build_model(*data.train[0].shape[1:])
    history = train(model, data.train, data.validation)
    curves(history)
