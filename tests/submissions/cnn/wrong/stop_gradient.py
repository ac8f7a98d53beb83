# fails: trains
# says: never moved
# says: stop_gradient
# line: x = keras.ops.stop_gradient(layers.MaxPooling2D(4)(x))
"""No gradient reaches the convolutions."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(24, 3, activation="relu")(inputs)
    x = layers.Conv2D(48, 3, activation="relu")(layers.MaxPooling2D(2)(x))
    x = keras.ops.stop_gradient(layers.MaxPooling2D(4)(x))
    outputs = layers.Dense(num_classes, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)
