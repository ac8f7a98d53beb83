"""RNN over one LSTMCell, one-unit labels of shape (n, 1), gradients clipped."""

import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            layers.RNN(layers.LSTMCell(32)),
            layers.Dense(1),
            layers.Activation("sigmoid"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(1e-2, clipnorm=1.0), "binary_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    (x, y), (val_x, val_y) = train_data, val_data
    return model.fit(
        x,
        y.reshape(-1, 1).astype("float32"),
        epochs=7,
        validation_data=(val_x, val_y.reshape(-1, 1).astype("float32")),
    )
