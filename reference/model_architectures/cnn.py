"""A convolutional network that recognises shapes.

Build and train a CNN that tells ten kinds of small colour images apart. Colour, brightness and
position say nothing about the class, only the shape does, so a network that looks at each pixel by
itself (a stack of Dense layers) gets stuck: what is needed are local features, found wherever they
are in the picture.

The data are pairs `(x, y)`: `x` float32 in [0, 1] of shape `(n, 32, 32, 3)`, `y` integers from 0 to
`num_classes - 1` of shape `(n,)`. There are 6,000 images to train on and 800 to validate with.

You choose the layers, their sizes and names, the optimizer, the number of epochs (10 to 20 seconds
of training are plenty), callbacks, and whether the last layer gives probabilities or logits, with
the loss that matches.

Checked: at least two `Conv2D` layers with kernels larger than 1×1 lie one after the other on the
path from input to output, with a nonlinearity between them (an activation: pooling does not count);
the picture gets smaller on the way, by pooling (global pooling too) or strides; the model is
compiled, honours its arguments (other sizes and numbers of classes) and learns; and it recognises
new images that neither you nor it have seen.
"""

import keras
from keras import layers


def build_model(input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Build and compile a CNN with at least two convolutions.

    The model takes a batch of images `(batch, height, width, channels)`, float32 in [0, 1], and
    returns one row of class scores for each, `(batch, num_classes)`.

    Args:
        input_shape: Tuple of integers, `(height, width, channels)` of one image, without the batch.
        num_classes: Integer, the number of classes.

    Returns:
        A compiled Sequential or Functional model, with the metric `"accuracy"`.
    """
    # TODO: stack at least two Conv2D layers with a nonlinearity between them, make the picture
    # smaller on the way, end in num_classes outputs, compile the model and return it.
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            # Small kernels find edges; pooling keeps what was found and halves the picture...
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            # ...so that the same small kernel now sees corners and arcs, and then whole parts.
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            # A Dense layer has most of the weights: Dropout keeps it from learning by heart.
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",  # labels are integers, outputs probabilities
        metrics=["accuracy"],
    )
    return model
    ### END SOLUTION


def train(model: keras.Model, train_data: tuple, val_data: tuple) -> keras.callbacks.History:
    """Train the model on `train_data`, watching `val_data`.

    The model that was given is trained in place; the arrays stay as they are.

    Args:
        model: The compiled model that `build_model` returned.
        train_data: Pair `(x, y)`: float32 images `(n, height, width, channels)` in [0, 1] and
            integer labels `(n,)`.
        val_data: Pair likewise, other examples: to look at, not to learn from.

    Returns:
        The `History` that `fit` returned, with metrics on `val_data` in it.
    """
    # TODO: fit the model on train_data with val_data as validation data and return the History.
    ### BEGIN SOLUTION
    x, y = train_data
    # Keep the weights of the best epoch, not those of the last. Four epochs need no early end: with
    # a patience of as many there is none.
    best = keras.callbacks.EarlyStopping(
        monitor="val_accuracy", patience=4, restore_best_weights=True
    )
    return model.fit(x, y, batch_size=64, epochs=4, validation_data=val_data, callbacks=[best])
    ### END SOLUTION


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play cnn`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    data = load("shapes")
    model = build_model(data.train[0].shape[1:], data.num_classes)
    history = train(model, data.train, data.validation)
    curves(history)
