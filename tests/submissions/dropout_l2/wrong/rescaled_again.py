# fails: trains, baseline_overfits
# says: only values up to 0.00
# says: leave out the Rescaling, or the division by 255
# says: (in build_
# line: x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
"""Both networks divide images by 255 that are in [0, 1] already."""

import keras
from keras import layers


def network(input_shape, num_classes, rate=0.0, penalty=None):
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dense(256, activation="relu", kernel_regularizer=penalty)(x)
    if rate:
        x = layers.Dropout(rate)(x)
    model = keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return network(input_shape, num_classes)


def build_regularized(input_shape, num_classes):
    return network(input_shape, num_classes, 0.5, keras.regularizers.L2(1e-2))


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=28, verbose=0)
