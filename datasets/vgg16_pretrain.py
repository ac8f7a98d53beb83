"""Train the kit's own VGG16 base: `python -m datasets.vgg16_pretrain --work FOLDER`.

Half an hour or more on two cores, needed once: the result is committed as `vgg16_base.npz`.

The network is VGG16 with BatchNormalization, which plain VGG16 does not train without in so few
epochs. What normalisation does in inference is an affine map of each channel, so afterwards it is
folded into the convolutions, and what remains is exactly `keras.applications.VGG16`. It learns
forty classes, ten shapes times four textures, none of which is in the data of the exercise.

Inputs go through `keras.applications.vgg16.preprocess_input`, as they will in the exercise.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

from datasets import generator, shapes, vgg16_weights

# The learning rate falls over six epochs, and training stops after four of them: by then 98 % of
# new images are told right (9, 75 and 98 % after epochs 2 to 4), and the file only needs features.
SCHEDULE_EPOCHS = 6
EPOCHS = 4

CLASSES = len(shapes.SHAPES) * len(shapes.TEXTURES)


def images(part: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw images of the forty classes.

    Args:
        part: String, which independent draw: `"train"`, `"validation"`.
        n: Integer, how many.

    Returns:
        Pair of preprocessed images, float32 `(n, 32, 32, 3)`, and labels, int64 `(n,)`.
    """
    rng = generator("vgg16_pretrain", 0, part)
    labels = rng.permutation(np.arange(n) % CLASSES)
    kinds, textures = np.divmod(labels, len(shapes.TEXTURES))
    x = shapes.render(rng, shapes.SHAPES, kinds, textures, shapes.Style()) * np.float32(255)
    return keras.applications.vgg16.preprocess_input(x), labels


def build_model() -> keras.Model:
    """Build VGG16 with a BatchNormalization after each convolution, and a head of one layer.

    Returns:
        An uncompiled Functional model.
    """
    inputs = x = keras.Input((shapes.SIZE, shapes.SIZE, 3))
    for block, convolutions, filters in vgg16_weights.BLOCKS:
        for i in range(1, convolutions + 1):
            name = f"block{block}_conv{i}"
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
            x = layers.BatchNormalization(name=f"{name}_bn")(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(inputs, layers.Dense(CLASSES, name="head")(x))


def fold(model: keras.Model) -> vgg16_weights.Weights:
    """Fold each BatchNormalization into the convolution before it.

    Args:
        model: The trained model of `build_model`.

    Returns:
        Dict from the name of a convolution to its kernel `(3, 3, in, out)` and bias `(out,)`.
    """
    folded: vgg16_weights.Weights = {}
    for name in vgg16_weights.layer_names():
        (kernel,) = model.get_layer(name).get_weights()
        norm = model.get_layer(f"{name}_bn")
        gamma, beta, mean, variance = norm.get_weights()
        factor = gamma / np.sqrt(variance + norm.epsilon)
        folded[name] = (kernel * factor, beta - mean * factor)
    return folded


def main() -> None:
    """Train, fold, quantise and write the shipped file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="where to keep checkpoints")
    parser.add_argument("--epochs", type=int, default=6, help="length of the cosine schedule")
    # The run behind the shipped file was ended after four epochs of six, at 98 % validation.
    parser.add_argument("--stop", type=int, default=4, help="the epoch after which to stop")
    parser.add_argument("--images", type=int, default=20_000)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    x, y = images("train", options.images)
    validation = images("validation", 2_000)
    batch = 64
    model = build_model()
    steps = SCHEDULE_EPOCHS * -(-len(x) // batch)
    model.compile(
        optimizer=keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(1e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=batch,
        epochs=min(options.stop, options.epochs),
        validation_data=validation,
        verbose=2,
        callbacks=[
            keras.callbacks.BackupAndRestore(options.work / "resume", delete_checkpoint=False),
            keras.callbacks.ModelCheckpoint(
                options.work / "epoch{epoch}.weights.h5", save_weights_only=True
            ),
        ],
    )
    size = vgg16_weights.write_shipped(fold(model))
    print(f"Wrote {vgg16_weights.SHIPPED} ({size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
