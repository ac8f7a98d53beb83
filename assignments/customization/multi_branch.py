"""A model with two inputs: the Functional API.

Each example is a picture of a digit and a vector of measurements taken with it, its context. The
class depends on both: on which digit it is, and on which of a few situations the context comes
from. The picture says nothing of the situation, the context nothing of the digit, so a model that
looks at one of them only can do little more than guess.

What is given: `x` is a dictionary, `{"image": float32 (n, 28, 28, 1) with values in [0, 1],
"context": float32 (n, 8), about unit scale}`, `y` integer labels `(n,)` below `num_classes` (20),
1,500 training examples. Other image sizes, context lengths and class counts work too.

What is free: what each branch is made of (Dense or convolutions), its size, what comes after the
merge, optimizer and epochs; probabilities or logits; the order in which you hand the inputs to
`keras.Model`. Data go in and out by the inputs' names, so no order is wrong.

What is checked:

- the model is a compiled Functional model of Keras's own layers with two inputs named `"image"` and
  `"context"`, and `num_classes` outputs;
- each input runs through at least one layer with trainable weights of its own before the two meet;
- they meet in a concatenation (`keras.layers.Concatenate`, `keras.layers.concatenate` or
  `keras.ops.concatenate`);
- both branches are alive: changing or zeroing either input changes the output, and costs accuracy;
- after `train`, the accuracy on hidden data is beyond what either input alone allows.
"""

import keras
import numpy as np
from keras import layers

Data = tuple[dict[str, np.ndarray], np.ndarray]


def build_model(
    image_shape: tuple[int, int, int], context_features: int, num_classes: int
) -> keras.Model:
    """Build a model with a branch for each input.

    Args:
        image_shape: Tuple `(height, width, channels)` of one image.
        context_features: Integer, the length of one context vector.
        num_classes: Integer, the number of labels.

    Returns:
        A compiled `keras.Model` from `{"image": (n, height, width, channels), "context":
        (n, context_features)}` to `(n, num_classes)`; the metric is `"accuracy"`.
    """
    # TODO: make the inputs "image" and "context", a branch with trainable layers for each,
    # concatenate the two, add the output, then compile and return the model.
    raise NotImplementedError(
        'TODO: make the inputs "image" and "context", a branch with trainable layers for '
        "each, concatenate the two, add the output, then compile and return the model."
    )


def train(model: keras.Model, train_data: Data, val_data: Data) -> keras.callbacks.History:
    """Train the model on both inputs.

    Args:
        model: The model of `build_model`; it is left trained.
        train_data: Pair `(x, y)`: `x` the dictionary `{"image": float32 (n, height, width,
            channels), "context": float32 (n, context_features)}`, `y` integer labels `(n,)`.
        val_data: Pair `(x, y)`, likewise: to look at, not to learn from.

    Returns:
        The `keras.callbacks.History` of `fit`, with metrics on `val_data`.
    """
    # TODO: fit the model on the dictionary with validation_data=val_data and return the History.
    raise NotImplementedError(
        "TODO: fit the model on the dictionary with validation_data=val_data and return the "
        "History."
    )


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play multi_branch`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    data = load("digits_context")
    x, y = data.train
    model = build_model(x["image"].shape[1:], x["context"].shape[1], data.num_classes)
    history = train(model, data.train, data.validation)
    curves(history)
