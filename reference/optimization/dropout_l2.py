"""Dropout and L2 against overfitting.

Build the same network twice, without and with regularisation, and train both in the same way on
data that invite overfitting: few examples, and about one label in five is wrong. A large network
learns the wrong labels by heart; a regularised one cannot afford to.

What is given: `x` is float32 `(n, 28, 28, 1)` with values in [0, 1], `y` integer labels `(n,)`
below `num_classes`; about 300 training examples. The labels of `val_data` are right, and so are
those of the hidden test. Other image sizes and class counts work too.

What is free: layers (Dense or convolutions), sizes, optimizer, number of epochs, batch size;
outputs may be probabilities or logits with the loss that matches. Count on a few seconds for each
training.

What is checked:

- both models are compiled Sequential or Functional models of Keras's own layers, with `num_classes`
  outputs; give them an `Input`;
- they have the same layers and sizes, in the same order, but for the dropout layers and the
  kernel regularizers (the number of weights is the same);
- the baseline has neither dropout nor a regularizer;
- the regularised model has at least one dropout layer between other layers (`Dropout`,
  `SpatialDropout2D`; not on its inputs and not after its output), and `keras.regularizers.L2` or
  `L1L2` on at least one kernel; both are at work in the model: outputs differ in training and agree
  in inference, and the penalty is in the loss;
- `train` gives both models the same treatment, without early stopping, and long enough that the
  baseline overfits: its loss on the training labels, wrong ones included, ends far below its loss
  on hidden images;
- trained like this, the regularised model shows a clearly smaller gap between its losses on
  training and on hidden images, and its accuracy on hidden images is no worse.
"""

import keras
import numpy as np
from keras import layers

Data = tuple[np.ndarray, np.ndarray]


def build_baseline(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Build a network large enough to learn 300 examples by heart.

    Args:
        input_shape: Tuple `(height, width, channels)` of one image.
        num_classes: Integer, the number of labels.

    Returns:
        A compiled `keras.Model`: float32 `(n, height, width, channels)` to `(n, num_classes)`,
        without dropout and without regularizers; the metric is `"accuracy"`.
    """
    # TODO: build and compile a network with far more weights than there are examples, without
    # dropout and L2.
    ### BEGIN SOLUTION
    return _build(input_shape, num_classes, dropout=0.0, l2=0.0)
    ### END SOLUTION


def build_regularized(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Build the baseline's network with Dropout and L2.

    Args:
        input_shape: Tuple `(height, width, channels)` of one image.
        num_classes: Integer, the number of labels.

    Returns:
        A compiled `keras.Model` with the layers and sizes of `build_baseline`, at least one dropout
        layer between them, and L2 on at least one kernel; the metric is `"accuracy"`.
    """
    # TODO: build and compile the same network with Dropout between its layers and
    # kernel_regularizer=keras.regularizers.L2(...) on its kernels.
    ### BEGIN SOLUTION
    return _build(input_shape, num_classes, dropout=0.5, l2=1e-2)
    ### END SOLUTION


def train(model: keras.Model, train_data: Data, val_data: Data) -> keras.callbacks.History:
    """Train either model, in the same way, without early stopping.

    Args:
        model: A model of `build_baseline` or `build_regularized`; it is left trained.
        train_data: Pair `(x, y)`: images float32 `(n, height, width, channels)`, labels `(n,)`.
        val_data: Pair `(x, y)`, likewise; to watch, not to learn from.

    Returns:
        The `keras.callbacks.History` of `fit`, with metrics on `val_data`.
    """
    # TODO: fit the model for a fixed number of epochs, enough for the baseline to overfit, with
    # validation_data=val_data, and return the History.
    ### BEGIN SOLUTION
    x, y = train_data
    # After thirty passes over 300 images the baseline knows every label by heart, wrong ones too.
    return model.fit(x, y, validation_data=val_data, epochs=30, batch_size=32, verbose=0)
    ### END SOLUTION


### BEGIN SOLUTION
def _build(
    input_shape: tuple[int, int, int], num_classes: int, dropout: float, l2: float
) -> keras.Model:
    """Build both networks in one place, so that they cannot drift apart.

    Args:
        input_shape: Tuple `(height, width, channels)` of one image.
        num_classes: Integer, the number of labels.
        dropout: Float, the share of activations to drop; 0 for no dropout layers at all.
        l2: Float, the strength of the penalty; 0 for none.

    Returns:
        A compiled `keras.Model`.
    """
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(2):
        # Without L2 a weight grows as large as one wrong label asks for.
        regularizer = keras.regularizers.L2(l2) if l2 else None
        model.add(layers.Dense(256, activation="relu", kernel_regularizer=regularizer))
        if dropout:
            # After the activation: no unit can rely on the one next to it being there.
            model.add(layers.Dropout(dropout))
    # No dropout after the output: it would drop whole classes from the answer.
    model.add(layers.Dense(num_classes, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


### END SOLUTION


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play dropout_l2`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    data = load("noisy_digits")
    shapes = data.train[0].shape[1:], data.num_classes
    baseline = train(build_baseline(*shapes), data.train, data.validation)
    regularized = train(build_regularized(*shapes), data.train, data.validation)
    curves(baseline=baseline, regularized=regularized)
