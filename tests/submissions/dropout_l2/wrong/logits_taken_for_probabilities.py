# fails: output_and_loss
# says: from_logits
# line: model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""No softmax, and a loss that expects one."""

import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(num_classes),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_regularized(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu", kernel_regularizer=keras.regularizers.L2(3e-3)),
            layers.Dropout(0.5),
            layers.Dense(num_classes),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=22, verbose=0)
