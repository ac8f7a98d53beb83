# fails: two_convolutions
# says: multiplied by 0
# line: x = x + 0 * layers.Conv2D(48, 3, padding="same", activation="relu")(x)
"""The second convolution is multiplied by 0."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(48, 3, padding="same", activation="relu")(inputs)
    x = x + 0 * layers.Conv2D(48, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(4)(x)
    outputs = layers.Dense(num_classes, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)
