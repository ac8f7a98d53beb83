# fails: trains
# says: the loss: mean_squared_error compares outputs with labels
# says: cross-entropy
# line: loss=keras.losses.MeanSquaredError(),
"""Squared error between probabilities and label ids, which Keras broadcasts over the classes."""
import keras
from keras import layers, regularizers


def build_baseline(input_shape, num_classes):
    return make(input_shape, num_classes, 0.0, None)


def build_regularized(input_shape, num_classes):
    return make(input_shape, num_classes, 0.4, regularizers.L2(5e-3))


def make(input_shape, num_classes, rate, penalty):
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(2):
        model.add(layers.Dense(200, activation="relu", kernel_regularizer=penalty))
        if rate:
            model.add(layers.Dropout(rate))
    model.add(layers.Dense(num_classes, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.MeanSquaredError(),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    val_x, val_y = val_data
    return model.fit(
        x,
        y[:, None],
        epochs=30,
        batch_size=32,
        validation_data=(val_x, val_y[:, None]),
        verbose=0,
    )
