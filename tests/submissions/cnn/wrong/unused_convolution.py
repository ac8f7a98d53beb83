# fails: two_convolutions
# says: Found 1
# says: use its result
# no line: what takes the wrong result is not known: it points at build_model
"""The second convolution's result is overwritten."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    first = layers.Conv2D(24, 3, padding="same", activation="relu")(inputs)
    second = layers.Conv2D(48, 3, padding="same", activation="relu")(first)
    second = layers.MaxPooling2D(4)(first)
    outputs = layers.Dense(num_classes, activation="softmax")(layers.Flatten()(second))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)
