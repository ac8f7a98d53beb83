"""TensorBoard with everything it can log, whether or not its package is there."""

import keras
from keras import layers

WIDTH = 24


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(WIDTH, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(2 * WIDTH, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    board = keras.callbacks.TensorBoard(
        "logs/fit",
        histogram_freq=1,
        write_images=True,
        update_freq=10,
        profile_batch=2,
        embeddings_freq=1,
    )
    return model.fit(
        *train_data, epochs=5, batch_size=64, validation_data=val_data, callbacks=[board]
    )
