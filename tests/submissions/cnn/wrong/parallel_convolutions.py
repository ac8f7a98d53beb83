# fails: nonlinear
# says: side by side
# no line: two lines are at fault together: each convolution takes the inputs
"""Two convolutions side by side: no deeper than one."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    left = layers.Conv2D(24, 3, padding="same", activation="relu")(inputs)
    right = layers.Conv2D(24, 5, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(4)(layers.Concatenate()([left, right]))
    outputs = layers.Dense(num_classes, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)
