# fails: builds
# says: batch_size=
# says: takes batches of 64 only
# line: keras.Input(input_shape, batch_size=64),
"""The batch size is fixed in keras.Input."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    net = keras.Sequential(
        [
            keras.Input(input_shape, batch_size=64),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    net.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return net


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, epochs=5, batch_size=64, validation_data=val_data, verbose=2)
