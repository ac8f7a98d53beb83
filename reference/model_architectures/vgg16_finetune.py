"""Feature extraction with a pretrained VGG16, and then fine-tuning.

A hundred pictures are far too few to train a network like VGG16 on. But one that has been
trained on many *other* pictures already knows edges, corners and textures. Put a new head on its
convolutional base and train that alone (feature extraction); then let the last block of the base
adapt to the new pictures, with small steps (fine-tuning).

The data are pairs `(x, y)`: `x` float32 RGB in [0, 255] of shape `(n, 32, 32, 3)`, `y` integers
from 0 to `num_classes - 1` of shape `(n,)`. There are 120 pictures to train on and 90 to validate
with. They are raw: the model itself does the preprocessing that VGG16 was trained with, once.

You choose the head, the optimizers, the numbers of epochs (on a CPU, a few passes through VGG16
take a second or two each), and callbacks.

Checked: the base is VGG16's, holds the weights that were given and starts frozen; the model
preprocesses raw pictures; `train` moves the head and leaves the base alone; `fine_tune` moves
block5 and leaves blocks 1 to 4 alone, after compiling the model again with a learning rate of at
most 1e-4 (or a tenth of `train`'s); and the fine-tuned model recognises new pictures.
"""

import keras
from keras import layers


def build_model(
    input_shape: tuple[int, int, int], num_classes: int, weights: str | None
) -> keras.Model:
    """Build and compile a classifier on top of a frozen VGG16 base.

    The model takes a batch of raw pictures `(batch, height, width, 3)`, float32 RGB in [0, 255],
    and returns one row of class scores for each, `(batch, num_classes)`.

    Args:
        input_shape: Tuple of integers, `(height, width, 3)` of one picture, without the batch.
        num_classes: Integer, the number of classes.
        weights: String, what `keras.applications.VGG16` takes as `weights`: the path of a file
            with the weights of the base, or `"imagenet"`; or `None` for random ones.

    Returns:
        A compiled Functional (or Sequential) model, with the metric `"accuracy"`. All layers of
        the base are frozen.
    """
    # TODO: preprocess the pictures for VGG16, put a new head on its frozen convolutional base
    # (include_top=False), compile the model and return it.
    ### BEGIN SOLUTION
    base = keras.applications.VGG16(weights=weights, include_top=False, input_shape=input_shape)
    base.trainable = False

    inputs = keras.Input(input_shape)
    # VGG16 was trained on BGR pictures with the mean of ImageNet subtracted. As part of the model
    # it cannot be forgotten when the model is used.
    x = keras.applications.vgg16.preprocess_input(inputs)
    # training=False: were there BatchNormalization layers in the base, fine-tuning would leave
    # their statistics alone. VGG16 has none, but the habit is a good one.
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)

    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(5e-3),  # the head is one small layer: it bears large steps
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
    ### END SOLUTION


def train(model: keras.Model, train_data: tuple, val_data: tuple) -> keras.callbacks.History:
    """Train the new head; the base stays as it is.

    Args:
        model: The compiled model that `build_model` returned.
        train_data: Pair `(x, y)`: raw float32 pictures `(n, height, width, 3)` in [0, 255] and
            integer labels `(n,)`.
        val_data: Pair likewise, other examples: to look at, not to learn from.

    Returns:
        The `History` that `fit` returned, with metrics on `val_data` in it.
    """
    # TODO: fit the model, whose base is frozen, on train_data with val_data as validation data
    # and return the History.
    ### BEGIN SOLUTION
    # Nothing moves in a frozen base, so a picture has the same features in every epoch: find them
    # once, and many epochs of the head take no time. (Plain model.fit gives the same, slowly.)
    features = model.get_layer("features").output
    extractor = keras.Model(model.input, features)
    head = keras.Model(features, model.output)  # the layers of the model itself, not copies
    # An optimizer belongs to one model: `head` gets a new one with the settings of the model's.
    optimizer = model.optimizer.from_config(model.optimizer.get_config())
    head.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])

    (x, y), (val_x, val_y) = train_data, val_data
    return head.fit(
        extractor.predict(x),
        y,
        batch_size=32,
        epochs=30,
        validation_data=(extractor.predict(val_x), val_y),
    )
    ### END SOLUTION


def fine_tune(model: keras.Model, train_data: tuple, val_data: tuple) -> keras.callbacks.History:
    """Unfreeze block5 of the base and train on, with small steps.

    Args:
        model: The model that `train` has trained.
        train_data: Pair `(x, y)`, as in `train`.
        val_data: Pair, as in `train`.

    Returns:
        The `History` that `fit` returned, with metrics on `val_data` in it.
    """
    # TODO: make the layers of block5 trainable and no other layer of the base, compile the model
    # again with a learning rate of at most 1e-4, fit it and return the History.
    ### BEGIN SOLUTION
    # The base is the layer that is a model itself. Making it trainable sets all of its layers...
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    base.trainable = True
    for layer in base.layers:
        # ...so the early blocks, whose edges and textures serve any picture, are frozen again.
        layer.trainable = layer.name.startswith("block5")

    # Compile after each change of trainable: a compiled model goes on training the weights that
    # its first fit found trainable. Large steps would wreck the features that pretraining found.
    model.compile(
        optimizer=keras.optimizers.Adam(1e-4),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=2, validation_data=val_data)
    ### END SOLUTION


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play vgg16_finetune`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load, vgg16_weights
    from datasets.pictures import curves

    data = load("small_shapes")
    model = build_model(data.train[0].shape[1:], data.num_classes, vgg16_weights.path())
    head = train(model, data.train, data.validation)
    tuned = fine_tune(model, data.train, data.validation)
    curves(train=head, fine_tune=tuned)
