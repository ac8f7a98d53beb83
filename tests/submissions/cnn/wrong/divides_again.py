# fails: trains
# says: about 255 times smaller
# says: only values up to 0.00392 reach the first layer
# says: second scaling
# line: x, vx = x / 255.0, vx / 255.0
"""train divides images by 255 that are in [0, 1] already."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    net = keras.Sequential([
        keras.Input(input_shape),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(num_classes, activation="softmax"),
    ])
    net.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


def train(model, train_data, val_data):
    (x, y), (vx, vy) = train_data, val_data
    x, vx = x / 255.0, vx / 255.0
    return model.fit(x, y, epochs=5, batch_size=64, validation_data=(vx, vy), verbose=2)
